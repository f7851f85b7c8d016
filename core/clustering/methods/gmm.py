"""A Gaussian mixture; BIC says of how many components, where nobody does."""

import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

from core.clustering.methods.base import Found, Labels, Method, Points
from core.clustering.partition import filled

MAX_GROUPS = 100
SMALLEST_MEAN_GROUP = 3  # BIC looks no further than groups of this size on average
GROWTH = 1.35  # from one number of groups to the next in the coarse scan
SCAN_SAMPLE = 5_000  # vectors that BIC is scanned on; more cost time and hardly move its minimum
PATIENCE = 3  # steps of the coarse scan without a better BIC before it ends
REGULARISATION = 1e-4  # of a tied covariance over reduced unit vectors, whose variances lie around 0.01
ATTEMPTS = 5  # at a mixture in which no component stays without members


class GaussianMixtureMethod(Method):
    """A mixture of Gaussians that share one covariance."""

    name = "gmm"

    def fit(self, points: Points, k: int | None, seed: int) -> Found:
        """See `Method.fit`; the number is the one with the lowest BIC."""
        curve: list[tuple[int, float]] = []
        if k is None:
            curve = _scan_bic(points, seed)
            k = min(curve, key=lambda point: point[1])[0]
        return Found(_fit(points, k, seed), curve)


def _scan_bic(points: Points, seed: int) -> list[tuple[int, float]]:
    """BIC over k: growing steps until it gets no better, then gaps around the best are halved until none is left."""
    most = max(1, min(MAX_GROUPS, len(points) // SMALLEST_MEAN_GROUP))
    if len(points) > SCAN_SAMPLE:
        points = points[np.random.default_rng(seed).choice(len(points), SCAN_SAMPLE, replace=False)]
    curve: dict[int, float] = {}
    k, worse = 1, 0
    while k <= most and worse < PATIENCE:
        curve[k] = _mixture(points, k, seed).bic(points)
        worse = 0 if curve[k] == min(curve.values()) else worse + 1
        k = max(k + 1, round(k * GROWTH))
    while (gap := _widest_gap(curve)) is not None:
        curve[gap] = _mixture(points, gap, seed).bic(points)
    return [(k, float(bic)) for k, bic in curve.items()]


def _widest_gap(curve: dict[int, float]) -> int | None:
    """The middle of the wider of the two gaps beside the best k; None where its neighbours are known."""
    tried = sorted(curve)
    best = tried.index(min(tried, key=lambda k: curve[k]))
    pairs = [(tried[i], tried[i + 1]) for i in (best - 1, best) if 0 <= i < len(tried) - 1]
    gaps = [(high - low, (high + low) // 2) for low, high in pairs]
    width, middle = max(gaps, default=(1, 0))
    return middle if width > 1 else None


def _mixture(points: Points, k: int, seed: int) -> GaussianMixture:
    model = GaussianMixture(
        k, covariance_type="tied", reg_covar=REGULARISATION, n_init=1, max_iter=60, tol=1e-3, random_state=seed
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a fit that stops at max_iter is good enough to compare
        model.fit(points)
    return model


def _fit(points: Points, k: int, seed: int) -> Labels:
    labels: Labels = np.zeros(len(points), np.int64)
    for attempt in range(ATTEMPTS):
        labels = _mixture(points, k, seed + attempt).predict(points).astype(np.int64)
        if len(np.unique(labels)) == k:
            return labels
    return filled(labels, points, k)


BACKEND = GaussianMixtureMethod
