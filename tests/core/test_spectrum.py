"""Frames, their spectra and mel bands, with numbers from the definition of each."""

import numpy as np
import pytest

from core.spectrum import FLOOR, FRAME, RATE_HZ, STEP, frequencies_hz, log_mel_db, mel_filters, power_spectra
from tests.sounds import noise, silence, sine


def test_a_full_scale_sine_on_a_bin_has_power_one_in_it() -> None:
    bin_64 = 64 * RATE_HZ / FRAME  # 2000 Hz
    power = power_spectra(sine(bin_64, 0.1, amplitude=1.0))
    assert frequencies_hz()[64] == bin_64 == 2000
    assert power[:, 64] == pytest.approx(1.0, abs=1e-4)
    assert power[:, [63, 65]] == pytest.approx(0.25, abs=1e-4)  # a Hann window spreads half the amplitude to each side
    assert power[:, [10, 60, 68, 400]].max() < 1e-8


def test_frames_start_every_step_and_none_reaches_past_the_end() -> None:
    for n_samples, n_frames in ((FRAME, 1), (FRAME + STEP - 1, 1), (FRAME + STEP, 2), (FRAME + 10 * STEP, 11)):
        assert power_spectra(noise(1)[:n_samples]).shape == (n_frames, FRAME // 2 + 1)


@pytest.mark.parametrize("n_samples", [0, 1, 100, FRAME - 1])
def test_a_sound_shorter_than_a_frame_is_padded_to_one(n_samples: int) -> None:
    short = noise(1)[:n_samples]
    padded = np.concatenate([short, np.zeros(FRAME - n_samples, np.float32)])
    assert np.array_equal(power_spectra(short), power_spectra(padded))


def test_a_frame_is_the_same_whatever_stands_beside_it() -> None:
    sound = noise(0.5)
    together = power_spectra(sound)
    alone = [power_spectra(sound[start : start + FRAME]) for start in range(0, len(sound) - FRAME + 1, STEP)]
    assert np.array_equal(together, np.concatenate(alone))
    bands = [log_mel_db(each, 64, 30, 15_000) for each in alone]
    assert np.array_equal(log_mel_db(together, 64, 30, 15_000), np.concatenate(bands))


def test_every_mel_band_has_unit_area_and_its_place_between_its_neighbours() -> None:
    filters = mel_filters(32, 60, 15_000).toarray()
    assert filters.sum(axis=1) == pytest.approx(np.ones(32), abs=1e-5)
    centres = filters @ frequencies_hz()
    assert (np.diff(centres) > 0).all()
    assert filters.min() == 0
    assert filters[:, frequencies_hz() > 15_000].max() == 0


@pytest.mark.parametrize(("n_bands", "low_hz"), [(32, 60.0), (64, 30.0)])
def test_no_mel_band_is_empty(n_bands: int, low_hz: float) -> None:
    filters = mel_filters(n_bands, low_hz, 15_000).toarray()
    assert [number for number, row in enumerate(filters) if not row.any()] == []


def test_a_tone_is_loudest_in_the_band_around_it() -> None:
    centres = mel_filters(32, 60, 15_000) @ frequencies_hz()
    for hz in (500, 2000, 8000):
        bands = log_mel_db(power_spectra(sine(hz, 0.2)), 32, 60, 15_000)
        assert abs(np.abs(centres - hz).argmin() - bands.mean(axis=0).argmax()) <= 1


def test_silence_lies_at_the_floor_and_a_tenth_of_the_amplitude_20_db_lower() -> None:
    assert log_mel_db(power_spectra(silence(0.1)), 32, 60, 15_000) == pytest.approx(10 * np.log10(FLOOR))
    loud, quiet = (log_mel_db(power_spectra(noise(0.5, amplitude=level)), 32, 60, 15_000) for level in (0.5, 0.05))
    assert loud - quiet == pytest.approx(np.full_like(loud, 20), abs=0.01)
