"""Where sounds set in: level and rise per frame of `core.spectrum`, and the frames that stand out around them."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d, median_filter

from core.records import Samples
from core.spectrum import FRAMES_PER_S, Framer, Spectra, log_mel_db, power_spectra

ONSET_DB = 3.0  # mean rise over all bands within one frame that counts as an onset
ONSET_GAP_S = 0.08

Series = NDArray[np.float32]
"""One number per frame."""


class Rises:
    """Feed it the spectra of a sound, in order and in pieces."""

    def __init__(self) -> None:
        self._last_bands: Series | None = None

    def add(self, power: Spectra) -> tuple[Series, Series]:
        """The mean level over all bands in dB of each frame, and their mean rise in dB since the one before."""
        bands = log_mel_db(power, 32, 60, 15_000)
        before = bands[:1] if self._last_bands is None else self._last_bands
        rise: Series = np.maximum(np.diff(bands, axis=0, prepend=before), 0).mean(axis=1)
        self._last_bands = bands[-1:]
        return bands.mean(axis=1), rise


class LevelMeter:
    """Feed it mono blocks at `core.spectrum.RATE_HZ`, then read `level` and `rise`: 8 bytes per frame of 16 ms."""

    def __init__(self) -> None:
        self._framer, self._rises = Framer(), Rises()
        self._frames: list[Series] = []

    def add(self, block: Samples) -> None:
        """The next block; frames run on over the seam."""
        samples = self._framer.push(block)
        if len(samples):
            self._frames.append(np.stack(self._rises.add(power_spectra(samples))).astype(np.float32))

    @property
    def level(self) -> Series:
        """The mean level over all bands of each frame, in dB re full scale.

        It holds stiller than the level of the power: a rumble that fills a band or two does not hide what sets in.
        """
        level: Series = self._joined()[0]
        return level

    @property
    def rise(self) -> Series:
        """The mean rise of each frame over the one before, in dB."""
        rise: Series = self._joined()[1]
        return rise

    def _joined(self) -> Series:
        if len(self._frames) > 1:
            self._frames = [np.concatenate(self._frames, axis=1)]
        return self._frames[0] if self._frames else np.zeros((2, 0), np.float32)


def onsets(rise: Series, level: Series) -> NDArray[np.intp]:
    """Frames where the sound sets in: local maxima of the rise that stand out from their surroundings.

    rise: as `Rises` gives it. level: in dB re full scale, of the power or over the bands; what lies 40 dB below the
    loudest frame has no onset, and what begins above -60 dB has one in its first frame.
    """
    if not len(rise):
        return np.zeros(0, np.intp)
    gap = max(1, round(ONSET_GAP_S * FRAMES_PER_S))
    lead = np.concatenate([[max(0.0, float(level[0]) + 60.0)], rise[1:]])  # a sound may begin at full level
    stands_out = lead > ONSET_DB + median_filter(lead, size=4 * gap + 1, mode="constant")
    audible = maximum_filter1d(level, 2 * gap + 1) > level.max() - 40
    return np.flatnonzero((lead == maximum_filter1d(lead, 2 * gap + 1)) & stands_out & audible)
