"""Talking in the terminal: a real process on a terminal of its own, and Ctrl-C at every place."""

import fcntl
import os
import pty
import re
import signal
import subprocess
import sys
import termios
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.library import Library
from tests.runs import CHECKOUT, count_files, rows, start_cli, tiny_wavs, wait_until

MANY = 2000  # files that take longer to hear than a key to be pressed
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Terminal:
    """`earshot ask` on a terminal: what it shows, and what is typed."""

    def __init__(self, library: Library, *args: str) -> None:
        ours, theirs = pty.openpty()
        environment = {**os.environ, "PYTHONPATH": str(CHECKOUT), "TERM": "dumb", "COLUMNS": "200"}
        environment["EARSHOT_EXPORTS"] = str(library.settings.exports)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "agent.cli", "ask", *args, "--library", str(library.folder)],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=environment,
            start_new_session=True,
            preexec_fn=_take_terminal,
        )
        os.close(theirs)
        self._terminal = ours
        self._shown = ""
        self._read_to = 0
        threading.Thread(target=self._read, daemon=True).start()

    def type(self, text: str) -> None:
        os.write(self._terminal, text.encode())

    def expect(self, text: str) -> str:
        """What was shown since the last time, up to and with a text that is waited for."""
        try:
            wait_until(lambda: text in self._shown[self._read_to :], 30)
        except AssertionError as never:
            raise AssertionError(f"{text!r} is not in {self._shown[self._read_to :]!r}") from never
        end = self._shown.index(text, self._read_to) + len(text)
        shown, self._read_to = self._shown[self._read_to : end], end
        return shown

    def _read(self) -> None:
        while True:
            try:
                data = os.read(self._terminal, 4096)
            except OSError:  # the other end has closed
                return
            self._shown += ESCAPES.sub("", data.decode(errors="replace")).replace("\r", "")

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self._terminal)


def _take_terminal() -> None:
    """Makes the terminal the one whose Ctrl-C this process hears."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def terminal(demo_library: Library) -> Iterator[Terminal]:
    opened = Terminal(demo_library)
    yield opened
    opened.close()


def test_a_person_talks_attaches_exports_and_leaves(terminal, demo_library, demo_folder):
    terminal.expect("/quit ends")
    terminal.expect("> ")
    terminal.type("find rain\n")
    assert "search_by_text" in terminal.expect("I found")
    terminal.expect("rain_")
    terminal.expect("> ")
    terminal.type("what is number 2?\n")
    assert "get_metadata" in terminal.expect("rain_"), "it remembers"
    terminal.expect("> ")

    terminal.type("/attach /no/such.wav\n")
    terminal.expect("/no/such.wav is no file; write /attach FILE")
    terminal.type(f"/attach {demo_folder / 'kick' / 'kick_1.wav'}\n")
    terminal.expect("[kick_1.wav]> ")
    terminal.type("find sounds like this\n")
    terminal.expect("search_by_audio")
    terminal.expect("kick_")
    terminal.expect("> ")

    terminal.type("export 9\n")
    terminal.expect("[y/N]: ")
    terminal.type("n\n")
    terminal.expect("\n> ")
    assert not demo_library.settings.exports.exists()
    terminal.type("export 9\n")
    terminal.expect("[y/N]: ")
    terminal.type("y\n")
    wait_until(lambda: list(demo_library.settings.exports.rglob("*.wav")))
    terminal.expect("\n> ")

    for key in ("\x03", "\x04"):
        terminal.type("export 9\n")
        terminal.expect("[y/N]: ")
        terminal.type(key)
        terminal.expect("Nothing was written.")
        terminal.expect("\n> ")
    assert len(list(demo_library.settings.exports.rglob("*.wav"))) == 1

    terminal.type("/attach it's.wav\n")
    terminal.expect("it's.wav is no file; write /attach FILE")
    terminal.type("/new\n")
    terminal.expect("A new thread: ")
    terminal.type("\x03")
    terminal.expect("/quit, or Ctrl-D, ends.")
    terminal.type("/quit\n")
    assert terminal.process.wait(timeout=20) == 0


def test_ctrl_c_stops_an_answer_and_the_next_one_works(library, tmp_path):
    folder = tiny_wavs(tmp_path / "sounds", MANY)
    opened = Terminal(library)
    try:
        opened.expect("> ")
        opened.type(f"add the sounds in {folder}\n")
        wait_until(lambda: (library.folder / "earshot.db").exists() and count_files(library.folder) > 0)
        opened.type("\x03")
        assert "Traceback" not in opened.expect("Stopped. What was finished is kept.")
        opened.expect("> ")
        opened.type("what is in my library?\n")
        opened.expect(" of audio")
        opened.expect("> ")
        opened.type("\x04")
        assert opened.process.wait(timeout=20) == 0
    finally:
        opened.close()
    assert 0 < count_files(library.folder) < MANY


def test_ctrl_c_in_a_single_turn_ends_it_with_what_is_finished(library, tmp_path):
    folder: Path = tiny_wavs(tmp_path / "sounds", MANY)
    process = start_cli("ask", f"add the sounds in {folder}", "--library", library.folder)
    wait_until(lambda: (library.folder / "earshot.db").exists() and count_files(library.folder) > 0)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert 0 < count_files(library.folder) < MANY
    assert rows(library.folder, "PRAGMA integrity_check") == [("ok",)]


def test_a_message_can_come_from_standard_input(demo_library):
    process = start_cli("ask", "-", "--json", "--library", demo_library.folder, stdin=subprocess.PIPE)
    out, _ = process.communicate("find rain\n", timeout=60)
    assert process.returncode == 0
    assert '"name": "search_by_text"' in out


def test_without_a_terminal_there_is_nothing_to_talk_with(demo_library):
    process = start_cli("ask", "--library", demo_library.folder, stdin=subprocess.DEVNULL)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "say what to ask" in err


def test_another_model_talks_if_it_is_named(demo_library):
    process = start_cli("ask", "hello", "--model", "nobody:x", "--library", demo_library.folder)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "no provider of chat models is called 'nobody'" in err
