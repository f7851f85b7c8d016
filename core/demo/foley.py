"""Foley: what people and things do close by. Steps, knocks, blasts, hearts, hands."""

import numpy as np
from numpy.random import Generator
from scipy import signal

from core.demo.shaping import (
    Wave,
    band_pass,
    between,
    fall,
    high_pass,
    hold,
    length,
    low_pass,
    mix,
    modes,
    noise,
    points,
    resonate,
    room,
    sine,
    sparks,
    unit,
    wander,
)


def _hard_step(rng: Generator, floor_hz: float) -> Wave:
    """A heel, then a sole, on wood or stone: dull knocks of the floor over a scuff."""
    n = length(0.16)
    floor = np.zeros(n)
    for ratio in (1.0, 2.1, 3.7, 6.0, 9.0):
        floor += resonate(noise(rng, n), floor_hz * ratio, 0.4 * floor_hz * ratio) / ratio**0.6
    tap = band_pass(noise(rng, n), 1000, 5000) * fall(n, 0.02)
    heel = unit(floor * fall(n, between(rng, 0.07, 0.11))) + 0.15 * unit(tap)
    scuff = unit(band_pass(noise(rng, n), 600, 4000) * hold(n, 0.02, 0.12))
    return mix([(0, heel), (0.04, between(rng, 0.08, 0.2) * scuff), (0.115, rng.uniform(0.15, 0.4) * heel)])


def _loose_step(rng: Generator) -> Wave:
    """A step on gravel or snow: many grains give way, first under the heel, then under the toes."""
    n = length(0.3)
    press = points(n, (0, 0.0), (0.08, 1), (0.25, 0.35), (0.5, 0.7), (0.75, 0.2), (1, 0)) ** 1.5
    grains = band_pass(sparks(rng, n, 1500, 1.3), 900, 6000, 1) * press
    thud = low_pass(noise(rng, n), 200) * fall(n, 0.12)
    return unit(grains) + 0.6 * unit(thud)


def footsteps(rng: Generator) -> Wave:
    """Someone walks by: four to seven steps on wood, stone or gravel, left and right a little unlike."""
    gap = between(rng, 0.41, 0.54)
    loose = rng.random() < 0.4
    floor = between(rng, 70, 220)
    parts = []
    for step in range(int(rng.integers(4, 7))):
        one = _loose_step(rng) if loose else _hard_step(rng, floor * (1.06 if step % 2 else 1.0))
        parts.append((step * gap + rng.uniform(0, 0.03), one * rng.uniform(0.75, 1.0)))
    return room(mix(parts), rng, between(rng, 0.2, 0.47), 0.07)


def heartbeat(rng: Generator, beats_per_s: float | None = None) -> Wave:
    """A heart: lub, and after a third of a second a shorter, higher dub; then rest.

    Source: Rangayyan and Lehner 1987: S1 about 0.12 s at 30 to 60 Hz, S2 about 0.1 s and higher.
    """
    rate = beats_per_s or between(rng, 0.95, 1.7)
    low = between(rng, 42, 60)
    parts = []
    for beat in range(max(2, int(2.4 * rate))):
        for later_s, pitch, seconds, loud in ((0.0, low, 0.13, 1.0), (0.31 / rate**0.5, 1.35 * low, 0.1, 0.65)):
            n = length(seconds)
            thump = sine(pitch * (1.4 - 0.5 * np.linspace(0, 1, n)), n) * hold(n, 0.25 * seconds, 0.7 * seconds)
            murmur = low_pass(noise(rng, n), 220) * hold(n, 0.2 * seconds, 0.7 * seconds)
            one = np.tanh(2 * (thump + 0.25 * unit(murmur)))
            parts.append((beat / rate + later_s, loud * rng.uniform(0.92, 1.0) * one))
    return mix(parts, len(parts) / 2 / rate)


