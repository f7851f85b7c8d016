"""The map as a person meets it: as one file opened offline, and in a chat, in a real browser."""

import math
import random
import re
import shutil
import statistics
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle, islice
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from core.map_page import Sounds, page
from core.maps import SoundMap
from core.previews import preview
from tests.browser.visits import CHROMIUM, FLAGS, IN_A_BROWSER, served, visiting
from tests.runs import wait_until

N, K = 5000, 12
WORDS = "rain thunder bell kick snare hat dog bird engine wind piano violin".split()
HOVER_MS = 400  # a bound for a machine that does other things; on a quiet one it is 20

SERVE = """
import sys
from pathlib import Path
from agent.graph import build_agent
from agent.server import serve
from core.library import Library
from core.settings import Settings
from tests.agent.scripted import ScriptedChatModel, call, says

folder = Path(sys.argv[1])
settings = Settings(library=folder / "library", exports=folder / "exports", port=0, _env_file=None)
library = Library(settings.library, settings)
script = [says("", call("show_map", "c1", colour="domain")), says("Here is the map."), says("They are bells.")]
agent = lambda saver: build_agent(library, ScriptedChatModel(script=script), saver)
serve(library, agent, settings, folder=folder / "page", on_ready=lambda url: print(url, flush=True))
"""

pytestmark = IN_A_BROWSER


def islands(n: int, k: int) -> SoundMap:
    """A map of k round groups on a ring, sound i in group i % k + 1; the last sound is far away from all, in none."""
    chance = random.Random(0)
    turns = [2 * math.pi * (i % k) / k for i in range(n)]
    x = [0.5 + 0.4 * math.cos(turn) + chance.gauss(0, 0.025) for turn in turns]
    y = [0.5 + 0.4 * math.sin(turn) + chance.gauss(0, 0.025) for turn in turns]
    x[-1] = y[-1] = 0.5
    words = [WORDS[i % k] for i in range(n)]
    return SoundMap(
        space="builtin",
        seed=0,
        ids=list(range(1, n + 1)),
        x=x,
        y=y,
        names=[f"{word}_{i:04d}.wav" for i, word in enumerate(words)],
        captions=[f"A {word} sounds, close and bright; centred near 2.0 kHz." for word in words],
        domains=["music" if i % 2 else "nature" for i in range(n)],
        durations_s=[0.5 + i % 7 for i in range(n)],
        placed=[False] * n,
        clustering=3,
        clusters=[i % k + 1 for i in range(n - 1)] + [0],
        titles={number + 1: f"{word} and more" for number, word in enumerate(WORDS[:k])},
        descriptors={"brightness_hz": [100.0 + i for i in range(n - 1)] + [None]},
    )


class Drawn:
    """A map on the screen, and all that the page asked for and complained of."""

    def __init__(self, shown: Page, sound_map: SoundMap) -> None:
        self.page, self.map = shown, sound_map
        self.asked: list[str] = []
        self.complaints: list[str] = []
        shown.on("request", lambda request: self.asked.append(request.url))
        shown.on("pageerror", lambda error: self.complaints.append(str(error)))
        shown.on("console", lambda told: self.complaints.append(told.text) if told.type == "error" else None)

    def open(self, path: Path) -> None:
        self.page.add_init_script(
            "window.heard = []; document.addEventListener('earshot:playing', (e) => heard.push(e.detail))"
        )
        self.page.goto(path.as_uri())

    def place(self, i: int) -> tuple[float, float]:
        """Where sound i lies on the screen while the whole map is shown; the view fits its box into the stage."""
        stage = self.page.locator("#map").bounding_box()
        assert stage is not None
        left, right, low, high = min(self.map.x), max(self.map.x), min(self.map.y), max(self.map.y)
        margin = min(56, 0.09 * min(stage["width"], stage["height"]))
        scale = min((stage["width"] - 2 * margin) / (right - left), (stage["height"] - 2 * margin) / (high - low))
        dx = (self.map.x[i] - (left + right) / 2) * scale
        dy = ((low + high) / 2 - self.map.y[i]) * scale
        return stage["x"] + stage["width"] / 2 + dx, stage["y"] + stage["height"] / 2 + dy

    def shade(self, x: float, y: float, reach: int = 6) -> float:
        """How far the pixels above the title at a place are from the ground, from 0; a dimmed mark is near it."""
        return self.page.evaluate(
            """([x, y, reach]) => {
              const canvas = document.getElementById("map"), box = canvas.getBoundingClientRect()
              const pen = canvas.getContext("2d"), ground = pen.getImageData(1, 1, 1, 1).data
              const seen = pen.getImageData(x - box.left - reach, y - box.top - reach, 2 * reach, 2 * reach).data
              let most = 0
              for (let k = 0; k < seen.length; k += 4)
                most = Math.max(most, [0, 1, 2].reduce((sum, c) => sum + Math.abs(seen[k + c] - ground[c]), 0))
              return most
            }""",
            [x, y - 18, reach],
        )

    def heard(self) -> list[dict[str, Any]]:
        return self.page.evaluate("heard")


