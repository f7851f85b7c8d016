"""HDBSCAN: groups are where sounds lie densely, and what lies between them belongs to none."""

import numpy as np
from scipy.cluster.hierarchy import cut_tree, linkage
from scipy.spatial import KDTree
from sklearn.cluster import HDBSCAN

from core.clustering.methods.base import Found, Labels, Method, Points
from core.errors import UnsupportedError

SAMPLE = 10_000  # points whose density is measured; it takes time with the square of it
SMALLEST = 5  # members of a group; from 2,500 points on SHARE asks for more, and below 125 FEW for less
SHARE = 1 / 500  # of the points that a group holds at least, so that a large library does not fall into hundreds
FEW = 1 / 25  # the same where there are few points; but three at least
NEIGHBOURS = 2  # that a point needs to lie densely; with 5, 18% of 320 labelled clips are outliers, with 2 it is 9%
SMALLER = (5, 4, 3, 2)  # members, tried where a person asks for more groups than that finds
VOTERS = 5  # nearest points of the sample that say where another point belongs
FAR = (
    0.99  # a point that is further from the sample than this share of the sample's groups is from itself is an outlier
)


class HdbscanMethod(Method):
    """Groups by density. A forced number is reached by joining the nearest ones, and refused if there are fewer."""

    name = "hdbscan"
    makes_outliers = True

    def fit(self, points: Points, k: int | None, seed: int) -> Found:
        """See `Method.fit`. Raises UnsupportedError where there are fewer dense groups than k."""
        rows = np.arange(len(points))
        if len(points) > SAMPLE:
            rows = np.sort(np.random.default_rng(seed).choice(rows, SAMPLE, replace=False))
        sample = points[rows]
        usual = max(3, min(SMALLEST, round(len(sample) * FEW)), round(len(sample) * SHARE))
        labels = _groups(sample, usual) if k is None else _joined(sample, _at_least(sample, k, usual), k)
        note = ""
        if labels.max(initial=-1) < 0:
            labels, note = np.zeros(len(sample), np.int64), "No part of them lies denser than the rest: one group."
        if len(rows) < len(points):
            labels = _spread(sample, labels, points)
        return Found(labels, note=note)


def _groups(points: Points, smallest: int) -> Labels:
    size = max(2, min(smallest, len(points)))
    found = HDBSCAN(min_cluster_size=size, min_samples=NEIGHBOURS, copy=True).fit_predict(points)
    labels: Labels = found.astype(np.int64)
    return labels


def _at_least(points: Points, k: int, usual: int) -> Labels:
    """The groups of at least the usual size, or of a smaller one where those are not k."""
    if k == 1:
        return np.zeros(len(points), np.int64)
    most = 0
    for smallest in (usual, *SMALLER):
        labels = _groups(points, smallest)
        found = int(labels.max(initial=-1)) + 1
        if found >= k:
            return labels
        most = max(most, found)
    fewer = f"{most} groups" if most > 1 else "no two groups"
    raise UnsupportedError(
        f"hdbscan finds {fewer} that lie dense enough, not {k}; ask for fewer, or use gmm or kmeans, which cut anywhere"
    )


def _joined(points: Points, labels: Labels, k: int) -> Labels:
    """The groups joined until k are left, those whose means lie nearest first."""
    groups = int(labels.max()) + 1
    if groups == k:
        return labels
    means = np.stack([points[labels == group].mean(axis=0) for group in range(groups)])
    names = cut_tree(linkage(means, "ward"), n_clusters=k)[:, 0].astype(np.int64)
    return np.where(labels >= 0, names[labels], -1)


def _spread(sample: Points, labels: Labels, points: Points) -> Labels:
    """Labels of all points: what most of the nearest in the sample say, or none where they are far."""
    tree = KDTree(sample)
    own = tree.query(sample[labels >= 0], VOTERS + 1)[0][:, -1]
    distances, nearest = tree.query(points, VOTERS)
    votes = labels[nearest]
    counts = (votes[:, :, None] == votes[:, None, :]).sum(axis=2)
    said: Labels = votes[np.arange(len(points)), counts.argmax(axis=1)]
    return np.where(distances[:, -1] <= np.quantile(own, FAR), said, -1)


BACKEND = HdbscanMethod
