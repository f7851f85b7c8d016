"""The peer: MFCC statistics with librosa, one file after the other, as most people write it first."""

import warnings
from collections.abc import Sequence
from pathlib import Path

import librosa
import numpy as np
import soundfile
from numpy.typing import NDArray

RATE_HZ = 22_050
N_MFCC = 20
FRAME = 2048


def features(path: Path) -> tuple[NDArray[np.float32], float]:
    """Mean and deviation over time of 20 MFCC, their slopes, zero crossings, centroid and level; and the length in s.

    Raises RuntimeError for what libsndfile cannot read.
    """
    samples, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
    return _features(samples.mean(axis=1), rate_hz)


def warm_up() -> None:
    """Has librosa load all that it loads on first use, and compile what it compiles."""
    _features(np.random.default_rng(0).standard_normal(44_100, dtype=np.float32), 44_100)


def embed(paths: Sequence[Path]) -> tuple[dict[Path, NDArray[np.float32]], float]:
    """Standardised features of the files that it can read, and how many seconds of sound those hold."""
    found, seconds = {}, 0.0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # short files make librosa warn about its window
        for path in paths:
            try:
                found[path], length_s = features(path)
            except RuntimeError:
                continue
            seconds += length_s
    matrix = np.stack(list(found.values()))
    matrix = (matrix - matrix.mean(axis=0)) / (matrix.std(axis=0) + 1e-9)
    return dict(zip(found, matrix.astype(np.float32), strict=True)), seconds


def _features(samples: NDArray[np.float32], rate_hz: int) -> tuple[NDArray[np.float32], float]:
    mono = librosa.resample(samples, orig_sr=rate_hz, target_sr=RATE_HZ)
    mono = np.pad(mono, (0, max(0, FRAME - len(mono))))
    mfcc = librosa.feature.mfcc(y=mono, sr=RATE_HZ, n_mfcc=N_MFCC)
    rows = [mfcc, librosa.feature.delta(mfcc, mode="nearest"), librosa.feature.zero_crossing_rate(mono)]
    rows += [librosa.feature.spectral_centroid(y=mono, sr=RATE_HZ) / 1000, librosa.feature.rms(y=mono)]
    stacked = np.vstack(rows)
    return np.concatenate([stacked.mean(axis=1), stacked.std(axis=1)]), len(mono) / RATE_HZ
