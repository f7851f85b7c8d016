"""From one library to another within the page, by the real command."""

import json
import sys
from pathlib import Path

from playwright.sync_api import Page, expect

from agent.shelf import Shelf
from core.library import Library
from tests.browser.visits import IN_A_BROWSER, USABLE, served, visiting

pytestmark = IN_A_BROWSER

CHAT = [sys.executable, "-c", "from agent.cli import main; main()", "chat", "--port", "0", "--json", "--library"]
ANSWER = "[data-step-type=assistant_message]"


def choose(page: Page, name: str) -> None:
    page.locator("#chat-settings-open-modal").click()
    panel = page.get_by_role("dialog")
    panel.get_by_role("combobox").nth(3).click()
    page.get_by_role("option", name=name, exact=True).click()
    panel.get_by_role("button", name="Confirm").click()


def test_another_library_is_opened_in_all_pages_and_the_first_one_again(
    demo_library: Library, demo_folder: Path, tmp_path: Path, monkeypatch
):
    data = tmp_path / "data"
    monkeypatch.setenv("XDG_DATA_HOME", str(data))
    kicks = Library(tmp_path / "kicks", demo_library.settings.model_copy(update={"library": tmp_path / "kicks"}))
    for _ in kicks.ingest([demo_folder / "kick"]):
        pass
    (data / "earshot" / "page").mkdir(parents=True)
    Shelf(data / "earshot" / "page").put(kicks.folder)
    with served([*CHAT, str(demo_library.folder)], tmp_path) as server:
        url = json.loads(server.url)["url"]
        with visiting(url, tmp_path) as visit:
            page = visit.page
            visit.ask("what is in my library?")
            expect(page.locator(ANSWER)).to_contain_text("15 sounds", timeout=30_000)
            second = page.context.new_page()
            second.goto(url)
            expect(second.locator(USABLE)).to_be_visible(timeout=15_000)

            choose(page, "kicks")
            for each in (page, second):
                expect(each.get_by_text("No threads found")).to_be_visible(timeout=20_000)
                expect(each.locator(USABLE)).to_be_visible(timeout=15_000)
            visit.ask("what is in my library?")
            expect(page.locator(ANSWER)).to_contain_text("4 sounds", timeout=30_000)
            visit.shot("another library")

            choose(page, "library")
            expect(page.locator(ANSWER)).to_have_count(0, timeout=20_000)
            expect(page.locator(USABLE)).to_be_visible(timeout=15_000)
            page.locator("#thread-history").get_by_text("what is in my library?").click()
            expect(page.locator(ANSWER)).to_contain_text("15 sounds", timeout=30_000)
        assert visit.outside == []
        assert server.process.poll() is None, "it is the same process"
