"""What can be measured in a sound without knowing what it is: level, brightness, noisiness, pitch, onsets, tempo.

A `Meter` is fed the sound block by block and keeps a few numbers per frame, so that an hour costs a few megabytes.
"""

from dataclasses import dataclass

import numpy as np
import scipy.fft
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from core.onsets import Rises, Series, onsets
from core.records import Record, Samples
from core.spectrum import FRAME, FRAMES_PER_S, RATE_HZ, STEP, Framer, Spectra, frequencies_hz, power_spectra

AUDIBLE_DB = 60.0  # frames this far under the loudest one are taken for silence
PITCH_FRAME = 4096  # samples, 128 ms: four periods of the lowest pitch that is looked for
PITCH_RANGE_HZ = (30.0, 4000.0)
PITCH_FRAMES = 16  # the loudest places of each block; a pitch is their median
CLEAR_PITCH = 0.85  # of 1: how alike two neighbouring periods must be
TEMPO_RANGE_BPM = (55.0, 190.0)
TEMPO_MIN_S = 1.5
TEMPO_CLEAR = 0.35  # of 1: how much of the onset curve repeats after one beat


@dataclass(frozen=True, slots=True)
class Descriptors(Record):
    """The measurements of one sound; None where a measurement makes no sense for it.

    brightness_hz: spectral centroid, weighted by energy. noisiness: spectral flatness, 0 for a tone to about 0.56 for
    white noise. harmonicity: how periodic the loudest places are, 0 to 1. tonality: share of energy in narrow peaks.
    attack_s: from a tenth of the peak to the peak. decay_s: from the peak to 20 dB under it. steadiness: share of the
    audible frames within 10 dB of the loudest. silence: share of frames that are not audible.
    """

    brightness_hz: float
    noisiness: float
    harmonicity: float
    tonality: float
    pitch_hz: float | None
    attack_s: float
    decay_s: float | None
    steadiness: float
    silence: float
    onsets: int
    tempo_bpm: float | None


class Meter:
    """Feed it mono blocks at `RATE_HZ`, then read `measure()`."""

    def __init__(self) -> None:
        self._framer, self._rises = Framer(), Rises()
        self._frames: list[NDArray[np.float32]] = []
        self._pitches: list[NDArray[np.float32]] = []
        self._n_samples = 0

    def add(self, block: Samples) -> None:
        """The next block; frames run on over the seam."""
        self._n_samples += len(block)
        samples = self._framer.push(block)
        if len(samples):
            self._measure_frames(samples)

    def measure(self) -> Descriptors:
        """The descriptors of all that was added."""
        if not self._frames:
            self._measure_frames(self._framer.held)
        level, centroid, flatness, rise = np.concatenate(self._frames, axis=1)
        audible = level > max(float(level.max()) - AUDIBLE_DB, -90.0)
        if not audible.any():
            return Descriptors(0.0, 0.0, 0.0, 0.0, None, 0.0, None, 1.0, 1.0, 0, None)
        energy = 10 ** (level / 10) * audible
        weights = energy / energy.sum()
        pitch_hz, harmonicity, tonality = _pitch(np.concatenate(self._pitches, axis=1))
        n_onsets = len(onsets(rise, level))
        attack_s, decay_s = _attack_and_decay(level)
        return Descriptors(
            brightness_hz=float(weights @ centroid),
            noisiness=float(weights @ flatness),
            harmonicity=harmonicity,
            tonality=tonality,
            pitch_hz=pitch_hz,
            attack_s=attack_s,
            decay_s=decay_s,
            steadiness=float((level[audible] > level.max() - 10).mean()),
            silence=float(1 - audible.mean()),
            onsets=n_onsets,
            tempo_bpm=_tempo(rise, n_onsets),
        )

    def _measure_frames(self, samples: Samples) -> None:
        power = power_spectra(samples)
        magnitude = np.sqrt(power)
        centroid = (magnitude @ frequencies_hz()) / np.maximum(magnitude.sum(axis=1), 1e-9)
        level = 10 * np.log10(np.maximum(power.sum(axis=1), 1e-12))
        _, rise = self._rises.add(power)
        self._frames.append(np.stack([level, centroid, _flatness(power), rise]).astype(np.float32))
        self._pitches.append(_pitch_of_loudest(samples, level))


def _flatness(power: Spectra) -> Series:
    """Geometric over arithmetic mean of the power between 100 Hz and 12 kHz (Johnston 1988)."""
    low, high = (round(hz * FRAME / RATE_HZ) for hz in (100, 12_000))
    band = np.maximum(power[:, low:high], 1e-12)
    flatness: Series = np.exp(np.log(band).mean(axis=1)) / band.mean(axis=1)
    return flatness


