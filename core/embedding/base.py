"""What every embedder promises. One file beside this one is one embedder; the contract tests run over all of them."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from core.errors import AudioError, UnknownNameError, UnsupportedError
from core.records import Progress, Record, Samples, Vectors
from core.settings import Settings


@dataclass(frozen=True, slots=True)
class Fingerprint(Record):
    """What makes a space: vectors of two different fingerprints are never compared."""

    name: str
    version: str
    weights: str
    dim: int
    sample_rate_hz: int
    window_s: float
    hop_s: float

    def seconds_of(self, chunk: int, duration_s: float) -> tuple[float, float]:
        """Where a window of a sound begins and ends; the last one ends with the sound (`core.audio.windows`)."""
        start_s = min(chunk * self.hop_s, max(0.0, duration_s - self.window_s))
        return start_s, min(start_s + self.window_s, duration_s)


@dataclass(frozen=True, slots=True)
class Heard:
    """What an embedder made of some windows.

    vectors: float32 (n_windows, dim), rows of norm 1 or all zero for silence.
    tags: float32 (n_windows, len(labels)), the probability of each of the embedder's labels; no columns if it has none.
    """

    vectors: Vectors
    tags: NDArray[np.float32]


class Embedder(ABC):
    """Turns windows of sound into unit vectors: the same bytes give the same vector, bit for bit, whatever the batch.

    A subclass names itself, its rate and its windows, and implements `hear`. Weights load on first use, not in the
    constructor. The vector of a file is the mean of its windows (`pooled`).

    settings: which model, which device. variant: what stands behind the colon of "wav2vec2:birds", for ears that come
    in several; then it belongs to the `name`.
    """

    name: str
    version: str
    dim: int
    sample_rate_hz: ClassVar[int]
    window_s: ClassVar[float]
    hop_s: ClassVar[float]
    labels: Sequence[str] = ()
    understands_text: ClassVar[bool] = False
    has_variants: ClassVar[bool] = False
    most_processes: ClassVar[int | None] = None
    """How many processes may hear at once, for ears that fill the memory; None for as many as there are processors."""

    clustering: ClassVar[tuple[str, int | None]] = ("gmm", None)
    """The method and number of groups that their space is clustered with where a person names neither."""

    def __init__(self, settings: Settings | None = None, variant: str = "") -> None:
        if variant and not self.has_variants:
            raise UnknownNameError(f"the ears {self.name!r} come in one kind only; name them without {variant!r}")
        self.settings = settings or Settings()
        self.variant = variant

    def prepare(self) -> Iterator[Progress]:
        """Makes the ears ready to hear, and tells how far that is: fetches what they need, and tests them.

        The one place where anything may be fetched. Raises EarshotError with the next step if they cannot be used.
        """
        yield from ()

    @abstractmethod
    def hear(self, clips: Sequence[Samples]) -> Heard:
        """Vectors and tags of mono clips, one row per clip, in the order given.

        clips: float32 in [-1, 1] at `sample_rate_hz`, each of at least one sample and at most `window_s`.
        Raises AudioError for an empty clip or one with NaN, naming its position.
        """

    @abstractmethod
    def weights_hash(self) -> str:
        """A short hash of everything learned that goes into a vector.

        Raises NotFoundError with the next step if what was learned is not on this machine; nothing is fetched for it.
        """

    def embed_text(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors of texts in the space of the sounds. Raises UnsupportedError where there is no text tower."""
        raise UnsupportedError(
            f"the ears {self.name!r} do not understand text ({len(texts)} given); search with a sound"
        )

    def fingerprint(self) -> Fingerprint:
        """What the space of these ears is known by."""
        return Fingerprint(
            self.name, self.version, self.weights_hash(), self.dim, self.sample_rate_hz, self.window_s, self.hop_s
        )

    @property
    def window(self) -> int:
        """Samples in a window."""
        return round(self.window_s * self.sample_rate_hz)

    @property
    def hop(self) -> int:
        """Samples from one window to the next."""
        return round(self.hop_s * self.sample_rate_hz)


def check_clips(clips: Sequence[Samples]) -> None:
    """Raises AudioError for a clip that is empty or holds NaN or infinity, naming its position."""
    for position, clip in enumerate(clips):
        if not len(clip) or not np.isfinite(clip).all():
            raise AudioError(f"clip {position}", f"{'is empty' if not len(clip) else 'holds NaN'}; check the decoder")


def pooled(vectors: Vectors) -> Vectors:
    """One unit vector for a sound: the mean of its windows, float32 (dim,); zero if all of them are silent."""
    pooled_sound: Vectors = pooled_groups(vectors, np.array([len(vectors)]))[0]
    return pooled_sound


def pooled_groups(vectors: Vectors, counts: NDArray[np.int64]) -> Vectors:
    """`pooled` of many sounds at once: the first counts[0] rows are the first one's windows, and so on."""
    if not len(counts):
        return np.zeros((0, vectors.shape[1]), np.float32)
    sums = np.add.reduceat(vectors, np.cumsum(counts) - counts, axis=0, dtype=np.float64)
    means = sums / counts[:, None]
    norms = np.linalg.norm(means, axis=1, keepdims=True)
    return np.where(norms > 1e-9, means / np.maximum(norms, 1e-9), 0).astype(np.float32)