@contextmanager
def opened(tmp_path: Path, sound_map: SoundMap, path: Path, **more: Any) -> Iterator[Drawn]:
    """The file in a browser that has no network."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        context = browser.new_context(
            offline=True, **({"viewport": {"width": 1200, "height": 800}, "color_scheme": "light"} | more)
        )
        context.set_default_timeout(15_000)
        drawn = Drawn(context.new_page(), sound_map)
        drawn.open(path)
        yield drawn
        drawn.page.screenshot(path=tmp_path / "map.png")
        browser.close()


@pytest.fixture(scope="module")
def file(tmp_path_factory, demo_folder) -> SimpleNamespace:
    """A map of 5,000 sounds in one file, with previews of four."""
    sound_map = islands(N, K)
    made = [preview(path) for path in sorted(demo_folder.rglob("*.wav"))[::4]]
    path = tmp_path_factory.mktemp("map") / "map.html"
    path.write_text(page(sound_map, Sounds(previews=islice(cycle(made), N))), encoding="utf-8")
    return SimpleNamespace(map=sound_map, path=path)


def test_one_file_of_5000_sounds_plays_offline_and_asks_nobody(tmp_path, file):
    with opened(tmp_path, file.map, file.path) as drawn:
        shown = drawn.page
        expect(shown.locator("#hint")).to_have_text("Click the map once to hear it")
        shown.mouse.move(*drawn.place(N - 1))
        expect(shown.locator("#tip")).to_contain_text(file.map.names[-1])
        before = len(drawn.heard())  # what a test asks of a page counts as a click, so it may be heard by now
        shown.mouse.click(*drawn.place(N - 1))
        expect(shown.locator("#hint")).to_be_hidden()
        pinned = shown.locator("#pinned")
        expect(pinned).to_contain_text(file.map.captions[-1])
        expect(pinned.locator("dd").last).to_have_text(str(N))
        wait_until(lambda: len(drawn.heard()) > before or before)

        for i in range(0, 600, 30):  # one after the other, as a hand goes over the map
            shown.mouse.move(*drawn.place(i))
            shown.wait_for_timeout(60)
        shown.wait_for_timeout(300)
        waited = [each["waited_ms"] for each in drawn.heard()[1:]]
        assert len(waited) >= 15
        assert statistics.median(waited) < HOVER_MS, waited

        shown.keyboard.press("m")
        before = len(drawn.heard())
        shown.mouse.move(*drawn.place(7))
        shown.wait_for_timeout(200)
        assert len(drawn.heard()) == before, "it is off"
        assert drawn.asked == [file.path.as_uri()]
        assert drawn.complaints == []


def test_a_map_is_zoomed_searched_drawn_around_and_coloured_anew(tmp_path, file):
    with opened(tmp_path, file.map, file.path) as drawn:
        shown = drawn.page
        bell, rain = drawn.place(WORDS.index("bell")), drawn.place(0)

        shown.locator("#search").fill("BELL bright")
        expect(shown.locator("#results h2")).to_have_text("417 sounds found")
        expect(shown.locator("#results .row")).to_have_count(20)
        shown.locator("#results .more").click()
        expect(shown.locator("#results .row")).to_have_count(417)
        expect(shown.locator("#results .row").nth(20)).to_be_focused()
        expect(shown.locator("#results .more")).to_be_hidden()
        shown.wait_for_timeout(150)
        assert drawn.shade(*rain) < 0.4 * drawn.shade(*bell), "what was not found is dim"
        shown.mouse.move(*rain)
        expect(shown.locator("#tip")).to_be_hidden()
        shown.locator("#search").fill("no such thing")
        expect(shown.locator("#results")).to_contain_text("No name, caption or group has all of these words.")
        shown.keyboard.press("Escape")
        expect(shown.locator("#results")).to_be_hidden()

        expect(shown.locator("#legend .row span").nth(2)).to_have_text("3 · bell and more")
        shown.locator("#legend .row").nth(0).click()
        shown.wait_for_timeout(150)
        assert drawn.shade(*bell) < 0.4 * drawn.shade(*rain), "one group alone"
        shown.locator("#legend .row").nth(0).click()

        box = [(bell[0] + dx, bell[1] + dy) for dx, dy in ((-90, -90), (90, -90), (90, 90), (-90, 90))]
        shown.keyboard.down("Shift")
        shown.mouse.move(*box[0])
        shown.mouse.down()
        for corner in box[1:]:
            shown.mouse.move(*corner, steps=4)
        shown.mouse.up()
        shown.keyboard.up("Shift")
        picked = shown.locator("#picked")
        expect(picked.locator("h2")).to_have_text(re.compile(r"^4\d\d sounds selected$"))
        expect(picked.locator(".words span").first).to_have_text("bell")
        assert {*picked.locator(".words span").all_inner_texts()} <= {"bright", "close", *WORDS}, "no word of measuring"
        expect(picked.locator(".shares li").first).to_contain_text("3 · bell and more")
        picked.locator(".rows .row").first.click()
        expect(shown.locator("#pinned h2")).to_contain_text("bell_")
        expect(shown.locator("#pinned dl")).to_contain_text("3 · bell and more")

        before = shown.locator("#map").screenshot()
        shown.locator("#colour").select_option("domain")
        expect(shown.locator("#legend")).to_contain_text("nature")
        shown.locator("#colour").select_option("brightness_hz")
        expect(shown.locator("#legend")).to_contain_text("Hz")
        expect(shown.locator("#legend")).to_contain_text("1 sound without")
        assert shown.locator("#map").screenshot() != before

        shown.mouse.move(*drawn.place(N - 1))
        expect(shown.locator("#tip")).to_contain_text(file.map.names[-1])
        shown.mouse.wheel(0, -600)
        shown.wait_for_timeout(200)
        shown.mouse.move(*rain)
        expect(shown.locator("#tip")).to_be_hidden()
        shown.keyboard.press("0")
        shown.mouse.move(rain[0] + 1, rain[1])
        expect(shown.locator("#tip")).to_contain_text("rain_")
        expect(shown.locator("#tip small")).to_contain_text("1 · rain and more · ")

        shown.locator("#theme").click()
        expect(shown.locator("html")).to_have_attribute("data-theme", "dark")
        assert drawn.complaints == []


def test_a_map_is_used_by_keyboard_alone_and_on_a_telephone(tmp_path, file):
    small = {"viewport": {"width": 390, "height": 780}, "color_scheme": "dark", "has_touch": True}
    with opened(tmp_path, file.map, file.path, **small) as drawn:
        shown = drawn.page
        expect(shown.locator("html")).to_have_attribute("data-theme", "dark")
        expect(shown.locator("#panel")).to_be_hidden()
        shown.locator("#map").focus()
        shown.keyboard.press("Enter")
        expect(shown.locator("#pinned h2")).to_have_text(file.map.names[-1])
        expect(shown.locator("#told")).to_contain_text(file.map.names[-1])
        wait_until(drawn.heard)
        shown.keyboard.press("Escape")
        expect(shown.locator("#pinned")).to_be_hidden()
        shown.keyboard.press("/")
        expect(shown.locator("#search")).to_be_focused()
        shown.locator("#drawer").click()
        expect(shown.locator("#panel")).to_be_hidden()
        shown.locator("#all").click()
        shown.touchscreen.tap(*drawn.place(0))
        expect(shown.locator("#pinned h2")).to_contain_text("rain_")
        assert shown.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("how", ["link", "none"])
def test_a_file_that_links_to_the_sounds_plays_them_and_a_silent_one_none(tmp_path, demo_folder, how):
    sound_map = islands(12, 4)
    paths = sorted(demo_folder.rglob("*.wav"))[:12]
    sounds = Sounds(urls=[path.as_uri() for path in paths]) if how == "link" else Sounds()
    path = tmp_path / "map.html"
    path.write_text(page(sound_map, sounds), encoding="utf-8")
    with opened(tmp_path, sound_map, path) as drawn:
        shown = drawn.page
        x, y = drawn.place(11)
        shown.mouse.click(x, y)
        expect(shown.locator("#pinned h2")).to_have_text(sound_map.names[11])
        if how == "link":
            wait_until(drawn.heard)
            expect(shown.locator("#source")).to_contain_text("contains paths of the computer")
        else:
            expect(shown.locator("#level")).to_be_hidden()
            assert drawn.heard() == []
        assert drawn.complaints == []


def test_in_a_chat_what_is_drawn_around_is_asked_about(tmp_path, heard_once):
    from core.library import Library
    from core.settings import Settings

    shutil.copytree(heard_once, tmp_path / "library")
    library = Library(tmp_path / "library", Settings(library=tmp_path / "library", _env_file=None))
    library.groups.make(4)
    library.maps.get()
    command = [sys.executable, "-c", SERVE, str(tmp_path)]
    with served(command, tmp_path) as server, visiting(server.url, tmp_path, "dark") as visit:
        visit.ask("show me a map")
        card = visit.last("sound-map", 1)
        expect(card).to_contain_text("A map of 15 sounds")
        expect(card.get_by_test_id("ask-what")).to_be_disabled()
        frame = card.frame_locator("iframe")
        expect(frame.locator("html")).to_have_attribute("data-theme", "dark")
        expect(frame.locator("#colour")).to_have_value("domain")

        stage = frame.locator("#map")
        stage.scroll_into_view_if_needed()
        box = stage.bounding_box()
        assert box is not None
        page = visit.page
        page.keyboard.down("Shift")
        page.mouse.move(box["x"] + 3, box["y"] + 3)
        page.mouse.down()
        for dx, dy in ((1, 0), (1, 1), (0, 1), (0, 0)):
            page.mouse.move(box["x"] + 3 + dx * (box["width"] - 6), box["y"] + 3 + dy * (box["height"] - 6), steps=3)
        page.mouse.up()
        page.keyboard.up("Shift")
        expect(card).to_contain_text("15 selected")
        visit.shot("map in the chat")

        expect(card.get_by_test_id("ask-details")).to_be_disabled()
        stage.evaluate(
            "() => { window.heard = []; document.addEventListener('earshot:playing', (e) => heard.push(e.detail)) }"
        )
        stage.press("Enter")
        heard = wait_until(lambda: stage.evaluate("() => window.heard"))
        assert heard[0]["id"] in range(1, 16), "it plays what the server sends"
        expect(card.get_by_test_id("ask-details")).to_be_enabled()

        card.get_by_test_id("ask-what").click()
        asked = page.locator("[data-step-type=user_message]").last
        expect(asked).to_contain_text("what is in selection 1?")
        expect(page.locator("[data-step-type=assistant_message]").last).to_contain_text("They are bells.")
        assert sorted(library.selection(1)) == list(range(1, 16))
        expect(card).to_contain_text("15 selected")  # the frame was not loaded anew by the turn

        assert visit.outside == []
        assert visit.complaints == []
