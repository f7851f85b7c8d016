"""What a card shows is not listed above it a second time; the rest of an answer stays as it is."""

import pytest

from agent.repeats import Repeats

ANSWER = """I found 2 sounds for “rain”. The nearest is sound 277.

1. 277 “rain_03.flac”, at 0.0 s, 0.82: A bright noise; 2.9 s
2. 281 “rain_soft_06.wav”, at 0.0 s, 0.67: A bright noise; 3.0 s

Next you could:
- search for thunder
- 3. listen to 277"""
KEPT = """I found 2 sounds for “rain”. The nearest is sound 277.


Next you could:
- search for thunder
- 3. listen to 277"""


def shown(text: str, names: set[str], size: int | None = None) -> str:
    """The text after the filter, fed in pieces of one size (None: at once)."""
    repeats = Repeats(names)
    pieces = [text[n : n + size] for n in range(0, len(text), size)] if size else [text]
    return "".join(map(repeats.feed, pieces)) + repeats.end()


@pytest.mark.parametrize("size", [None, 1, 2, 3, 7, 50])
def test_items_that_a_card_shows_are_left_out_however_the_text_is_cut(size):
    assert shown(ANSWER, {"277", "281"}, size) == KEPT


@pytest.mark.parametrize("size", [None, 1, 5])
def test_without_a_card_nothing_is_left_out(size):
    assert shown(ANSWER, set(), size) == ANSWER


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("1. 277", "277"),
        ("1. sound 277, “rain.wav”, at 0.0 s, 0.82: noise", "277"),
        ("- **277** “rain.wav”", "277"),
        ("12) 277, at 3.0 s: rain", "277"),
        ("3. “Dark, kick, low”, 10 sounds: 36 “kick.wav”", "Dark, kick, low"),
        ("- cluster 3, “Dark, kick, low”, 10 sounds: 36 “kick.wav”", "Dark, kick, low"),
        ("- “…17/my sounds/broken.wav”: is not a sound", "broken.wav"),
        ("- broken.wav: is not a sound", "broken.wav"),
    ],
)
def test_an_item_may_name_it_in_several_ways(line, name):
    assert shown(line + "\n", {name}) == ""


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("277 is the nearest", "277"),
        ("1. 2771 “other.wav”", "277"),
        ("1. 277.5 Hz is its pitch", "277"),
        ("1. 277:3 is its fourth window", "277"),
        ("- search for 277", "277"),
        ("- a sound 277 times as loud", "277"),
        ("- not_broken.wav: is fine", "broken.wav"),
        ("-277 dB", "277"),
    ],
)
def test_what_only_looks_like_it_stays(line, name):
    assert shown(line + "\n", {name}) == line + "\n"


def test_plain_text_is_shown_as_it_comes():
    repeats = Repeats({"277"})
    assert [repeats.feed(piece) for piece in ("I ", "found ", "277.")] == ["I ", "found ", "277."]


def test_a_card_may_come_between_two_lines():
    repeats = Repeats()
    first = repeats.feed("- 1: kept\n")
    repeats.add({"1"})
    assert first + repeats.feed("- 1: dropped\n") + repeats.end() == "- 1: kept\n"
