"""The page when a person asks where something is heard in all recordings."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from core.library import Library
from tests.browser.test_groups import answer
from tests.browser.visits import IN_A_BROWSER, Visit, serve_library, served, visiting
from tests.core.test_moments import with_barks
from tests.runs import ListenerInThisProcess
from tests.sounds import write_sound

pytestmark = IN_A_BROWSER


@pytest.fixture
def visit(demo_library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Visit]:
    """A visit to the page of the small library with one more sound, in which a dog barks at 2 s and 7 s."""
    monkeypatch.setattr("core.ingest.ListenerPool", ListenerInThisProcess)
    write_sound(tmp_path / "yard" / "yard.wav", with_barks())
    list(demo_library.ingest([tmp_path / "yard"]))
    with served(serve_library(tmp_path), tmp_path) as server, visiting(server.url, tmp_path) as visit:
        yield visit
    assert visit.outside == []
    assert visit.complaints == []


def test_moments_are_players_that_begin_at_their_second(visit):
    page = visit.page
    told = answer(visit, "where does a dog bark in my recordings?")
    expect(told).to_contain_text("I heard “dog bark” at 2 moments")
    expect(told).to_contain_text("Listened to")
    rows = told.get_by_test_id("sound-row")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("Bark")
    later = rows.filter(has_text="at 7.")
    later.get_by_test_id("play").click()
    player = later.locator("audio").element_handle()
    page.wait_for_function("a => a.currentTime > 6.8 && !a.paused", arg=player)
    visit.shot("1 moments")
    page.reload()
    expect(page.get_by_test_id("sound-row")).to_have_count(2, timeout=15_000)
