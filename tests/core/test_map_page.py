"""A map as one page: it holds what it should, asks nobody, and no name of a stranger gets out of its place in it."""

import io
import json
import re
from base64 import b64decode
from html.parser import HTMLParser
from pathlib import Path

import av
import numpy as np
import pytest

from core.audio import decode
from core.errors import AudioError, EarshotError, UnknownNameError
from core.map_page import ASSETS, PACK, SCRIPTS, Sounds, as_json_for_html, page, write_html
from core.maps import SoundMap
from core.plots.palette import DARK, LIGHT, MARKERS, Look, domain_look, look
from core.previews import PREVIEW_S, preview, previews
from core.records import DOMAINS
from tests.mapped import a_map
from tests.runs import wait_until
from tests.sounds import silence, sine, write_sound

HOSTILE = [
    "</script><img src=x onerror=alert(1)>.wav",
    "<!--<script>.wav",
    "{{script}} ${x} \\u003c.wav",
    "a\u2028b\u2029c &amp; 'q' \"r\".wav",
    "\u202egnp.exe\x00\x1b[31m.wav",
    "lone \udc80 surrogate.wav",
]


def map_of(names: list[str], **more: object) -> SoundMap:
    n = len(names)
    given: dict[str, object] = {
        "space": "builtin",
        "seed": 0,
        "ids": list(range(1, n + 1)),
        "x": [i / n for i in range(n)],
        "y": [0.25] * n,
        "names": names,
        "captions": [f"caption of {name}" for name in names],
        "domains": ["music"] * n,
        "durations_s": [1.5] * n,
        "placed": [False] * n,
    }
    return SoundMap(**(given | more))  # type: ignore[arg-type]


