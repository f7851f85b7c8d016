"""How surely the groups of a clustering come back when only a part of the vectors is grouped.

A group that comes back is one that the method sees whichever vectors it is given; that it means anything to a person is
not said. Knows nothing of sounds.
"""

import numpy as np
from numpy.typing import NDArray

from core.clustering.methods import METHODS, Labels, Method, Points
from core.errors import UnsupportedError
from core.one_thread import one_thread
from core.records import Vectors

DRAWS = 10  # parts that are grouped
PART = 0.75  # of the vectors, without replacement; of half, groups of six lose too much to be found again
SAMPLE = 2_000  # vectors that parts are drawn from, however many there are
FEWEST = (
    12  # members of a group in the sample, if it has so many: of a small group in a large library none may be drawn
)


def stability(vectors: Vectors, labels: Labels, method: str = "gmm", seed: int = 0) -> NDArray[np.float64]:
    """How surely each group comes back, (k,), from 0 to 1, for labels 0 to k - 1 of (n, dim) vectors; -1 is no group.

    Parts of the vectors are grouped anew into as many groups. Of each group the share of what it and the most similar
    new one have in common is taken (Jaccard, of what was drawn), and the mean over all parts. Below 0.6 a group should
    not be trusted; above 0.85 it is very stable. Of labels that were changed by hand it says how far the method agrees.
    Source: Hennig, Cluster-wise assessment of cluster stability, 2007, with subsets in place of bootstraps.
    """
    k = int(labels.max(initial=-1)) + 1
    if k < 2:
        return np.ones(k)
    backend, audible = METHODS.load(method)(), np.flatnonzero(vectors.any(axis=1))
    rows = audible[_sample(labels[audible], np.random.default_rng(seed))]
    from core.clustering.reduction import reduce

    with one_thread():
        points, known = reduce(vectors[rows], seed), labels[rows]
        found = np.array([_come_back(backend, points, known, k, seed + draw) for draw in range(DRAWS)])
    return _means(found)


def _come_back(backend: Method, points: Points, known: Labels, k: int, seed: int) -> NDArray[np.float64]:
    """The Jaccard of each of k groups with the most similar one of a part; NaN where none of it is drawn."""
    drawn = np.sort(np.random.default_rng(seed).choice(len(points), max(2, round(PART * len(points))), replace=False))
    before = known[drawn]
    try:
        after = backend.fit(points[drawn], min(k, len(drawn)), seed).labels
    except UnsupportedError:  # a part may not hold as many groups; then as many as there are
        after = backend.fit(points[drawn], None, seed).labels
    return best_jaccard(before, after, k)


def best_jaccard(before: Labels, after: Labels, k: int) -> NDArray[np.float64]:
    """The Jaccard of groups 0 to k - 1 of one labelling with the most similar group of another; NaN without members."""
    common = np.zeros((k, int(after.max(initial=-1)) + 2))
    inside = before >= 0
    np.add.at(common, (before[inside], after[inside] + 1), 1)  # the first column are outliers, which are no group
    sizes, others = common.sum(axis=1), np.bincount(after + 1, minlength=common.shape[1])
    union = sizes[:, None] + others[None, 1:] - common[:, 1:]
    best = (common[:, 1:] / np.maximum(union, 1)).max(axis=1, initial=0.0)
    return np.where(sizes > 0, best, np.nan)


def _sample(labels: Labels, rng: np.random.Generator) -> NDArray[np.int64]:
    """Rows by chance, at most about SAMPLE, but of each group at least FEWEST if it has them."""
    if len(labels) <= SAMPLE:
        return np.arange(len(labels))
    mixed = rng.permutation(len(labels))
    place = _place_in_group(labels[mixed])
    share = SAMPLE / len(labels)
    sizes = np.bincount(labels[mixed] + 1)
    wanted = np.maximum(np.ceil(sizes * share), FEWEST)
    chosen: NDArray[np.int64] = np.sort(mixed[place < wanted[labels[mixed] + 1]])
    return chosen


def _place_in_group(labels: Labels) -> NDArray[np.int64]:
    """How many of the same label come before each, (n,)."""
    order = np.argsort(labels, kind="stable")
    starts = np.searchsorted(labels[order], labels[order], side="left")
    places = np.empty(len(labels), np.int64)
    places[order] = np.arange(len(labels)) - starts
    return places


def _means(found: NDArray[np.float64]) -> NDArray[np.float64]:
    """Means over the draws (rows) in which a group had members; 0 where it never had."""
    drawn = ~np.isnan(found)
    means: NDArray[np.float64] = np.where(drawn, found, 0.0).sum(axis=0) / np.maximum(drawn.sum(axis=0), 1)
    return means
