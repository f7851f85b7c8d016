"""A short video of fireworks: what is seen and what is heard happen together."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from core.demo.scenes import Event
from core.demo.shaping import (
    Wave,
    band_pass,
    fall,
    finish,
    high_pass,
    hold,
    length,
    low_pass,
    mix,
    noise,
    points,
    sine,
    sparks,
    unit,
)
from core.records import Samples

SECONDS, PER_S = 8, 25
WIDTH, HEIGHT = 320, 240
GRAVITY = 45.0  # pixels per second squared

BURSTS_S = (1.4, 3.0, 4.4, 5.0, 6.2)
"""When the rockets burst. Each rose for a second before."""


@dataclass(frozen=True, slots=True)
class Burst:
    """One rocket: when and where it bursts, its colour, and the speeds of its stars in pixels per second."""

    at_s: float
    x: float
    y: float
    colour: NDArray[np.float64]
    speeds: NDArray[np.float64]


def _bursts(rng: Generator) -> list[Burst]:
    colours = np.array([[255, 120, 60], [90, 200, 255], [255, 230, 110], [150, 255, 130], [255, 110, 220]], float)
    out = []
    for number, at_s in enumerate(BURSTS_S):
        angle, speed = rng.uniform(0, 2 * np.pi, 140), 85 * np.sqrt(rng.random(140)) * rng.uniform(0.8, 1.2)
        speeds = np.stack([speed * np.cos(angle), speed * np.sin(angle)], axis=1)
        out.append(Burst(at_s, rng.uniform(70, WIDTH - 70), rng.uniform(50, 100), colours[number], speeds))
    return out


def _sky() -> NDArray[np.float64]:
    """Dusk over a row of roofs, shape (HEIGHT, WIDTH, 3)."""
    sky = np.linspace([6, 8, 26], [30, 24, 48], HEIGHT)[:, None, :].repeat(WIDTH, axis=1)
    for left in range(0, WIDTH, 40):
        top = HEIGHT - 18 - (left * 7) % 23
        sky[top:, left : left + 36] = (8, 8, 12)
    return sky


def _stamp(light: NDArray[np.float64], xy: NDArray[np.float64], colour: NDArray[np.float64], size: int) -> None:
    """Adds a square of light at each point that lies within the picture, in place."""
    for dx in range(size):
        for dy in range(size):
            x, y = np.round(xy[:, 0]).astype(int) + dx, np.round(xy[:, 1]).astype(int) + dy
            inside = (x >= 0) & (x < WIDTH) & (y >= 0) & (y < HEIGHT)
            np.add.at(light, (y[inside], x[inside]), colour)


def _pictures(bursts: list[Burst]) -> Iterator[NDArray[np.uint8]]:
    sky = _sky()
    trail = np.zeros_like(sky)
    for number in range(SECONDS * PER_S):
        now_s = number / PER_S
        trail *= 0.82
        flash = 0.0
        for burst in bursts:
            age = now_s - burst.at_s
            if -1.0 <= age < 0:
                rocket = np.array([[burst.x, burst.y - (HEIGHT - burst.y) * age]])
                _stamp(trail, rocket, np.array([255.0, 220.0, 160.0]), 2)
            elif 0 <= age < 1.8:
                drag = (1 - np.exp(-2.2 * age)) / 2.2
                stars = np.array([burst.x, burst.y]) + burst.speeds * drag
                stars[:, 1] += 0.5 * GRAVITY * age**2
                _stamp(trail, stars, burst.colour * np.exp(-1.6 * age), 2)
                flash = max(flash, 110 * np.exp(-9 * age))
        yield np.clip(sky + trail + flash, 0, 255).astype(np.uint8)


def _whoosh(rng: Generator) -> Wave:
    n = length(1.0)
    whistle = 0.25 * sine(points(n, (0, 900), (1, 2600)), n) * points(n, (0, 0.2), (0.8, 1), (1, 0.2))
    return (whistle + 0.2 * band_pass(noise(rng, n), 600, 5000)) * hold(n, 0.15, 0.1)


def _bang(rng: Generator) -> Wave:
    n = length(1.6)
    shock = low_pass(noise(rng, n, 0.5), 3500) * fall(n, 0.35)
    boom = low_pass(noise(rng, n, 1.0), 200) * fall(n, 1.3)
    crackle = high_pass(sparks(rng, n, 90, 0.8), 1500) * points(n, (0, 0), (0.2, 0), (0.35, 1), (0.8, 0.5), (1, 0))
    return np.tanh(2.5 * (unit(shock) + 0.7 * unit(boom))) + 0.25 * unit(crackle)


@dataclass(frozen=True, slots=True)
class Fireworks:
    """The video in pieces: RGB pictures PER_S a second, mono sound at RATE_HZ of the same length, and the bangs."""

    pictures: Iterator[NDArray[np.uint8]]
    sound: Samples
    events: list[Event]


def fireworks(seed: int) -> Fireworks:
    """Five rockets over roofs; each bang falls on the frame of its flash."""
    rng = np.random.default_rng([seed, len(BURSTS_S)])
    bursts = _bursts(rng)
    parts = [(0.0, 0.004 * noise(rng, length(SECONDS), 1.0))]
    for burst in bursts:
        parts += [(burst.at_s - 1.0, 0.35 * _whoosh(rng)), (burst.at_s, rng.uniform(0.8, 1.0) * _bang(rng))]
    sound = finish(mix(parts)[: length(SECONDS)], -1.5, fade_out_s=0.2)
    events = [Event(at_s, round(min(at_s + 1.6, SECONDS), 3), "fireworks") for at_s in BURSTS_S]
    return Fireworks(_pictures(bursts), sound, events)
