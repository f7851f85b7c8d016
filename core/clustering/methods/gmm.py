"""A Gaussian mixture; BIC says of how many groups, where nobody does."""

import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from core.clustering import mixture
from core.clustering.methods.base import Found, Method, Points
from core.clustering.mixture import Fit
from core.clustering.partition import filled

MAX_GROUPS = 120
SMALLEST_MEAN_GROUP = 3  # BIC looks no further than groups of this size on average
GROWTH = 1.25  # from one number of groups to the next in the coarse scan
SAMPLE = 4_000  # points that mixtures are fitted to; more cost time and hardly move the best number
BEYOND, AT_LEAST = 1.6, 6  # the scan ends when it is so far beyond the best number, by factor and by groups
ROUNDS = 4  # in which numbers about the best are tried, which may move it
STARTS, STARTED = (3, 10), 10_000
"""Starts of the mixture that is kept and of those near the best number: the fewest, the most, and the points that are
started with in all. The one with the lowest BIC counts. With 3, one run in three on 320 points is off by 3 of 10."""


class GaussianMixtureMethod(Method):
    """The mixture with the lowest BIC (`core.clustering.mixture`), of any number of groups or of a forced one."""

    name = "gmm"

    def fit(self, points: Points, k: int | None, seed: int) -> Found:
        """See `Method.fit`."""
        sample = points
        if len(points) > SAMPLE:
            rows = np.random.default_rng(seed).choice(len(points), SAMPLE, replace=False)
            sample = points[np.sort(rows)]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # equal points fill fewer than k groups, see filled
            fits = _scan(sample, seed) if k is None else {k: _best_of(sample, k, seed)}
        number = min(fits, key=lambda each: fits[each].bic)
        best = fits[number]
        labels = best.labels if sample is points else mixture.predict(best.mixture, points)
        note = f"BIC was compared on {len(sample):,} of {len(points):,} sounds." if sample is not points else ""
        curve = [(each, fits[each].bic) for each in sorted(fits)] if k is None else []
        return Found(filled(labels, points, number), curve, note if curve else "")


def _scan(points: Points, seed: int) -> dict[int, Fit]:
    """The best fit by number of groups: growing steps until the best is far behind, then all about the best."""
    most = max(1, min(MAX_GROUPS, len(points) // SMALLEST_MEAN_GROUP))
    fits: dict[int, Fit] = {}
    k = 1
    while k <= most:
        _keep(fits, mixture.fit(points, k, seed))
        if k > BEYOND * _best(fits) + AT_LEAST:
            break
        k = max(k + 1, round(k * GROWTH))
    known: set[int] = set()
    for _ in range(ROUNDS):
        near = _near(fits, most) - known
        for number in sorted(near):
            _keep(fits, _best_of(points, number, seed))
        known |= near
    return fits


def _near(fits: dict[int, Fit], most: int) -> set[int]:
    """The numbers about the best one, a few however large it is."""
    best = _best(fits)
    step = max(1, round(best * (GROWTH - 1) / 4))
    return {k for k in range(best - 2 * step, best + 2 * step + 1, step) if 1 <= k <= most}


def _best(fits: dict[int, Fit]) -> int:
    return min(fits, key=lambda k: fits[k].bic)


def _keep(fits: dict[int, Fit], fit: Fit) -> None:
    """Keeps a fit unless a better one of as many groups is known; groups without members do not count."""
    if fit.n_groups not in fits or fit.bic < fits[fit.n_groups].bic:
        fits[fit.n_groups] = fit


def _best_of(points: Points, k: int, seed: int) -> Fit:
    """The fit with the lowest BIC of several starts, of those with the fewest empty groups."""
    starts = int(np.clip(STARTED // len(points), *STARTS))
    fits = [mixture.fit(points, k, seed + start) for start in range(starts)]
    return min(fits, key=lambda fit: (-fit.n_groups, fit.bic))


BACKEND = GaussianMixtureMethod
