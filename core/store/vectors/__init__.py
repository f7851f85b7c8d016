"""Vector indexes: each module answers "which vectors are nearest" for one library. See `base.py` for the promises."""

from core.registry import Registry
from core.store.vectors.base import METRICS, Nearest, VectorIndex

INDEXES: Registry[VectorIndex] = Registry("core.store.vectors", "index", extra="index")

__all__ = ["INDEXES", "METRICS", "Nearest", "VectorIndex"]
