"""What the page remembers: after a restart, a reload, a Stop and a kill, in two windows, until a chat is deleted."""

import shutil
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
from tests.browser.visits import IN_A_BROWSER, SERVE, USABLE, Visit, served, visiting
from tests.runs import count_files, tiny_wavs, wait_until

pytestmark = IN_A_BROWSER

HELD = SERVE.replace("agent.llm.embedded import EmbeddedChatModel", "tests.browser.held import HeldChatModel").replace(
    "EmbeddedChatModel", "HeldChatModel"
)
MANY = 3000  # files that take longer to hear than a page to load anew
BEGUN = "It rained all day."
WHOLE = "It rained all day. In the evening it stopped. Nobody heard it."


@pytest.fixture
def home(demo_library: Library, tmp_path: Path) -> Path:
    """A folder with a library of 15 sounds, for one server after the other."""
    assert demo_library.folder == tmp_path / "library"
    return tmp_path


@pytest.fixture(scope="module")
def desk(heard_once: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visit]:
    """One visit to a page for several tests; each begins a chat of its own."""
    home = tmp_path_factory.mktemp("desk")
    shutil.copytree(heard_once, home / "library")
    with held(home) as server, visiting(server.url, home) as visit:
        yield visit
    assert visit.outside == []
    assert visit.complaints == []


@pytest.fixture
def visit(desk: Visit) -> Visit:
    """The page with a new chat in it."""
    new_chat(desk)
    return desk


@contextmanager
def held(home: Path, port: int = 0) -> Iterator[SimpleNamespace]:
    """A server whose chat model waits in the middle of "a story"."""
    script = HELD.replace("port=0", f"port={port}")
    with served([sys.executable, "-c", script, str(home)], home) as server:
        yield server


def new_chat(visit: Visit) -> None:
    visit.page.locator("#new-chat-button").first.click()
    expect(visit.page.locator(USABLE)).to_be_visible()


def messages(page: Page) -> Locator:
    return page.locator("[data-step-type=assistant_message]")


def is_idle(page: Page) -> None:
    expect(page.locator("#stop-button")).to_have_count(0, timeout=20_000)


def exports(home: Path) -> list[Path]:
    return list((home / "exports").rglob("manifest.json"))


def test_a_killed_program_loses_the_sentence_in_flight_and_nothing_else(home, demo_folder):
    port = free_port()
    with held(home, port) as server, visiting(server.url, home) as visit:
        page = visit.page
        visit.attach(demo_folder / "rain" / "rain_0.wav")
        visit.attach(demo_folder / "kick" / "kick_0.wav")
        visit.ask("find sounds like these")
        visit.last("sound-list", 2)
        visit.ask("cluster my sounds into 4 groups")
        visit.last("clusters", 1)
        visit.ask("show me a map")
        visit.last("sound-map", 1)
        visit.ask("export the groups")
        expect(page.get_by_role("button", name="Go ahead")).to_be_visible()
        is_idle(page)
        answers = messages(page).all_inner_texts()
        visit.shot("1 before")
        new_chat(visit)
        visit.ask("find rain")
        visit.last("sound-list", 1)
        visit.ask("a story")
        expect(messages(page).last).to_contain_text(BEGUN)
        wait_until(lambda: BEGUN in str(rows(home, "SELECT output FROM steps")))
        server.process.send_signal(signal.SIGKILL)
        server.process.wait()

        with held(home, port):
            expect(messages(page).last).to_contain_text("The program ended before this answer was whole.")
            expect(messages(page)).to_have_count(3)
            expect(messages(page).nth(1)).to_contain_text(BEGUN)
            visit.ask("more like number 2")
            visit.last("sound-list", 2)
            is_idle(page)
            assert rows(home, "SELECT count(*) FROM threads") == [(2,)]
            visit.shot("2 goes on after a kill")

            page.locator("#thread-history").get_by_text("find sounds like these").click()
            expect(messages(page)).to_have_count(len(answers))
            assert messages(page).all_inner_texts() == answers
            asked = page.locator("[data-step-type=user_message]")
            expect(asked).to_contain_text(["like these", "cluster my sounds into 4 groups", "a map", "the groups"])
            expect(page.locator("[data-step-type=tool]")).to_have_count(4)
            attached = page.locator("audio[src*='/library/attachment/']")
            expect(attached).to_have_count(2)
            for player in attached.element_handles():
                page.wait_for_function("a => a.readyState >= 2", arg=player)
            row = visit.last("sound-list", 2).get_by_test_id("sound-row").first
            row.get_by_role("button", name="Play").first.click()
            page.wait_for_function("a => a.currentTime > 0", arg=row.locator("audio").element_handle())
            expect(visit.last("clusters", 1).get_by_test_id("cluster")).to_have_count(4)
            expect(visit.last("sound-map", 1).frame_locator("iframe").locator("canvas").first).to_be_visible()
            visit.shot("3 came back")

            page.get_by_role("button", name="Go ahead").click()
            expect(page.get_by_test_id("decided")).to_have_text("You said: go ahead")
            wait_until(lambda: exports(home))
            visit.ask("what is in the last group?")
            expect(visit.last("sound-list", 3)).to_contain_text("rain")
            visit.shot("4 allowed")


