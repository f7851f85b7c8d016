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
FEWEST = 12  # members of a group in the sample, if it has them: of a small one in a large library none may be drawn
SHUFFLES = 8  # of the labels of a part, which say what chance would give; 40 move no figure by 0.01
EQUAL = 5  # digits to which vectors are one


def stability(vectors: Vectors, labels: Labels, method: str = "gmm", seed: int = 0) -> NDArray[np.float64]:
    """How surely each group comes back, (k,), from 0 to 1, for labels 0 to k - 1 of (n, dim) vectors; -1 is no group.

    Parts of the vectors are grouped anew into as many groups. Of each group the share J of what it and the most similar
    new one have in common is taken (Jaccard, of what was drawn), less what chance gives: (J - E) / (1 - E), not below
    0, where E is the mean of J with the labels of the part permuted. So a group of nearly all vectors, which has much
    in common with anything, is worth no more than what it has beyond that. The mean over all parts counts. Below 0.6 a
    group should not be trusted; above 0.85 it is very stable. Of labels that were changed by hand it says how far the
    method agrees.

    0 for a group whose vectors are all equal to some of another group: between them any line is as good. NaN where
    nothing is measured: of one group of all, and of a group that cannot be heard.
    Source: Hennig, Cluster-wise assessment of cluster stability, 2007, with subsets in place of bootstraps; corrected
    for chance as Hubert and Arabie, Comparing partitions, 1985, correct the index of Rand.
    """
    k = int(labels.max(initial=-1)) + 1
    if k < 2:
        return np.full(k, np.nan)
    backend, audible = METHODS.load(method)(), np.flatnonzero(vectors.any(axis=1))
    rows = audible[_sample(labels[audible], np.random.default_rng(seed))]
    from core.clustering.reduction import reduce

    with one_thread():
        points, known = reduce(vectors[rows], seed), labels[rows]
        found = np.array([_come_back(backend, points, known, k, seed + draw) for draw in range(DRAWS)])
    return np.where(_arbitrary(vectors[rows], known, k), 0.0, _means(found))


def best_jaccard(before: Labels, after: Labels, k: int) -> NDArray[np.float64]:
    """The Jaccard of groups 0 to k - 1 of one labelling with the most similar group of another; NaN without members."""
    width, inside = int(after.max(initial=-1)) + 2, before >= 0  # the first column are outliers, which are no group
    common = np.bincount(before[inside] * width + after[inside] + 1, minlength=k * width).reshape(k, width)
    sizes, others = common.sum(axis=1), np.bincount(after + 1, minlength=common.shape[1])
    union = sizes[:, None] + others[None, 1:] - common[:, 1:]
    best = (common[:, 1:] / np.maximum(union, 1)).max(axis=1, initial=0.0)
    return np.where(sizes > 0, best, np.nan)


def beyond_chance(before: Labels, after: Labels, k: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """`best_jaccard`, from 0 for what labels without any order give to 1; NaN also where chance gives all there is."""
    found = best_jaccard(before, after, k)
    by_chance = np.mean([best_jaccard(before, rng.permutation(after), k) for _ in range(SHUFFLES)], axis=0)
    room = np.where(by_chance < 1, 1 - by_chance, np.nan)
    return np.asarray(np.clip((found - by_chance) / room, 0, 1))


def _come_back(backend: Method, points: Points, known: Labels, k: int, seed: int) -> NDArray[np.float64]:
    """How far each of k groups comes back in a part, beyond chance; NaN where none of it is drawn."""
    rng = np.random.default_rng(seed)
    drawn = np.sort(rng.choice(len(points), max(2, round(PART * len(points))), replace=False))
    before = known[drawn]
    try:
        after = backend.fit(points[drawn], min(k, len(drawn)), seed).labels
    except UnsupportedError:  # a part may not hold as many groups; then as many as there are
        after = backend.fit(points[drawn], None, seed).labels
    return beyond_chance(before, after, k, rng)


def _arbitrary(vectors: Vectors, labels: Labels, k: int) -> NDArray[np.bool_]:
    """Which of k groups hold nothing but vectors that another group holds as well, (k,)."""
    inside = labels >= 0
    _, which = np.unique(np.round(vectors[inside], EQUAL) + 0.0, axis=0, return_inverse=True)
    held = np.unique(np.stack([which, labels[inside]]), axis=1)  # each vector once for each group that holds it
    is_shared = np.bincount(held[0])[held[0]] > 1
    n_own, n = np.bincount(held[1], ~is_shared, k), np.bincount(held[1], minlength=k)
    return np.asarray((n > 0) & (n_own == 0))


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
    """Means over the draws (rows) in which a group had members; NaN where it never had."""
    drawn = ~np.isnan(found)
    times = drawn.sum(axis=0)
    means: NDArray[np.float64] = np.where(drawn, found, 0.0).sum(axis=0) / np.maximum(times, 1)
    return np.where(times > 0, means, np.nan)
