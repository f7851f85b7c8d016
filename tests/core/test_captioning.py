"""The built-in captions: whole sentences, worked out by hand from their measurements."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.captioning import CAPTIONERS, Subject
from core.qualities import WORDS, Measured
from core.records import Tag
from core.spoken import note_name, spoken_duration, spoken_frequency
from tests.core.test_qualities import PLAIN


def caption(words: Sequence[str], duration_s: float = 1.4, **changes: float | None) -> str:
    subject = Subject(Measured(duration_s, -20.0, replace(PLAIN, **changes)), [Tag(word, 0.9) for word in words], "")
    return CAPTIONERS.load("builtin")().caption([subject])[0]


@pytest.mark.parametrize(
    ("hz", "name"),
    [
        (440, "A4"),
        (261.63, "C4"),
        (27.5, "A0"),
        (880, "A5"),
        (466.16, "A#4"),
        (493.88, "B4"),
        (4186, "C8"),
        (452, "A4"),
    ],
)
def test_a_frequency_is_called_by_the_nearest_note(hz: float, name: str) -> None:
    assert note_name(hz) == name


@pytest.mark.parametrize(
    ("seconds", "spoken"),
    [
        (0.0, "1 ms"),
        (0.0301, "30 ms"),
        (0.1, "0.1 s"),
        (1.44, "1.4 s"),
        (12, "12.0 s"),
        (60, "1 min 00 s"),
        (125, "2 min 05 s"),
        (3599.7, "1 h 00 min"),
        (3700, "1 h 01 min"),
    ],
)
def test_a_length_is_said_as_one_would_say_it(seconds: float, spoken: str) -> None:
    assert spoken_duration(seconds) == spoken


@pytest.mark.parametrize(("hz", "spoken"), [(92, "90 Hz"), (440, "440 Hz"), (1440, "1.4 kHz"), (12_000, "12.0 kHz")])
def test_a_frequency_is_said_as_one_would_say_it(hz: float, spoken: str) -> None:
    assert spoken_frequency(hz) == spoken


@pytest.mark.parametrize(
    ("words", "changes", "said"),
    [
        ([], {}, "A sound; centred near 1.5 kHz, 1.4 s."),
        (["silent"], {"silence": 1.0}, "Silence, 1.4 s."),
        (["percussive", "bright"], {}, "A bright hit; 1.4 s."),
        (["pitched", "low"], {"pitch_hz": 110}, "A low tone; near A2 (110 Hz), 1.4 s."),
        (["pitched", "percussive"], {"pitch_hz": 880}, "A pitched hit; near A5 (880 Hz), 1.4 s."),
        (["noisy", "sustained", "dark"], {}, "A dark sustained noise; 1.4 s."),
        (["rhythmic", "noisy"], {"tempo_bpm": 119.6}, "A noisy rhythm; about 120 beats a minute, 1.4 s."),
        (["repeated", "short"], {"onsets": 4}, "A short series of four sounds; 1.4 s."),
        (["bright"], {"onsets": 2}, "A bright sound; two onsets, 1.4 s."),
        (["bright"], {"onsets": 13}, "A bright sound; 13 onsets, 1.4 s."),
        (["short", "quiet", "low", "dark", "noisy"], {}, "A short, quiet, low, dark noise; 1.4 s."),
    ],
)
def test_a_caption_says_what_was_measured(words: list[str], changes: dict[str, float], said: str) -> None:
    assert caption(words, **changes) == said


@given(
    words=st.sets(st.sampled_from(sorted(WORDS))),
    pitch_hz=st.none() | st.floats(30, 4000),
    tempo_bpm=st.none() | st.floats(55, 190),
    onsets=st.integers(0, 40),
)
def test_nothing_is_said_that_was_not_measured(
    words: set[str], pitch_hz: float | None, tempo_bpm: float | None, onsets: int
) -> None:
    said = caption(sorted(words), pitch_hz=pitch_hz, tempo_bpm=tempo_bpm, onsets=onsets)
    spoken = set(said.lower().replace(",", "").replace(";", "").replace(".", "").split())
    assert spoken & WORDS.keys() <= words
    assert ("beats" in spoken) is (tempo_bpm is not None)
    assert "(" not in said or (pitch_hz is not None and f"({pitch_hz:.0f} Hz)" in said)
    assert "onsets" not in spoken or onsets > 1
    assert said.startswith("A ")
    assert said.endswith((", 1.4 s.", "; 1.4 s."))


def test_the_measurements_of_a_caption_are_those_of_its_own_sound() -> None:
    low, high = (
        Subject(Measured(1, -20, replace(PLAIN, pitch_hz=hz)), [Tag("pitched", 0.9)], "") for hz in (110.0, 880.0)
    )
    both = CAPTIONERS.load("builtin")().caption([high, low])
    assert "A5" in both[0] and "A2" in both[1]
