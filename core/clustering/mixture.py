"""Gaussian mixtures of points that may be few to a group, and the BIC that compares them.

Knows nothing of how many groups there should be. Every group has a covariance of its own that leans on a shared one:
with three members it is all but the shared one, with hundreds its own. So one model takes the place of the usual choice
between tied and full covariances, which is wrong for one size of group or the other.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, logsumexp, multigammaln
from sklearn.cluster import KMeans

from core.clustering.methods.base import Labels, Points

STEPS = 12  # of expectation and maximisation at most; K-means has brought the groups near by then
SETTLED = 0.01  # change of a membership below which the steps end
KMEANS_STARTS = 4
FREEDOM = 2  # of the prior of a covariance beyond what its mean needs: the weakest whole number that has one
FREEDOMS = (2, 8, 32, 128, 512)  # how far covariances may be from the shared one: from each its own to all the same
FLOOR = 1e-3  # of the mean variance, added to every variance, so that twins do not make a group of no extent
LEAST = 1e-9  # the same where all points are one
BLOCK = 1 << 18  # numbers held at a time: 2 MB, which a cache holds; with 64 MB it takes twice the time
ROWS = 10_000  # points whose memberships are held at a time where only the likeliest is asked for

Covariances = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Mixture:
    """k Gaussians. log_shares: (k,); means: (k, d); covariances: (k, d, d)."""

    log_shares: NDArray[np.float64]
    means: Points
    covariances: Covariances


@dataclass(frozen=True, slots=True)
class Fit:
    """A mixture, the group of each point by it, and its BIC. n_groups: how many have members."""

    mixture: Mixture
    labels: Labels
    bic: float
    n_groups: int


def fit(points: Points, k: int, seed: int) -> Fit:
    """A mixture of k Gaussians, float64 (n, d) points, begun by K-means."""
    start = KMeans(k, n_init=KMEANS_STARTS, random_state=seed).fit_predict(points)
    return fit_from(points, start.astype(np.int64), k)


def fit_from(points: Points, start: Labels, k: int) -> Fit:
    """A mixture of k Gaussians, begun with the groups of a labelling."""
    members = np.eye(k)[start]
    for _ in range(STEPS):
        mixture, shared = _maximised(points, members)
        before, members = members, np.exp(_log_members(mixture, points))
        if np.abs(members - before).max() < SETTLED:
            break
    labels: Labels = members.argmax(axis=1)
    return Fit(mixture, labels, bic(points, labels, shared), len(np.unique(labels)))


def predict(mixture: Mixture, points: Points) -> Labels:
    """The most likely group of each point, int64 (n,)."""
    blocks = [points[start : start + ROWS] for start in range(0, len(points), ROWS)]
    return np.concatenate([_log_members(mixture, block).argmax(axis=1) for block in blocks])


def bic(points: Points, labels: Labels, shared: Covariances) -> float:
    """BIC of a labelling of (n, d) points, lower is better. shared: (d, d), what the covariances of groups lean on.

    Schwarz's criterion is what minus twice the log evidence of a model comes to for many points in every group. With
    six to a group that is far off: it counts 20 of 46 groups with full covariances, and with tied ones splits large
    groups in two or three. So the evidence is taken whole, which a conjugate prior allows: normal-inverse-Wishart for
    mean and covariance of a group, a uniform Dirichlet for their shares. The prior is read from the points: covariances
    are like the shared one, means spread as all points do.
    Source: Schwarz, Estimating the dimension of a model, 1978; Murphy, Conjugate Bayesian analysis of the Gaussian
    distribution, 2007, section 9; Biernacki, Celeux and Govaert, Exact and Monte Carlo calculations of integrated
    likelihoods for the latent class model, 2010, for evidence of labels; Fraley and Raftery, 2007, for such a prior.
    """
    n, d = points.shape
    _, labels, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    k, total = len(sizes), _floored(np.cov(points.T).reshape(d, d), points)
    of_mean = float(np.trace(shared) / np.trace(total))  # in points: how much the prior of a mean counts
    sums = _sums(points, labels, k)
    off = sums / sizes[:, None] - points.mean(axis=0)
    scatter = _scatter(points, np.eye(k)[labels], sums / sizes[:, None])
    scatter += (of_mean * sizes / (of_mean + sizes))[:, None, None] * off[:, :, None] * off[:, None, :]
    of_shares = gammaln(k) - gammaln(n + k) + gammaln(sizes + 1).sum()
    of_means = (d / 2 * np.log(of_mean / (of_mean + sizes))).sum() - n * d / 2 * np.log(np.pi)
    of_spread = max(_evidence_of_spread(scatter, sizes, shared, freedom) for freedom in FREEDOMS)
    return float(-2 * (of_shares + of_means + of_spread))


def _evidence_of_spread(scatter: Covariances, sizes: NDArray[np.int64], shared: Covariances, freedom: float) -> float:
    """What the covariances of groups add to the log evidence, under an inverse-Wishart prior around the shared one."""
    d = len(shared)
    prior, degrees = freedom * shared, freedom + d + 1
    of_prior = degrees / 2 * np.linalg.slogdet(prior)[1] - multigammaln(degrees / 2, d)
    of_groups = multigammaln((degrees + sizes) / 2, d) - (degrees + sizes) / 2 * np.linalg.slogdet(prior + scatter)[1]
    return float((of_groups + of_prior).sum())


def _maximised(points: Points, members: Points) -> tuple[Mixture, Covariances]:
    """The mixture that memberships (n, k) make most likely, and the covariance that those of its groups lean on.

    That is the harmonic mean over all points. The plain mean is that of the widest groups; narrow ones beside them are
    then lost (46 narrow and 10 wide kinds in one library: 36 groups are found with it, 55 with the harmonic one).
    """
    (n, d), k = points.shape, members.shape[1]
    sizes = members.sum(axis=0)
    means = (members.T @ points) / np.maximum(sizes, LEAST)[:, None]
    scatter = _scatter(points, members, means)
    shared = _floored(scatter.sum(axis=0) / max(1, n - k), points)
    lean = FREEDOM + d + 1
    within = (scatter + lean * shared) / (sizes + lean)[:, None, None]
    shared = _floored(np.linalg.inv(np.tensordot(sizes / n, np.linalg.inv(within), 1)), points)
    within = (scatter + lean * shared) / (sizes + lean)[:, None, None]
    return Mixture(np.log((sizes + 1) / (n + k)), means, within), shared


def _log_members(mixture: Mixture, points: Points) -> Points:
    """The log of the probability of each group, (n, k)."""
    k, d = mixture.means.shape
    whiten = np.linalg.inv(np.linalg.cholesky(mixture.covariances))  # (k, d, d), lower triangles
    offset = np.einsum("kij,kj->ki", whiten, mixture.means)
    log_density, size = np.empty((len(points), k)), max(1, BLOCK // (k * d))
    for at in range(0, len(points), size):
        centred = (points[at : at + size] @ whiten.reshape(k * d, d).T).reshape(-1, k, d) - offset
        log_density[at : at + size] = -0.5 * np.einsum("nki,nki->nk", centred, centred)
    log_density += np.log(np.diagonal(whiten, axis1=1, axis2=2)).sum(axis=1) + mixture.log_shares
    joint: Points = log_density - logsumexp(log_density, axis=1, keepdims=True)
    return joint


def _scatter(points: Points, members: Points, means: Points) -> Covariances:
    """The sum of squares and products around the mean of each group, (k, d, d)."""
    scatter = np.zeros((len(means), points.shape[1], points.shape[1]))
    for group, mean in enumerate(means):
        rows = np.flatnonzero(members[:, group] > LEAST)
        centred = points[rows] - mean
        scatter[group] = (centred * members[rows, group, None]).T @ centred
    return scatter


def _sums(points: Points, labels: Labels, k: int) -> Points:
    return np.stack([np.bincount(labels, column, minlength=k) for column in points.T], axis=1)


def _floored(covariance: Covariances, points: Points) -> Covariances:
    floor = max(LEAST, FLOOR * float(points.var(axis=0).mean()))
    return covariance + floor * np.eye(len(covariance))
