"""The page in a window as small as a telephone's, by finger, by keyboard, by microphone; with files that mean harm."""

import base64
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from core.library import Library
from tests.browser.test_groups import answer, answered
from tests.browser.visits import IN_A_BROWSER, USABLE, Visit, serve_library, served, visiting

pytestmark = IN_A_BROWSER

CHATS = """() => fetch("/project/threads", {
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ pagination: { first: 9 }, filter: {} }),
}).then((answer) => answer.json())"""
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
HOSTILE = "![x](http://evil.test/x.png) <img src=x onerror=alert(1)> [all](http://evil.test) bell.wav"
FOREIGN = """img[src="x"], img[src*="evil.test"], a[href*="evil.test"]"""
DROP = """([composer, files]) => {
  const dropped = new DataTransfer();
  for (const [name, content] of files) {
    const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
    dropped.items.add(new File([bytes], name, { type: "audio/wav" }));
  }
  for (const kind of ["dragenter", "dragover", "drop"])
    composer.dispatchEvent(new DragEvent(kind, { dataTransfer: dropped, bubbles: true, cancelable: true }));
}"""


@pytest.fixture
def visit(demo_library: Library, demo_folder: Path, tmp_path: Path) -> Iterator[Visit]:
    """A dark page on a telephone, over the small library and one more sound, whose name means harm."""
    strange = tmp_path / "strange"
    strange.mkdir()
    shutil.copyfile(next(demo_folder.rglob("*.wav")), strange / HOSTILE.replace("/", "\u2215"))
    with (strange / HOSTILE.replace("/", "\u2215")).open("ab") as file:
        file.write(b"\0\0")  # another sound than the one it is a copy of
    list(demo_library.ingest([strange]))
    with served(serve_library(tmp_path), tmp_path) as server, visiting(server.url, tmp_path, "dark", **PHONE) as visit:
        yield visit
    assert visit.outside == []
    assert visit.complaints == []


def assert_that_it_fits(page: Page) -> None:
    """Nothing is wider than the window."""
    assert page.evaluate("[document.documentElement.scrollWidth, document.body.scrollWidth]") == [390, 390]


def names(page: Page) -> list[str]:
    return page.locator("#attachments").inner_text().split()


def test_a_telephone_is_wide_enough_for_all_of_it(visit):
    page = visit.page
    found = answer(visit, "find a bell")
    assert_that_it_fits(page)
    link = found.locator('a[href^="/library/audio/"]').first
    link.tap()
    page.wait_for_function("a => a.hasAttribute('data-playing')", arg=link.element_handle())
    assert page.url.startswith(page.evaluate("location.origin")), "the page is still there"
    playing = "() => [...document.querySelectorAll('audio')].filter((a) => !a.paused).length"
    assert page.evaluate(playing) == 1
    link.tap()
    page.wait_for_function("a => !a.hasAttribute('data-playing')", arg=link.element_handle())
    assert page.evaluate(playing) == 0
    visit.shot("1 found")
    row = found.get_by_test_id("sound-row").first
    row.get_by_role("button", name=re.compile("^Play ")).tap()
    page.wait_for_function("a => a.currentTime > 0", arg=row.locator("audio").element_handle())
    link.tap()
    page.wait_for_function("a => a.hasAttribute('data-playing')", arg=link.element_handle())
    assert page.evaluate(playing) == 1, "one sound at a time"

    answer(visit, "cluster these into 4 groups")
    assert_that_it_fits(page)
    visit.shot("2 grouped")
    answer(visit, "show me the map")
    assert_that_it_fits(page)
    visit.shot("3 map")


def test_a_name_that_means_harm_is_a_name(visit):
    page = visit.page
    page.on("dialog", lambda dialog: pytest.fail(f"a name ran a script: {dialog.message}"))
    found = answer(visit, "find a file called evil")
    expect(found.get_by_test_id("sound-row").filter(has_text="evil.test")).to_have_count(1)
    assert found.locator(FOREIGN).count() == 0
    assert_that_it_fits(page)
    details = answered(visit, lambda: found.get_by_test_id("details").first.tap())
    expect(details).to_contain_text("evil.test")
    assert details.locator(FOREIGN).count() == 0
    assert_that_it_fits(page)
    visit.shot("4 hostile")


