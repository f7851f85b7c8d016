"""How a window sounds, whatever it is: its spectrum, how that moves, and the course of its level, as plain numbers.

They are computed from the picture that the network sees (`core.patches`), and do not depend on the level.
"""

from itertools import pairwise

import numpy as np
import scipy.fft
from numpy.typing import NDArray

RANGE_DB = 60.0  # what lies further under the loudest band is cut off
SILENT_DB = -90.0  # a window whose loudest band stays under this holds nothing
N_CEPSTRA = 24
MODULATION_BANDS = 8
MODULATION_FRAMES = 128
MODULATION_BINS = (1, 3, 6, 12, 24, 48)  # of 128 frames of 10 ms: edges from 0.8 Hz to 37 Hz, about an octave apart
N_FEATURES = 2 * (N_CEPSTRA - 1) + 2 * N_CEPSTRA + MODULATION_BANDS * (len(MODULATION_BINS) - 1) + 9

Features = NDArray[np.float32]


def features(bands_db: Features) -> Features | None:
    """The numbers of one window, float32 (N_FEATURES,), from its bands in dB (n_frames, n_bands); None for silence.

    In order: mean of the cepstra but the first over all frames, and weighted by the energy of the frames (timbre of
    the whole and of its loudest part); their spread; the spread of their steps (roughness in time); modulation energy
    of 8 bands in 5 octaves (rhythm and flutter); and 9 numbers of the envelope.
    """
    loudest = float(bands_db.max())
    if loudest < SILENT_DB:
        return None
    bands = np.maximum(bands_db, np.float32(loudest - RANGE_DB))
    cepstra = scipy.fft.dct(bands, axis=1, norm="ortho")[:, :N_CEPSTRA]
    level = 10 * np.log10((10 ** (bands / 10)).mean(axis=1))
    level = level - level.max()
    energy = 10 ** (level / 10)
    loud = (cepstra * (energy / energy.sum())[:, None]).sum(axis=0)
    steps = np.diff(cepstra, axis=0) if len(cepstra) > 1 else np.zeros((1, N_CEPSTRA), np.float32)
    shape = [cepstra.mean(axis=0)[1:], loud[1:], cepstra.std(axis=0), steps.std(axis=0)]
    return np.concatenate([*shape, _modulation(bands), _envelope(level)]).astype(np.float32)


def _modulation(bands: Features) -> Features:
    """Log strength of the slow movements of each group of bands, shape (MODULATION_BANDS * 5,)."""
    wide = bands.reshape(len(bands), MODULATION_BANDS, -1).mean(axis=2)
    strength = np.abs(scipy.fft.rfft(wide - wide.mean(axis=0), n=MODULATION_FRAMES, axis=0)) / len(wide)
    octaves = [strength[low:high].mean(axis=0) for low, high in pairwise(MODULATION_BINS)]
    return np.log(0.1 + np.concatenate(octaves))


def _envelope(level: Features) -> Features:
    """The course of the level in dB under its peak: mean, spread, shares near the top, balance, length, moves, fall."""
    weights = 10 ** (level / 20)
    balance = (weights * np.arange(len(level))).sum() / weights.sum() / len(level)
    steps = np.diff(level) if len(level) > 1 else np.zeros(1, np.float32)
    peak = int(level.argmax())
    fall = float((level[peak:] > -20).sum())  # frames until it is 20 dB under the peak, or as good as
    near, audible = (level > -6).mean(), (level > -20).mean()
    movement = (np.abs(steps).mean(), max(0.0, float(steps.max())), np.log(fall))
    return np.array([level.mean(), level.std(), near, audible, balance, np.log(len(level)), *movement], np.float32)
