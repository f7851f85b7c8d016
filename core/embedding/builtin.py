"""The ears that come with the program: a small network of our own, joined with plain measurements of the timbre.

The network (`core.training`) was taught by YAMNet what things sound like; the measurements tell apart what it has no
words for, such as two snare drums. Weights and the card with their scores and credits stand in `core/assets/`.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from core import patches, spectrum, timbre
from core.embedding.base import Embedder, Heard, check_clips
from core.heard import LOWEST
from core.ontology import audioset
from core.records import Samples
from core.tagging import CALIBRATION

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

WEIGHTS = Path(__file__).parent.parent / "assets" / "builtin.onnx"
JOINT = Path(__file__).parent.parent / "assets" / "builtin_joint.npz"
LESSONS = Path(__file__).parent.parent / "assets" / "builtin_lessons.npz"
PARTS = ("network", "timbre")
BATCH = 4  # patches at a time: more is not faster on a core, and fewer is slower

Rows = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Part:
    """How one kind of numbers goes into a vector: standardised, rotated and weighed, then brought to norm 1.

    mean and scale: (n,). rotation: (n, n_out).
    """

    mean: Rows
    scale: Rows
    rotation: Rows

    def project(self, numbers: Rows) -> Rows:
        """One row (n,) to a unit vector (n_out,), summed in a fixed order whatever stands beside it."""
        weighed = ((numbers - self.mean) / self.scale)[:, None] * self.rotation
        vector = weighed.sum(axis=0, dtype=np.float32)
        unit: Rows = vector / max(float(np.sqrt(np.square(vector).sum())), 1e-9)
        return unit


@dataclass(frozen=True, slots=True)
class Joint:
    """The two parts of a vector and the share of the squared length that belongs to the timbre."""

    network: Part
    timbre: Part
    timbre_share: float

    def vector(self, network: Rows, timbre: Rows) -> Rows:
        """What is stored of a window: a unit vector."""
        return np.concatenate(
            [
                np.float32(np.sqrt(1 - self.timbre_share)) * self.network.project(network),
                np.float32(np.sqrt(self.timbre_share)) * self.timbre.project(timbre),
            ]
        )


@dataclass(frozen=True, slots=True)
class Lessons:
    """What some classes gain or lose by a window's vector, beside what the network hears (`core.training.lessons`).

    places: int64 (n,), of the classes. weights: float32 (n, dim). offsets: float32 (n,), in log-odds, added to those of
    the network where they are above `core.heard.LOWEST`, else to that: below it nothing is told apart.
    """

    places: NDArray[np.int64]
    weights: Rows
    offsets: Rows

    def applied(self, log_odds: Rows, vector: Rows) -> Rows:
        """The log-odds (521,) of a window after the lessons, summed in a fixed order."""
        taught = log_odds.copy()
        learned = self.offsets + (self.weights * vector).sum(axis=1, dtype=np.float32)
        taught[self.places] = np.maximum(log_odds[self.places], np.float32(LOWEST)) + learned
        return taught


def read_lessons(path: Path) -> Lessons:
    """The lessons in a file that `write_lessons` wrote."""
    with np.load(path, allow_pickle=False) as file:
        return Lessons(file["places"], file["weights"].astype(np.float32), file["offsets"])


def write_lessons(lessons: Lessons, path: Path) -> None:
    """The lessons as a file, the weights as float16."""
    weights = lessons.weights.astype(np.float16)
    np.savez(path, allow_pickle=False, places=lessons.places, weights=weights, offsets=lessons.offsets)


def read_joint(path: Path) -> Joint:
    """The constants in a file that `write_joint` wrote."""
    with np.load(path, allow_pickle=False) as file:
        parts = [
            Part(*(file[f"{name}_{what}"].astype(np.float32) for what in ("mean", "scale", "rotation")))
            for name in PARTS
        ]
        return Joint(parts[0], parts[1], float(file["timbre_share"]))


def write_joint(joint: Joint, path: Path) -> None:
    """The constants as a file; the rotations as float16, which is enough for directions."""
    arrays: dict[str, NDArray[np.floating]] = {"timbre_share": np.array(joint.timbre_share, np.float32)}
    for name, part in zip(PARTS, (joint.network, joint.timbre), strict=True):
        arrays |= {f"{name}_mean": part.mean, f"{name}_scale": part.scale}
        arrays |= {f"{name}_rotation": part.rotation.astype(np.float16)}
    np.savez(path, allow_pickle=False, **arrays)


class BuiltinEmbedder(Embedder):
    """Hears windows of a second. What it hears does not depend on the batch: each patch is computed on its own."""

    name = "builtin"
    version = "ears-1"
    dim = 160
    sample_rate_hz: ClassVar[int] = spectrum.RATE_HZ
    window_s: ClassVar[float] = 1.0
    hop_s: ClassVar[float] = 1.0

    @property
    def labels(self) -> Sequence[str]:  # type: ignore[override]  # read from the ontology on first use
        """The 521 classes of `core.ontology`."""
        return audioset().names

    def hear(self, clips: Sequence[Samples]) -> Heard:
        """See `Embedder.hear`."""
        check_clips(clips)
        vectors = np.zeros((len(clips), self.dim), np.float32)
        tags = np.zeros((len(clips), len(self.labels)), np.float32)
        for start in range(0, len(clips), BATCH):
            self._hear_some(clips[start : start + BATCH], vectors[start:], tags[start:])
        return Heard(vectors, tags)

    def weights_hash(self) -> str:
        """The first 16 hex digits of the SHA-256 of all that was learned, calibration included."""
        return self._hash

    def _hear_some(self, clips: Sequence[Samples], vectors: Rows, tags: Rows) -> None:
        """Fills the first rows; those of silent clips stay zero."""
        pictures = [patches.patch(clip) for clip in clips]
        numbers = [
            timbre.features(patches.levels_db(picture, len(clip)))
            for picture, clip in zip(pictures, clips, strict=True)
        ]
        embeddings, log_odds = run(self._network, np.stack(pictures))
        for row, features in enumerate(numbers):
            if features is not None:
                vectors[row] = self._joint.vector(embeddings[row], features)
                tags[row] = expit(self._lessons.applied(log_odds[row], vectors[row]))

    @cached_property
    def _hash(self) -> str:
        learned = (WEIGHTS, JOINT, LESSONS, CALIBRATION)
        return hashlib.sha256(b"".join(path.read_bytes() for path in learned)).hexdigest()[:16]

    @cached_property
    def _network(self) -> "InferenceSession":
        return open_network(WEIGHTS)

    @cached_property
    def _joint(self) -> Joint:
        return read_joint(JOINT)

    @cached_property
    def _lessons(self) -> Lessons:
        return read_lessons(LESSONS)


def open_network(model: Path | bytes) -> "InferenceSession":
    """A network that `core.training` exported, ready to run on one core: ingest has a process for every core."""
    from onnxruntime import InferenceSession, SessionOptions

    options = SessionOptions()
    options.intra_op_num_threads = 1
    return InferenceSession(model, options, providers=["CPUExecutionProvider"])


def run(network: "InferenceSession", pictures: Rows) -> tuple[Rows, Rows]:
    """Embeddings (n, width) and log-odds (n, 521) of pictures (n, FRAMES, BANDS)."""
    embeddings, log_odds = network.run(["embedding", "log_odds"], {"bands": pictures})
    return embeddings, log_odds


BACKEND = BuiltinEmbedder
