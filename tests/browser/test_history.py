"""What the page remembers: after a restart, a reload, a Stop and a kill, in two windows, until a chat is deleted."""

import signal
import socket
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
from playwright.sync_api import Locator, Page, expect

from core.library import Library
from tests.browser.visits import IN_A_BROWSER, SERVE, Visit, serve_library, served, visiting
from tests.runs import tiny_wavs, wait_until

pytestmark = IN_A_BROWSER

HELD = SERVE.replace("agent.llm.embedded import EmbeddedChatModel", "tests.browser.held import HeldChatModel").replace(
    "EmbeddedChatModel", "HeldChatModel"
)
BEGUN = "It rained all day."
WHOLE = "It rained all day. In the evening it stopped. Nobody heard it."


@pytest.fixture
def home(demo_library: Library, tmp_path: Path) -> Path:
    """A folder with a library of 15 sounds, for one server after the other."""
    assert demo_library.folder == tmp_path / "library"
    return tmp_path


@contextmanager
def held(home: Path, port: int = 0) -> Iterator[SimpleNamespace]:
    """A server whose chat model waits in the middle of "a story"."""
    script = HELD.replace("port=0", f"port={port}")
    with served([sys.executable, "-c", script, str(home)], home) as server:
        yield server


def messages(page: Page) -> Locator:
    return page.locator("[data-step-type=assistant_message]")


def is_idle(page: Page) -> None:
    expect(page.locator("#stop-button")).to_have_count(0, timeout=20_000)


def open_chat(visit: Visit, name: str) -> None:
    """Opens a chat by its name in the list at the side."""
    visit.page.locator("#thread-history").get_by_text(name).click()
    expect(messages(visit.page).first).to_be_visible(timeout=15_000)


def exports(home: Path) -> list[Path]:
    return list((home / "exports").rglob("manifest.json"))


def test_a_chat_comes_back_whole_after_a_restart(home, demo_folder):
    with served(serve_library(home), home) as server, visiting(server.url, home) as visit:
        visit.attach(demo_folder / "rain" / "rain_0.wav")
        visit.attach(demo_folder / "kick" / "kick_0.wav")
        visit.ask("find sounds like these")
        visit.last("sound-list", 2)
        visit.ask("cluster my sounds into 4 groups")
        visit.last("clusters", 1)
        visit.ask("show me a map")
        visit.last("sound-map", 1)
        visit.ask("export the groups")
        expect(visit.page.get_by_role("button", name="Go ahead")).to_be_visible()
        is_idle(visit.page)
        told = messages(visit.page).all_inner_texts()
        visit.shot("1 before")

    with served(serve_library(home), home) as server, visiting(server.url, home) as visit:
        page = visit.page
        open_chat(visit, "find sounds like these")
        expect(messages(page)).to_have_count(len(told))
        assert [text.split("\n")[0] for text in messages(page).all_inner_texts()] == [
            text.split("\n")[0] for text in told
        ]
        expect(page.locator("[data-step-type=user_message]")).to_have_text(
            ["rain_0.wavkick_0.wavfind sounds like these", "cluster my sounds into 4 groups", "show me a map", "export the groups"]
        )
        attached = page.locator("audio[src*='/library/attachment/']")
        expect(attached).to_have_count(2)
        for player in attached.element_handles():
            page.wait_for_function("a => a.readyState >= 2", arg=player)
        row = visit.last("sound-list", 2).get_by_test_id("sound-row").first
        row.get_by_role("button", name="Play").first.click()
        page.wait_for_function("a => a.currentTime > 0", arg=row.locator("audio").element_handle())
        expect(visit.last("clusters", 1).get_by_test_id("cluster")).to_have_count(4)
        expect(visit.last("sound-map", 1).frame_locator("iframe").locator("canvas").first).to_be_visible()
        expect(page.locator("[data-step-type=tool]")).to_have_count(4)
        visit.shot("2 after")

        page.get_by_role("button", name="Go ahead").click()
        expect(page.get_by_test_id("decided")).to_have_text("You said: go ahead")
        wait_until(lambda: exports(home))
        is_idle(page)
        visit.shot("3 allowed")

        visit.ask("what is in the last group?")
        expect(visit.last("sound-list", 3)).to_contain_text("rain")
        visit.ask("export that")
        page.get_by_role("button", name="Not now").click()
        expect(page.get_by_test_id("decided").last).to_have_text("You said: not now")
        is_idle(page)
        assert len(exports(home)) == 1
        visit.shot("4 refused")
        assert visit.outside == []
        assert visit.complaints == []


def test_a_reload_and_a_second_window_are_shown_the_answer_that_is_being_written(home):
    with held(home) as server, visiting(server.url, home) as visit:
        page = visit.page
        visit.ask("a story")
        expect(messages(page)).to_contain_text(BEGUN)
        expect(page).to_have_url(f"{server.url}/thread/{chat_of(home)}")
        page.reload()
        expect(messages(page)).to_contain_text(BEGUN)
        expect(page.locator("#stop-button")).to_be_visible()
        second = page.context.new_page()
        second.goto(page.url)
        expect(messages(second)).to_contain_text(BEGUN)
        (home / "go on").touch()
        for each in (page, second):
            expect(messages(each)).to_have_count(1)
            expect(messages(each)).to_contain_text(WHOLE)
            is_idle(each)

        visit.ask("find rain")
        expect(second.locator("[data-step-type=user_message]").last).to_have_text("find rain")
        expect(second.get_by_test_id("sound-row").first).to_be_visible()
        is_idle(second)
        second.screenshot(path=home / "5 second window.png")
        second.close()

        page.reload()
        expect(page.get_by_test_id("sound-row").first).to_be_visible()
        expect(messages(page)).to_have_count(2)
        assert visit.complaints == []


