"""New vectors put into groups that are there, without grouping anew. Works for groups of any method, also made by hand.

Knows vectors and the numbers of groups, and nothing of how the groups came to be.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.clustering.partition import means_of
from core.records import Vectors

VOTERS = 7  # nearest members that say where a vector belongs
NEAR = 3  # nearest members of a group that its distance is measured to; groups of three have no more
WITNESSES = 100  # members of a group that say how far its members lie from each other
SPREADS = 2.5  # standard deviations above the mean of its members' distances from which on a vector is an outlier
PRIOR = 20  # members of all groups' spread that are added to the spread of one, which of few members says little
NEAREST = 1e-3  # a distance; smaller ones are twins, and how small says nothing
BLOCK = 1 << 24  # cosines held at a time: 64 MB

Clusters = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Assigned:
    """Where n vectors belong. clusters: int64 (n,), 0 for none. typicality: float64 (n,), cosine with its mean."""

    clusters: Clusters
    typicality: NDArray[np.float64]


def assign(new: Vectors, members: Vectors, clusters: Clusters) -> Assigned:
    """The groups that unit vectors (n, dim) belong to, by the nearest members (m, dim) of groups (m,); 0 is none.

    The seven nearest members vote, each with its cosine. A vector that is further from its group than nearly all of its
    members are (1 - the mean cosine with the three nearest of it, 2.5 standard deviations above theirs) belongs to
    none, as do silence and what lies among members of none.
    """
    found, typicality = np.zeros(len(new), np.int64), np.zeros(len(new))
    audible, held = np.flatnonzero(new.any(axis=1)), members.any(axis=1)
    members, clusters = members[held], clusters[held]
    if not len(audible) or not (clusters > 0).any():
        return Assigned(found, typicality)
    names, labels = np.unique(clusters, return_inverse=True)
    found[audible] = names[_vote(new[audible], members, labels)]
    _leave_out_the_far(found, new, members, clusters)
    inside = np.flatnonzero(found)
    means = means_of(members, labels.astype(np.int64))[np.searchsorted(names, found[inside])]
    typicality[inside] = (new[inside] * means).sum(axis=1)
    return Assigned(found, typicality)


def _vote(new: Vectors, members: Vectors, labels: Clusters) -> Clusters:
    """The label with the largest sum of cosines among the nearest members."""
    winners = np.zeros(len(new), np.int64)
    n_voters, size = min(VOTERS, len(members)), max(1, BLOCK // len(members))
    for start in range(0, len(new), size):
        cosines = new[start : start + size] @ members.T
        nearest = np.argpartition(cosines, -n_voters, axis=1)[:, -n_voters:]
        weights = np.maximum(np.take_along_axis(cosines, nearest, axis=1), 1e-6)
        votes = labels[nearest]
        sums = (weights[:, None, :] * (votes[:, :, None] == votes[:, None, :])).sum(axis=2)
        winners[start : start + size] = votes[np.arange(len(votes)), sums.argmax(axis=1)]
    return winners


def _leave_out_the_far(found: Clusters, new: Vectors, members: Vectors, clusters: Clusters) -> None:
    """Sets to 0 what is too far from the group that it was found to belong to.

    Distances are compared by their logarithms: those within a group spread about as much in a narrow one as in a wide
    one, so that groups of few members can lean on the spread of all (`PRIOR`).
    """
    names = np.unique(clusters[clusters > 0])
    own = {name: _of_members(members[clusters == name]) for name in names}
    known = [each for each in own.values() if len(each) > 1]
    pooled = float(np.mean(np.concatenate([(each - each.mean()) ** 2 for each in known]))) if known else 0.0
    usual = float(np.median(np.concatenate(known))) if known else 0.0
    for name, each in own.items():
        rows = np.flatnonzero(found == name)
        if len(rows):
            centre = each.mean() if len(each) else usual
            squares = ((each - centre) ** 2).sum() + PRIOR * pooled
            bound = centre + SPREADS * np.sqrt(squares / (len(each) + PRIOR))
            far = _log_distance(new[rows], members[clusters == name], NEAR) > bound
            found[rows[far]] = 0


def _of_members(group: Vectors) -> NDArray[np.float64]:
    """The log distances of some members of a group to the others, evenly taken; empty for a group of one."""
    if len(group) < 2:
        return np.zeros(0)
    rows = np.unique(np.linspace(0, len(group) - 1, WITNESSES).astype(np.int64))
    return _log_distance(group[rows], group, min(NEAR, len(group) - 1), rows)


def _log_distance(vectors: Vectors, group: Vectors, near: int, own: Clusters | None = None) -> NDArray[np.float64]:
    """The logarithm of 1 - the mean cosine with the nearest members. own: the member that each is itself, left out."""
    near, nearness = min(near, len(group)), np.zeros(len(vectors))
    size = max(1, BLOCK // len(group))
    for start in range(0, len(vectors), size):
        cosines = vectors[start : start + size] @ group.T
        if own is not None:
            cosines[np.arange(len(cosines)), own[start : start + size]] = -np.inf
        nearest = np.partition(cosines, -near, axis=1)[:, -near:]
        nearness[start : start + size] = nearest.mean(axis=1, dtype=np.float64)
    return np.log(np.maximum(1 - nearness, NEAREST))
