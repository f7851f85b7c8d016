"""What every separator promises: named components that add up to the mixture. One file here is one separator.

Long sounds are taken apart in chunks that overlap; a chunk fades into the next, and components of one name go on in it.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from core.errors import AudioError
from core.records import Progress, Samples
from core.settings import Settings

REST = "rest"
ADDS_UP = 1e-5  # of full scale: what a method leaves over beyond it becomes a component of its own


@dataclass(frozen=True, slots=True)
class Component:
    """A part of a mixture. samples: float32 (n_samples,), as long as the mixture and at the separator's rate."""

    name: str
    samples: Samples


class Separator(ABC):
    """Takes mono sound apart: the components add up to it to 1e-4, and the same sound gives the same components.

    A subclass names itself, its rate and its chunks, and implements `take_apart` for one chunk.

    settings: which model, which device. Weights load on first use, not in the constructor.
    """

    name: ClassVar[str]
    sample_rate_hz: ClassVar[int]
    chunk_s: ClassVar[float]
    overlap_s: ClassVar[float]
    understands_text: ClassVar[bool] = False
    """Whether queries say what is taken out; else they only label what comes out."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or Settings()

    def prepare(self) -> Iterator[Progress]:
        """Makes the separator ready, and tells how far that is.

        The one place where anything may be fetched. Raises EarshotError with the next step if it cannot be used.
        """
        yield from ()

    @abstractmethod
    def take_apart(self, chunk: Samples, queries: Sequence[str]) -> Mapping[str, Samples]:
        """The components of a chunk by name, each as long as it; what they leave over need not be among them.

        chunk: float32, at `sample_rate_hz`, at most `chunk_s` long, finite, not empty.
        """

    def separate(self, mixture: Samples, queries: Sequence[str] = ()) -> list[Component]:
        """All components of a sound at once, in the order in which they first appear.

        mixture: float32 (n_samples,) in [-1, 1] at `sample_rate_hz`. queries: what to look for, in words; a separator
        that understands none does without. Raises AudioError for an empty mixture or one with NaN.
        """
        if not len(mixture):
            raise AudioError("the mixture", "is empty; check the decoder")
        held: dict[str, Samples] = {}
        position = 0
        for parts in self.pieces(iter([mixture]), queries):
            length = len(next(iter(parts.values())))
            for name, part in parts.items():
                held.setdefault(name, np.zeros(len(mixture), np.float32))[position : position + length] = part
            position += length
        return [Component(name, samples) for name, samples in held.items()]

    def pieces(self, blocks: Iterator[Samples], queries: Sequence[str] = ()) -> Iterator[Mapping[str, Samples]]:
        """The components of a sound piece by piece, in order, so that memory does not grow with its length.

        blocks: the sound, in blocks of any length. Gives for each piece its components by name, all equally long; one
        that is not among those of a piece is silent there.
        """
        n_overlap = round(self.overlap_s * self.sample_rate_hz)
        fade = (np.arange(n_overlap, dtype=np.float32) + np.float32(0.5)) / np.float32(n_overlap)
        fading: dict[str, Samples] = {}
        for chunk, is_last in _chunks(blocks, round(self.chunk_s * self.sample_rate_hz), n_overlap):
            parts = self._complete(chunk, queries)
            if fading:
                parts = {name: _faded(fading.get(name), parts.get(name), fade, len(chunk)) for name in fading | parts}
            kept = len(chunk) if is_last else len(chunk) - n_overlap
            fading = {} if is_last else {name: part[kept:].copy() for name, part in parts.items()}
            yield {name: part[:kept] for name, part in parts.items()}

    def _complete(self, chunk: Samples, queries: Sequence[str]) -> dict[str, Samples]:
        """The components of a chunk with what they leave over."""
        if not np.isfinite(chunk).all():
            raise AudioError("the mixture", "holds NaN; check the decoder")
        parts = dict(self.take_apart(chunk, queries))
        rest = chunk - sum(parts.values(), np.zeros(len(chunk), np.float32))
        if not parts or np.abs(rest).max() > ADDS_UP:
            parts[REST] = parts.get(REST, np.zeros(len(chunk), np.float32)) + rest
        return parts


def _chunks(blocks: Iterator[Samples], size: int, n_overlap: int) -> Iterator[tuple[Samples, bool]]:
    """A sound in chunks of `size` samples that share `n_overlap`; the last is as long as what is left, and marked."""
    held = np.zeros(0, np.float32)
    for block in blocks:
        for start in range(0, len(block), size):
            held = np.concatenate([held, block[start : start + size]], dtype=np.float32)
            while len(held) > size:
                yield held[:size].copy(), False
                held = held[size - n_overlap :]
    if len(held):
        yield held.copy(), True


def _faded(before: Samples | None, after: Samples | None, fade: Samples, length: int) -> Samples:
    """A component of a chunk, its beginning faded over from the end that it had in the chunk before."""
    n_shared = min(len(fade), length)
    result = np.zeros(length, np.float32) if after is None else after.copy()
    result[:n_shared] *= fade[:n_shared]
    if before is not None:
        result[:n_shared] += before[:n_shared] * (1 - fade[:n_shared])
    return result
