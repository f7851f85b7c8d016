"""Where a curve says that a sound is there: from where it is sure of it to where it no longer thinks so.

Knows no names. Spans are in cells (`core.events.curves`), the last one not included.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from core.events.curves import Curve

BRIDGED = 2  # cells: a shorter gap is no gap
HALF = 0.6  # of its height: where a sound is heard in more than half of a window, it begins


@dataclass(frozen=True, slots=True)
class Thresholds:
    """on: a sound is there from this likelihood on, off: and until it is below this one."""

    on: float
    off: float


@dataclass(frozen=True, slots=True)
class Span:
    """Cells in which something is heard. score: how likely it is where it is clearest, 0 to 1."""

    first: int
    last: int
    score: float

    @property
    def length(self) -> int:
        """How many cells it has."""
        return self.last - self.first

    def shared(self, other: "Span") -> int:
        """How many cells are in both."""
        return max(0, min(self.last, other.last) - max(self.first, other.first))


def spans(curve: Curve, thresholds: Thresholds) -> list[Span]:
    """The spans of a curve, in order, none touching another."""
    above = curve >= thresholds.off
    found = [part for part in _runs(above) if curve[slice(*part)].max() >= thresholds.on]
    joined: list[tuple[int, int]] = []
    for first, last in (_trimmed(curve, *part) for part in found):
        if joined and first - joined[-1][1] <= BRIDGED:
            joined[-1] = (joined[-1][0], last)
        else:
            joined.append((first, last))
    return [Span(first, last, round(float(curve[first:last].max()), 3)) for first, last in joined]


def _runs(above: np.ndarray) -> Iterator[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], above, [False]]).astype(np.int8)))
    yield from zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)


def _trimmed(curve: Curve, first: int, last: int) -> tuple[int, int]:
    """Without what leads up to a sound and away from it: the parts of windows that it does not reach into."""
    high = np.flatnonzero(curve[first:last] >= HALF * curve[first:last].max())
    return first + int(high[0]), first + int(high[-1]) + 1
