"""What the recipes are mixed from: noise, tones, moving curves, filters, modes, rooms. Knows no kind of sound.

Everything works on `Wave`, float64 mono at RATE_HZ; only `finish` turns one into the float32 that leaves the package.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray
from scipy import fft, signal

from core.records import Samples

RATE_HZ = 44_100
NYQUIST_HZ = RATE_HZ / 2

Wave: TypeAlias = NDArray[np.float64]
"""Mono sound or control curve, shape (n_samples,), at RATE_HZ; any level."""


def length(seconds: float) -> int:
    """Samples in so many seconds, at least one."""
    return max(1, round(seconds * RATE_HZ))


def times(seconds: float) -> Wave:
    """The time of every sample, in seconds from 0."""
    return np.arange(length(seconds)) / RATE_HZ


def between(rng: Generator, low: float, high: float) -> float:
    """A number drawn evenly on a ratio scale, as pitch and time are heard; both bounds above 0."""
    return float(low * (high / low) ** rng.random())


def level(db: float) -> float:
    """The amplitude factor of a level in decibels."""
    return float(10 ** (db / 20))


# --- noise and curves -------------------------------------------------------------------------------------------------


def noise(rng: Generator, n: int, slope: float = 0.0) -> Wave:
    """Gaussian noise of RMS 1 whose power falls as 1 / f**slope: 0 white, 1 pink, 2 brown."""
    if not slope:
        return rng.standard_normal(n)
    size = fft.next_fast_len(n + 1, real=True)
    frequency = fft.rfftfreq(size, 1 / RATE_HZ)
    gain = np.maximum(frequency, 20.0) ** (-slope / 2)
    spectrum = gain * rng.standard_normal(2 * len(gain)).view(np.complex128)
    spectrum[0] = 0
    shaped: Wave = fft.irfft(spectrum, size)[:n]
    shaped /= np.std(shaped) + 1e-12
    return shaped


def wander(rng: Generator, n: int, per_s: float, low: float, high: float) -> Wave:
    """A smooth random curve from `low` to `high` that takes a new turn `per_s` times a second, at most 100."""
    knots = rng.uniform(low, high, int(n / RATE_HZ * per_s) + 3)
    coarse = np.arange(0, n + 64, 64)  # straight lines between every 64th sample are smooth enough, and quick
    place = np.minimum(coarse * (per_s / RATE_HZ), len(knots) - 1.001)
    left = place.astype(np.int64)
    along = place - left
    smooth = along * along * (3 - 2 * along)
    curve: Wave = np.interp(np.arange(n), coarse, knots[left] * (1 - smooth) + knots[left + 1] * smooth)
    return curve


def moving_noise(rng: Generator, centre_hz: Wave, octaves: float) -> Wave:
    """Noise in a band that follows `centre_hz`; `octaves` is the standard deviation of its bell-shaped spectrum.

    Made in the short-time spectrum, so the band can move without filter artefacts: frames that overlap by half under a
    sine window, whose squares add up to one.
    """
    size, hop = 2048, 1024
    n = len(centre_hz)
    n_frames = n // hop + 5
    centre = centre_hz[np.minimum(np.arange(n_frames) * hop, n - 1)]
    octave = np.log2(np.maximum(np.fft.rfftfreq(size, 1 / RATE_HZ), 1.0))
    bell = np.exp(-0.5 * ((octave[None, :] - np.log2(centre)[:, None]) / octaves) ** 2)
    spectrum = bell * rng.standard_normal((*bell.shape, 2)).view(np.complex128)[..., 0]
    frames = np.fft.irfft(spectrum, size, axis=1) * np.sin(np.pi * (np.arange(size) + 0.5) / size)
    blocks = frames.reshape(n_frames, size // hop, hop)
    out = np.zeros((n_frames + size // hop, hop))
    for step in range(size // hop):
        out[step : step + n_frames] += blocks[:, step]
    flat: Wave = out.reshape(-1)[size : size + n]
    flat /= np.std(flat) + 1e-12
    return flat


def sparks(rng: Generator, n: int, per_s: float, heavy: float = 1.0) -> Wave:
    """Single samples at random moments (a Poisson process), of random sign; log-normal sizes, `heavy` their spread."""
    out = np.zeros(n)
    count = int(rng.poisson(per_s * n / RATE_HZ))
    sizes = np.exp(heavy * rng.standard_normal(count)) * rng.choice([-1.0, 1.0], count)
    np.add.at(out, rng.integers(0, n, count), sizes)
    return out


# --- tones ------------------------------------------------------------------------------------------------------------


def cycles(pitch_hz: ArrayLike, n: int) -> Wave:
    """Cycles gone by at every sample for a pitch that may move."""
    per_sample = np.broadcast_to(np.asarray(pitch_hz, dtype=np.float64), (n,)) / RATE_HZ
    return np.cumsum(per_sample)


def sine(pitch_hz: ArrayLike, n: int, start: float = 0.0) -> Wave:
    """A sine of a pitch that may move; `start` in cycles."""
    wave: Wave = np.sin(2 * np.pi * (cycles(pitch_hz, n) + start))
    return wave


def saw(pitch_hz: ArrayLike, n: int, start: float = 0.0) -> Wave:
    """A sawtooth with rounded corners. Source: PolyBLEP, Välimäki and Huovilainen 2007."""
    step = np.broadcast_to(np.asarray(pitch_hz, dtype=np.float64), (n,)) / RATE_HZ
    phase = (np.cumsum(step) + start) % 1.0
    before, after = (phase - 1) / step, phase / step
    rounded = np.where(after < 1, 2 * after - after**2 - 1, np.where(before > -1, before**2 + 2 * before + 1, 0.0))
    wave: Wave = 2 * phase - 1 - rounded
    return wave


def square(pitch_hz: ArrayLike, n: int, start: float = 0.0) -> Wave:
    """A square wave: two sawteeth half a cycle apart."""
    return 0.5 * (saw(pitch_hz, n, start) - saw(pitch_hz, n, start + 0.5))


def glottis(pitch_hz: ArrayLike, n: int, open_part: float = 0.6) -> Wave:
    """The flow of air through vocal folds, as its slope, which is what the mouth radiates.

    Source: Rosenberg 1971, pulse C: two thirds of the open part opens, one third closes.
    """
    phase = cycles(pitch_hz, n) % 1.0
    rise, fall = open_part * 2 / 3, open_part / 3
    opening = 0.5 * (1 - np.cos(np.pi * phase / rise))
    closing = np.cos(0.5 * np.pi * (phase - rise) / fall)
    flow = np.where(phase < rise, opening, np.where(phase < open_part, closing, 0.0))
    slope: Wave = np.diff(flow, prepend=flow[0])
    return slope / (np.std(slope) + 1e-12)


def modes(rng: Generator, n: int, pitches_hz: Sequence[float], t60_s: Sequence[float], sizes: Sequence[float]) -> Wave:
    """A struck body: one dying sine for every way that it can swing. Modes above 20 kHz are left out.

    t60_s: seconds until each has fallen by 60 dB. Phases are random, as a stroke is never the same twice.
    """
    out = np.zeros(n)
    t = np.arange(n) / RATE_HZ
    for pitch, t60, size in zip(pitches_hz, t60_s, sizes, strict=True):
        phase = rng.random()
        if pitch < 20_000:
            alive = min(n, length(1.3 * t60))  # beyond that it is 78 dB down
            out[:alive] += size * np.exp(-6.91 / t60 * t[:alive]) * np.sin(2 * np.pi * (pitch * t[:alive] + phase))
    return out


# --- envelopes --------------------------------------------------------------------------------------------------------


def fall(n: int, t60_s: float) -> Wave:
    """From 1 down by 60 dB in `t60_s`, evenly in decibels."""
    curve: Wave = np.exp(-6.91 / (t60_s * RATE_HZ) * np.arange(n))
    return curve


def points(n: int, *at: tuple[float, float]) -> Wave:
    """A curve through (part of the length from 0 to 1, value) points, straight between them."""
    where, values = zip(*at, strict=True)
    curve: Wave = np.interp(np.arange(n) / n, where, values)
    return curve


def hold(n: int, attack_s: float, release_s: float) -> Wave:
    """A note's envelope: raised-cosine attack, full level, raised-cosine release; shorter notes get the product."""
    curve: Wave = np.ones(n)
    up = np.sin(0.5 * np.pi * np.arange(min(n, length(attack_s))) / length(attack_s)) ** 2
    down = np.sin(0.5 * np.pi * np.arange(min(n, length(release_s))) / length(release_s)) ** 2
    curve[: len(up)] *= up
    curve[n - len(down) :] *= down[::-1]
    return curve


