"""The page as a person meets it: the real server, driven in a real browser."""

import itertools
import re
import sys
import wave
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.visits import CHECKOUT, IN_A_BROWSER, serve_library, served, visiting
from tests.runs import wait_until

N_SOUNDS = 72  # of the demo library: a dozen kinds, made and heard in a few seconds

pytestmark = IN_A_BROWSER


@pytest.fixture
def sounds(tmp_path) -> Path:
    """A folder with some sounds of the demo library and one file that only looks like a sound."""
    from core.demo import make_demo

    folder = tmp_path / "my sounds"
    for _ in itertools.islice(make_demo(folder), N_SOUNDS):
        pass
    (folder / "broken.wav").write_bytes(b"no sound in here")
    return folder


def number(card: Locator, label: str) -> int:
    return int(card.get_by_test_id(f"n-{label}").locator("b").inner_text())


def state(player: Locator) -> dict[str, float]:
    return player.evaluate("a => ({ready: a.readyState, at: a.currentTime, paused: a.paused})")


def wait_until_ready(player: Locator) -> None:
    player.evaluate(
        "a => new Promise((done, failed) => { if (a.readyState >= 2) return done();"
        " a.addEventListener('canplay', done); a.addEventListener('error', () => failed(a.error.message)); })"
    )


def test_a_person_adds_finds_groups_and_goes_on_from_an_answer(tmp_path, sounds):
    with served(serve_library(tmp_path), tmp_path) as server, visiting(server.url, tmp_path) as visit:
        page = visit.page
        expect(page.get_by_text("Your library is empty")).to_be_visible()

        visit.ask(f'add the sounds in "{sounds}"')
        report = visit.last("ingest-report", 1)
        counts = [number(report, label) for label in ("found", "indexed", "unchanged", "skipped")]
        assert counts == [N_SOUNDS + 1, N_SOUNDS, 0, 1]
        expect(report).to_contain_text("broken.wav")
        visit.shot("1 added")

        example = next(path for path in sorted(sounds.rglob("*.wav")) if path.name != "broken.wav")
        visit.attach(example)
        visit.ask("find sounds like this")
        hits = visit.last("sound-list", 1)
        rows = hits.get_by_test_id("sound-row")
        expect(rows.first).to_be_visible()
        scores = [float(text) for text in re.findall(r"· (-?\d\.\d\d)", hits.inner_text())]
        assert len(scores) == rows.count() >= 5
        assert scores == sorted(scores, reverse=True)
        expect(rows.first).to_contain_text(example.name)
        assert_that_it_plays(hits)
        assert visit.lists_beside(hits) == 0, "the text does not list again what the card shows"
        visit.shot("2 found")

        visit.ask("cluster these into 8 groups")
        clusters = visit.last("clusters", 1)
        groups = clusters.get_by_test_id("cluster")
        expect(groups).to_have_count(8)
        assert visit.lists_beside(clusters) == 0
        title = groups.nth(2).locator(".es-name").inner_text()
        visit.shot("3 grouped")

        visit.ask("what is in cluster 3?")
        group = visit.last("sound-list", 2)
        expect(group.locator(".es-title")).to_have_text(title)
        second = group.get_by_test_id("sound-row").nth(1)
        names = [second.locator(part).inner_text() for part in (".es-name", ".es-id")]
        visit.shot("4 one group")

        visit.ask("more like number 2")
        similar = visit.last("sound-list", 3)
        expect(similar.locator(".es-title")).to_have_text(re.compile("|".join(map(re.escape, names))))
        visit.shot("5 more like it")

        similar.get_by_test_id("details").first.click()
        details = visit.last("sound-details", 1)
        expect(details).to_contain_text("LUFS")
        visit.shot("6 details")

        visit.ask("export cluster 3")
        visit.page.get_by_role("button", name="Go ahead").click()
        exported = wait_until(lambda: list((tmp_path / "exports").rglob("manifest.json")))
        assert len(list(exported[0].parent.iterdir())) > 1, "the files are there after the approval"
        expect(page.locator("#stop-button")).to_have_count(0)
        visit.shot("7 exported")

        assert visit.outside == []
        assert visit.complaints == []


def assert_that_it_plays(hits: Locator) -> None:
    """The first sound is ready before it is asked for, runs when it is, and gives way to the next."""
    rows = hits.get_by_test_id("sound-row")
    first, second = rows.nth(0), rows.nth(1)
    wait_until_ready(first.locator("audio"))
    before = state(first.locator("audio"))
    assert before["paused"]
    first.get_by_role("button", name=re.compile("^Play ")).click()
    first.page.wait_for_function("a => a.currentTime > 0", arg=first.locator("audio").element_handle())
    second.get_by_role("button", name=re.compile("^Play ")).click()
    second.page.wait_for_function("a => a.currentTime > 0", arg=second.locator("audio").element_handle())
    assert state(first.locator("audio"))["paused"]
    assert state(second.locator("audio"))["ready"] >= 2


def test_an_error_never_shows_as_silence_and_stop_stops(tmp_path):
    (tmp_path / "sounds").mkdir()
    with wave.open(str(tmp_path / "sounds" / "1.wav"), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(bytes(16000))
    bad = tmp_path / "holiday.wav"
    bad.write_bytes(b"no sound in here")
    program = CHECKOUT / "tests" / "agent" / "fake_server.py"
    command = [sys.executable, str(program), str(tmp_path)]
    with served(command, tmp_path) as server, visiting(server.url, tmp_path, "dark") as visit:
        answers = visit.page.locator("[data-step-type=assistant_message]")

        visit.ask("a known problem, please")
        expect(answers.last).to_contain_text("kick.wav: no audio stream; convert it or remove it")

        visit.ask("a mistake, please")
        expect(answers).to_have_count(2)
        expect(answers.last).to_contain_text("Sorry, something went wrong in Earshot")
        words = answers.last.inner_text()
        assert "detail" not in words
        log_id = re.search(r"\b[0-9a-f]{8}\b", words)
        assert log_id is not None
        assert f"log id {log_id[0]}" in server.log()
        assert "ZeroDivisionError: a detail that only the log may tell" in server.log()

        visit.ask("a long job, please")
        step = visit.page.locator("[data-step-type=tool]")
        expect(step).to_contain_text(re.compile(r"[3-9] of 1000 · take_\d"))
        visit.shot("running")
        visit.page.locator("#stop-button").click()
        expect(answers).to_have_count(3)
        expect(answers.last).to_contain_text("Task manually stopped.")
        step.get_by_role("button").first.click()
        expect(step).to_contain_text("Stopped. What was finished by then is kept.")
        assert "the job was told to stop" in server.log()

        visit.attach(bad)
        visit.ask("find sounds like this")
        expect(answers).to_have_count(4)
        expect(answers.last).to_contain_text("holiday.wav: ")
        assert server.log().count("Error: a detail") == 1, "the turn stopped before the agent"
        visit.shot("errors")
