"""Air, water and fire: sounds without pitch, made of noise that moves and of very many small events."""

import numpy as np
from numpy.random import Generator
from scipy import signal

from core.demo.shaping import (
    RATE_HZ,
    Wave,
    band_pass,
    between,
    fall,
    high_pass,
    length,
    low_pass,
    moving_noise,
    noise,
    points,
    resonate,
    sparks,
    times,
    unit,
    wander,
)


def wind(rng: Generator, seconds: float | None = None) -> Wave:
    """Wind in gusts, each louder, brighter and moaning around the corners. Source: Farnell 2010, chapter 41."""
    n = length(seconds or between(rng, 2.3, 3.0))
    gust = np.exp(between(rng, 0.7, 1.8) * wander(rng, n, between(rng, 0.9, 1.3), 0, 1))
    rush = low_pass(noise(rng, n, 1.45), between(rng, 240, 480), 1) * gust
    moan = moving_noise(rng, between(rng, 400, 720) * gust**0.4, between(rng, 0.18, 0.5)) * gust**1.3
    return rush / np.std(rush) + between(rng, 0.1, 0.2) * moan / np.std(moan)


def rain(rng: Generator, seconds: float | None = None) -> Wave:
    """Rain: a wash of far drops that cannot be told apart, with near ones on leaves, stone or a roof."""
    n = length(seconds or between(rng, 2.1, 2.8))
    wash = band_pass(noise(rng, n, rng.uniform(0.0, 0.5)), 400, 10_000, 1) * (1 + 0.1 * wander(rng, n, 2, -1, 1))
    out = wash / np.std(wash)
    for low_hz in (900, 1700, 2900, 4600):
        drops = sparks(rng, n, between(rng, 120, 400), 0.6)
        pitch = low_hz * rng.uniform(0.8, 1.25)
        band = resonate(drops, pitch, 0.6 * pitch)
        out += between(rng, 0.25, 0.5) * band / np.std(band)
    return out


def surf(rng: Generator, seconds: float | None = None) -> Wave:
    """A wave that swells, breaks and runs back with a hiss: the noise grows brighter as it breaks."""
    n = length(seconds or between(rng, 3.8, 4.8))
    crest = rng.uniform(0.3, 0.45)
    swell = points(n, (0, 0.12), (0.6 * crest, 0.3), (crest, 1.0), (crest + 0.2, 0.6), (0.85, 0.22), (1, 0.1))
    brightness = points(n, (0, 0.0), (crest, 1.0), (crest + 0.15, 0.9), (1, 0.5))
    roar = moving_noise(rng, between(rng, 220, 380) * 2 ** (1.8 * brightness), 1.3)
    foam = high_pass(noise(rng, n, 0.7), 1800)
    foam *= points(n, (0, 0.02), (crest, 0.5), (crest + 0.12, 0.8), (0.8, 0.3), (1, 0.1)) / np.std(foam)
    fizz = high_pass(sparks(rng, n, 2500, 0.8), 3000)
    fizz *= points(n, (0, 0), (crest, 0.1), (crest + 0.2, 0.5), (1, 0.15)) / np.std(fizz)
    return swell * (roar * (1 + 0.25 * wander(rng, n, 6, -1, 1))) + 0.35 * foam + 0.12 * fizz


def thunder(rng: Generator) -> Wave:
    """A crack, then a roll: the bends of the lightning arrive one by one, the far ones deeper.

    Source: Ribner and Roy 1982, thunder as the sum of N-waves from a crooked channel.
    """
    seconds = between(rng, 3.0, 4.0)
    t = times(seconds)
    n = len(t)
    claps = between(rng, 0.09, 0.16) * (0.5 + wander(rng, n, 5, 0, 1))
    for at_s in (0.15, *rng.uniform(0.5, 2.4, int(rng.integers(1, 3)))):
        since = np.maximum(t - at_s, 0)
        rise = 1 - np.exp(-since / between(rng, 0.01, 0.04))
        claps += rng.uniform(0.4, 1.0) * rise * np.exp(-since / between(rng, 0.25, 0.8))
    deep = low_pass(noise(rng, n, 2.1), between(rng, 70, 330), 1) * claps
    top_hz = between(rng, 200, 350)
    roll = moving_noise(rng, top_hz * 0.43 ** np.linspace(0, 1, n), 0.8) * claps
    out = deep / np.std(deep) + between(rng, 0.15, 0.4) * roll / np.std(roll)
    return out * points(n, (0, 0.3), (0.05, 1), (0.6, 0.8), (1, 0))


def bubbles(rng: Generator, n: int, per_s: float, low_hz: float, high_hz: float) -> Wave:
    """Bubbles in water: each rings and rises in pitch as it nears the surface; the small ones are many and short.

    Source: van den Doel 2005, Physically based models for liquid sounds: damping 0.13 f + 0.0072 f**1.5.
    """
    size = length(0.04)
    count = max(1, int(rng.poisson(per_s * n / RATE_HZ)))
    pitch = low_hz * (high_hz / low_hz) ** rng.random(count)
    damping = 0.13 * pitch + 0.0072 * pitch**1.5
    rise = rng.choice([0.0, 0.1], count, p=[0.4, 0.6]) * damping * rng.random(count)
    loud = (pitch / low_hz) ** -0.5 * rng.random(count) ** 1.5
    t = (np.arange(size) / RATE_HZ).astype(np.float32)[None, :]  # single precision: there are thousands of them
    f, d, r, size_of = (each.astype(np.float32)[:, None] for each in (pitch, damping, rise, loud))
    ring = size_of * np.sin(np.float32(2 * np.pi) * f * t * (1 + r * t / 2)) * np.exp(-d * t)
    out = np.zeros(n + size)
    for start, one in zip(rng.integers(0, n, count), ring, strict=True):
        out[start : start + size] += one
    return out[:n]


def stream(rng: Generator, seconds: float | None = None) -> Wave:
    """A brook: bubbles of all sizes over the rush of the water."""
    n = length(seconds or between(rng, 2.1, 2.8))
    water = bubbles(rng, n, between(rng, 700, 1100), 500, 6000)
    rush = band_pass(noise(rng, n, 0.8), 300, 8000, 1) * (1 + 0.25 * wander(rng, n, 5, -1, 1))
    return water / np.std(water) + between(rng, 1.0, 1.6) * rush / np.std(rush)


def fire(rng: Generator) -> Wave:
    """A fire of wood: cracks of very unequal loudness over a low flutter and a faint hiss. Source: Farnell 2010, 34."""
    n = length(between(rng, 2.1, 2.8))
    out = np.zeros(n)
    for centre in (900, 1800, 3200, 5500):
        hits = sparks(rng, n, between(rng, 5, 14), 1.1)
        burst_n = length(0.012)
        burst = band_pass(noise(rng, burst_n), 0.5 * centre, 2.2 * centre) * fall(burst_n, between(rng, 0.006, 0.016))
        out += signal.oaconvolve(hits, unit(burst))[:n]
    crackle = np.tanh(0.35 * out)
    lap = low_pass(noise(rng, n, 1.5), 180) * wander(rng, n, 7, 0.2, 1.0)
    hiss = high_pass(noise(rng, n), 2500) * wander(rng, n, 3, 0.3, 1.0)
    return crackle + between(rng, 0.03, 0.1) * unit(lap) + between(rng, 0.01, 0.03) * unit(hiss)
