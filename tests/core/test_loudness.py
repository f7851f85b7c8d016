"""Loudness against the numbers of its standards: ITU-R BS.1770-4 and EBU Tech 3341 (its minimum requirements)."""

import numpy as np
import pytest

from core.loudness import SILENCE_LUFS, LoudnessMeter, k_weighting
from tests.sounds import cut, noise, silence, sine

RATE_HZ = 48_000

# Level of a 1 kHz sine in dBFS and how long it lasts, part by part, in both channels: -23 LUFS in all cases.
EBU_CASES = {
    "3341-1": [(-23, 20)],
    "3341-3": [(-36, 10), (-23, 60), (-36, 10)],
    "3341-4": [(-72, 10), (-36, 10), (-23, 60), (-36, 10), (-72, 10)],
    "3341-5": [(-26, 20), (-20, 20.1), (-26, 20)],
}


def tone(level_db: float, seconds: float, hz: float = 1000, rate_hz: int = RATE_HZ) -> np.ndarray:
    return sine(hz, seconds, rate_hz, 10 ** (level_db / 20))


def lufs(channels: np.ndarray, rate_hz: int = RATE_HZ) -> float:
    return metered(np.atleast_2d(channels), rate_hz).integrated_lufs()


def metered(channels: np.ndarray, rate_hz: int = RATE_HZ, size: int = 10 * RATE_HZ) -> LoudnessMeter:
    meter = LoudnessMeter(rate_hz, len(channels))
    for block in cut(channels, size):
        meter.add(block)
    return meter


# --- the filter -------------------------------------------------------------------------------------------------------


def test_the_filter_at_48_khz_is_the_table_of_the_standard() -> None:
    shelf = [1.53512485958697, -2.69169618940638, 1.19839281085285, 1.0, -1.69065929318241, 0.73248077421585]
    cut_off = [1.0, -2.0, 1.0, 1.0, -1.99004745483398, 0.99007225036621]
    assert k_weighting(48_000) == pytest.approx(np.array([shelf, cut_off]), abs=1e-6)


@pytest.mark.parametrize("rate_hz", [16_000, 22_050, 32_000, 44_100, 48_000, 96_000])
def test_a_full_scale_sine_of_997_hz_reads_minus_3_01_at_every_rate(rate_hz: int) -> None:
    assert lufs(tone(0, 3, 997, rate_hz), rate_hz) == pytest.approx(-3.01, abs=0.01 if rate_hz == 48_000 else 0.1)


def test_low_sounds_count_less_and_high_sounds_more() -> None:
    low, middle, high = (lufs(tone(-20, 2, hz)) for hz in (40, 997, 8000))
    assert low < middle - 4
    assert high - middle == pytest.approx(3.3, abs=0.2)  # the shelf of 4 dB, less the 0.7 that it gives at 997 Hz


# --- the cases of the EBU ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", EBU_CASES)
def test_a_sine_in_both_channels_reads_minus_23(case: str) -> None:
    mono = np.concatenate([tone(level_db, seconds) for level_db, seconds in EBU_CASES[case]])
    assert lufs(np.stack([mono, mono])) == pytest.approx(-23, abs=0.1)


def test_a_sine_at_minus_33_reads_minus_33() -> None:  # 3341-2
    mono = tone(-33, 20)
    assert lufs(np.stack([mono, mono])) == pytest.approx(-33, abs=0.1)


def test_surround_channels_count_1_5_db_more_and_the_sub_not_at_all() -> None:  # 3341-6, with a sub beside it
    left, centre, surround, sub = tone(-28, 5), tone(-24, 5), tone(-30, 5), tone(-3, 5)
    assert lufs(np.stack([left, left, centre, surround, surround])) == pytest.approx(-23, abs=0.1)
    assert lufs(np.stack([left, left, centre, sub, surround, surround])) == pytest.approx(-23, abs=0.1)


# --- gates ------------------------------------------------------------------------------------------------------------


def test_pauses_do_not_lower_the_loudness() -> None:
    sound = tone(-20, 5)
    with_pauses = np.concatenate([sound, silence(20, RATE_HZ), sound])
    assert lufs(with_pauses) == pytest.approx(lufs(sound), abs=0.2)  # ungated it would be 4.8 dB less


def test_what_lies_further_than_10_lu_under_the_rest_does_not_count() -> None:
    loud = tone(-20, 10)
    assert lufs(np.concatenate([loud, tone(-40, 10)])) == pytest.approx(lufs(loud), abs=0.1)
    halves = lufs(np.concatenate([loud, tone(-26, 10)]))  # (1 + 1/4) / 2 of the energy: 2.04 dB less
    assert halves == pytest.approx(lufs(loud) - 2.04, abs=0.1)


def test_silence_and_what_is_quieter_than_the_gate_read_minus_70() -> None:
    assert lufs(silence(1, RATE_HZ)) == SILENCE_LUFS == -70
    assert lufs(tone(-80, 2)) == -70
    assert LoudnessMeter(RATE_HZ, 1).integrated_lufs() == -70


# --- what must hold for any sound -------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [77, 4800, 5000, 44_100])
def test_the_blocks_do_not_matter(size: int) -> None:
    sound = np.stack([noise(1.5, RATE_HZ), noise(1.5, RATE_HZ, seed=1)])
    whole, pieces = metered(sound), metered(sound, size=size)
    assert pieces.integrated_lufs() == pytest.approx(whole.integrated_lufs(), abs=1e-9)
    assert pieces.peak_dbfs() == whole.peak_dbfs()


def test_half_the_amplitude_is_6_02_db_less() -> None:
    sound = noise(2, RATE_HZ)
    assert lufs(sound) - lufs(sound / 2) == pytest.approx(6.0206, abs=1e-3)


def test_a_second_channel_adds_3_01_db() -> None:
    sound = tone(-20, 2, 997)
    assert lufs(np.stack([sound, sound])) - lufs(sound) == pytest.approx(3.0103, abs=1e-3)


@pytest.mark.parametrize("seconds", [0.05, 0.1, 0.25, 0.35])
def test_a_sound_under_400_ms_counts_as_one_block(seconds: float) -> None:
    assert lufs(tone(0, seconds, 997)) == pytest.approx(-3.01, abs=0.3)  # the filter swings in at the start


def test_one_sample_has_a_peak_and_no_error() -> None:
    meter = metered(np.array([[-0.5]], np.float32))
    assert meter.peak_dbfs() == pytest.approx(-6.0206, abs=1e-3)
    assert meter.integrated_lufs() >= -70


def test_the_peak_is_that_of_the_loudest_channel_and_never_below_minus_120() -> None:
    assert metered(np.stack([tone(-20, 0.5), -tone(-6, 0.5)])).peak_dbfs() == pytest.approx(-6, abs=0.01)
    assert metered(np.zeros((1, 100), np.float32)).peak_dbfs() == -120
