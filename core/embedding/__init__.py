"""Ears: each module turns sound into vectors of one space. See `base.py` for what every one of them promises."""

from core.embedding.base import Embedder, Heard
from core.registry import Registry
from core.settings import Settings

EMBEDDERS: Registry[Embedder] = Registry("core.embedding", "embedder")

DESCRIBER = "builtin"
"""The ears that tag and describe every sound, whatever other ears hear it beside them."""


def make_embedder(name: str, settings: Settings | None = None) -> Embedder:
    """The ears of a name, or of a name and a variant ("wav2vec2:birds"). Nothing is loaded or fetched yet.

    Raises UnknownNameError with the known names, or MissingDependencyError with the command that installs the rest.
    """
    base, _, variant = name.partition(":")
    return EMBEDDERS.load(base)(settings, variant)


__all__ = ["DESCRIBER", "EMBEDDERS", "Embedder", "Heard", "make_embedder"]
