"""Whether ears can be trusted with a library: a broken model must be noticed before a single vector is stored.

Published weights have had a text tower that gives every text the same vector, and were used for months.
"""

import numpy as np

from core import known_weights
from core.embedding.base import Embedder
from core.errors import UnsupportedError
from core.records import Samples, Vectors

VERSION = "1"  # of the test; what passed another one is tested again
SAME = 0.999
"""The cosine from which two vectors count as one; the worst text tower known gave 0.9993 to most texts.

Sound ears may come near it for some sounds, where a large part of all vectors is the same; not for the least alike.
"""
TEXTS = ("heavy rain on a tin roof", "a dog barks twice")
BROKEN = "choose another model in the settings, or fetch its files again"


def check_once(ears: Embedder, on: str) -> None:
    """`check`, unless these ears passed it before on this device: then nothing of them is loaded."""
    known_weights.pass_once(ears.settings, f"{VERSION} {on} {ears.fingerprint()}", lambda: check(ears))


def check(ears: Embedder) -> None:
    """Has the ears hear four different sounds and, if they can, read texts. Raises UnsupportedError for broken ones.

    Broken are ears whose vectors are not finite and of norm 1, or that tell no two of the sounds or of the texts apart.
    """
    n_samples = min(ears.window, 4 * ears.sample_rate_hz)
    _check(ears, "sounds", ears.hear(sounds(n_samples, ears.sample_rate_hz)).vectors)
    if ears.understands_text:
        _check(ears, "texts", ears.embed_text(TEXTS))


def sounds(n_samples: int, rate_hz: int) -> list[Samples]:
    """A tone, a hiss, four clicks a second and a sweep over four octaves: float32 (n_samples,), always the same."""
    t = np.arange(n_samples) / rate_hz
    tone = 0.3 * np.sin(2 * np.pi * 440 * t)
    hiss = 0.1 * np.random.default_rng(0).standard_normal(n_samples)
    clicks = np.where(np.arange(n_samples) % (rate_hz // 4) < rate_hz // 1000, 0.8, 0)
    duration_s = n_samples / rate_hz
    cycles = 200 * duration_s / np.log(16) * 16 ** (t / duration_s)  # the integral of 200 Hz * 16 ** (t / duration_s)
    sweep = 0.3 * np.sin(2 * np.pi * cycles)
    return [sound.astype(np.float32) for sound in (tone, hiss, clicks, sweep)]


def _check(ears: Embedder, what: str, vectors: Vectors) -> None:
    rows = vectors.astype(np.float64)
    norms = np.linalg.norm(rows, axis=1)
    if not np.isfinite(norms).all() or np.abs(norms - 1).max() > 1e-3:
        told = ", ".join(f"{norm:.3g}" for norm in norms)
        raise UnsupportedError(f"the ears {ears.name!r} are broken: vectors of {what} have norm {told}; {BROKEN}")
    cosine = float((rows @ rows.T).min())  # of the two least alike
    if cosine > SAME:
        how = f"two different {what} get the same vector (cosine {cosine:.4f})"
        raise UnsupportedError(f"the ears {ears.name!r} are broken: {how}; {BROKEN}")