class Read(HTMLParser):
    """The elements of a page, and what stands in the one called `data`."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.held: dict[str, str] = {}
        self._id = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        given = dict(attrs)
        self._id = given.get("id") or ""
        self.links += [value or "" for name, value in attrs if name in ("src", "href", "action", "data")]
        if tag == "meta" and given.get("http-equiv"):
            self.held["policy"] = given["content"] or ""

    def handle_data(self, data):
        if self._id:
            self.held[self._id] = self.held.get(self._id, "") + data

    def handle_endtag(self, tag):
        self._id = ""

    @property
    def data(self) -> dict:
        return json.loads(self.held["data"])


def test_no_name_of_a_stranger_gets_out_of_its_place():
    titles = {1: "</script><script>alert(2)</script>"}
    harmless = Read(page(map_of([f"{i}.wav" for i in range(len(HOSTILE))])))
    hostile = Read(page(map_of(HOSTILE, clusters=[1] * len(HOSTILE), clustering=1, titles=titles)))
    assert hostile.tags == harmless.tags
    assert hostile.data["names"][:3] == HOSTILE[:3]
    assert hostile.data["names"][3] == "a b c &amp; 'q' \"r\".wav"
    assert hostile.data["names"][4] == "gnp.exe[31m.wav", "no sign that turns or moves what is read"
    assert hostile.data["names"][5] == "lone surrogate.wav"
    assert hostile.data["titles"] == {"1": titles[1]}


def test_json_in_a_page_has_no_sign_that_html_knows():
    text = as_json_for_html({"<a>": "&\u2028\u2029</script>"})
    assert not set("<>&\u2028\u2029") & set(text)
    assert json.loads(text) == {"<a>": "&\u2028\u2029</script>"}


def test_the_page_is_one_file_that_names_no_other_server():
    text = page(map_of(["a.wav"]))
    assert set(Read(text).links) <= {"data:,"} | {link for link in Read(text).links if link.startswith("#")}
    outside = re.findall(r"(?:https?:)?//[a-z][^\s\"']*", text.replace("http://www.w3.org/2000/svg", ""))
    assert [found for found in outside if "." in found] == []
    for name in SCRIPTS:
        script = (ASSETS / name).read_text()
        for risky in ("innerHTML", "insertAdjacentHTML", "document.write", "eval(", "fetch(", "XMLHttpRequest"):
            assert risky not in script, f"{risky} in {name}"


def test_the_page_says_what_it_may_do_and_its_own_script_passes():
    text = page(map_of(["a.wav"]), Sounds(previews=[b""]))
    policy = Read(text).held["policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "media-src 'none'" in policy, "previews are decoded, not fetched"
    assert "media-src 'self'" in Read(page(map_of(["a.wav"]), Sounds(base="/library/audio/"))).held["policy"]
    assert "media-src file:" in Read(page(map_of(["a.wav"]), Sounds(urls=["file:///a.wav"]))).held["policy"]


def test_numbers_are_short_and_what_is_no_number_is_left_out():
    values = [440.123456, None, float("nan"), float("inf")]
    found = Read(page(map_of(["a", "b", "c", "d"], descriptors={"pitch_hz": values}, x=[1 / 3, 0, 0.5, 1]))).data
    assert found["descriptors"]["pitch_hz"] == [440.1, None, None, None]
    assert found["x"] == [0.33333, 0, 0.5, 1]


def test_groups_and_domains_look_on_the_page_as_in_the_pictures():
    sound_map = a_map(10)
    looks = Read(page(sound_map)).data["looks"]
    for theme in (LIGHT, DARK):
        seen = {number: Look(looks["hues"][theme.name][hue], shape) for number, (hue, shape) in looks["groups"].items()}
        assert seen == {str(number): look(mark, theme) for number, mark in sound_map.marks().items()}
        heard = {name: Look(looks["hues"][theme.name][hue], shape) for name, (hue, shape) in looks["domains"].items()}
        assert heard == {domain: domain_look(domain, theme) for domain in DOMAINS}
    assert Read(page(map_of(["a.wav"]))).data["looks"]["groups"] == {}


def test_the_page_can_draw_every_shape():
    script = (ASSETS / "look.js").read_text(encoding="utf-8")
    assert [each for each in MARKERS if each != "o" and f'"{each}": ' not in script] == []


# Previews


def decoded(data: bytes) -> np.ndarray:
    with av.open(io.BytesIO(data)) as container:
        assert container.format.name == "ogg"
        assert container.streams.audio[0].codec_context.name in ("opus", "libopus")
        return np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])


def test_a_preview_is_the_loudest_part_at_an_even_level(tmp_path):
    quiet, loud = sine(440.0, 4.0, 48000, 0.02), sine(880.0, 1.0, 48000, 0.4)
    write_sound(tmp_path / "a.wav", np.concatenate([quiet, loud, quiet]), 48000)
    data = preview(tmp_path / "a.wav")
    assert 2000 < len(data) < 7000
    samples = decoded(data)
    assert len(samples) / 48000 == pytest.approx(PREVIEW_S, abs=0.06)
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    assert np.fft.rfftfreq(len(samples), 1 / 48000)[spectrum.argmax()] == pytest.approx(880, abs=2)
    assert 0.6 < np.abs(samples).max() < 0.8
    first = np.flatnonzero(np.abs(samples) > 0.2)[0] / 48000
    assert first < 0.15, "it begins where the sound does, not 0.5 s before"


def test_a_short_sound_is_its_own_preview_and_silence_stays_silent(tmp_path):
    write_sound(tmp_path / "short.wav", sine(440.0, 0.2, 8000), 8000)
    write_sound(tmp_path / "silent.wav", silence(1.0, 8000), 8000)
    assert 0.18 < len(decoded(preview(tmp_path / "short.wav"))) / 48000 < 0.3
    assert np.abs(decoded(preview(tmp_path / "silent.wav"))).max() < 1e-3


def test_a_file_that_is_gone_or_no_sound_has_no_preview_and_stops_no_other(tmp_path):
    write_sound(tmp_path / "a.wav", sine(440.0, 0.2, 8000), 8000)
    (tmp_path / "b.wav").write_bytes(b"no sound")
    made = list(previews([tmp_path / "b.wav", None, tmp_path / "a.wav", tmp_path / "gone.wav"]))
    assert [bool(each) for each in made] == [False, False, True, False]
    assert made[2] == preview(tmp_path / "a.wav"), "the same bytes each time"
    with pytest.raises(AudioError):
        preview(tmp_path / "gone.wav")


def test_who_takes_no_more_previews_has_no_more_made(tmp_path):
    write_sound(tmp_path / "a.wav", sine(440.0, 0.2, 8000), 8000)
    asked = []

    class Paths(list):
        def __iter__(self):
            for path in super().__iter__():
                asked.append(path)
                yield path

    running = previews(Paths([tmp_path / "a.wav"] * 1000))
    next(running)
    running.close()
    assert len(asked) < 100


# Files


def test_a_library_is_written_as_a_map_that_plays(demo_library, tmp_path):
    demo_library.groups.make(4)
    sound_map = demo_library.maps.get()
    gone = Path(demo_library.cards([1])[0]["path"])
    path = tmp_path / "map.html"
    steps = list(write_html(demo_library, sound_map, path))
    assert [step.done for step in steps] == list(range(1, 16))
    assert steps[0].total == 15
    assert steps[0].label == sound_map.names[0]
    read = Read(path.read_text())
    assert read.data["sounds"] == {"how": "embed", "pack": PACK}
    packed = read.held["pack-0"].split("\n")
    assert len(packed) == 15
    assert all(decoded(b64decode(each)).size for each in packed)
    assert gone.parent.as_posix() not in path.read_text(), "where the files lie is nobody's business"
    assert [each.name for each in tmp_path.iterdir() if "map" in each.name] == ["map.html"]


def test_the_previews_of_many_sounds_lie_in_packs():
    text = page(map_of([f"{i}" for i in range(PACK + 1)]), Sounds(previews=[b"abc"] * PACK + [b""]))
    read = Read(text)
    assert len(read.held["pack-0"].split("\n")) == PACK
    assert "pack-1" not in read.held  # it is there, and empty
    assert 'id="pack-1"' in text
    assert 'id="pack-2"' not in text


def test_a_map_that_links_says_that_it_holds_paths(demo_library, tmp_path):
    sound_map = demo_library.maps.get()
    assert list(write_html(demo_library, sound_map, tmp_path / "map.html", "link")) == []
    data = Read((tmp_path / "map.html").read_text()).data
    path = Path(demo_library.cards([sound_map.ids[3]])[0]["path"])
    assert data["sounds"]["urls"][3] == path.as_uri()
    assert "contains paths of the computer" in data["note"]
    list(write_html(demo_library, sound_map, tmp_path / "silent.html", "none"))
    assert Read((tmp_path / "silent.html").read_text()).data["sounds"] == {"how": "none"}


def test_a_map_is_written_whole_or_not_at_all(demo_library, tmp_path):
    sound_map = demo_library.maps.get()
    path = tmp_path / "map.html"
    path.write_text("the map of before")
    running = write_html(demo_library, sound_map, path)
    next(running)
    running.close()  # as Ctrl-C does
    assert path.read_text() == "the map of before"
    wait_until(lambda: [each.name for each in tmp_path.iterdir() if "map" in each.name] == ["map.html"])
    with pytest.raises(EarshotError, match="cannot be written"):
        list(write_html(demo_library, sound_map, tmp_path / "no folder" / "map.html"))
    with pytest.raises(UnknownNameError, match=r"by 'loud'; known are embed, link, none"):
        list(write_html(demo_library, sound_map, path, "loud"))


def test_a_sound_heard_from_a_preview_is_the_one_of_the_file(demo_folder):
    path = sorted(demo_folder.rglob("*.wav"))[0]
    whole, short = decode(path, 48000), decoded(preview(path))
    assert len(short) <= round(PREVIEW_S * 48000) + 3000
    assert len(short) >= min(len(whole), round(PREVIEW_S * 48000)) * 0.95
