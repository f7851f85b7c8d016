"""What every vector index promises: the ids and scores that comparing with every vector would give.

A backend proposes candidates; this class scores them, in one way for all backends. So a backend may be approximate, or
use another order of summation, and its scores are still right and the same as the next one's.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal, Self, get_args

import numpy as np
from numpy.typing import NDArray

from core.errors import UnknownNameError
from core.records import Vectors

Metric = Literal["cosine", "dot", "euclidean"]
METRICS: tuple[Metric, ...] = get_args(Metric)
MARGIN = 16  # candidates asked for beyond k, so that rounding in a backend cannot push a true neighbour out
TIE = 1e-6  # relative; two scores nearer than this may change places by rounding in a backend

Ids = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Nearest:
    """Ids and scores, best first; equal scores in order of id. The score of "euclidean" is the negative distance."""

    ids: Ids
    scores: NDArray[np.float64]


class VectorIndex(ABC):
    """Vectors under ids of their own. Built once, then searched; saved to a file and loaded from it."""

    name: ClassVar[str]
    suffix: ClassVar[str]
    recall: ClassVar[float] = 1.0
    """The share of true neighbours that a search is sure to find; 1 for an exact index."""

    def __init__(self, metric: Metric = "cosine") -> None:
        if metric not in METRICS:
            raise UnknownNameError(f"no metric is called {metric!r}; known are {', '.join(METRICS)}")
        self.metric: Metric = metric

    def build(self, vectors: Vectors) -> None:
        """Takes float32 (n, dim); the id of a vector is its row. For "cosine", rows are scaled to norm 1, and zero rows
        (silence is like nothing) are never found.
        """
        self._build(self._prepared(vectors))

    def search(self, query: NDArray[np.float32], k: int, allowed: Ids | None = None) -> Nearest:
        """The k best of all vectors, or of the allowed ids; fewer where there are no more.

        query: float32 (dim,). Raises ValueError if its length is not the index's.
        """
        if query.shape != (self.dim,):
            raise ValueError(f"the query has shape {query.shape}, the vectors have {self.dim} numbers")
        if self.metric == "cosine":
            query = unit_rows(query[None])[0]
        if k < 1 or not len(self) or (allowed is not None and not len(allowed)):
            return Nearest(np.zeros(0, np.int64), np.zeros(0))
        query, n = np.ascontiguousarray(query, np.float32), k + MARGIN
        while True:
            n = min(n, len(self))
            ids = self._candidates(query, n, allowed)
            vectors = self._vectors(ids)
            scores = score(query, vectors, self.metric)
            worst, complete = scores.min(initial=np.inf), len(ids) < n or n == len(self)
            if self.metric == "cosine":
                heard = vectors.any(axis=1)
                ids, scores = ids[heard], scores[heard]
            best = np.lexsort((ids, -scores))[:k]
            # Silence may fill the candidates, and what was left out may equal the last of the best: then ask for more.
            if complete or (len(best) == k and worst < scores[best[-1]] - TIE * max(1.0, abs(worst))):
                return Nearest(ids[best], scores[best])
            n *= 4

    def scores(self, query: NDArray[np.float32], ids: Ids) -> NDArray[np.float64]:
        """How well some vectors fit a query, float64 (len(ids),), in the order of the ids."""
        unit = unit_rows(query[None])[0] if self.metric == "cosine" else query
        return score(unit, self._vectors(ids), self.metric)

    def vectors(self, ids: Ids) -> Vectors:
        """The vectors under some ids, float32 (len(ids), dim), in their order; for "cosine", of norm 1 or zero."""
        return self._vectors(ids)

    def extended(self, vectors: Vectors) -> Self:
        """A new index with more vectors, float32 (n, dim), under the ids that follow; this one stays as it is, so that
        a search that runs in it meanwhile is not disturbed.
        """
        return self._extended(self._prepared(vectors))

    @property
    @abstractmethod
    def dim(self) -> int:
        """Numbers in a vector."""

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def save(self, path: Path) -> None:
        """Writes the index to a file."""

    @abstractmethod
    def load(self, path: Path) -> None:
        """Reads what `save` wrote. Raises OSError or ValueError if that is damaged."""

    def _prepared(self, vectors: Vectors) -> Vectors:
        return unit_rows(vectors) if self.metric == "cosine" else np.ascontiguousarray(vectors, np.float32)

    @abstractmethod
    def _build(self, vectors: Vectors) -> None: ...

    @abstractmethod
    def _extended(self, vectors: Vectors) -> Self: ...

    @abstractmethod
    def _candidates(self, query: NDArray[np.float32], n: int, allowed: Ids | None) -> Ids:
        """The ids of about the n best, in any order."""

    @abstractmethod
    def _vectors(self, ids: Ids) -> Vectors:
        """The vectors under some ids, as they were built."""


def score(query: NDArray[np.float32], vectors: Vectors, metric: Metric) -> NDArray[np.float64]:
    """How alike a query is to each row, float64 (n,): inner product, or the negative distance for "euclidean"."""
    rows = vectors.astype(np.float64)
    if metric == "euclidean":
        distances: NDArray[np.float64] = np.sqrt(np.square(rows - query).sum(axis=1))
        return -distances
    products: NDArray[np.float64] = (rows * query.astype(np.float64)).sum(axis=1)
    return np.clip(products, -1.0, 1.0) if metric == "cosine" else products


def unit_rows(vectors: Vectors) -> Vectors:
    """Rows scaled to norm 1; zero rows stay zero."""
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.ascontiguousarray(vectors / np.where(norms > 0, norms, 1), np.float32)
