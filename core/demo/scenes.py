"""Two long recordings: a quiet bed, and sounds of the library laid on it at known seconds."""

from collections.abc import Callable
from dataclasses import dataclass
from zlib import crc32

import numpy as np
from numpy.random import Generator
from scipy import signal

from core.demo.kinds import KINDS
from core.demo.shaping import (
    RATE_HZ,
    Wave,
    finish,
    high_pass,
    length,
    level,
    low_pass,
    moving_noise,
    noise,
    wander,
)
from core.demo.weather import bubbles
from core.records import Samples

MIN_ABOVE_DB, MAX_ABOVE_DB = 13.0, 17.0
"""How far the RMS of an event stands above the bed it lies on."""

LIMIT = 40.0
"""Where the peaks of a recording are rounded off, over the RMS of its bed."""


@dataclass(frozen=True, slots=True)
class Event:
    """A sound within a longer one, and its kind."""

    start_s: float
    end_s: float
    kind: str


@dataclass(frozen=True, slots=True)
class Scene:
    """A recording: mono float32 in (-1, 1), its rate, and what is heard when, in order of time."""

    samples: Samples
    sample_rate_hz: int
    events: list[Event]


@dataclass(frozen=True, slots=True)
class Score:
    """How a recording is made: its length, the bed, and (second, kind) of what happens."""

    name: str
    seconds: float
    bed: Callable[[Generator, float], Wave]
    happens: tuple[tuple[float, str], ...]
    sample_rate_hz: int = 22_050
    container: str = "wav"

    def record(self, seed: int) -> Scene:
        """The recording of that seed; the seconds are the same for all seeds, the sounds are not."""
        rng = np.random.default_rng([seed, crc32(self.name.encode())])
        wave = self.bed(rng, self.seconds)
        wave /= np.std(wave)
        events = [_lay(wave, rng, start_s, kind) for start_s, kind in self.happens]
        limited = LIMIT * np.tanh(wave / LIMIT)  # as recorders do, or one footfall would set the level of all the rest
        samples = finish(limited, -2.0, fade_in_s=0.5, fade_out_s=0.5)
        if self.sample_rate_hz != RATE_HZ:
            samples = signal.resample_poly(samples, self.sample_rate_hz, RATE_HZ).astype(np.float32)
        return Scene(samples, self.sample_rate_hz, events)


def _lay(wave: Wave, rng: Generator, start_s: float, kind: str) -> Event:
    """Adds one sound of the kind to the wave, in place, well above what is there."""
    sound = KINDS[kind].synthesise(rng, in_air=False).samples.astype(np.float64)
    start = length(start_s)
    span = wave[start : start + len(sound)]
    above = level(rng.uniform(MIN_ABOVE_DB, MAX_ABOVE_DB))
    span += sound[: len(span)] * above * np.std(span) / np.std(sound)
    return Event(start_s, round(start_s + len(span) / RATE_HZ, 3), kind)


def _street(rng: Generator, seconds: float) -> Wave:
    """Traffic some roads away, now and then a car that is nearer, a little wind."""
    n = length(seconds)
    far = low_pass(noise(rng, n, 1.6), 500) * wander(rng, n, 0.5, 0.8, 1.2)
    tyres = np.zeros(n)
    for middle in rng.uniform(0.05, 0.95, int(seconds / 9)):
        tyres += np.exp(-0.5 * ((np.arange(n) / n - middle) * seconds / 1.8) ** 2)
    passing = moving_noise(rng, 420 * 2 ** (0.6 * np.minimum(tyres, 1)), 0.9) * np.minimum(tyres, 1)
    return far + 0.35 * passing + 0.16 * high_pass(noise(rng, n, 1.0), 900)


def _forest(rng: Generator, seconds: float) -> Wave:
    """A brook at the foot of a slope, and wind in the leaves. The brook is made in pieces, to be kind to memory."""
    n = length(seconds)
    piece = length(10.0)
    brook = np.concatenate([bubbles(rng, min(piece, n - at), 100, 500, 6000) for at in range(0, n, piece)])
    leaves = high_pass(noise(rng, n, 0.8), 500, 1) * wander(rng, n, 0.4, 0.5, 1.0)
    air = low_pass(noise(rng, n, 1.5), 400) * wander(rng, n, 0.5, 0.6, 1.2)
    bed: Wave = 0.3 * brook / np.std(brook) + 0.35 * leaves / np.std(leaves) + 0.6 * air / np.std(air)
    return bed


STREET_EVENING = Score(
    "street_evening",
    60.0,
    _street,
    (
        (4.0, "footsteps"),
        (10.0, "dog_bark"),
        (15.5, "car_horn"),
        (20.0, "siren"),
        (27.0, "dog_bark"),
        (32.0, "church_bell"),
        (39.0, "thunder"),
        (47.0, "footsteps"),
        (53.0, "cat_meow"),
    ),
)

FOREST_MORNING = Score(
    "forest_morning",
    120.0,
    _forest,
    (
        (5.0, "bird"),
        (12.0, "owl"),
        (19.0, "bird"),
        (27.5, "frog"),
        (36.0, "bird"),
        (44.0, "bee"),
        (52.0, "footsteps"),
        (60.0, "bird"),
        (67.0, "crickets"),
        (76.0, "dog_bark"),
        (84.0, "bird"),
        (92.0, "thunder"),
        (102.0, "frog"),
        (110.0, "bird"),
    ),
    container="flac",
)

SCORES = (STREET_EVENING, FOREST_MORNING)
