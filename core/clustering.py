"""Groups of vectors: a Gaussian mixture whose number of components BIC chooses or a person forces, or K-means.

Knows nothing of sounds. The same vectors and seed give the same groups.
"""

import warnings
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture
from threadpoolctl import threadpool_limits

from core.errors import UnknownNameError, UnsupportedError
from core.records import Vectors

Method = Literal["gmm", "kmeans"]
METHODS: tuple[Method, ...] = get_args(Method)

DIMENSIONS = 24  # of the reduced vectors; with one tied covariance BIC then counts 40 of 50 small classes (our trial)
MAX_GROUPS = 100
SMALLEST_MEAN_GROUP = 3  # BIC looks no further than groups of this size on average
GROWTH = 1.35  # from one number of groups to the next in the coarse scan
SCAN_SAMPLE = 5_000  # vectors that BIC is scanned on; more cost time and hardly move its minimum
PATIENCE = 3  # steps of the coarse scan without a better BIC before it ends
REGULARISATION = 1e-4  # of a tied covariance over reduced unit vectors, whose variances lie around 0.01
ATTEMPTS = 5  # at a mixture in which no component stays without members

Labels = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Grouping:
    """Groups of n vectors. labels: int64 (n,), from 0, the largest group first; none is empty.

    typicality: float64 (n,), cosine of each vector with the mean of its group. bic: (k, BIC) of every k that was tried,
    lower is better; empty where k was forced or the method has no BIC.
    """

    labels: Labels
    typicality: NDArray[np.float64]
    k: int
    bic: list[tuple[int, float]]


def group(vectors: Vectors, k: int | None, method: str = "gmm", seed: int = 0) -> Grouping:
    """Groups float32 (n, dim) unit vectors into k groups, or into as many as BIC finds.

    Raises UnsupportedError when there are too few vectors for k, or k is asked of BIC by a method that has none.
    """
    check(len(vectors), k, method)
    with threadpool_limits(1):  # sums in a fixed order: the same groups on every machine of one kind
        reduced = reduce(vectors, seed)
        curve: list[tuple[int, float]] = []
        if k is None:
            curve = _scan_bic(reduced, seed)
            k = min(curve, key=lambda point: point[1])[0]
        labels = _by_size(_fit(reduced, k, method, seed))
    return Grouping(labels, _typicality(vectors, labels), k, sorted(curve))


def check(n: int, k: int | None, method: str) -> None:
    """Raises when n vectors cannot be grouped as asked, in a sentence for the person."""
    if method not in METHODS:
        raise UnknownNameError(f"no clustering method is called {method!r}; known are {', '.join(METHODS)}")
    if k is None and method == "kmeans":
        raise UnsupportedError("K-means needs the number of groups; give one, or use gmm, which finds it")
    if n < 2:
        raise UnsupportedError(f"{n} sounds cannot be grouped; add more sounds, or ask for a wider choice")
    if k is not None and not 1 <= k <= n:
        raise UnsupportedError(f"{n} sounds cannot make {k} groups; ask for 1 to {n}")


def reduce(vectors: Vectors, seed: int) -> NDArray[np.float64]:
    """The first principal components of the vectors, float64 (n, at most 24)."""
    n_components = max(1, min(DIMENSIONS, len(vectors) // 4, vectors.shape[1]))
    with np.errstate(invalid="ignore"):  # shares of variance, which are not asked for, do not exist for equal vectors
        reduced: NDArray[np.float64] = PCA(n_components, random_state=seed).fit_transform(vectors.astype(np.float64))
    return reduced


def _scan_bic(reduced: NDArray[np.float64], seed: int) -> list[tuple[int, float]]:
    """BIC over k: growing steps until it gets no better, then gaps around the best are halved until none is left."""
    most = max(1, min(MAX_GROUPS, len(reduced) // SMALLEST_MEAN_GROUP))
    if len(reduced) > SCAN_SAMPLE:
        reduced = reduced[np.random.default_rng(seed).choice(len(reduced), SCAN_SAMPLE, replace=False)]
    curve: dict[int, float] = {}
    k, worse = 1, 0
    while k <= most and worse < PATIENCE:
        curve[k] = _mixture(reduced, k, seed).bic(reduced)
        worse = 0 if curve[k] == min(curve.values()) else worse + 1
        k = max(k + 1, round(k * GROWTH))
    while (gap := _widest_gap(curve)) is not None:
        curve[gap] = _mixture(reduced, gap, seed).bic(reduced)
    return [(k, float(bic)) for k, bic in curve.items()]


def _widest_gap(curve: dict[int, float]) -> int | None:
    """The middle of the wider of the two gaps beside the best k; None where its neighbours are known."""
    tried = sorted(curve)
    best = tried.index(min(tried, key=lambda k: curve[k]))
    pairs = [(tried[i], tried[i + 1]) for i in (best - 1, best) if 0 <= i < len(tried) - 1]
    gaps = [(high - low, (high + low) // 2) for low, high in pairs]
    width, middle = max(gaps, default=(1, 0))
    return middle if width > 1 else None


def _mixture(reduced: NDArray[np.float64], k: int, seed: int) -> GaussianMixture:
    model = GaussianMixture(
        k, covariance_type="tied", reg_covar=REGULARISATION, n_init=1, max_iter=60, tol=1e-3, random_state=seed
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a fit that stops at max_iter is good enough to compare
        return model.fit(reduced)


def _fit(reduced: NDArray[np.float64], k: int, method: str, seed: int) -> Labels:
    labels: Labels
    if method == "kmeans":
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # equal vectors fill fewer than k groups, see _filled
            labels = KMeans(k, n_init=4, random_state=seed).fit_predict(reduced).astype(np.int64)
        return _filled(labels, reduced, k)
    labels = np.zeros(len(reduced), np.int64)
    for attempt in range(ATTEMPTS):
        labels = _mixture(reduced, k, seed + attempt).predict(reduced).astype(np.int64)
        if len(np.unique(labels)) == k:
            return labels
    return _filled(labels, reduced, k)


def _filled(labels: Labels, reduced: NDArray[np.float64], k: int) -> Labels:
    """The same labels with no empty group: each that lacks takes the vector furthest from the mean of its group."""
    labels = labels.copy()
    for empty in np.setdiff1d(np.arange(k), labels):
        sizes = np.bincount(labels, minlength=k)
        means = np.stack([reduced[labels == g].mean(axis=0) if sizes[g] else reduced[0] * 0 for g in range(k)])
        distance = np.where(sizes[labels] > 1, np.linalg.norm(reduced - means[labels], axis=1), -1.0)
        labels[distance.argmax()] = empty
    return labels


def _by_size(labels: Labels) -> Labels:
    """Groups renamed so that 0 is the largest; groups of one size keep the order in which they first appear."""
    names, first, sizes = np.unique(labels, return_index=True, return_counts=True)
    order = np.lexsort((first, -sizes))
    rank = np.empty(len(names), np.int64)
    rank[order] = np.arange(len(names))
    return rank[np.searchsorted(names, labels)]


def _typicality(vectors: Vectors, labels: Labels) -> NDArray[np.float64]:
    means = np.stack([vectors[labels == g].mean(axis=0, dtype=np.float64) for g in range(labels.max() + 1)])
    means /= np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-9)
    cosines: NDArray[np.float64] = (vectors * means[labels]).sum(axis=1)
    return cosines
