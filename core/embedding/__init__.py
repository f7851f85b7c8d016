"""Ears: each module turns sound into vectors of one space. See `base.py` for what every one of them promises."""

from core.embedding.base import Embedder, Heard
from core.registry import Registry

EMBEDDERS: Registry[Embedder] = Registry("core.embedding", "embedder")

__all__ = ["EMBEDDERS", "Embedder", "Heard"]
