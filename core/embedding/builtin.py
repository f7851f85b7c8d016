"""The ears that need nothing: 64 numbers from the spectrum of a window, its movement and its envelope.

They know what a sound is like, not what it is. Their constants (mean, scale and rotation of the features, and a linear
reading of the domain) were fitted once by `core.training.signal_ears` and stand in `core/assets/`.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import pairwise
from pathlib import Path
from typing import ClassVar

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from core import spectrum
from core.embedding.base import Embedder, Heard
from core.errors import AudioError
from core.records import Samples

WEIGHTS = Path(__file__).parent.parent / "assets" / "builtin_signal.npz"

N_MELS = 64
LOW_HZ, HIGH_HZ = 30.0, 15_000.0
RANGE_DB = 60.0  # what lies further under the loudest band is cut off, so that the level of a recording does not count
N_CEPSTRA = 24
MODULATION_BANDS = 8
MODULATION_BINS = (1, 3, 6, 12, 24, 48)  # of 128 frames: edges from 0.5 Hz to 23 Hz, about an octave apart
N_FEATURES = (N_CEPSTRA - 1) + 2 * N_CEPSTRA + MODULATION_BANDS * (len(MODULATION_BINS) - 1) + 8

Features = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Weights:
    """The fitted constants. Shapes: mean and scale (N_FEATURES,), rotation (N_FEATURES, dim), domain_* (dim + 1, n)."""

    mean: Features
    scale: Features
    rotation: Features
    domains: tuple[str, ...]
    domain_reading: Features


class BuiltinEmbedder(Embedder):
    """Signal features, standardised and rotated; gain-invariant, so a quiet copy is as near as a loud one."""

    name: ClassVar[str] = "builtin"
    version: ClassVar[str] = "signal-1"
    dim: ClassVar[int] = 64
    sample_rate_hz: ClassVar[int] = spectrum.RATE_HZ
    window_s: ClassVar[float] = 2.0
    hop_s: ClassVar[float] = 1.0

    @property
    def domains(self) -> Sequence[str]:  # type: ignore[override]  # read from the weights on first use
        """The kinds of sound that the linear reading tells apart."""
        return self._weights.domains

    def hear(self, clips: Sequence[Samples]) -> Heard:
        """See `Embedder.hear`; each clip is computed on its own, so a batch cannot change a bit."""
        for position, clip in enumerate(clips):
            if not len(clip) or not np.isfinite(clip).all():
                raise AudioError(
                    f"clip {position}", f"{'is empty' if not len(clip) else 'holds NaN'}; check the decoder"
                )
        vectors = np.zeros((len(clips), self.dim), np.float32)
        domains = np.zeros((len(clips), len(self.domains)), np.float32)
        for row, clip in enumerate(clips):
            features = signal_features(clip)
            if features is not None:
                vectors[row] = self._project(features)
                domains[row] = self._read_domain(vectors[row])
        return Heard(vectors, np.zeros((len(clips), 0), np.float32), domains)

    def weights_hash(self) -> str:
        """The first 16 hex digits of the SHA-256 of the weights file."""
        return _hash_of(WEIGHTS)

    @cached_property
    def _weights(self) -> Weights:
        return read_weights(WEIGHTS)

    def _project(self, features: Features) -> Features:
        weights = self._weights
        vector = _weighted_sum((features - weights.mean) / weights.scale, weights.rotation)
        unit: Features = vector / max(float(np.sqrt(np.square(vector).sum())), 1e-9)
        return unit

    def _read_domain(self, vector: Features) -> Features:
        reading = self._weights.domain_reading
        logits = _weighted_sum(vector, reading[:-1]) + reading[-1]
        odds = np.exp(logits - logits.max())
        probabilities: Features = odds / odds.sum()
        return probabilities


def signal_features(clip: Samples) -> Features | None:
    """What is measured in one window, float32 (N_FEATURES,); None for silence (under -90 dB throughout).

    In order: mean of the cepstra but the first (timbre), their spread, the spread of their steps (roughness in time),
    modulation energy of 8 bands in 5 octaves (rhythm and flutter), and 8 numbers of the envelope.
    """
    bands = spectrum.log_mel_db(spectrum.power_spectra(clip), N_MELS, LOW_HZ, HIGH_HZ)
    loudest = float(bands.max())
    if loudest < -90.0:
        return None
    bands = np.maximum(bands, loudest - RANGE_DB)
    cepstra = scipy.fft.dct(bands, axis=1, norm="ortho")[:, :N_CEPSTRA]
    steps = np.diff(cepstra, axis=0) if len(cepstra) > 1 else np.zeros((1, N_CEPSTRA), np.float32)
    parts = [cepstra.mean(axis=0)[1:], cepstra.std(axis=0), steps.std(axis=0), _modulation(bands), _envelope(bands)]
    return np.concatenate(parts).astype(np.float32)


def read_weights(path: Path) -> Weights:
    """The constants in a file written by `core.training.signal_ears`."""
    with np.load(path, allow_pickle=False) as file:
        domains = tuple(str(name) for name in file["domains"])
        return Weights(file["mean"], file["scale"], file["rotation"], domains, file["domain_reading"])


def _modulation(bands: Features) -> Features:
    """Log strength of the slow movements of each band, shape (MODULATION_BANDS * 5,)."""
    wide = bands.reshape(len(bands), MODULATION_BANDS, -1).mean(axis=2)
    strength = np.abs(scipy.fft.rfft(wide - wide.mean(axis=0), n=128, axis=0)) / len(wide)
    edges = pairwise(MODULATION_BINS)
    octaves = [strength[low:high].mean(axis=0) for low, high in edges]
    return np.log(0.1 + np.concatenate(octaves))


def _envelope(bands: Features) -> Features:
    """Eight numbers of the course of the level: mean, spread, share near the top, balance point, length, movement."""
    level = 10 * np.log10((10 ** (bands / 10)).mean(axis=1))
    level = level - level.max()
    weights = 10 ** (level / 20)
    balance = (weights * np.arange(len(level))).sum() / weights.sum() / len(level)
    steps = np.diff(level) if len(level) > 1 else np.zeros(1, np.float32)
    near, audible = (level > -6).mean(), (level > -20).mean()
    movement = (np.abs(steps).mean(), max(0.0, float(steps.max())))
    return np.array([level.mean(), level.std(), near, audible, balance, np.log(len(level)), *movement], np.float32)


def _weighted_sum(weights: Features, rows: Features) -> Features:
    """`weights @ rows` with a fixed order of summation; a matrix product may round otherwise on another machine."""
    total: Features = (weights[:, None] * rows).sum(axis=0, dtype=np.float32)
    return total


@cache
def _hash_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


BACKEND = BuiltinEmbedder
