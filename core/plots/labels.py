"""Where the names of groups go on a picture: near their group, over as few points as may be, never over each other.

Works with boxes and points in pixels; knows nothing of Matplotlib.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RINGS = (0.0, 0.6, 1.0, 1.5, 2.2, 3.0, 4.0, 5.5, 7.5, 10.0)  # how far from the group to look, in heights of a label
ANGLES = 24
ROUNDS = 4  # of moving each label to a better place among the others
GAP_PX = 5.0
CELL_PX = 8
HEART_PX = 20.0  # the middle of a group, which a name had better not hide, be it its own or another's


@dataclass(frozen=True, slots=True)
class Spots:
    """Middles of labels in pixels, float64 (n, 2), and which of them found a place, bool (n,)."""

    middles: NDArray[np.float64]
    found: NDArray[np.bool_]


def spread_out(
    anchors: NDArray[np.float64],
    sizes: NDArray[np.float64],
    points: NDArray[np.float64],
    bounds: tuple[float, float, float, float],
) -> Spots:
    """Places for labels of some sizes (n, 2: width, height), each near its anchor (n, 2) and within bounds.

    points: (m, 2), what had better stay visible. bounds: left, bottom, right, top. No two labels that found a place
    touch; earlier ones choose first, and those that found none are left out.
    """
    n = len(anchors)
    crowd = _Crowd(points, bounds)
    middles, found = anchors.astype(float).copy(), np.zeros(n, bool)
    for _ in range(ROUNDS):
        for i in range(n):
            others = np.flatnonzero(found & (np.arange(n) != i))
            options = _options(anchors[i], sizes[i], bounds)
            clear = ~_overlaps(options, sizes[i], middles[others], sizes[others]).any(axis=1)
            if not clear.any():
                continue  # it stays where it was, if it was anywhere
            options = options[clear]
            away = np.linalg.norm((options - anchors[i]) / (0.5 * sizes[i] + sizes[i][1]), axis=1)
            hidden = _overlaps(options, sizes[i], anchors, np.full((n, 2), HEART_PX)).sum(axis=1)
            cost = away + 2.2 * crowd.covered(options, sizes[i]) + 1.6 * hidden
            middles[i], found[i] = options[cost.argmin()], True
    return Spots(middles, found)


def _options(
    anchor: NDArray[np.float64], size: NDArray[np.float64], bounds: tuple[float, float, float, float]
) -> NDArray[np.float64]:
    """Middles around an anchor, those of labels that would lie within the bounds."""
    angles = np.linspace(0, 2 * np.pi, ANGLES, endpoint=False)
    ring = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    steps = np.concatenate([ring * (radius * size[1] + 0.5 * size * (radius > 0)) for radius in RINGS])
    low, high = np.array(bounds[:2]) + size / 2, np.array(bounds[2:]) - size / 2
    return np.unique(np.clip(anchor + steps, low, np.maximum(low, high)), axis=0)


def _overlaps(
    options: NDArray[np.float64], size: NDArray[np.float64], middles: NDArray[np.float64], sizes: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Whether a label at each option touches each of some boxes: (options, boxes)."""
    apart = np.abs(options[:, None] - middles[None])
    return np.asarray((apart < (size + sizes)[None] / 2 + GAP_PX).all(axis=-1))


class _Crowd:
    """How many points lie under a box, from sums over a grid."""

    def __init__(self, points: NDArray[np.float64], bounds: tuple[float, float, float, float]) -> None:
        self._low = np.array(bounds[:2])
        self._shape = np.maximum(1, np.ceil((np.array(bounds[2:]) - self._low) / CELL_PX)).astype(int)
        counts = np.zeros(self._shape)
        cells = np.floor((points - self._low) / CELL_PX).astype(int)
        inside = ((cells >= 0) & (cells < self._shape)).all(axis=1)
        np.add.at(counts, tuple(cells[inside].T), 1)
        filled = np.minimum(counts, 3)  # a full cell is full; how full does not matter to who wants to see it
        self._sums = np.pad(filled, ((1, 0), (1, 0))).cumsum(axis=0).cumsum(axis=1)

    def covered(self, middles: NDArray[np.float64], size: NDArray[np.float64]) -> NDArray[np.float64]:
        """How full the cells under a box at each of some middles are, from 0 to 3."""
        low = np.clip(np.floor((middles - size / 2 - self._low) / CELL_PX).astype(int), 0, self._shape)
        high = np.clip(np.ceil((middles + size / 2 - self._low) / CELL_PX).astype(int), 0, self._shape)
        s = self._sums
        total = (
            s[high[:, 0], high[:, 1]] - s[low[:, 0], high[:, 1]] - s[high[:, 0], low[:, 1]] + s[low[:, 0], low[:, 1]]
        )
        area = np.maximum(1, (high - low).prod(axis=1))
        return np.asarray(total / area)
