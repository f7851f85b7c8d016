"""From measurements to words: each word at the measurement that earns it, and in sounds that plainly have it."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.descriptors import Descriptors, Meter
from core.qualities import SURE, WORDS, Measured, qualities
from core.records import Tag
from tests.sounds import clicks, noise, silence, sine

PLAIN = Descriptors(
    brightness_hz=1500,
    noisiness=0.01,
    harmonicity=0.5,
    tonality=0.1,
    pitch_hz=None,
    attack_s=0.3,
    decay_s=None,
    steadiness=0.3,
    silence=0.0,
    onsets=1,
    tempo_bpm=None,
)
"""A sound that earns no word at all."""


def words(duration_s: float = 5.0, loudness_lufs: float = -20.0, **changes: float | None) -> dict[str, float]:
    measured = Measured(duration_s, loudness_lufs, replace(PLAIN, **changes))
    return {tag.label: tag.score for tag in qualities(measured)}


def words_of(sound: np.ndarray) -> set[str]:
    meter = Meter()
    meter.add(sound)
    return {tag.label for tag in qualities(Measured(len(sound) / 32_000, -20.0, meter.measure()))}


def test_a_plain_sound_earns_no_word() -> None:
    assert words() == {}


@pytest.mark.parametrize(
    ("measure", "threshold", "direction"),
    [
        ("duration_s", 1.0, "short below"),
        ("duration_s", 20.0, "long above"),
        ("loudness_lufs", -35.0, "quiet below"),
        ("loudness_lufs", -13.0, "loud above"),
        ("brightness_hz", 700, "dark below"),
        ("brightness_hz", 4500, "bright above"),
        ("noisiness", 0.12, "noisy above"),
    ],
)
def test_a_word_is_given_from_its_threshold_on_and_is_half_sure_there(
    measure: str, threshold: float, direction: str
) -> None:
    label, side = direction.split()
    further = 0.9 if (side == "below") is (threshold > 0) else 1.1
    assert words(**{measure: threshold})[label] == SURE == 0.5
    assert words(**{measure: threshold * further})[label] > 0.5
    assert label not in words(**{measure: threshold * (2 - further)})


def test_low_high_and_pitched_need_a_pitch() -> None:
    assert {"low", "pitched"} <= words(pitch_hz=80, harmonicity=0.97).keys()
    assert {"high", "pitched"} <= words(pitch_hz=2000, harmonicity=0.97).keys()
    assert words(pitch_hz=440, harmonicity=0.97).keys() == {"pitched"}
    assert words(pitch_hz=None, harmonicity=0.97) == {}


def test_a_hit_comes_at_once_dies_away_and_comes_once() -> None:
    hit = {"attack_s": 0.01, "decay_s": 0.2, "steadiness": 0.2}
    assert words(**hit).keys() == {"percussive"}
    assert "percussive" not in words(**{**hit, "attack_s": 0.5})
    assert "percussive" not in words(**{**hit, "decay_s": None})
    assert "percussive" not in words(**{**hit, "decay_s": 3.0})
    assert "percussive" not in words(**{**hit, "onsets": 6})


def test_metal_rings_high_and_out_of_tune() -> None:
    metal = {"tonality": 0.8, "brightness_hz": 4000, "harmonicity": 0.6, "decay_s": 1.0, "steadiness": 0.2}
    assert "metallic" in words(**metal)
    for spoiled in ({"tonality": 0.1}, {"brightness_hz": 800}, {"harmonicity": 1.0}, {"decay_s": None}):
        assert "metallic" not in words(**{**metal, **spoiled})


def test_a_tempo_makes_rhythmic_and_many_onsets_in_a_short_time_repeated() -> None:
    assert words(tempo_bpm=120) == {"rhythmic": 0.9}
    assert words(onsets=5).keys() == {"repeated"}
    assert "repeated" not in words(onsets=2)
    assert "repeated" not in words(onsets=50, duration_s=60)


def test_pauses_do_not_make_a_burst_sustained() -> None:
    assert words(steadiness=1.0).keys() == {"sustained"}
    assert "sustained" not in words(steadiness=1.0, silence=0.95)
    assert "sustained" not in words_of(np.concatenate([silence(0.5), noise(0.03), silence(0.5)]))


def test_silence_is_only_called_so() -> None:
    assert qualities(Measured(0.3, -70.0, replace(PLAIN, silence=1.0))) == [Tag("silent", 1.0)]


def test_sounds_that_plainly_are_something_are_called_so() -> None:
    assert {"pitched", "sustained"} <= words_of(sine(440, 2))
    assert {"low", "dark"} <= words_of(sine(60, 2))
    assert {"high"} <= words_of(sine(3000, 2))
    assert {"noisy", "bright", "sustained"} <= words_of(noise(2))
    assert {"rhythmic"} <= words_of(clicks(2, 8))
    assert {"repeated", "short"} <= words_of(clicks(8, 0.6))
    assert not {"pitched", "low", "high"} & words_of(noise(2))


@given(
    st.builds(
        Measured,
        duration_s=st.floats(0, 1e5),
        loudness_lufs=st.floats(-70, 10),
        descriptors=st.builds(
            Descriptors,
            brightness_hz=st.floats(0, 16_000),
            noisiness=st.floats(0, 1),
            harmonicity=st.floats(0, 1),
            tonality=st.floats(0, 1),
            pitch_hz=st.none() | st.floats(30, 4000),
            attack_s=st.floats(0, 1e4),
            decay_s=st.none() | st.floats(0, 1e4),
            steadiness=st.floats(0, 1),
            silence=st.floats(0, 1),
            onsets=st.integers(0, 10_000),
            tempo_bpm=st.none() | st.floats(55, 190),
        ),
    )
)
def test_any_measurement_gives_known_words_the_surest_first_without_contradictions(measured: Measured) -> None:
    tags = qualities(measured)
    labels = [tag.label for tag in tags]
    assert set(labels) <= {*WORDS, "silent"}
    assert all(0.5 <= tag.score <= 1 for tag in tags)
    assert tags == sorted(tags, key=lambda tag: (-tag.score, tag.label))
    for one, other in (("short", "long"), ("quiet", "loud"), ("dark", "bright"), ("low", "high")):
        assert not {one, other} <= set(labels)
