"""Fits how the network's embedding and the timbre go into one vector: `core/assets/builtin_joint.npz`.

No labels are used: both are standardised over the sounds of a pack, rotated to their main directions and weighed
between as they are and whitened. The share of the timbre is chosen by hand; the card shows what other shares do.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core import patches, timbre
from core.embedding.builtin import WEIGHTS, Joint, Part, open_network, run, write_joint
from core.training.pack import FULL_SCALE, Pack

WINDOWS_PER_SOUND = 3
NETWORK_DIM, TIMBRE_DIM = 128, 32
NETWORK_WHITENING, TIMBRE_WHITENING = 0.25, 0.5  # 0 keeps the variances of the directions, 1 makes them all alike
TIMBRE_SHARE = 0.15
SEED = 0

Rows = NDArray[np.float32]


def fit(pack: Pack, out: Path) -> int:
    """Writes the constants to `out`; returns how many windows they come from."""
    network = open_network(WEIGHTS)
    embeddings, numbers = [], []
    for samples in _windows(pack):
        picture = patches.patch(samples)
        features = timbre.features(patches.levels_db(picture, len(samples)))
        if features is not None:
            embeddings.append(run(network, picture[None])[0][0])
            numbers.append(features)
    joint = Joint(
        part(np.stack(embeddings), NETWORK_DIM, NETWORK_WHITENING),
        part(np.stack(numbers), TIMBRE_DIM, TIMBRE_WHITENING),
        TIMBRE_SHARE,
    )
    write_joint(joint, out)
    return len(embeddings)


def part(rows: Rows, dim: int, whitening: float) -> Part:
    """Standardisation and the `dim` main directions of rows (n, n_numbers), by principal component analysis."""
    mean, scale = rows.mean(axis=0), rows.std(axis=0) + 1e-6
    standard = ((rows - mean) / scale).astype(np.float64)
    variances, directions = np.linalg.eigh(standard.T @ standard / len(rows))
    order = np.argsort(-variances)[:dim]
    rotation = directions[:, order] * np.maximum(variances[order], 1e-9) ** (-whitening / 2)
    return Part(mean.astype(np.float32), scale.astype(np.float32), rotation.astype(np.float32))


def _windows(pack: Pack) -> Iterator[Rows]:
    """A few windows of every sound; a long recording must not outweigh a hundred short sounds."""
    rng = np.random.default_rng(SEED)
    for start, length in zip(pack.starts, pack.lengths, strict=True):
        places = np.unique(rng.integers(0, max(1, length - patches.PATCH + 1), WINDOWS_PER_SOUND))
        for place in places:
            end = min(start + length, start + place + patches.PATCH)
            yield (pack.samples[start + place : end] / np.float32(FULL_SCALE)).astype(np.float32)
