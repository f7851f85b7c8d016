"""Onsets and levels of sounds whose beginnings are known because they were made so."""

import numpy as np
import pytest

from core.onsets import LevelMeter, onsets
from core.spectrum import FRAMES_PER_S, Framer, power_spectra
from tests.sounds import RATE_HZ, clicks, cut, noise, silence, sine


def metered(sound: np.ndarray, block: int = 10_000) -> LevelMeter:
    meter = LevelMeter()
    for part in cut(sound, block):
        meter.add(part)
    return meter


def test_every_click_is_an_onset_where_it_is() -> None:
    meter = metered(clicks(2, 4))
    found = onsets(meter.rise, meter.level) / FRAMES_PER_S
    assert found == pytest.approx(np.arange(8) * 0.5 + 0.125, abs=0.04)


def test_a_steady_sound_sets_in_once_and_silence_never() -> None:
    steady = metered(np.concatenate([silence(0.5), sine(440, 2)]))
    assert len(onsets(steady.rise, steady.level)) == 1
    assert len(onsets(metered(silence(0.01)).rise, metered(silence(0.01)).level)) == 0


@pytest.mark.parametrize("block", [700, 4096, 50_000])
def test_it_does_not_matter_how_the_sound_was_cut(block: int) -> None:
    whole, parts = metered(noise(2), 2 * RATE_HZ), metered(noise(2), block)
    np.testing.assert_allclose(parts.level, whole.level, atol=1e-4)
    np.testing.assert_allclose(parts.rise, whole.rise, atol=1e-4)


def test_frames_run_on_over_the_seams_of_blocks() -> None:
    sound, framer = noise(1), Framer()
    pieces = [framer.push(part) for part in cut(sound, 1500)]
    spectra = np.concatenate([power_spectra(piece) for piece in pieces if len(piece)])
    np.testing.assert_array_equal(spectra, power_spectra(sound))
    assert len(framer.held) < 1024
