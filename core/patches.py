"""What the network sees of a window: a picture of log-mel bands, `FRAMES` by `BANDS`, on the level as recorded.

The level is kept on purpose: how loud a stretch is beside the rest tells an event from the room that it fades into.
"""

import numpy as np
from numpy.typing import NDArray

from core.records import Samples
from core.spectrum import FRAME, RATE_HZ, log_mel_db, power_spectra

PATCH = RATE_HZ  # samples, 1 s
STEP = 320  # samples, 10 ms
FRAMES = (PATCH - FRAME) // STEP + 1
BANDS, LOW_HZ, HIGH_HZ = 80, 50.0, 15_000.0
MIDDLE_DB, SPREAD_DB = -60.0, 20.0  # about the mean and the spread over many sounds

Patch = NDArray[np.float32]


def patch(samples: Samples) -> Patch:
    """The picture of one window of at most `PATCH` samples, float32 (FRAMES, BANDS); a shorter one is followed by
    silence.
    """
    if len(samples) < PATCH:
        samples = np.pad(samples, (0, PATCH - len(samples)))
    level_db = log_mel_db(power_spectra(samples, STEP), BANDS, LOW_HZ, HIGH_HZ)
    return (level_db - np.float32(MIDDLE_DB)) / np.float32(SPREAD_DB)


def levels_db(picture: Patch, n_samples: int) -> Patch:
    """The level of each band in dB in those frames of a picture that begin within its `n_samples` of sound."""
    n_frames = min(FRAMES, 1 + (n_samples - 1) // STEP)
    return picture[:n_frames] * np.float32(SPREAD_DB) + np.float32(MIDDLE_DB)
