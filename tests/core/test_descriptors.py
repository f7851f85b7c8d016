"""What is measured in sounds whose pitch, onsets and tempo are known because they were made so."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as run_with
from hypothesis import strategies as st

from core.descriptors import Descriptors, Meter
from tests.sounds import RATE_HZ, clicks, cut, noise, silence, sine

WHATEVER_THE_BLOCKS = (
    "brightness_hz",
    "noisiness",
    "attack_s",
    "decay_s",
    "steadiness",
    "silence",
    "onsets",
    "tempo_bpm",
)
"""A pitch needs 128 ms of sound at once, so it and what is measured with it may differ in blocks shorter than that."""


def measured(sound: np.ndarray, size: int = 10 * RATE_HZ) -> Descriptors:
    meter = Meter()
    for block in cut(sound, size):
        meter.add(block)
    return meter.measure()


def same(a: float | None, b: float | None, within: float) -> bool:
    return a is b if a is None or b is None else abs(a - b) <= within * max(1, abs(b))


def saw(hz: float, seconds: float) -> np.ndarray:
    """Every harmonic up to 14 kHz, each as loud as one over its number."""
    partials = range(1, int(14_000 / hz) + 1)
    return np.sum([sine(hz * number, seconds, amplitude=0.3 / number) for number in partials], axis=0, dtype=np.float32)


def struck(hz: float, seconds: float, decay_s: float) -> np.ndarray:
    """A tone that begins at once and falls by 60 dB in `decay_s`."""
    t = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    return (sine(hz, seconds) * 10 ** (-3 * t / decay_s)).astype(np.float32)


# --- pitch ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hz", [55, 110, 220, 440, 880, 1760, 3520])
def test_the_pitch_of_a_tone_is_its_frequency(hz: float) -> None:
    assert measured(sine(hz, 1)).pitch_hz == pytest.approx(hz, rel=0.005)


@pytest.mark.parametrize("hz", [65, 110, 196, 440, 988])
def test_the_pitch_of_a_rich_tone_is_its_lowest_partial_and_not_an_octave_off(hz: float) -> None:
    assert measured(saw(hz, 1)).pitch_hz == pytest.approx(hz, rel=0.005)


def test_a_tone_without_its_fundamental_keeps_its_pitch() -> None:
    partials = [sine(200 * number, 1, amplitude=0.2) for number in (2, 3, 4, 5)]
    assert measured(np.sum(partials, axis=0, dtype=np.float32)).pitch_hz == pytest.approx(200, rel=0.005)


def test_noise_has_no_pitch() -> None:
    for seed in range(5):
        described = measured(noise(1, seed=seed))
        assert described.pitch_hz is None
        assert described.harmonicity < 0.2


def test_a_pitch_in_noise_is_given_up_where_the_noise_takes_over() -> None:
    tone, hiss = sine(440, 1), noise(1, amplitude=1)
    assert measured(tone + 0.02 * hiss).pitch_hz == pytest.approx(440, rel=0.005)
    assert measured(0.02 * tone + hiss).pitch_hz is None


# --- brightness and noisiness -----------------------------------------------------------------------------------------


def test_brightness_follows_the_frequency() -> None:
    for hz in (500, 2000, 8000):
        assert measured(sine(hz, 0.5)).brightness_hz == pytest.approx(hz, rel=0.02)
    white = measured(noise(1)).brightness_hz  # even from 0 to 16 kHz
    assert white == pytest.approx(8000, rel=0.03)


def test_a_loud_part_counts_more_for_the_brightness_than_a_quiet_one() -> None:
    both = np.concatenate([sine(500, 0.5, amplitude=0.5), sine(8000, 0.5, amplitude=0.05)])
    assert measured(both).brightness_hz == pytest.approx((100 * 500 + 8000) / 101, rel=0.1)


def test_noisiness_is_near_0_for_a_tone_and_0_56_for_white_noise() -> None:
    assert measured(sine(440, 1)).noisiness < 1e-6
    assert measured(noise(2)).noisiness == pytest.approx(np.exp(-np.euler_gamma), abs=0.02)  # 0.561
    assert 0.001 < measured(saw(110, 1)).noisiness < 0.1


def test_tonality_is_high_for_what_rings_and_low_for_noise() -> None:
    assert measured(sine(440, 1)).tonality > 0.9
    assert measured(noise(1)).tonality < 0.02


# --- the course of the level ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n_clicks", [1, 2, 3, 5, 8])
def test_every_click_is_an_onset(n_clicks: int) -> None:
    assert measured(clicks(4, n_clicks / 4)).onsets == n_clicks


def test_tones_with_pauses_set_in_once_each() -> None:
    ending = 0.5 - 0.5 * np.cos(np.pi * np.minimum(1, np.arange(6400)[::-1] / 1600))  # a tone that is cut off clicks
    tones = [(ending * sine(hz, 0.2)).astype(np.float32) for hz in (300, 500, 700)]
    sound = np.concatenate([part for tone in tones for part in (tone, silence(0.2))])
    assert measured(sound).onsets == 3
    assert measured(sine(440, 3)).onsets == 1


def test_decay_is_the_time_from_the_peak_to_20_db_less() -> None:
    described = measured(struck(600, 1.5, decay_s=1.2))  # 60 dB in 1.2 s: 20 dB in 0.4 s
    assert described.decay_s == pytest.approx(0.4, abs=0.04)
    assert described.attack_s < 0.04
    assert measured(sine(440, 1)).decay_s is None


def test_attack_is_the_time_from_a_tenth_of_the_peak_to_the_peak() -> None:
    rising = sine(600, 1) * np.linspace(0, 1, RATE_HZ, dtype=np.float32)
    assert measured(rising).attack_s == pytest.approx(0.9, abs=0.04)


def test_silence_is_the_share_that_is_not_heard_and_steadiness_that_of_the_rest_near_its_peak() -> None:
    half = measured(np.concatenate([noise(1), silence(1)]))
    assert half.silence == pytest.approx(0.5, abs=0.02)
    assert half.steadiness > 0.95
    assert measured(np.concatenate([noise(1), 0.1 * noise(1)])).steadiness == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize("bpm", [60, 90, 120, 150, 180])
def test_clicks_at_a_steady_beat_give_its_tempo(bpm: float) -> None:
    assert measured(clicks(bpm / 60, 8)).tempo_bpm == pytest.approx(bpm, rel=0.01)


def test_no_beat_no_tempo() -> None:
    assert measured(noise(8)).tempo_bpm is None
    assert measured(clicks(2, 2)).tempo_bpm is None  # too short to know
    rng = np.random.default_rng(0)
    scattered = silence(8)
    for start in rng.integers(0, len(scattered) - 200, 16):
        scattered[start : start + 160] = noise(0.005)
    assert measured(scattered).tempo_bpm is None


# --- what must hold for any sound -------------------------------------------------------------------------------------


@given(size=st.integers(100, 6000))
@run_with(max_examples=20)
def test_the_blocks_do_not_matter(size: int) -> None:
    sound = np.concatenate([clicks(4, 0.8), sine(440, 0.3), noise(0.2)])
    whole, pieces = measured(sound).as_dict(), measured(sound, size).as_dict()
    for name in WHATEVER_THE_BLOCKS:
        assert same(pieces[name], whole[name], 1e-5), name


@pytest.mark.parametrize("size", [4096, 5000, 32_000])
def test_blocks_of_128_ms_and_more_keep_the_pitch(size: int) -> None:
    for sound in (sine(440, 1), saw(110, 1)):
        assert measured(sound, size).pitch_hz == pytest.approx(measured(sound).pitch_hz, rel=0.002)
    assert measured(noise(1), size).pitch_hz is None


@pytest.mark.parametrize("gain", [0.03, 0.3, 2.0])
@pytest.mark.parametrize("sound", [saw(196, 1), noise(1), clicks(2, 6)], ids=["saw", "noise", "clicks"])
def test_a_gain_changes_nothing_but_the_level(sound: np.ndarray, gain: float) -> None:
    plain, louder = measured(sound).as_dict(), measured(sound * np.float32(gain)).as_dict()
    for name, value in plain.items():
        assert same(louder[name], value, 1e-3), name


def test_silence_has_no_measurements() -> None:
    nothing = Descriptors(0.0, 0.0, 0.0, 0.0, None, 0.0, None, 1.0, 1.0, 0, None)
    assert measured(silence(1)) == nothing
    assert Meter().measure() == nothing
    assert measured(noise(1, amplitude=1e-6)) == nothing


def test_a_sound_of_30_ms_is_measured() -> None:
    described = measured(sine(880, 0.03))
    assert described.pitch_hz == pytest.approx(880, rel=0.005)
    assert described.onsets == 1
    assert described.silence == 0


@pytest.mark.parametrize("n_samples", [1, 2, 511, 1023, 1024, 1025, 4095, 4097])
def test_any_length_gives_finite_numbers(n_samples: int) -> None:
    for sound in (noise(1)[:n_samples], sine(440, 1)[:n_samples]):
        values = [value for value in measured(sound).as_dict().values() if value is not None]
        assert np.isfinite(values).all()
