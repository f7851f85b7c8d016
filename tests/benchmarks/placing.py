"""Scenes with sounds at known times: labelled clips and the demo's sounds over a quiet background, by a fixed seed."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from core.audio import decode
from core.components.hearing import resampled
from core.demo.kinds import KINDS
from core.demo.shaping import noise
from core.labels import Labelled
from core.records import Samples
from tests.benchmarks.separation import CALLED

RATE_HZ = 32_000
SCENE_S = 20.0
BACKGROUND_DB = (-50.0, -40.0)  # of full scale, RMS
SLOPE = (1.0, 2.0)  # of its power over frequency: from pink to brown; a quiet room falls as steeply (Blazier 1981)
LONGEST_S, SHORTEST_S = 4.0, 0.1
PAUSE_S = (1.0, 3.0)  # between two sounds of one row
FRAME = RATE_HZ // 50
AUDIBLE_DB = -30.0  # below the loudest 20 ms of a clip its sound is over; longer than REST_S and it has ended
REST_S = 0.7
SAME = {"clock": "clock_tick", "surf": "sea_waves"}
"""Kinds of the demo that are known by another name among the clips."""

Make = Callable[[Generator], Samples]
"""Draws a sound at RATE_HZ."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A sound and when it is heard."""

    start_s: float
    end_s: float
    label: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """A scene, mono at RATE_HZ, and what was placed in it."""

    samples: Samples
    placed: tuple[Placed, ...]


def demo_sounds() -> dict[str, Make]:
    """What draws a sound of each kind of the demo library that has a name of its own among the classes."""
    return {SAME.get(name, name): _drawn(name) for name in KINDS if name in CALLED}


def clip_sounds(sounds: Sequence[Labelled]) -> dict[str, Make]:
    """What draws a clip of each label that has a name among the classes."""
    labels = sorted({sound.label for sound in sounds} & set(CALLED))
    return {label: _chosen([sound for sound in sounds if sound.label == label]) for label in labels}


def timelines(sounds: dict[str, Make], n_at_once: int, above_db: float, seed: int, n_scenes: int) -> Iterator[Timeline]:
    """Scenes in which at most so many sounds are heard at once, each so far above the background while it lasts.

    No two of one label overlap. The level of a sound is its RMS from its start to its end.
    """
    for number in range(n_scenes):
        rng = np.random.default_rng([seed, n_at_once, number])
        level_db = float(rng.uniform(*BACKGROUND_DB))
        scene = noise(rng, round(SCENE_S * RATE_HZ), float(rng.uniform(*SLOPE))).astype(np.float32)
        scene *= np.float32(10 ** (level_db / 20))
        placed: list[Placed] = []
        for _ in range(n_at_once):
            _fill_row(scene, placed, sounds, level_db + above_db, rng)
        yield Timeline(np.clip(scene, -1, 1), tuple(sorted(placed, key=lambda each: each.start_s)))


def trimmed(samples: Samples) -> Samples:
    """The first sound of a clip: from where it is audible to where it pauses, at most LONGEST_S."""
    n_frames = max(1, len(samples) // FRAME)
    frames = np.resize(samples, n_frames * FRAME).reshape(n_frames, FRAME)
    level_db = 10 * np.log10(np.square(frames).mean(axis=1) + 1e-12)
    heard = np.flatnonzero(level_db > level_db.max() + AUDIBLE_DB)
    rests = np.flatnonzero(np.diff(heard) > REST_S * RATE_HZ / FRAME)
    last = heard[rests[0]] if len(rests) else heard[-1]
    return samples[heard[0] * FRAME : (last + 1) * FRAME][: round(LONGEST_S * RATE_HZ)]


def _fill_row(scene: Samples, placed: list[Placed], sounds: dict[str, Make], level_db: float, rng: Generator) -> None:
    """Places sounds one after the other until the scene is full."""
    names = sorted(sounds)
    start_s = float(rng.uniform(*PAUSE_S))
    while True:
        label = names[int(rng.integers(len(names)))]
        sound = trimmed(sounds[label](rng))
        end_s = start_s + len(sound) / RATE_HZ
        if end_s > SCENE_S - SHORTEST_S:
            return
        clashes = any(p.label == label and p.start_s - 0.5 < end_s and start_s < p.end_s + 0.5 for p in placed)
        if not clashes and len(sound) >= SHORTEST_S * RATE_HZ:
            gain = 10 ** (level_db / 20) / max(float(np.sqrt(np.square(sound).mean())), 1e-6)
            first = round(start_s * RATE_HZ)
            scene[first : first + len(sound)] += np.float32(gain) * sound
            placed.append(Placed(start_s, end_s, label))
            start_s = end_s
        start_s += float(rng.uniform(*PAUSE_S))


def _drawn(name: str) -> Make:
    def make(rng: Generator) -> Samples:
        sound = KINDS[name].synthesise(rng, in_air=False)
        return resampled(sound.samples, sound.sample_rate_hz, RATE_HZ)

    return make


def _chosen(clips: Sequence[Labelled]) -> Make:
    def make(rng: Generator) -> Samples:
        return decode(clips[int(rng.integers(len(clips)))].path, RATE_HZ)

    return make
