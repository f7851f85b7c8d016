"""Bells and glass: bodies that ring. Each is a set of measured partial ratios with its own rate of dying."""

import numpy as np
from numpy.random import Generator

from core.demo.shaping import Wave, between, fall, high_pass, hold, length, mix, modes, noise, room, unit

CHURCH_RATIOS = (0.5, 1.0, 1.183, 1.506, 2.0, 2.514, 2.662, 3.011, 4.166, 5.433, 6.796, 8.215)
"""Hum, prime, tierce, quint, nominal and on, over the prime. Source: Fletcher and Rossing 1998, on bells."""

CHURCH_SIZES = (0.55, 0.6, 0.8, 0.3, 1.0, 0.35, 0.45, 0.5, 0.35, 0.2, 0.12, 0.08)

HANDBELL_RATIOS = (1.0, 3.0, 5.35, 5.9, 8.7, 10.6)
"""A handbell is tuned so that its second mode is a twelfth up. Source: Rossing, The Science of Sound, on bells."""

GLASS_RATIOS = (1.0, 2.32, 4.25, 6.63, 9.38)
"""A wine glass; close to the squares of 2, 3, 4, 5, 6 over the first. Source: French 1983, In Vino Veritas."""


def _ring(rng: Generator, seconds: float, pitch_hz: float, ratios: tuple[float, ...], sizes: Wave, tilt: float) -> Wave:
    """Every mode twice, a little apart: no bell is quite round, and so its partials beat."""
    pitches, t60, both = [], [], []
    for ratio, size in zip(ratios, sizes, strict=True):
        split = 1 + rng.uniform(0.0003, 0.0018)
        for sign in (split, 1 / split):
            pitches.append(pitch_hz * ratio * sign)
            t60.append(seconds / (max(ratio, 0.5) ** tilt))
            both.append(size * rng.uniform(0.35, 0.65))
    return modes(rng, length(seconds), pitches, t60, both)


def church_bell(rng: Generator) -> Wave:
    """A church bell struck once, heard in the tower: the strike is bright, the hum stays."""
    pitch = between(rng, 320, 500)
    sizes = np.array(CHURCH_SIZES) * rng.uniform(0.7, 1.3, len(CHURCH_SIZES))
    stroke = _ring(rng, between(rng, 4.6, 6.4), pitch, CHURCH_RATIOS, sizes, between(rng, 0.35, 0.75))
    cut = unit(stroke)[: length(between(rng, 2.2, 3.0))]
    n = length(0.03)
    clapper = high_pass(noise(rng, n), 1500) * fall(n, 0.02)
    struck = mix([(0, cut * hold(len(cut), 0.0001, 0.6)), (0, 0.07 * unit(clapper))])
    return room(struck, rng, between(rng, 0.9, 1.2), 0.17)


def hand_bell(rng: Generator) -> Wave:
    """A small bell, shaken: the clapper strikes several times in a second."""
    pitch = between(rng, 1100, 2400)
    sizes = np.array([1.0, 0.55, 0.3, 0.25, 0.2, 0.1])
    n_strokes = int(rng.integers(4, 9))
    gap = between(rng, 0.11, 0.2)
    parts = []
    for stroke in range(n_strokes):
        ring = _ring(rng, between(rng, 0.9, 1.4), pitch, HANDBELL_RATIOS, sizes * rng.uniform(0.5, 1.2, 6), 0.5)
        parts.append((stroke * gap * rng.uniform(0.93, 1.07), rng.uniform(0.5, 1.0) * ring))
    return mix(parts)


def glass_clink(rng: Generator) -> Wave:
    """Two glasses that touch, at times twice; each rings with its own modes."""
    parts = []
    glasses = [between(rng, 1400, 2600), between(rng, 1500, 3400)]
    for start_s in [0.0, 0.06 + 0.08 * rng.random()][: int(rng.integers(1, 3))]:
        for pitch in glasses:
            sizes = np.array([0.7, 1.0, 0.8, 0.5, 0.3]) * rng.uniform(0.4, 1.2, 5)
            parts.append((start_s, _ring(rng, between(rng, 0.5, 1.3), pitch, GLASS_RATIOS, sizes, 0.6)))
        n = length(0.01)
        parts.append((start_s, 0.6 * unit(high_pass(noise(rng, n), 5000) * fall(n, 0.006))))
    return mix(parts)
