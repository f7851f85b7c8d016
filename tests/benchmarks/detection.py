"""How well found events match those that were placed: F1 by segments and by events, by sed_eval's definitions.

Mesaros, Heittola, Virtanen: "Metrics for polyphonic sound event detection", Applied Sciences 6 (2016); micro-averaged.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil, floor
from typing import Protocol

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import maximum_bipartite_matching

SEGMENT_S = 1.0
COLLAR_S = 0.5
SHARE_OF_LENGTH = 0.5  # of a sound that its end may be off, where that is more than the collar


class Timed(Protocol):
    """Anything heard for a time."""

    @property
    def start_s(self) -> float: ...
    @property
    def end_s(self) -> float: ...
    @property
    def label(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Counts:
    """right: of those found, how many are. Adds up over scenes."""

    right: int
    found: int
    there: int

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(self.right + other.right, self.found + other.found, self.there + other.there)

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall; 1 where nothing is there and nothing was found."""
        return 2 * self.right / (self.found + self.there) if self.found + self.there else 1.0


def by_segments(there: Iterable[Timed], found: Iterable[Timed], segment_s: float = SEGMENT_S) -> Counts:
    """A label is active in each segment that it reaches into."""
    wanted, given = _segments(there, segment_s), _segments(found, segment_s)
    return Counts(len(wanted & given), len(given), len(wanted))


def by_events(there: Sequence[Timed], found: Sequence[Timed], collar_s: float = COLLAR_S) -> Counts:
    """An event is right if label, start and end are; each counts once, and as many as can be are matched."""
    return Counts(len(matched(there, found, collar_s)), len(found), len(there))


def matched(there: Sequence[Timed], found: Sequence[Timed], collar_s: float = COLLAR_S) -> list[tuple[int, int]]:
    """The places of what belongs together."""
    fits = np.array([[_fits(one, other, collar_s) for other in found] for one in there], bool)
    if not fits.any():
        return []
    chosen = maximum_bipartite_matching(csr_matrix(fits), perm_type="column")
    return [(row, int(column)) for row, column in enumerate(chosen) if column >= 0]


def _fits(there: Timed, found: Timed, collar_s: float) -> bool:
    end_collar_s = max(collar_s, SHARE_OF_LENGTH * (there.end_s - there.start_s))
    starts = abs(there.start_s - found.start_s) <= collar_s
    return starts and abs(there.end_s - found.end_s) <= end_collar_s and there.label == found.label


def _segments(events: Iterable[Timed], segment_s: float) -> set[tuple[str, int]]:
    return {
        (event.label, place)
        for event in events
        for place in range(floor(event.start_s / segment_s), ceil(event.end_s / segment_s))
    }