# --- filters ----------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=512)
def _sections(order: int, kind: str, edges_hz: tuple[float, ...]) -> Wave:
    edges = [min(edge, 0.98 * NYQUIST_HZ) for edge in edges_hz]
    sections: Wave = signal.butter(order, edges[0] if len(edges) == 1 else edges, kind, fs=RATE_HZ, output="sos")
    return sections


def _filtered(wave: Wave, order: int, kind: str, *edges_hz: float) -> Wave:
    out: Wave = signal.sosfilt(_sections(order, kind, edges_hz), wave)
    return out


def low_pass(wave: Wave, edge_hz: float, order: int = 2) -> Wave:
    """What lies below the edge (Butterworth)."""
    return _filtered(wave, order, "lowpass", edge_hz)


def high_pass(wave: Wave, edge_hz: float, order: int = 2) -> Wave:
    """What lies above the edge (Butterworth)."""
    return _filtered(wave, order, "highpass", edge_hz)


def band_pass(wave: Wave, low_hz: float, high_hz: float, order: int = 2) -> Wave:
    """What lies between two edges (Butterworth)."""
    return _filtered(wave, order, "bandpass", low_hz, high_hz)


def resonate(wave: Wave, pitch_hz: float, width_hz: float) -> Wave:
    """A two-pole resonance of gain 1 at its peak; `width_hz` at -3 dB. Source: Klatt 1980, one formant."""
    radius = np.exp(-np.pi * width_hz / RATE_HZ)
    turn = 2 * np.pi * pitch_hz / RATE_HZ
    back = [1.0, -2 * radius * np.cos(turn), radius**2]
    peak = abs(np.polyval(back[::-1], np.exp(-1j * turn)))
    out: Wave = signal.lfilter([peak], back, wave)
    return out