def test_a_stop_ends_the_work_and_the_chat_goes_on(home):
    tiny_wavs(home / "many", 300)
    with served(serve_library(home), home) as server, visiting(server.url, home) as visit:
        page = visit.page
        visit.ask(f"add the sounds in {home / 'many'}")
        step = page.locator("[data-step-type=tool]").first
        expect(step).to_contain_text("of 300", timeout=20_000)
        page.reload()
        expect(step).to_contain_text("of 300", timeout=20_000)
        visit.shot("6 under way")
        page.locator("#stop-button").click()
        is_idle(page)
        visit.ask("find rain")
        expect(visit.last("sound-list", 1)).to_contain_text("rain_")
        visit.shot("7 stopped")

        visit.ask("export that")
        expect(page.get_by_role("button", name="Go ahead")).to_be_visible()
        visit.ask("no, thank you")
        expect(page.get_by_test_id("decided")).to_have_text("You said: not now")
        visit.ask("export that")
        expect(page.get_by_role("button", name="Go ahead")).to_be_visible()
        visit.ask("find a bell")
        expect(visit.last("sound-list", 2)).to_contain_text("hand_bell")
        expect(page.get_by_test_id("decided")).to_have_text(["You said: not now", "You said: not now"])
        assert exports(home) == []
        visit.ask("export that")
        expect(page.get_by_role("button", name="Go ahead")).to_be_visible()
        visit.ask("Yes, please!")
        wait_until(lambda: exports(home))
        is_idle(page)
        expect(page.get_by_role("button", name="Go ahead")).to_have_count(0)
        visit.shot("8 allowed in words")
        assert visit.complaints == []


def test_a_killed_program_loses_the_sentence_in_flight_and_nothing_else(home):
    port = free_port()
    with held(home, port) as server, visiting(server.url, home) as visit:
        page = visit.page
        visit.ask("find rain")
        visit.last("sound-list", 1)
        visit.ask("a story")
        expect(messages(page)).to_have_count(2)
        expect(messages(page).last).to_contain_text(BEGUN)
        wait_until(lambda: BEGUN in str(rows(home, "SELECT output FROM steps")))
        server.process.send_signal(signal.SIGKILL)
        server.process.wait()
        with held(home, port):
            expect(messages(page).last).to_contain_text(
                "The program ended before this answer was whole.", timeout=20_000
            )
            expect(messages(page)).to_have_count(3)
            expect(messages(page).nth(1)).to_contain_text(BEGUN)
            expect(visit.last("sound-list", 1)).to_contain_text("rain_0.wav")
            visit.shot("9 came back")
            visit.ask("more like number 2")
            visit.last("sound-list", 2)
            is_idle(page)
            assert rows(home, "SELECT count(*) FROM threads") == [(1,)]
            visit.shot("10 goes on")


def test_chats_are_listed_renamed_and_deleted(home):
    with served(serve_library(home), home) as server, visiting(server.url, home) as visit:
        page = visit.page
        listed = page.locator("#thread-history a")
        visit.ask("find rain")
        visit.last("sound-list", 1)
        first = chat_of(home)
        page.locator("#new-chat-button").first.click()
        confirm = page.get_by_role("button", name="Confirm")
        if confirm.count():
            confirm.click()
        expect(page.locator("[id^=starter-]:enabled").first).to_be_visible()
        visit.ask("find a bell")
        visit.last("sound-list", 1)
        expect(listed).to_have_count(2)
        expect(listed.first).to_contain_text("find a bell")
        visit.shot("11 listed")

        row = listed.filter(has_text="find rain")
        row.hover()
        row.locator("#thread-options").click()
        page.locator("#rename-thread").click()
        page.locator("#name").fill("Wet sounds")
        visit.shot("renaming")
        page.get_by_role("button", name="Confirm").click()
        expect(listed.filter(has_text="Wet sounds")).to_have_count(1)
        row = listed.filter(has_text="Wet sounds")
        row.hover()
        row.locator("#thread-options").click()
        page.locator("#delete-thread").click()
        page.get_by_role("button", name="Confirm").click()
        expect(listed).to_have_count(1)
        assert rows(home, "SELECT name FROM threads") == [("find a bell",)]
        assert rows(home, "SELECT count(*) FROM checkpoints WHERE thread_id = ?", first, file="chats.db") == [(0,)]
        visit.shot("12 deleted")
        assert visit.complaints == []


def rows(home: Path, query: str, *values: str, file: str = "history.db") -> list[tuple]:
    """What a file of the library answers, opened for reading only."""
    connection = sqlite3.connect(f"file:{home / 'library' / file}?mode=ro", uri=True)
    try:
        return connection.execute(query, values).fetchall()
    finally:
        connection.close()


def chat_of(home: Path) -> str:
    """The id of the only chat."""
    ((found,),) = wait_until(lambda: rows(home, "SELECT id FROM threads"))
    return found


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]
