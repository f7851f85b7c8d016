"""How the groups of a map are told apart: each has a hue and a shape, the same on every picture and page of that map.

Knows numbers, not colours: which they are says `core.plots.palette`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

HUES = 8
REACHES = (0.2, 0.1, 0.07, 0.07)  # of the steps to where a group is densest; a map is 1 wide


@dataclass(frozen=True, slots=True)
class Mark:
    """A look by its numbers. hue: from 0 to 7; shape: how often the hue was taken before, from 0."""

    hue: int
    shape: int


def in_turn(number: int) -> Mark:
    """The mark of the thing with a number from 1, where no place says more: eight hues, then the next shape."""
    shape, hue = divmod(number - 1, HUES)
    return Mark(hue, shape)


def apart(groups: Sequence[int], places: NDArray[np.floating]) -> dict[int, Mark]:
    """A mark for each group of some sounds, by its number from 1; 0 is no group. places: (n, 2), from 0 to 1.

    The largest choose first. Each takes a hue that the fewest have, of these the one whose other groups lie farthest
    away, and with it a shape that none of them has.
    """
    members = _members(np.asarray(groups, np.int64))
    middles = {number: _middle(places[rows].astype(np.float64)) for number, rows in members.items()}
    holders: list[list[NDArray[np.float64]]] = [[] for _ in range(HUES)]
    marks = {}
    for number in sorted(members, key=lambda each: (-len(members[each]), each)):
        here, fewest = middles[number], min(map(len, holders))
        open_ = [hue for hue in range(HUES) if len(holders[hue]) == fewest]
        hue = max(open_, key=lambda each: _room(here, holders[each]))
        marks[number] = Mark(hue, fewest)
        holders[hue].append(here)
    return dict(sorted(marks.items()))


def _room(here: NDArray[np.float64], others: list[NDArray[np.float64]]) -> float:
    return min((float(np.hypot(*(other - here))) for other in others), default=np.inf)


def _members(groups: NDArray[np.int64]) -> dict[int, NDArray[np.int64]]:
    """The rows of each group."""
    order = np.argsort(groups, kind="stable")
    numbers, starts = np.unique(groups[order], return_index=True)
    parts = np.split(order, starts)[1:]
    return {number: rows for number, rows in zip(numbers.tolist(), parts, strict=True) if number > 0}


def _middle(places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Where a group is densest: from the median, a few steps of mean shift."""
    middle = np.median(places, axis=0)
    for reach in REACHES:
        near = np.hypot(*(places - middle).T) < reach
        middle = places[near].mean(axis=0) if near.any() else middle
    return np.asarray(middle)
