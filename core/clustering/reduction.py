"""Vectors with fewer numbers each, so that groups can be told apart in them. Knows nothing of groups."""

import numpy as np
from sklearn.decomposition import PCA

from core.clustering.methods.base import Points
from core.records import Vectors

DIMENSIONS = 16


def reduce(vectors: Vectors, seed: int) -> Points:
    """The first principal components of the vectors, float64 (n, at most 24)."""
    n_components = max(1, min(DIMENSIONS, len(vectors) // 4, vectors.shape[1]))
    with np.errstate(invalid="ignore"):  # shares of variance, which are not asked for, do not exist for equal vectors
        reduced: Points = PCA(n_components, random_state=seed).fit_transform(vectors.astype(np.float64))
    return reduced
