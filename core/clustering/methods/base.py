"""What every method of clustering promises. One file beside this one is one method; contract tests run over all."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from core.errors import UnsupportedError

Labels = NDArray[np.int64]
"""The group of each of n vectors, (n,), from 0; -1 for an outlier, which belongs to none."""

Points = NDArray[np.float64]
"""Vectors as methods see them, reduced to a few numbers each (`core.clustering.reduction`), (n, d)."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a method found. labels: names of groups may be any numbers from 0, none need be in order.

    bic: (k, BIC) of every k that was tried, lower is better. note: what a person should know of it, in a sentence.
    """

    labels: Labels
    bic: list[tuple[int, float]] = field(default_factory=list)
    note: str = ""


class Method(ABC):
    """Groups points. The same points, number and seed give the same groups, bit for bit."""

    name: ClassVar[str]
    finds_number: ClassVar[bool] = True
    """Whether the number of groups may be left to it."""

    makes_outliers: ClassVar[bool] = False
    """Whether some points may belong to no group."""

    def check(self, n: int, k: int | None) -> None:
        """Raises UnsupportedError when n points cannot be grouped as asked, in a sentence for the person."""
        if n < 2:
            raise UnsupportedError(f"{n} sounds cannot be grouped; add more sounds, or ask for a wider choice")
        if k is None and not self.finds_number:
            raise UnsupportedError(f"{self.name} needs the number of groups; give one, or use gmm, which finds it")
        if k is not None and not 1 <= k <= n:
            raise UnsupportedError(f"{n} sounds cannot make {k} groups; ask for 1 to {n}")

    @abstractmethod
    def fit(self, points: Points, k: int | None, seed: int) -> Found:
        """Groups of the points: k, or as many as there are; none is empty, and no memory grows with n squared.

        Raises UnsupportedError when the points turn out not to make k groups.
        """
