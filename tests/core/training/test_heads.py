"""Heads taught on a tiny random backbone: what they learn, what they are tested on, and what is left behind."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core import heads
from core.embedding import make_embedder
from core.embedding.wav2vec2 import Wav2Vec2Embedder
from core.errors import MissingDependencyError, UnknownNameError, UnsupportedError
from core.heads import Head
from core.labels import Labelled
from core.settings import Settings
from core.training.head_lesson import TAUGHT, TESTED, WATCHED, Gathered, Lesson, gather, split
from core.training.heads import Course, contrast, tasks_of, teach, train_heads
from tests import tiny_wav2vec2
from tests.sounds import clicks, noise, silence, sine, write_sound

RATE_HZ = 16_000
SOURCES = 9  # of each label
SHORT = Course(rounds=12, hidden=64, dim=16, batch=64)
LABELS = ("tick", "hum", "hiss")


@pytest.fixture
def torch() -> Any:
    return pytest.importorskip("torch", exc_type=ImportError)


@pytest.fixture(scope="session")
def backbone(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    pytest.importorskip("torch", exc_type=ImportError)
    return tiny_wav2vec2.make(tmp_path_factory.mktemp("backbone") / "tiny")


@pytest.fixture
def settings(backbone: dict[str, Any], tmp_path: Path) -> Settings:
    return Settings(models=tmp_path / "models", device="cpu", **backbone)


@pytest.fixture(scope="session")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> list[Labelled]:
    """Three kinds, each in nine recordings with another tone and noise behind it, each recording cut in two."""
    folder = tmp_path_factory.mktemp("labelled")
    return [
        Labelled(write_sound(folder / label / f"{number}{part}.wav", sound, RATE_HZ), label, f"{label}-{number}")
        for label in LABELS
        for number in range(SOURCES)
        for part, sound in zip("ab", np.split(recording(label, number), 2), strict=True)
    ]


def recording(label: str, number: int) -> np.ndarray:
    """Two seconds of a kind, in front of a tone and noise which say nothing of it."""
    rng = np.random.default_rng((LABELS.index(label), number))
    pitch_hz, tone, hiss = rng.uniform(150, 1500), rng.uniform(0, 0.4), rng.uniform(0, 0.15)
    behind = sine(pitch_hz, 2, RATE_HZ, tone) + noise(2, RATE_HZ, hiss, number)
    front = {
        "tick": clicks(rng.uniform(6, 12), 2, RATE_HZ),
        "hum": sine(rng.uniform(60, 90), 2, RATE_HZ, 0.3),
        "hiss": noise(2, RATE_HZ, 0.3, 100 + number),
    }
    return (behind + front[label]).astype(np.float32)


def run(training: Iterator[Any]) -> Any:
    """What a generator returns."""
    while True:
        try:
            next(training)
        except StopIteration as end:
            return end.value


def labelled(counts: dict[str, list[int]]) -> list[Labelled]:
    """For each label, sources with so many sounds each."""
    return [
        Labelled(Path(f"{label}-{source}-{cut}.wav"), label, f"{label}-{source}")
        for label, sizes in counts.items()
        for source, size in enumerate(sizes)
        for cut in range(size)
    ]


def test_what():
    pass


def test_try(settings, sounds):
    cards = run(train_heads({"kinds": sounds}, settings=settings, course=SHORT))
    print(json.dumps(cards["kinds"]["scores"], indent=1), cards["kinds"]["curve"])
    assert 0
