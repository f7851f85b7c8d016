"""How good vectors, and scores of texts, are against labels: retrieval, grouping, zero-shot naming, queries by name.

Knows nothing of sounds: numbers and labels in, scores from 0 to 1 out.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from sklearn.metrics import v_measure_score

from core.records import Record, Vectors

SEEDS = (0, 1, 2)
FEW, MANY = 10, 100

Scores = NDArray[np.float32]
"""How well each sound fits each text, (n_texts, n_sounds); 0: not at all."""


@dataclass(frozen=True, slots=True)
class Quality(Record):
    """map: mean average precision with all of a class as relevant. top1: share of nearest neighbours of the same class.

    v: V-measure of K-means with as many clusters as classes, mean over three seeds.
    """

    map: float
    top1: float
    v: float


@dataclass(frozen=True, slots=True)
class TextQuality(Record):
    """map: mean over classes of the average precision of all sounds ranked by how well they fit the class's text.

    accuracy: share of sounds that fit the text of their own class best.
    """

    map: float
    accuracy: float


@dataclass(frozen=True, slots=True)
class Recall(Record):
    """at_10, at_100: share of the relevant sounds among the 10 and 100 best (of so many, where there are more).

    mrr: mean of 1 / the rank of the first relevant sound. All are means over queries.
    """

    at_10: float
    at_100: float
    mrr: float


def average_precision(relevant: NDArray[np.bool_]) -> float:
    """Mean precision at each relevant place of a ranking; there must be one."""
    precision = np.cumsum(relevant) / np.arange(1, len(relevant) + 1)
    return float(precision[relevant].mean())


def quality(vectors: Vectors, labels: Sequence[str], groups: Sequence[str]) -> Quality:
    """Scores of vectors (n, dim) by cosine. A neighbour from the same group (recording, speaker) never counts."""
    unit = vectors / (np.linalg.norm(vectors, axis=1, keepdims=True) + 1e-9)
    label, group = np.array(labels), np.array(groups)
    precisions, first = [], []
    for row in range(len(unit)):
        others = np.flatnonzero(group != group[row])
        order = others[np.argsort(-(unit[others] @ unit[row]), kind="stable")]
        relevant = label[order] == label[row]
        if relevant.any():
            precisions.append(average_precision(relevant))
            first.append(relevant[0])
    n_classes = len(set(labels))
    guesses = [KMeans(n_classes, n_init=3, random_state=seed).fit_predict(unit) for seed in SEEDS]
    v = np.mean([v_measure_score(label, guess) for guess in guesses])
    return Quality(float(np.mean(precisions)), float(np.mean(first)), float(v))


def text_quality(scores: Scores, labels: Sequence[str], classes: Sequence[str]) -> TextQuality:
    """Scores of texts, one for each class in the order given; every class has a sound."""
    label = np.array(labels)
    orders = np.argsort(-scores, axis=1, kind="stable")
    precisions = [average_precision(label[order] == name) for order, name in zip(orders, classes, strict=True)]
    guesses = np.array(classes)[scores.argmax(axis=0)]
    return TextQuality(float(np.mean(precisions)), float((guesses == label).mean()))


def recall(scores: Scores, relevant: NDArray[np.bool_], seed: int = 0) -> Recall:
    """How well queries find what is relevant to them, bool (n_queries, n_sounds); at least one sound to each.

    A sound that scores 0 is never found. Among equal scores chance decides, as the order of sounds may give them away.
    """
    shuffled = np.random.default_rng(seed).permutation(scores.shape[1])
    found = []
    for row, wanted in zip(scores[:, shuffled], relevant[:, shuffled], strict=True):
        order = np.argsort(-row, kind="stable")
        found.append(_recall(wanted[order] & (row[order] > 0), int(wanted.sum())))
    return _mean(found)


def recall_by_chance(n_relevant: Sequence[int], n_sounds: int) -> Recall:
    """What `recall` is expected to be for sounds in random order, given how many are relevant to each query."""
    expected = []
    for n in n_relevant:
        shares = [min(k, n_sounds) * n / n_sounds / min(k, n) for k in (FEW, MANY)]
        before = np.arange(n_sounds - n + 1)  # how many irrelevant ones may come before the first relevant one
        none_yet = np.cumprod(np.concatenate([[1.0], (n_sounds - n - before[:-1]) / (n_sounds - before[:-1])]))
        expected.append(Recall(shares[0], shares[1], float((none_yet * n / (n_sounds - before) / (before + 1)).sum())))
    return _mean(expected)


def _recall(right: NDArray[np.bool_], n_relevant: int) -> Recall:
    shares = [float(right[:k].sum()) / min(k, n_relevant) for k in (FEW, MANY)]
    return Recall(shares[0], shares[1], float(1 / (1 + right.argmax())) if right.any() else 0.0)


def _mean(recalls: Sequence[Recall]) -> Recall:
    return Recall(*np.mean([(each.at_10, each.at_100, each.mrr) for each in recalls], axis=0).tolist())
