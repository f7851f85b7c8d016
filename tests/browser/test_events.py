"""The page when a person asks what is heard in a video, and when."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect

from core.audio import decode
from core.library import Library
from tests.browser.test_groups import answer
from tests.browser.visits import IN_A_BROWSER, Visit, serve_library, served, visiting
from tests.sounds import RATE_HZ
from tests.videos import write_video

pytestmark = IN_A_BROWSER


@pytest.fixture
def visit(demo_library: Library, tmp_path: Path) -> Iterator[Visit]:
    """A visit to the page of the small library; beside it lies a video of 8 s in which it rains from 3 s on."""
    rain = decode(demo_library.audio_path(13), RATE_HZ)
    track = np.zeros(8 * RATE_HZ, np.float32)
    track[3 * RATE_HZ : 3 * RATE_HZ + len(rain)] = rain
    write_video(tmp_path / "clip.mp4", [track], seconds=8, codec="libx264")
    with served(serve_library(tmp_path), tmp_path) as server, visiting(server.url, tmp_path) as visit:
        yield visit
    assert visit.outside == []
    assert visit.complaints == []


def test_a_video_is_subtitled_and_what_a_person_wants_different_is(visit, tmp_path):
    page = visit.page
    visit.attach(tmp_path / "clip.mp4")
    told = answer(visit, "subtitle this video with what is heard")
    expect(told).to_contain_text("This is heard in “clip.mp4”, 8.")
    video = told.locator("video")
    page.wait_for_function("v => v.readyState >= 2 && v.videoWidth > 0", arg=video.element_handle())
    lane = told.get_by_test_id("lane").filter(has_text="Rain")
    expect(lane).to_have_count(1)
    lane.get_by_role("button").first.click()
    page.wait_for_function("v => v.currentTime > 2.6 && !v.paused", arg=video.element_handle())
    page.wait_for_function(
        "v => [...v.textTracks[0].activeCues].some((cue) => cue.text.startsWith('[Rain'))", arg=video.element_handle()
    )
    visit.shot("1 subtitled")
    with page.expect_download() as saving:
        told.get_by_test_id("srt").click()
    saved = saving.value
    assert saved.suggested_filename.endswith(".srt")
    assert "[Rain" in Path(saved.path()).read_text()

    renamed = answer(visit, "call it a shower, not rain")
    expect(renamed.get_by_test_id("lane")).to_contain_text("shower")
    later = answer(visit, "from 0:07")
    expect(later).to_contain_text("nothing is heard")
    again = answer(visit, "everything again")
    expect(again.get_by_test_id("lane").filter(has_text="Rain")).to_have_count(1)

    page.reload()
    expect(page.get_by_test_id("timeline").first.locator("video")).to_be_visible(timeout=15_000)
    first = page.get_by_test_id("timeline").first.locator("video")
    page.wait_for_function("v => v.textTracks[0].mode === 'showing'", arg=first.element_handle())


def test_a_sound_that_was_found_has_a_timeline_that_plays(visit):
    page = visit.page
    answer(visit, "find rain")
    told = answer(visit, "what is heard in the first one, and when?")
    expect(told.locator("audio")).to_have_count(1)
    told.get_by_test_id("lane").first.get_by_role("button").first.click()
    page.wait_for_function("a => a.currentTime > 0", arg=told.locator("audio").element_handle())


def test_a_text_that_is_called_a_video_is_told_in_a_sentence(visit, tmp_path):
    (tmp_path / "notes.mp4").write_text("no video in here")
    visit.attach(tmp_path / "notes.mp4")
    expect(answer(visit, "subtitle this")).to_contain_text("notes.mp4")
    expect(visit.page.get_by_test_id("timeline")).to_have_count(0)
