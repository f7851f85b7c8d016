"""Vectors in heaps, libraries that hold them though nothing was ever heard, and maps as data."""

import numpy as np

from core.embedding.base import Embedder
from core.library import Library
from core.maps import SoundMap
from core.records import DOMAINS
from core.scan import FoundFile
from core.store import sounds, spaces
from core.store.db import Store
from tests.core.store.conftest import listening

DIM = 24


class HeapEars(Embedder):
    """Ears of 24 numbers that are never asked to hear."""

    name, version, dim, sample_rate_hz, window_s, hop_s = "heaps", "1", DIM, 8000, 2.0, 1.0

    def hear(self, clips):
        raise AssertionError("nothing is heard here")

    def weights_hash(self) -> str:
        return "w"


def heaps(kinds: int, each: int, seed: int = 0, spread: float = 0.08) -> np.ndarray:
    """Unit vectors around so many directions, float32 (kinds * each, 24), kind after kind."""
    rng = np.random.default_rng(seed)
    middles = np.repeat(rng.normal(size=(kinds, DIM)), each, axis=0)
    rows = middles / np.linalg.norm(middles, axis=1, keepdims=True) + spread * rng.normal(size=middles.shape)
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def fill(library: Library, vectors: np.ndarray) -> list[int]:
    """Adds a sound of one window for each vector, as the ears `heaps` would have heard it; returns their ids."""
    store, ids = Store(library.folder), []
    with store.writing() as db:
        space = spaces.put_space(db, HeapEars())
        first = sounds.count(db)
        for number, vector in enumerate(vectors, start=first):
            domain = DOMAINS[number % len(DOMAINS)]
            heard = listening(f"Sound {number}.", domain=domain, vectors=[vector.tolist()])
            ids.append(sounds.add_sound(db, f"sha{number}", 1, heard, "builtin"))
            sounds.put_file(db, FoundFile(f"/sounds/{number}.wav", 1, 1), ids[-1])
            spaces.put_vectors(db, space, ids[-1], vector[None].astype(np.float16))
        spaces.touch(db, space)
        sounds.touch(db)
    return ids


def a_map(n_groups: int, each: int = 40, titles: dict[int, str] | None = None, outliers: int = 0) -> SoundMap:
    """A map of round heaps on a ring and inside of it, one for each group, and of sounds of no group anywhere."""
    rng = np.random.default_rng(0)
    turn = 2.399963 * np.arange(n_groups)  # the golden angle spreads them evenly
    radius = 0.42 * np.sqrt((np.arange(n_groups) + 0.5) / max(1, n_groups))
    middles = 0.5 + np.column_stack([radius * np.cos(turn), radius * np.sin(turn)])
    places = np.repeat(middles, each, axis=0) + 0.02 * rng.normal(size=(n_groups * each, 2))
    places = np.clip(np.concatenate([places, rng.uniform(0.05, 0.95, (outliers, 2))]), 0, 1)
    n = len(places)
    clusters = [*np.repeat(np.arange(1, n_groups + 1), each).tolist(), *[0] * outliers]
    hz: list[float | None] = [None if number % 7 == 0 else 50.0 * 1.01**number for number in range(n)]
    return SoundMap(
        space="heaps",
        seed=0,
        ids=list(range(1, n + 1)),
        x=places[:, 0].tolist(),
        y=places[:, 1].tolist(),
        names=[f"{number}.wav" for number in range(n)],
        captions=[f"Sound {number}." for number in range(n)],
        domains=[DOMAINS[number % len(DOMAINS)] for number in range(n)],
        durations_s=[1.0 + number % 5 for number in range(n)],
        placed=[False] * n,
        clustering=1,
        clusters=clusters,
        titles=titles or {number: f"Group of kind {number}" for number in range(1, n_groups + 1)},
        descriptors={
            "duration_s": [1.0 + number % 5 for number in range(n)],
            "brightness_hz": list(hz),
            "pitch_hz": [None] * n,
            "loudness_lufs": [-20.0 - number % 30 for number in range(n)],
            "tempo_bpm": [None] * n,
            "noisiness": [0.5] * n,
        },
    )