def test_a_reload_and_a_second_window_are_shown_the_answer_that_is_being_written(visit):
    page, home = visit.page, visit.shots
    visit.ask("a story")
    expect(messages(page)).to_contain_text(BEGUN)
    page.wait_for_url("**/thread/*")
    page.reload()
    expect(messages(page)).to_contain_text(BEGUN)
    expect(page.locator("#stop-button")).to_be_visible()
    second = page.context.new_page()
    second.goto(page.url)
    expect(messages(second)).to_contain_text(BEGUN)
    (home / "go on").touch()
    for each in (page, second):
        expect(messages(each)).to_contain_text(WHOLE)
        expect(messages(each)).to_have_count(1)
        is_idle(each)

    visit.ask("find rain")
    expect(second.locator("[data-step-type=user_message]").last).to_have_text("find rain")
    expect(second.get_by_test_id("sound-row").first).to_be_visible()
    is_idle(second)
    second.screenshot(path=home / "5 second window.png")
    second.close()


def test_a_stop_ends_the_work_and_the_chat_goes_on(visit):
    page, home = visit.page, visit.shots
    tiny_wavs(home / "many", MANY)
    visit.ask(f"add the sounds in {home / 'many'}")
    step = page.locator("[data-step-type=tool]").first
    expect(step).to_contain_text(f"of {MANY}", timeout=20_000)
    page.reload()
    expect(step).to_contain_text("Running ingest", timeout=20_000)
    try:
        expect(step).to_contain_text(f"of {MANY}", timeout=2_000)
    except AssertionError:  # a step that is shown again may be folded; its progress is in it
        step.get_by_role("button").first.click()
        expect(step).to_contain_text(f"of {MANY}")
    visit.shot("6 under way")
    page.locator("#stop-button").click()
    is_idle(page)
    expect(messages(page).last).to_contain_text("Task manually stopped.")
    visit.ask("find rain")
    expect(visit.last("sound-list", 1)).to_contain_text("rain_")
    assert 0 < count_files(home / "library") - 15 < MANY
    visit.shot("7 stopped")


def test_a_question_is_answered_in_words_or_put_aside_by_other_words(visit):
    page, home = visit.page, visit.shots
    ahead, decided = page.get_by_role("button", name="Go ahead"), page.get_by_test_id("decided")
    visit.ask("find rain")
    visit.last("sound-list", 1)
    visit.ask("export that")
    expect(ahead).to_be_visible()
    visit.ask("no, thank you")
    expect(decided).to_have_text("You said: not now")
    visit.ask("export that")
    expect(ahead).to_be_visible()
    visit.ask("find a bell")
    expect(visit.last("sound-list", 2)).to_contain_text("hand_bell")
    expect(decided).to_have_text(["You said: not now", "You said: not now"])
    visit.ask("export that")
    page.get_by_role("button", name="Not now").click()
    expect(decided).to_have_count(3)
    assert exports(home) == []
    visit.ask("export that")
    expect(ahead).to_be_visible()
    visit.ask("Yes, please!")
    wait_until(lambda: exports(home))
    is_idle(page)
    expect(ahead).to_have_count(0)
    visit.shot("8 allowed in words")


def test_chats_are_listed_renamed_and_deleted(visit):
    page, home = visit.page, visit.shots
    listed = page.locator("#thread-history a")
    visit.ask("find thunder")
    visit.last("sound-list", 1)
    page.wait_for_url("**/thread/*")
    chat = page.url.rpartition("/")[2]
    new_chat(visit)
    visit.ask("find a drum")
    visit.last("sound-list", 1)
    expect(listed.first).to_have_text("find a drum")
    visit.shot("9 listed")

    choose(page, "find thunder", "#rename-thread")
    page.locator("#name").fill("Wet sounds")
    visit.shot("10 renaming")
    page.get_by_role("button", name="Confirm").click()
    expect(listed.filter(has_text="Wet sounds")).to_have_count(1)
    page.reload()
    expect(listed.filter(has_text="Wet sounds")).to_have_count(1)
    assert rows(home, "SELECT count(*) FROM checkpoints WHERE thread_id = ?", chat, file="chats.db") != [(0,)]
    choose(page, "Wet sounds", "#delete-thread")
    page.get_by_role("button", name="Confirm").click()
    expect(listed.filter(has_text="Wet sounds")).to_have_count(0)
    wait_until(lambda: rows(home, "SELECT count(*) FROM threads WHERE id = ?", chat) == [(0,)])
    assert rows(home, "SELECT count(*) FROM checkpoints WHERE thread_id = ?", chat, file="chats.db") == [(0,)]
    visit.shot("11 deleted")


def choose(page: Page, chat: str, entry: str) -> None:
    """Picks from the menu of a chat in the list."""
    row = page.locator("#thread-history a").filter(has_text=chat)
    row.hover()
    row.locator("#thread-options").click()
    page.locator(entry).click()


def rows(home: Path, query: str, *values: str, file: str = "history.db") -> list[tuple]:
    """What a file of the library answers, opened for reading only."""
    connection = sqlite3.connect(f"file:{home / 'library' / file}?mode=ro", uri=True)
    try:
        return connection.execute(query, values).fetchall()
    finally:
        connection.close()


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]
