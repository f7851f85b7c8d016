"""Short-time spectra, shared by the ears and the descriptors, so that both mean the same by a frame.

Frames are `FRAME` samples at `RATE_HZ`, one every `STEP`. Every row is computed the same way whatever stands beside it.
"""

from functools import cache

import numpy as np
import scipy.fft
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from core.records import Samples

RATE_HZ = 32_000
FRAME = 1024  # samples, 32 ms
STEP = 512  # samples, 16 ms
FRAMES_PER_S = RATE_HZ / STEP
FLOOR = 1e-10  # power, -100 dB: below the noise of 16 bits

Spectra = NDArray[np.float32]
"""Power per bin, shape (n_frames, FRAME // 2 + 1); a sine of full scale gives 1 in its bin."""


def power_spectra(samples: Samples, step: int = STEP) -> Spectra:
    """Power spectra of the frames that fit, one every `step` samples; a sound shorter than one frame is padded with
    zeros to one.
    """
    if len(samples) < FRAME:
        samples = np.pad(samples, (0, FRAME - len(samples)))
    frames = np.lib.stride_tricks.sliding_window_view(samples, FRAME)[::step]
    spectra = scipy.fft.rfft(frames * hann(), axis=1)
    power: Spectra = np.square(spectra.real) + np.square(spectra.imag)
    return power


class Framer:
    """Cuts blocks of a sound where its frames end, so that frames run on over the seams."""

    def __init__(self) -> None:
        self.held = np.zeros(0, np.float32)
        """What belongs to frames that are not whole yet."""

    def push(self, block: Samples) -> Samples:
        """The samples of all frames that the block makes whole, for `power_spectra`; empty if it makes none."""
        held = np.concatenate([self.held, block])
        n_frames = (len(held) - FRAME) // STEP + 1
        if n_frames < 1:
            self.held = held
            return held[:0]
        self.held = held[n_frames * STEP :]
        return held[: (n_frames - 1) * STEP + FRAME]


def frequencies_hz() -> NDArray[np.float32]:
    """The middle of each bin."""
    return np.fft.rfftfreq(FRAME, 1 / RATE_HZ).astype(np.float32)


@cache
def mel_filters(n_bands: int, low_hz: float, high_hz: float) -> csr_matrix:
    """Triangular filters of unit area on the mel scale, shape (n_bands, n_bins), sparse.

    mel = 2595 log10(1 + f / 700) (O'Shaughnessy 1987). Sparse, because each product is then summed in the same order
    whatever the number of frames: a dense product may round differently.
    """
    edges = _hz(np.linspace(_mel(low_hz), _mel(high_hz), n_bands + 2))
    low, middle, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    f = frequencies_hz()[None, :]
    triangles = np.maximum(0, np.minimum((f - low) / (middle - low), (high - f) / (high - middle)))
    areas = np.maximum(triangles.sum(axis=1, keepdims=True), 1e-9)
    return csr_matrix((triangles / areas).astype(np.float32))


def log_mel_db(power: Spectra, n_bands: int, low_hz: float, high_hz: float) -> NDArray[np.float32]:
    """Level of each mel band in dB re full scale, shape (n_frames, n_bands), not below -100."""
    bands: NDArray[np.float32] = mel_filters(n_bands, low_hz, high_hz) @ power.T
    return (10 * np.log10(np.maximum(bands, np.float32(FLOOR)))).T.astype(np.float32)


@cache
def hann() -> NDArray[np.float32]:
    """A periodic Hann window, scaled so that a sine of full scale has power 1."""
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(FRAME) / FRAME)
    return (hann / (FRAME / 4)).astype(np.float32)


def _mel(hz: float) -> float:
    return float(2595 * np.log10(1 + hz / 700))


def _hz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    hz: NDArray[np.float64] = 700 * (10 ** (mel / 2595) - 1)
    return hz
