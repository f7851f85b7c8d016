"""Vectors of files without a library: for `earshot embed`, and for programs that only want the numbers.

Works with any ears. What only some can do, raw embeddings or a post-processing of their own, they are asked for by
protocol. A file is heard window by window, so that memory does not grow with its length.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from core import audio
from core.embedding.base import Embedder, pooled
from core.errors import AudioError, EarshotError, UnknownNameError, UnsupportedError
from core.records import Record, Samples, Vectors

POOLINGS = ("mean", "sum")
BATCH = 32  # windows at a time

Pool = Callable[[Sequence[Samples]], NDArray[Any]]


@runtime_checkable
class GivesRaw(Protocol):
    """Ears whose embeddings have a length that means something before they are brought to norm 1."""

    def raw(self, clips: Sequence[Samples]) -> Vectors:
        """Embeddings of clips as they come, float32 (n, dim), of any norm; zero rows for silence."""


@runtime_checkable
class PostProcesses(GivesRaw, Protocol):
    """Ears that were published with a post-processing of their embeddings."""

    def post(self, rows: Vectors) -> NDArray[Any]:
        """What it makes of raw embeddings, row by row: (n, dim)."""


@dataclass(frozen=True, slots=True)
class Embedded(Record):
    """A file and its vector, float32 (dim,)."""

    path: str
    vector: Vectors

    def as_dict(self) -> dict[str, Any]:
        """As JSON: the vector is a list of numbers."""
        return {"path": self.path, "vector": self.vector.tolist()}


def embed_file(
    path: Path, ears: Embedder, pooling: str = "mean", *, post: bool = False, normalised: bool = True
) -> Vectors:
    """One vector for a file, float32 (dim,): of norm 1, or all zeros if it is silent.

    pooling: "mean" or "sum" over its windows; of raw embeddings where the ears give them (`GivesRaw`), else of unit
    vectors. Both point the same way, so they differ only if not `normalised`. post: each window's embedding goes
    through the ears' own post-processing first (`PostProcesses`). Silent windows add nothing; a mean counts them.
    Raises AudioError if the file cannot be heard, UnknownNameError for another pooling, UnsupportedError for ears that
    have no post-processing.
    """
    embed = _check(ears, pooling, post)
    blocks = audio.stretch(path, ears.sample_rate_hz)
    windows = audio.windows(blocks, ears.window, ears.hop)
    total, n_windows = np.zeros(ears.dim), 0
    while batch := list(islice(windows, BATCH)):
        for row in embed(batch):  # one by one: the sum is the same however the windows are batched
            total += row
        n_windows += len(batch)
    if not np.isfinite(total).all():
        raise UnsupportedError(f"the ears {ears.name!r} gave numbers that are not finite for {path}; use other ears")
    if normalised:
        return pooled(total.astype(np.float32)[None])
    return (total / n_windows if pooling == "mean" else total).astype(np.float32)


def embed_files(
    paths: Sequence[Path], ears: Embedder, pooling: str = "mean", *, post: bool = False, normalised: bool = True
) -> Iterator[Embedded]:
    """Files with their vectors, in the order given, each as soon as it was heard (`embed_file`).

    Every file is opened before the first is heard, so that a wrong name at the end of a list is told at once. Raises as
    `embed_file` does; an AudioError names the path as it was given.
    """
    _check(ears, pooling, post)
    for path in paths:
        with _named(path), audio.open_source(path):
            continue
    for path in paths:
        with _named(path):
            vector = embed_file(path, ears, pooling, post=post, normalised=normalised)
        yield Embedded(str(path), vector)


def write_npy(path: Path, vectors: Sequence[Vectors]) -> None:
    """Writes vectors as a .npy file, float32 (n, dim), that is there whole or not at all.

    Raises EarshotError with the reason if it cannot be written.
    """
    part = path.parent / f".{path.name}.part"
    try:
        with part.open("wb") as file:
            np.save(file, np.stack(vectors).astype(np.float32), allow_pickle=False)
        os.replace(part, path)
    except OSError as problem:
        raise EarshotError(f"{path}: {problem.strerror or problem}; choose another place for the vectors") from problem
    finally:
        with suppress(OSError):  # nothing of it is left after a success, and after a failure that is told above
            part.unlink()


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Has an AudioError name the whole path: of many files, two may have the same name."""
    try:
        yield
    except AudioError as problem:
        raise AudioError(str(path), problem.reason) from problem


def _check(ears: Embedder, pooling: str, post: bool) -> Pool:
    """What gives the rows that are pooled."""
    if pooling not in POOLINGS:
        raise UnknownNameError(f"no pooling is called {pooling!r}; known are {', '.join(POOLINGS)}")
    if post:
        if not isinstance(ears, PostProcesses):
            raise UnsupportedError(f"the ears {ears.name!r} have no post-processing; leave it out, or use vggish")
        return lambda clips: _post_processed(ears, clips)
    return ears.raw if isinstance(ears, GivesRaw) else lambda clips: ears.hear(clips).vectors


def _post_processed(ears: PostProcesses, clips: Sequence[Samples]) -> NDArray[np.float64]:
    """Rows after the ears' post-processing; silent ones stay zero, which it would make something of."""
    raw = ears.raw(clips)
    rows, audible = np.zeros(raw.shape), raw.any(axis=1)
    if audible.any():
        rows[audible] = ears.post(raw[audible])
    return rows
