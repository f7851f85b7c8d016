"""Every vector compared with numpy. Nothing to install, nothing to doubt; the oracle of the other indexes."""

from pathlib import Path
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from core.records import Vectors
from core.store.vectors.base import Ids, VectorIndex


class ExactIndex(VectorIndex):
    """All vectors in one array; a search reads all of it."""

    name: ClassVar[str] = "exact"
    suffix: ClassVar[str] = ".npy"

    _rows: Vectors = np.zeros((0, 0), np.float32)

    @property
    def dim(self) -> int:
        """Numbers in a vector."""
        return int(self._rows.shape[1])

    def __len__(self) -> int:
        return len(self._rows)

    def save(self, path: Path) -> None:
        """Writes the vectors as a numpy array."""
        with path.open("wb") as file:
            np.save(file, self._rows)

    def load(self, path: Path) -> None:
        """Reads what `save` wrote; raises ValueError if that is not whole."""
        try:
            rows = np.load(path, allow_pickle=False)
        except EOFError as problem:
            raise ValueError(f"{path.name} is damaged") from problem
        if rows.ndim != 2 or rows.dtype != np.float32:
            raise ValueError(f"{path.name} holds no vectors")
        self._rows = rows

    def _build(self, vectors: Vectors) -> None:
        self._rows = vectors

    def _extended(self, vectors: Vectors) -> Self:
        larger = type(self)(self.metric)
        larger._rows = np.concatenate([self._rows, vectors])
        return larger

    def _candidates(self, query: NDArray[np.float32], n: int, allowed: Ids | None) -> Ids:
        rows = self._rows if allowed is None else self._rows[allowed]
        closeness = rows @ query if self.metric != "euclidean" else -np.square(rows - query).sum(axis=1)
        best = np.argpartition(-closeness, min(n, len(rows)) - 1)[:n]
        return best.astype(np.int64) if allowed is None else allowed[best]

    def _vectors(self, ids: Ids) -> Vectors:
        return self._rows[ids]


BACKEND = ExactIndex
