"""How good an embedding is against labels: retrieval of the same class, and K-means with the true number of classes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from sklearn.metrics import v_measure_score

SEEDS = (0, 1, 2)


@dataclass(frozen=True, slots=True)
class Quality:
    """map: mean average precision with all of a class as relevant. top1: share of nearest neighbours of the same class.

    v: V-measure of K-means with as many clusters as classes, mean over three seeds.
    """

    map: float
    top1: float
    v: float


def quality(vectors: NDArray[np.float32], labels: Sequence[str], groups: Sequence[str]) -> Quality:
    """Scores of vectors (n, dim) by cosine. A neighbour from the same group (recording, speaker) never counts."""
    unit = vectors / (np.linalg.norm(vectors, axis=1, keepdims=True) + 1e-9)
    label, group = np.array(labels), np.array(groups)
    precisions, first = [], []
    for row in range(len(unit)):
        others = np.flatnonzero(group != group[row])
        order = others[np.argsort(-(unit[others] @ unit[row]), kind="stable")]
        relevant = label[order] == label[row]
        if relevant.any():
            precision = np.cumsum(relevant) / np.arange(1, len(order) + 1)
            precisions.append(precision[relevant].mean())
            first.append(relevant[0])
    n_classes = len(set(labels))
    guesses = [KMeans(n_classes, n_init=3, random_state=seed).fit_predict(unit) for seed in SEEDS]
    v = np.mean([v_measure_score(label, guess) for guess in guesses])
    return Quality(float(np.mean(precisions)), float(np.mean(first)), float(v))
