"""Whether ears can be trusted with a library: a broken model must be noticed before a single vector is stored.

Published weights have had a text tower that gives every text the same vector, and were used for months.
"""

import numpy as np

from core.embedding.base import Embedder
from core.errors import UnsupportedError
from core.records import Vectors

SAME = 0.999  # the cosine from which two vectors count as one; the worst text tower known gave 0.9993 to most texts
TEXTS = ("heavy rain on a tin roof", "a dog barks twice")
BROKEN = "choose another model in the settings, or fetch its files again"


def check(ears: Embedder) -> None:
    """Has the ears hear two different sounds and, if they can, read two texts. Raises UnsupportedError for broken ones.

    Broken are ears whose vectors are not finite and of norm 1, or that cannot tell the two apart.
    """
    n_samples = min(ears.window, 4 * ears.sample_rate_hz)
    t = np.arange(n_samples) / ears.sample_rate_hz
    tone = 0.3 * np.sin(2 * np.pi * 440 * t)
    hiss = 0.1 * np.random.default_rng(0).standard_normal(n_samples)
    _check(ears, "sounds", ears.hear([tone.astype(np.float32), hiss.astype(np.float32)]).vectors)
    if ears.understands_text:
        _check(ears, "texts", ears.embed_text(TEXTS))


def _check(ears: Embedder, what: str, vectors: Vectors) -> None:
    norms = np.linalg.norm(vectors.astype(np.float64), axis=1)
    if not np.isfinite(norms).all() or np.abs(norms - 1).max() > 1e-3:
        told = ", ".join(f"{norm:.3g}" for norm in norms)
        raise UnsupportedError(f"the ears {ears.name!r} are broken: vectors of {what} have norm {told}; {BROKEN}")
    cosine = float(vectors[0] @ vectors[1])
    if cosine > SAME:
        how = f"two different {what} get the same vector (cosine {cosine:.4f})"
        raise UnsupportedError(f"the ears {ears.name!r} are broken: {how}; {BROKEN}")