def _pitch_of_loudest(samples: Samples, level: Series) -> NDArray[np.float32]:
    """Pitch in Hz, its clarity and the share of energy in narrow peaks at the loudest places, shape (3, n_places)."""
    if len(samples) < PITCH_FRAME:
        samples = np.pad(samples, (0, PITCH_FRAME - len(samples)))
    starts = np.arange(0, len(samples) - PITCH_FRAME + 1, PITCH_FRAME // 4)
    loudness = level[np.minimum(starts // STEP + PITCH_FRAME // STEP // 2, len(level) - 1)]
    chosen = starts[np.argsort(-loudness, kind="stable")[:PITCH_FRAMES]]
    frames = np.stack([samples[start : start + PITCH_FRAME] for start in chosen])
    return np.stack([*_clearest_period(frames), _peak_share(frames)]).astype(np.float32)


def _clearest_period(frames: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Pitch and clarity of each frame by the normalised square difference (McLeod & Wyvill 2005, "A smarter way to
    find pitch"): the first peak that comes near the highest one wins, which keeps the octave right.
    """
    n = frames.shape[1]
    spectra = scipy.fft.rfft(frames, 2 * n, axis=1)
    correlation = scipy.fft.irfft(np.square(np.abs(spectra)), axis=1)[:, : n // 2]
    squares = np.cumsum(np.square(frames), axis=1, dtype=np.float64)
    lags = np.arange(n // 2)
    left = squares[:, n - 1 - lags]
    right = squares[:, -1:] - np.concatenate([np.zeros((len(frames), 1)), squares[:, : n // 2 - 1]], axis=1)
    likeness = 2 * correlation / np.maximum(left + right, 1e-9)
    shortest = int(RATE_HZ / PITCH_RANGE_HZ[1])
    longest = min(n // 2 - 2, int(RATE_HZ / PITCH_RANGE_HZ[0]))
    pitches, clarities = np.zeros(len(frames)), np.zeros(len(frames))
    for row, curve in enumerate(likeness):
        pitches[row], clarities[row] = _first_high_peak(curve, shortest, longest)
    return pitches, clarities


def _first_high_peak(curve: NDArray[np.float64], shortest: int, longest: int) -> tuple[float, float]:
    below = np.flatnonzero(curve[1 : longest + 1] < 0)  # the peak at lag 0 ends where the curve first turns negative
    if not len(below):
        return 0.0, 0.0
    start = max(shortest, int(below[0]) + 1)
    part = curve[start : longest + 1]
    peaks = start + 1 + np.flatnonzero((part[1:-1] >= part[:-2]) & (part[1:-1] > part[2:]) & (part[1:-1] > 0))
    if not len(peaks):
        return 0.0, 0.0
    first = int(peaks[curve[peaks] >= 0.9 * curve[peaks].max()][0])
    return RATE_HZ / (first + _peak_shift(curve, first)), float(min(1.0, max(0.0, curve[first])))


def _peak_shift(curve: NDArray[np.float64], peak: int) -> float:
    """How far beside a sample the top of a parabola through it and its neighbours lies, in samples."""
    a, b, c = curve[peak - 1 : peak + 2]
    bend = a - 2 * b + c
    return float(0.5 * (a - c) / bend) if bend else 0.0


def _peak_share(frames: NDArray[np.float32]) -> Series:
    """Share of the energy that stands in narrow spectral peaks, 0 to 1: high for anything that rings."""
    power = np.square(np.abs(scipy.fft.rfft(frames * np.hanning(frames.shape[1]).astype(np.float32), axis=1)))
    # Six times the mean of 31 bins: one noise bin in 400 reaches it (its power is exponential), a steady tone 20 times.
    around = uniform_filter1d(power, 31, axis=1, mode="nearest")
    share: Series = np.where(power > 6 * around, power, 0).sum(axis=1) / np.maximum(power.sum(axis=1), 1e-12)
    return share


def _pitch(places: NDArray[np.float32]) -> tuple[float | None, float, float]:
    """The median pitch where at least half of the places are clearly pitched, with the mean clarity and peak share."""
    pitch_hz, clarity, peak_share = places
    clear = clarity >= CLEAR_PITCH
    median = float(np.median(pitch_hz[clear])) if clear.mean() >= 0.5 else None
    return median, float(clarity.mean()), float(peak_share.mean())


def _attack_and_decay(level: Series) -> tuple[float, float | None]:
    peak = int(level.argmax())
    quiet = np.flatnonzero(level[: peak + 1] < level[peak] - 20)
    attack_s = (peak - int(quiet[-1]) if len(quiet) else peak) / FRAMES_PER_S
    fallen = np.flatnonzero(level[peak:] < level[peak] - 20)
    return attack_s, (float(fallen[0] / FRAMES_PER_S) if len(fallen) else None)


def _tempo(rise: Series, n_onsets: int) -> float | None:
    """Beats per minute where the onsets repeat clearly: the highest autocorrelation of the onset curve, weighted
    towards 120 as listeners do (Ellis 2007, "Beat tracking by dynamic programming").
    """
    if len(rise) < TEMPO_MIN_S * FRAMES_PER_S or n_onsets < 6:
        return None
    curve = rise - rise.mean()
    size = scipy.fft.next_fast_len(2 * len(curve))
    correlation = scipy.fft.irfft(np.square(np.abs(scipy.fft.rfft(curve, size))), size)[: len(curve)]
    lags = np.arange(int(60 * FRAMES_PER_S / TEMPO_RANGE_BPM[1]), int(60 * FRAMES_PER_S / TEMPO_RANGE_BPM[0]))
    strength = correlation[lags] / max(float(correlation[0]), 1e-9) * len(curve) / (len(curve) - lags)
    preference = np.exp(-0.5 * np.square(np.log2(60 * FRAMES_PER_S / lags / 120) / 0.9))
    best = int((strength * preference).argmax())
    if strength[best] < TEMPO_CLEAR:
        return None
    lag = int(lags[best])
    return round(60 * FRAMES_PER_S / (lag + _peak_shift(correlation, lag)), 1)
