"""A database, sounds to put in it that were never heard, and ears whose vectors can be worked out by hand."""

from pathlib import Path

import numpy as np
import pytest

from core.descriptors import Descriptors
from core.embedding.base import Embedder, Fingerprint
from core.listening import Listening
from core.records import Tag
from core.store.db import Store


class HandEars(Embedder):
    """Ears of two numbers that are never asked to hear: only their fingerprint counts."""

    name, version, dim, sample_rate_hz, window_s, hop_s = "hand", "1", 2, 8000, 2.0, 1.0

    def __init__(self, weights: str = "w1") -> None:
        self._weights = weights

    def hear(self, clips):
        raise AssertionError("nothing is heard here")

    def weights_hash(self) -> str:
        return self._weights


def listening(
    caption: str = "A short hit.",
    tags: tuple[str, ...] = ("short",),
    duration_s: float = 1.0,
    domain: str = "effect",
    vectors: list[list[float]] | None = None,
) -> Listening:
    """What might have been heard of a file."""
    numbers = dict.fromkeys(Descriptors.__dataclass_fields__, 0.0)
    return Listening(
        duration_s=duration_s,
        sample_rate_hz=8000,
        channels=1,
        codec="pcm_s16le",
        container="wav",
        damaged_packets=0,
        loudness_lufs=-20.0,
        peak_dbfs=-1.0,
        descriptors=Descriptors(**numbers | {"onsets": 1, "pitch_hz": None, "tempo_bpm": None}),
        domain=domain,
        domain_score=0.5,
        tags={"signal": [Tag(label, 0.9 - 0.1 * place) for place, label in enumerate(tags)]},
        caption=caption,
        vectors=np.array([[1, 0]] if vectors is None else vectors, np.float16),
    )


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "library")


@pytest.fixture
def fingerprint() -> Fingerprint:
    return HandEars().fingerprint()