def test_files_are_dropped_and_asked_about(visit, demo_folder):
    page = visit.page
    files = sorted(demo_folder.rglob("*.wav"))[:2]
    content = [[each.name, base64.b64encode(each.read_bytes()).decode()] for each in files]
    page.evaluate(DROP, [page.locator("#chat-input").element_handle(), content])
    for each in files:
        expect(page.locator("#attachments").get_by_text(each.name)).to_be_visible()
    page.wait_for_timeout(300)
    answer(visit, "find sounds like these")
    shown = page.locator("[data-step-type=user_message]").last
    for each in files:
        expect(shown.get_by_text(each.name)).to_be_visible()
    visit.shot("5 dropped")


def test_a_sound_is_recorded_and_its_like_found(visit):
    page = visit.page
    button = page.get_by_role("button", name="Record a sound")
    button.tap()
    expect(page.get_by_text("Listening")).to_be_visible()
    page.wait_for_timeout(1500)
    found = answered(visit, button.tap)
    expect(found).to_contain_text("like “recording.wav”")
    expect(found.get_by_test_id("sound-row").first).to_be_visible()
    said = page.locator("[data-step-type=user_message]").last
    player = said.locator("audio")
    page.wait_for_function("a => a.readyState >= 1 && a.duration > 0.5", arg=player.element_handle())
    assert_that_it_fits(page)
    visit.shot("6 recorded")
    assert [chat["name"] for chat in page.evaluate(CHATS)["data"]] == ["Find sounds like this one"]


def test_whoever_wants_to_be_asked_before_every_change_is_asked_in_every_chat(visit):
    page = visit.page
    page.locator("#chat-settings-open-modal").tap()
    panel = page.get_by_role("dialog")
    expect(panel).to_contain_text("Ears that answer")
    panel.get_by_role("combobox").nth(2).tap()
    page.get_by_role("option", name="Every change").tap()
    visit.shot("7 settings")
    panel.get_by_role("button", name="Confirm").tap()
    expect(panel).to_have_count(0)

    asked = answer(visit, "cluster these into 4 groups")
    expect(asked).to_contain_text("You are asked before every change, as you wish. Shall it?")
    answered(visit, page.get_by_role("button", name="Go ahead").tap)
    expect(page.get_by_test_id("clusters")).to_have_count(1)
    visit.shot("8 asked")

    page.reload()
    expect(page.locator(USABLE)).to_be_visible()
    page.locator("#new-chat-button").first.tap()
    expect(page.locator(USABLE)).to_be_visible()
    answer(visit, "cluster these into 3 groups")
    expect(page.get_by_role("button", name="Go ahead")).to_be_visible()
    expect(page.get_by_test_id("clusters")).to_have_count(0)


def test_the_keyboard_is_enough(visit):
    page = visit.page
    for name in ("Show or hide the chats", "New chat", "Record a sound", "Attach sounds", "Settings", "Send"):
        expect(page.get_by_role("button", name=name, exact=True)).to_have_count(1)
    page.locator("#chat-input").focus()
    found = answer(visit, "find a bell")
    link = found.locator('a[href^="/library/audio/"]').first
    link.focus()
    page.keyboard.press("Enter")
    page.wait_for_function("a => a.hasAttribute('data-playing')", arg=link.element_handle())
    page.keyboard.press("Tab")
    reached = page.evaluate("document.activeElement.closest('.es-card, [data-step-type]') !== null")
    assert reached, "the next stop is in the answer"
    play = found.get_by_role("button", name=re.compile("^Play ")).first
    play.focus()
    page.keyboard.press("Space")
    page.wait_for_function("() => [...document.querySelectorAll('audio')].some((a) => !a.paused && a.currentTime > 0)")
