"""FAISS flat indexes in memory: exact, and the ground that its approximate indexes stand on."""

from pathlib import Path
from typing import Any, ClassVar, Self

import faiss
import numpy as np
from numpy.typing import NDArray

from core.records import Vectors
from core.store.vectors.base import Ids, VectorIndex


class FaissIndex(VectorIndex):
    """`IndexFlatIP`, or `IndexFlatL2` for "euclidean"."""

    name: ClassVar[str] = "faiss"
    suffix: ClassVar[str] = ".faiss"

    _index: Any = None

    @property
    def dim(self) -> int:
        """Numbers in a vector."""
        return int(self._index.d)

    def __len__(self) -> int:
        return 0 if self._index is None else int(self._index.ntotal)

    def save(self, path: Path) -> None:
        """Writes FAISS's own format."""
        faiss.write_index(self._index, str(path))

    def load(self, path: Path) -> None:
        """Reads what `save` wrote; raises ValueError if FAISS refuses it or it was made for another metric."""
        try:
            index = faiss.read_index(str(path))
        except RuntimeError as problem:
            raise ValueError(f"{path.name} is damaged") from problem
        if index.metric_type != self._metric_type():
            raise ValueError(f"{path.name} was made for another metric")
        self._index = index

    def _build(self, vectors: Vectors) -> None:
        self._index = faiss.IndexFlat(vectors.shape[1], self._metric_type())
        self._index.add(vectors)

    def _extended(self, vectors: Vectors) -> Self:
        larger = type(self)(self.metric)
        larger._index = faiss.clone_index(self._index)
        larger._index.add(vectors)
        return larger

    def _candidates(self, query: NDArray[np.float32], n: int, allowed: Ids | None) -> Ids:
        options = None
        if allowed is not None:
            options = faiss.SearchParameters(sel=faiss.IDSelectorBatch(allowed))  # type: ignore[call-arg]  # a SWIG class
        _, ids = self._index.search(query[None], n, params=options)
        return np.asarray(ids[0][ids[0] >= 0], np.int64)

    def _vectors(self, ids: Ids) -> Vectors:
        return np.asarray(self._index.reconstruct_batch(ids), np.float32)

    def _metric_type(self) -> int:
        return int(faiss.METRIC_L2 if self.metric == "euclidean" else faiss.METRIC_INNER_PRODUCT)


BACKEND = FaissIndex
