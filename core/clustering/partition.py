"""What a grouping of vectors is: labels in order of size, and how typical each vector is of its group."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from core.clustering.methods.base import Labels
from core.records import Vectors

BLOCK = 4_096  # vectors whose cosines are taken at a time


@dataclass(frozen=True, slots=True)
class Grouping:
    """Groups of n vectors. labels: int64 (n,), from 0, the largest group first, none empty; -1 belongs to no group.

    typicality: float64 (n,), cosine of each vector with the mean of its group; 0 without a group. bic: (k, BIC) of
    every k that was tried, lower is better; empty where k was forced or the method has no BIC. note: what a person
    should know of it.
    """

    labels: Labels
    typicality: NDArray[np.float64]
    k: int
    bic: list[tuple[int, float]] = field(default_factory=list)
    note: str = ""


def by_size(labels: Labels) -> Labels:
    """Groups renamed so that 0 is the largest; groups of one size keep the order in which they first appear."""
    inside = labels >= 0
    ordered = np.full(len(labels), -1, np.int64)
    names, first, sizes = np.unique(labels[inside], return_index=True, return_counts=True)
    rank = np.empty(len(names), np.int64)
    rank[np.lexsort((first, -sizes))] = np.arange(len(names))
    ordered[inside] = rank[np.searchsorted(names, labels[inside])]
    return ordered


def means_of(vectors: Vectors, labels: Labels) -> NDArray[np.float64]:
    """The mean of each group as a unit vector, (k, dim) for labels 0 to k - 1; zero where it has no direction."""
    k = int(labels.max(initial=-1)) + 1
    means = np.zeros((k, vectors.shape[1]))
    for group in range(k):
        inside = vectors[labels == group]
        means[group] = inside.mean(axis=0, dtype=np.float64) if len(inside) else 0.0
    norms = np.linalg.norm(means, axis=1, keepdims=True)
    return np.where(norms > 1e-9, means / np.maximum(norms, 1e-9), 0.0)


def typicality(vectors: Vectors, labels: Labels) -> NDArray[np.float64]:
    """Cosine of each vector with the mean of its group, (n,); 0 for those that belong to none."""
    means = means_of(vectors, labels)
    cosines = np.zeros(len(vectors))
    for start in range(0, len(vectors), BLOCK):
        rows = slice(start, start + BLOCK)
        inside = labels[rows] >= 0
        cosines[rows][inside] = (vectors[rows][inside] * means[labels[rows][inside]]).sum(axis=1)
    return cosines


def filled(labels: Labels, points: NDArray[np.float64], k: int) -> Labels:
    """The same labels with no empty group of k: each that lacks takes the point furthest from the mean of its group."""
    labels = labels.copy()
    for empty in np.setdiff1d(np.arange(k), labels):
        sizes = np.bincount(labels, minlength=k)
        sums = np.stack([np.bincount(labels, column, minlength=k) for column in points.T], axis=1)
        means = sums / np.maximum(sizes, 1)[:, None]
        distance = np.where(sizes[labels] > 1, np.linalg.norm(points - means[labels], axis=1), -1.0)
        labels[distance.argmax()] = empty
    return labels