def formants(wave: Wave, peaks: Sequence[tuple[float, float, float]]) -> Wave:
    """A mouth: resonances side by side, each (pitch in Hz, width in Hz, level in dB). Source: Klatt 1980, parallel."""
    out = np.zeros(len(wave))
    for position, (pitch, width, db) in enumerate(peaks):
        out += (-1) ** position * level(db) * resonate(wave, pitch, width)  # signs in turn, or they leave holes between
    return out


# --- putting together -------------------------------------------------------------------------------------------------


def mix(parts: Sequence[tuple[float, Wave]], seconds: float = 0.0) -> Wave:
    """Parts laid at their start in seconds; as long as the last of them, and at least `seconds`."""
    spans = [(round(start_s * RATE_HZ), part) for start_s, part in parts]
    out = np.zeros(max([length(seconds), *(start + len(part) for start, part in spans)]))
    for start, part in spans:
        out[start : start + len(part)] += part
    return out


def unit(wave: Wave) -> Wave:
    """The same wave with a peak of 1; silence stays silent."""
    return wave / max(float(np.abs(wave).max()), 1e-12)


def room(wave: Wave, rng: Generator, t60_s: float, wet: float = 0.25) -> Wave:
    """The wave in a room: an exponentially dying noise tail, its treble dying twice as fast.

    Source: Moorer 1979, "About this reverberation business": such noise is what late reverberation is like.
    """
    n = length(t60_s)
    tail = rng.standard_normal(n)
    bass = low_pass(tail, 2500)
    tail = bass * fall(n, t60_s) + (tail - bass) * fall(n, t60_s / 2)
    tail[: length(0.004)] = 0
    tail = high_pass(tail, 120)
    tail /= np.sqrt(np.sum(tail**2))
    end = min(length(0.02), len(wave))
    wave = np.concatenate([wave[:-end], wave[-end:] * np.linspace(1, 0, end)])  # an end that stops would click
    dry = np.concatenate([wave, np.zeros(length(0.6 * t60_s))])
    echo: Wave = signal.oaconvolve(wave, tail)[: len(dry)]
    return (1 - wet) * dry[: len(echo)] + wet * echo


def air(wave: Wave, rng: Generator, below_db: float) -> Wave:
    """The wave as a microphone hears it in a place, not in a void: soft pink noise, its RMS `below_db` of the peak."""
    return unit(wave) + level(below_db) * noise(rng, len(wave), 1.0)


def finish(wave: Wave, peak_db: float, fade_in_s: float = 0.0006, fade_out_s: float = 0.02) -> Samples:
    """Ready to be written: no DC, no click at either end, its peak at `peak_db` dBFS.

    Returns float32, shape (n_samples,).
    """
    clean = high_pass(wave - wave.mean(), 18.0, 1)
    clean = clean * hold(len(clean), fade_in_s, min(fade_out_s, len(clean) / RATE_HZ / 4))
    return (unit(clean) * level(peak_db)).astype(np.float32)
