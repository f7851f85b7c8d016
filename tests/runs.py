"""Running the real command, watching what it does, and looking at the rows it leaves."""

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import wave
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core import workers
from core.ahead import Now, Pending, Then
from core.listening import Asked, Listener
from core.settings import Settings

CHECKOUT = Path(__file__).parents[1]
TINY_RATE_HZ = 8000

WORKERS_ARE_SEEN = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds processes in /proc")


def tiny_wav(path: Path, seed: int = 0, seconds: float = 0.1) -> Path:
    """A WAV file of noise, mono, 8 kHz; another seed is another sound."""
    path.parent.mkdir(parents=True, exist_ok=True)
    samples = np.random.default_rng(seed).integers(-9000, 9000, round(seconds * TINY_RATE_HZ), dtype="<i2")
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, TINY_RATE_HZ, 0, "NONE", ""))
        file.writeframes(samples.tobytes())
    return path


def tiny_wavs(folder: Path, count: int, first_seed: int = 0) -> Path:
    """A folder of `count` different sounds of 50 to 200 ms, `s000.wav` and so on."""
    for number in range(count):
        seed = first_seed + number
        tiny_wav(folder / f"s{number:03}.wav", seed, seconds=0.05 + 0.01 * (seed % 16))
    return folder


class ListenerInThisProcess:
    """A pool without processes: hears each file when its result is asked for, by the same steps as a worker."""

    def __init__(self, embedder: str, captioner: str, _: int, settings: Settings) -> None:
        self.listener = Listener(embedder, captioner, settings)

    def __enter__(self) -> "ListenerInThisProcess":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def submit(self, asked: Asked) -> Pending[workers.Result]:
        return Then(Now(asked), lambda asked: workers._listen(self.listener, asked))


def start_cli(*args: Any, **options: Any) -> "subprocess.Popen[str]":
    """The real command in a process of its own."""
    command = [sys.executable, "-m", "agent.cli", *map(str, args)]
    environment = os.environ | {"PYTHONPATH": str(CHECKOUT), "COLUMNS": "200"}
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, text=True, env=environment, preexec_fn=_hear_ctrl_c, **(pipes | options))


def _hear_ctrl_c() -> None:
    """A shell has its background jobs ignore Ctrl-C, and a test run among them hands that on."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def cli(*args: Any) -> "subprocess.CompletedProcess[str]":
    """The real command, run to its end."""
    process = start_cli(*args)
    out, err = process.communicate(timeout=120)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def cli_json(*args: Any) -> dict[str, Any]:
    """The one JSON document that the command prints with --json; fails for any other exit code than 0."""
    done = cli(*args, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def rows(library: Path, query: str, *values: Any) -> list[tuple[Any, ...]]:
    """What SQLite answers; the file is opened for reading only."""
    with contextlib.closing(sqlite3.connect(f"file:{library / 'earshot.db'}?mode=ro", uri=True)) as connection:
        return connection.execute(query, values).fetchall()


def count_files(library: Path) -> int:
    """How many files are committed; 0 while there is no database or no table in it yet."""
    try:
        return rows(library, "SELECT count(*) FROM files")[0][0]
    except sqlite3.OperationalError:
        return 0


def wait_until(happened: Callable[[], Any], patience_s: float = 60.0) -> Any:
    """What `happened` answers as soon as that is true. Fails when patience ends."""
    deadline = time.monotonic() + patience_s
    while not (answer := happened()):
        assert time.monotonic() < deadline, f"waited {patience_s} s for {happened}"
        time.sleep(0.01)
    return answer


def descendants(pid: int) -> set[int]:
    """The processes that a process started, and those that they started. Linux and /proc only."""
    found: set[int] = set()
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in map(int, task.read_text().split()):
                found |= {child} | descendants(child)
    return found


def alive(pid: int) -> bool:
    """Whether a process runs; one that ended and waits to be collected does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def opened(pid: int, path: Path) -> bool:
    """Whether a process has a file open."""
    with contextlib.suppress(OSError):
        return any(os.path.realpath(link) == str(path) for link in Path(f"/proc/{pid}/fd").iterdir())
    return False


@contextlib.contextmanager
def kill_worker_at(path: Path) -> Iterator[None]:
    """While the block runs, kills the first child of this process that opens a file, with SIGKILL."""

    def kill() -> None:
        pids = wait_until(lambda: [pid for pid in descendants(os.getpid()) if opened(pid, path)])
        os.kill(pids[0], signal.SIGKILL)

    thread = threading.Thread(target=kill)
    thread.start()
    try:
        yield
    finally:
        thread.join()
