"""Drums: skins, cymbals, wood and metal that are struck once. Each recipe gives a `Wave` of one stroke."""

import numpy as np
from numpy.random import Generator

from core.demo.shaping import (
    Wave,
    band_pass,
    between,
    fall,
    high_pass,
    length,
    low_pass,
    mix,
    modes,
    noise,
    room,
    sine,
    square,
    unit,
)

SKIN_RATIOS = (1.0, 1.594, 2.136, 2.296, 2.653, 2.918)
"""An ideal round membrane: zeros of the Bessel functions over the first. Source: Rossing, The Science of Sound."""

HAT_HZ = (205.3, 304.4, 369.6, 522.7, 540.0, 800.0)
"""The six oscillators of the TR-808 cymbal. Source: Werner, Abel and Smith 2014."""


def kick(rng: Generator) -> Wave:
    """A bass drum: a sine that drops by an octave or two at once, with the click of a beater."""
    seconds = between(rng, 0.28, 0.8)
    n = length(seconds)
    low, drop = between(rng, 42, 62), between(rng, 1.6, 3.2)
    pitch = low * (1 + drop * fall(n, between(rng, 0.06, 0.15)))
    body = np.tanh(between(rng, 1.0, 2.5) * sine(pitch, n) * fall(n, 0.85 * seconds))
    click = band_pass(noise(rng, length(0.012)), 900, between(rng, 2500, 6000)) * fall(length(0.012), 0.015)
    return mix([(0, body), (0, between(rng, 0.03, 0.15) * unit(click))])


def snare(rng: Generator) -> Wave:
    """A snare drum: two tuned heads of the shell under the rattle of the wires."""
    seconds = between(rng, 0.2, 0.5)
    n = length(seconds)
    head = between(rng, 165, 240)
    pitch = head * (1 + 0.35 * fall(n, 0.05))
    shell = sine(pitch, n) * fall(n, 0.22) + 0.6 * sine(1.8 * pitch, n) * fall(n, 0.14)
    wires = high_pass(noise(rng, n), between(rng, 900, 2200)) * fall(n, 0.8 * seconds)
    crack = band_pass(noise(rng, n), 1500, 6000) * fall(n, 0.03)
    return unit(shell) * between(rng, 0.35, 0.8) + unit(wires) * 0.8 + unit(crack) * 0.6


def _hat(rng: Generator, t60_s: float) -> Wave:
    n = length(min(1.2 * t60_s, 1.2))
    tune = between(rng, 1.0, 1.4)
    metal = sum((square(tune * pitch * between(rng, 0.99, 1.01), n, rng.random()) for pitch in HAT_HZ), np.zeros(n))
    sizzle = 0.5 * unit(metal) + between(rng, 0.15, 0.7) * unit(noise(rng, n))
    return high_pass(sizzle, between(rng, 5200, 6600), 3) * fall(n, t60_s) * (1 + fall(n, 0.02))


def closed_hat(rng: Generator) -> Wave:
    """A closed hi-hat: the hiss of a cymbal that is stopped at once."""
    return _hat(rng, between(rng, 0.08, 0.2))


def open_hat(rng: Generator) -> Wave:
    """An open hi-hat: the same cymbals left to ring."""
    return _hat(rng, between(rng, 0.6, 1.4))


def handclap(rng: Generator) -> Wave:
    """Several hands that miss each other by a hundredth of a second, in a small room. Source: TR-808 service notes."""
    low = between(rng, 700, 1100)
    hands = [0.0, *np.cumsum(rng.uniform(0.007, 0.014, int(rng.integers(2, 4))))]
    parts = []
    for hand, start_s in enumerate(hands):
        t60 = between(rng, 0.12, 0.3) if hand == len(hands) - 1 else 0.018
        n = length(1.2 * t60)
        parts.append((float(start_s), band_pass(noise(rng, n), low, 2.6 * low) * fall(n, t60)))
    air = high_pass(mix(parts), low)
    return air + 0.3 * high_pass(mix(parts), 2500)


def tom(rng: Generator) -> Wave:
    """A tom: the modes of a round skin, which sags in pitch as the swing grows smaller, and the air in its shell."""
    seconds = between(rng, 0.5, 0.85)
    n = length(seconds)
    pitch = between(rng, 85, 185) * (1 + between(rng, 0.08, 0.2) * fall(n, 0.2))
    thin = between(rng, 0.5, 2.0)
    out = np.zeros(n)
    for position, ratio in enumerate(SKIN_RATIOS):
        out += sine(ratio * pitch, n, rng.random()) * fall(n, seconds / (1 + position)) / (1 + thin * position)
    stick = low_pass(noise(rng, n), 5000) * fall(n, 0.012)
    shell = band_pass(noise(rng, n), 100, 1200, 1) * fall(n, 0.25)
    struck = unit(out) + between(rng, 0.08, 0.4) * unit(stick) + between(rng, 0.25, 0.45) * unit(shell)
    return room(struck, rng, between(rng, 0.5, 0.8), 0.09)


def cowbell(rng: Generator) -> Wave:
    """A cowbell: two clashing tones near a fifth apart over a short metal clank. Source: TR-808 (540 and 800 Hz)."""
    seconds = between(rng, 0.3, 0.6)
    n = length(seconds)
    low = between(rng, 480, 680)
    tones = square(low, n) + square(low * between(rng, 1.46, 1.51), n)
    body = band_pass(tones, 0.8 * low, 5.5 * low) * (0.7 * fall(n, 0.9 * seconds) + 0.6 * fall(n, 0.06))
    clank = modes(rng, n, [low * r for r in (2.9, 3.9, 5.3, 7.1)], [0.25, 0.2, 0.15, 0.1], [0.5, 0.4, 0.4, 0.3])
    return unit(body) + 0.5 * clank


def woodblock(rng: Generator) -> Wave:
    """A hollow block of wood, tapped two to four times: few modes, all gone within a tenth of a second."""
    pitch, second = between(rng, 520, 1030), between(rng, 1.9, 2.3)
    t60, gap = between(rng, 0.05, 0.065), between(rng, 0.16, 0.23)
    parts = []
    for stroke in range(int(rng.integers(2, 5))):
        n = length(0.2)
        ways = [pitch, second * pitch, 2.47 * pitch, 3.9 * pitch]
        body = modes(rng, n, ways, [t60, 0.8 * t60, 0.4 * t60, 0.2 * t60], [1, 0.5, 0.4, 0.2])
        tap = band_pass(noise(rng, n), 1500, 8000) * fall(n, 0.008)
        parts.append((stroke * gap, (unit(body) + 0.17 * unit(tap)) * rng.uniform(0.8, 1)))
    return room(mix(parts), rng, between(rng, 0.45, 0.55), 0.25)