def door_knock(rng: Generator) -> Wave:
    """Knuckles on a wooden door, three to five times.

    A panel has so many modes below 2 kHz that they are drawn at random, closer together the higher they lie.
    """
    panel = between(rng, 92, 140)
    ways = np.sort(panel * (1 + between(rng, 9, 16) * rng.random(26) ** 1.4))
    t60 = between(rng, 0.15, 0.22) * (panel / ways) ** 0.65
    sizes = (panel / ways) ** rng.uniform(0.15, 0.4)
    gap = between(rng, 0.155, 0.2)
    parts = []
    for knock in range(int(rng.integers(3, 6))):
        n = length(0.25)
        wood = modes(rng, n, list(ways), list(t60), list(sizes * rng.uniform(0.5, 1, 26)))
        knuckle = band_pass(noise(rng, n), 200, 1300, 1) * fall(n, 0.065)
        parts.append((knock * gap * rng.uniform(0.97, 1.03), (unit(wood) + 0.5 * unit(knuckle)) * rng.uniform(0.75, 1)))
    return room(mix(parts), rng, between(rng, 0.17, 0.26), 0.3)


def explosion(rng: Generator) -> Wave:
    """A blast: a shock that overloads everything, a deep roll, and debris that patters down."""
    seconds = between(rng, 1.8, 2.8)
    n = length(seconds)
    blast = sum(
        (
            size * unit(low_pass(noise(rng, n, 1.0), edge) * fall(n, t60))
            for edge, t60, size in ((120, 0.9 * seconds, 1.0), (450, 0.7 * seconds, 0.9), (2500, 0.35 * seconds, 0.6))
        ),
        np.zeros(n),
    )
    shock = high_pass(noise(rng, n), 500) * fall(n, 0.15)
    thump = sine(30 + between(rng, 50, 90) * fall(n, 0.3), n) * fall(n, 0.9)
    debris = band_pass(sparks(rng, n, 160, 1.2), 700, 6000) * points(n, (0, 0), (0.15, 0.4), (0.4, 0.5), (1, 0))
    out = blast * (1 + 0.35 * wander(rng, n, 8, -1, 1)) + 0.8 * unit(shock) + 0.8 * thump
    return np.tanh(2.2 * unit(out)) + 0.12 * unit(debris)


def applause(rng: Generator) -> Wave:
    """A crowd claps: every row of people has its own shape of the palm, every clap its own moment.

    Source: Peltola et al. 2007: claps ring between 700 and 2500 Hz for about 20 ms; a large crowd is a Poisson process.
    """
    n = length(between(rng, 1.9, 2.5))
    palm_n = length(0.05)
    low, busy = between(rng, 860, 990), between(rng, 13, 18)
    out = np.zeros(n)
    for _ in range(24):
        pitch = between(rng, low, 2.9 * low)
        palm = (resonate(noise(rng, palm_n), pitch, 0.32 * pitch) + 0.06 * noise(rng, palm_n)) * fall(palm_n, 0.03)
        out += signal.oaconvolve(sparks(rng, n, busy, 0.3), unit(palm))[:n]
    hall = high_pass(room(out, rng, between(rng, 1.1, 1.5), between(rng, 0.15, 0.33))[:n], 400)
    return hall * points(n, (0, 0.7), (0.2, 1), (0.8, 1), (1, 0.7)) * hold(n, 0.1, 0.3)


def whistle(rng: Generator) -> Wave:
    """A referee's whistle, blown two or three times: the ball shakes the tone, and breath bends it.

    The harder the breath the higher the pitch, so each blow starts and ends low; without that it is heard as an alarm.
    """
    parts, start_s = [], 0.05
    usual = between(rng, 2350, 2950)
    shake, push = rng.uniform(0.03, 0.06), rng.uniform(0.14, 0.19)
    ball_hz, broken = between(rng, 29, 45), rng.uniform(0.3, 0.75)
    for seconds in ([0.25, 0.6], [0.45, 0.5], [0.24, 0.24, 0.6])[rng.integers(3)]:
        n = length(seconds * rng.uniform(0.9, 1.1))
        ball = 0.5 + 0.5 * sine(ball_hz * (1 + 0.2 * wander(rng, n, 9, -1, 1)), n)
        breath = points(n, (0, 0.6), (0.15, 1), (0.8, 0.95), (1, 0.7))
        pitch = usual * (1 - shake + shake * ball) * (1 + push * (breath - 1))
        tone = sine(pitch, n) + 0.12 * sine(1.155 * pitch, n) + 0.08 * sine(2 * pitch, n)
        hiss = 0.2 * resonate(noise(rng, n), usual, 700)
        parts.append((start_s, (tone + hiss) * (1 - broken + broken * ball) * breath * hold(n, 0.03, 0.05)))
        start_s += seconds + between(rng, 0.07, 0.15)
    return room(mix(parts), rng, between(rng, 0.3, 0.8), between(rng, 0.05, 0.3))
