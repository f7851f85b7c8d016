"""The page when a person works on groups: makes, corrects, takes back, asks, looks at a map and takes away."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from core.library import Library
from tests.browser.visits import IN_A_BROWSER, Visit, serve_library, served, visiting
from tests.runs import wait_until

pytestmark = IN_A_BROWSER


@pytest.fixture
def visit(demo_library: Library, tmp_path: Path) -> Iterator[Visit]:
    """A visit to the page of the small library: hats, kicks and bells of 4 each, and 3 of rain."""
    assert demo_library.folder == tmp_path / "library"
    with served(serve_library(tmp_path), tmp_path) as server, visiting(server.url, tmp_path) as visit:
        yield visit
    assert visit.outside == []
    assert visit.complaints == []


def answer(visit: Visit, text: str) -> Locator:
    """What is answered to a message, when the turn has ended."""
    return answered(visit, lambda: visit.ask(text))


def asked(visit: Visit) -> str:
    """The newest message of the person."""
    return visit.page.locator("[data-step-type=user_message]").last.inner_text().strip()


def answered(visit: Visit, ask: Callable[[], None]) -> Locator:
    """What is answered when something was asked in whatever way, when the turn has ended."""
    answers = visit.page.locator("[data-step-type=assistant_message]")
    before = answers.count()
    ask()
    expect(answers).to_have_count(before + 1, timeout=60_000)
    expect(visit.page.locator("#stop-button")).to_have_count(0, timeout=20_000)
    return answers.last


def groups(answered: Locator) -> dict[int, str]:
    """The groups on the card of an answer: their sizes as told, by number."""
    card = answered.get_by_test_id("clusters")
    expect(card).to_be_visible()
    shown = card.get_by_test_id("cluster")
    numbers = [int(shown.nth(place).get_attribute("data-cluster") or 0) for place in range(shown.count())]
    return dict(zip(numbers, shown.locator(".es-facts").all_inner_texts(), strict=True))


def test_a_person_groups_corrects_and_takes_back(visit):
    made = answer(visit, "cluster these into 4 groups")
    expect(made).to_contain_text("4 groups (clustering 1), by GMM")
    assert groups(made) == {1: "4 sounds", 2: "4 sounds", 3: "4 sounds", 4: "3 sounds"}
    assert visit.lists_beside(made.get_by_test_id("clusters")) == 0
    visit.shot("1 grouped")

    renamed = answer(visit, "rename cluster 2 to Soft Kicks & more")
    expect(renamed).to_contain_text("is called “Soft Kicks & more” now. “undo” takes it back.")
    expect(renamed.get_by_test_id("cluster").nth(1)).to_contain_text("named by you")
    visit.shot("2 renamed")

    merged = answer(visit, "merge 1 and 3")
    expect(merged).to_contain_text("are cluster 1 now.")
    assert groups(merged) == {1: "8 sounds", 2: "4 sounds", 4: "3 sounds"}
    visit.shot("3 merged")

    undone = answer(visit, "undo")
    expect(undone).to_contain_text("Taken back; clustering 2 is the one that is meant now.")
    assert groups(undone) == {1: "4 sounds", 2: "4 sounds", 3: "4 sounds", 4: "3 sounds"}
    expect(undone).to_contain_text("Soft Kicks & more")
    visit.shot("4 undone")

    divided = answer(visit, "split 2")
    assert set(groups(divided)) == {1, 2, 3, 4, 5}
    visit.shot("5 split")

    changed = answer(visit, "what changed?")
    expect(changed).to_contain_text("From clustering 2 to 4: cluster 2 (Soft Kicks & more) split into 2 and 5.")
    visit.shot("6 what changed")

    opened = answer(visit, "what is in the last group?")
    first = opened.get_by_test_id("sound-row").first.locator(".es-id").inner_text()
    details = answer(visit, f"what is {first}?")
    expect(details.get_by_test_id("sound-details")).to_be_visible()
    moved = answer(visit, "move this sound to 4")
    expect(moved).to_contain_text("One sound went from cluster 5 to cluster 4")
    assert groups(moved)[4] == "4 sounds"
    visit.shot("7 moved")

    listed = answer(visit, "show me the versions")
    assert listed.locator("tr").nth(1).locator("td").first.inner_text() == "5, meant now"
    visit.shot("8 versions")

    restored = answer(visit, "go back to clustering 1")
    expect(restored).to_contain_text("Clustering 1 is the one that is meant now.")
    named = answer(visit, "call this clustering 'before the tour'")
    expect(named.get_by_test_id("clusters")).to_contain_text("clustering 1 “before the tour”")
    visit.shot("9 named")


def test_a_person_asks_how_sure_a_group_is_and_takes_it_away_and_back(visit, tmp_path):
    answer(visit, "group my sounds")
    told = answer(visit, "what is in cluster 2?")
    expect(told).to_contain_text("of clustering 1")
    expect(told).to_contain_text("made anew from parts of the sounds it comes back to")
    expect(told).to_contain_text("Most typical is sound ")
    assert visit.lists_beside(told.get_by_test_id("sound-list")) == 0
    visit.shot("10 one group")

    sure = answer(visit, "how sure are you about cluster 2?")
    expect(sure).to_contain_text("made anew from parts of the sounds it comes back to")
    visit.shot("11 how sure")

    visit.ask("export that")
    ahead = visit.page.get_by_role("button", name="Go ahead")
    expect(ahead).to_be_visible()
    visit.shot("12 asked")
    ahead.click()
    (manifest,) = wait_until(lambda: list((tmp_path / "exports").rglob("manifest.json")))
    expect(visit.page.locator("#stop-button")).to_have_count(0, timeout=20_000)
    wait_until(lambda: len(list(manifest.parent.rglob("*.wav"))) >= 3)
    visit.shot("13 exported")

    visit.ask("undo")
    again = visit.page.get_by_role("button", name="Go ahead")
    expect(again).to_be_visible()
    visit.shot("14 undo asked")
    again.click()
    wait_until(lambda: not manifest.exists())
    expect(visit.page.locator("#stop-button")).to_have_count(0, timeout=20_000)
    visit.shot("15 undone")


def test_a_person_draws_around_sounds_on_the_map_and_goes_on_with_them(visit, tmp_path):
    answer(visit, "cluster these into 4 groups")
    shown = answer(visit, "show me a map by brightness")
    expect(shown).to_contain_text("The map shows 15 sounds in 4 groups, coloured by brightness")
    card = visit.last("sound-map", 1)
    expect(card).to_contain_text("A map of 15 sounds")
    draw_around_all(visit, card)
    expect(card).to_contain_text("15 selected")
    visit.shot("16 map")

    card.get_by_test_id("ask-what").click()
    told = visit.last("sound-list", 1)
    expect(told.locator(".es-title")).to_have_text("Selection 1, 15 sounds")
    expect(told.get_by_test_id("sound-row")).to_have_count(15)
    visit.shot("17 selection")

    narrowed = answer(visit, "cluster only these into 3")
    assert set(groups(narrowed)) == {1, 2, 3}
    visit.shot("18 only these")

    regrouped = answered(visit, lambda: card.get_by_test_id("ask-cluster").click())
    assert asked(visit) == "cluster only selection 1"
    expect(regrouped.get_by_test_id("clusters")).to_contain_text("15 sounds")
    visit.shot("19 only these, by the button")

    card.get_by_test_id("ask-export").click()
    ahead = visit.page.get_by_role("button", name="Go ahead")
    expect(ahead).to_be_visible()
    assert asked(visit) == "export selection 1"
    visit.shot("20 selection to be exported")
    ahead.click()
    (manifest,) = wait_until(lambda: list((tmp_path / "exports").rglob("manifest.json")))
    assert manifest.parent.name == "selection 1"
    wait_until(lambda: len(list(manifest.parent.rglob("*.wav"))) == 15)
    expect(visit.page.locator("#stop-button")).to_have_count(0, timeout=20_000)
    visit.shot("21 selection exported")


def draw_around_all(visit: Visit, card: Locator) -> None:
    """Draws a lasso along the edges of the map."""
    stage = card.frame_locator("iframe").locator("#map")
    expect(stage).to_be_visible(timeout=20_000)
    stage.scroll_into_view_if_needed()
    box = stage.bounding_box()
    assert box is not None
    mouse = visit.page.mouse
    visit.page.keyboard.down("Shift")
    mouse.move(box["x"] + 3, box["y"] + 3)
    mouse.down()
    for dx, dy in ((1, 0), (1, 1), (0, 1), (0, 0)):
        mouse.move(box["x"] + 3 + dx * (box["width"] - 6), box["y"] + 3 + dy * (box["height"] - 6), steps=3)
    mouse.up()
    visit.page.keyboard.up("Shift")
