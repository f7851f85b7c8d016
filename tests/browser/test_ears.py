"""The page when a person asks about ears: which there are, that others are used, which are best, who writes captions.

The models are tiny random ones, so what they hear means nothing; that it is told, kept and used is what counts.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from core.library import Library
from tests.browser.visits import IN_A_BROWSER, Visit, serve_library, served, visiting
from tests.runs import rows
from tests.tiny import choose_tiny

pytestmark = IN_A_BROWSER

COLUMNS = ["ears", "sounds", "window", "reads text", "state"]
BUILT_IN = ["builtin (ears-1)", "15 of 15", "1 s", "yes"]


@pytest.fixture
def visit(demo_library: Library, tmp_path: Path, tmp_path_factory, monkeypatch) -> Iterator[Visit]:
    """A visit to the page of the small library, where tiny models are chosen by the environment."""
    for name in ("vggish", "clap", "conette"):
        choose_tiny(name, tmp_path_factory, monkeypatch)
    monkeypatch.setenv("EARSHOT_WORKERS", "1")
    monkeypatch.setenv("EARSHOT_DEVICE", "cpu")
    monkeypatch.setenv("EARSHOT_OFFLINE", "1")
    assert demo_library.folder == tmp_path / "library"
    with served(serve_library(tmp_path), tmp_path) as server, visiting(server.url, tmp_path) as visit:
        yield visit
    assert visit.outside == []
    assert visit.complaints == []


def answer(visit: Visit, text: str) -> Locator:
    """What is answered to a message, when the turn has ended."""
    answers = visit.page.locator("[data-step-type=assistant_message]")
    before = answers.count()
    visit.ask(text)
    expect(answers).to_have_count(before + 1, timeout=60_000)
    expect(visit.page.locator("#stop-button")).to_have_count(0, timeout=20_000)
    return answers.last


def table(answered: Locator) -> list[list[str]]:
    """The cells of the table in an answer, its head first."""
    lines = answered.locator("tr")
    return [lines.nth(place).locator("th, td").all_inner_texts() for place in range(lines.count())]


def test_a_person_asks_about_ears_changes_them_and_finds_by_them(visit, demo_folder, tmp_path):
    told = answer(visit, "which ears are you using?")
    expect(told).to_contain_text("The ears builtin answer.")
    assert table(told) == [COLUMNS, [*BUILT_IN, "answers"]]
    visit.shot("1 which")

    changed = answer(visit, "use vggish for this library")
    expect(changed).to_contain_text("From now on the ears vggish answer; they have heard 15 sounds for that.")
    vggish = ["vggish (torchvggish-0.1)", "15 of 15", "0.975 s", "no"]
    assert table(changed) == [COLUMNS, [*BUILT_IN, ""], [*vggish, "answers"]]
    visit.shot("2 vggish")

    example = demo_folder / "hand_bell" / "hand_bell_1.wav"
    visit.attach(example)
    visit.ask("find sounds like this")
    found = visit.last("sound-list", 1).get_by_test_id("sound-row")
    expect(found.first).to_contain_text(example.name)
    expect(found.first).to_contain_text("1.00")
    visit.shot("3 found")

    best = answer(visit, "which ears are best for my sounds?")
    head, *ranked = table(best)
    assert head[:2] == ["", "ears"]
    assert [row[0] for row in ranked] == ["1", "2"]
    assert {row[1] for row in ranked} == {"builtin", "vggish"}
    visit.shot("4 best")

    best = answer(visit, "which ears are best for my sounds, by folder?")
    head, first, second = table(best)
    assert head == ["", "ears", "mAP", "top-1", "V-measure"]
    assert first == ["1", "builtin", "1.000", "1.000", "1.000"]
    assert second[:2] == ["2", "vggish"]
    visit.shot("5 best by folder")


def test_a_person_has_everything_captioned_again_and_searches_by_other_ears_that_read(visit, tmp_path):
    said = answer(visit, "caption everything again with conette")
    expect(said).to_contain_text("conette has captioned 15 sounds: 15 found = 15 indexed + 0 unchanged + 0 skipped")
    (first,) = rows(tmp_path / "library", "SELECT text FROM captions WHERE captioner = 'conette' AND sound_id = 13")
    visit.shot("6 captions")

    changed = answer(visit, "use clap for this library")
    clap = ["clap (tiny-clap-1)", "15 of 15", "10 s", "yes", "answers"]
    assert table(changed) == [COLUMNS, [*BUILT_IN, ""], clap]
    visit.shot("7 clap")

    visit.ask("find rain")
    found = visit.last("sound-list", 1).get_by_test_id("sound-row")
    expect(found.first).to_contain_text("rain_")
    expect(visit.last("sound-list", 1)).to_contain_text(first[0])
    visit.shot("8 rain")

    lacking = answer(visit, "use wav2vec2")
    expect(lacking).to_contain_text("nothing may be fetched (offline): set EARSHOT_WAV2VEC2 to a folder that holds it")
    assert table(answer(visit, "which ears are you using?"))[-1] == clap
    visit.shot("9 lacking")
