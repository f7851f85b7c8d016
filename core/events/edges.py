"""Where an event begins and ends to some hundredths of a second, by the level of the sound around it.

The ears hear windows of a second, so what they hear is known to a quarter of a second at best. An onset nearby is where
a sound begins; where its level has fallen most of the way back to what is there without it, it has ended.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from core.onsets import Series, onsets
from core.spectrum import FRAMES_PER_S

REACH_S = 0.75  # how far an edge may be moved
AROUND_S = 1.5  # of what comes before and after tell how loud it is without the sound
QUIET, LOUD = 10, 98  # percentiles of the level: without the sound, and of the sound
CLEAR_DB = 3.0  # a sound that stands out less than this has no edge that its level tells
RISEN = 0.3  # of the way from quiet to loud, in dB
SHORTEST_S = 0.1
SMOOTH = 7  # frames, a tenth of a second


def sharpened(start_s: float, end_s: float, level: Series, rise: Series) -> tuple[float, float]:
    """An event's start and end, moved by at most REACH_S each to where the sound begins and ends.

    level, rise: of the whole sound, as `core.onsets.LevelMeter` gives them.
    """
    first, last = _frame(start_s), min(_frame(end_s), len(level))
    if last - first < 2:
        return start_s, end_s
    before, after = max(0, first - _frame(AROUND_S)), min(len(level), last + _frame(AROUND_S))
    first, last = first - before, last - before
    smooth = uniform_filter1d(level[before:after], SMOOTH)
    quiet, loud = float(np.percentile(smooth, QUIET)), float(np.percentile(smooth[first:last], LOUD))
    if loud - quiet < CLEAR_DB:
        return start_s, end_s
    heard = smooth > quiet + RISEN * (loud - quiet)
    start = _start(first, last, heard, onsets(rise[before:after], level[before:after]))
    end = _end(start, last, heard)
    start_s = (before + start) / FRAMES_PER_S
    return start_s, max((before + end) / FRAMES_PER_S, start_s + SHORTEST_S)


def _start(first: int, last: int, heard: NDArray[np.bool_], found: NDArray[np.intp]) -> int:
    """The first frame of the sound: where it rises above what was there, at an onset if there is one."""
    reach = _frame(REACH_S)
    low, high = max(0, first - reach), min(last, first + reach)
    found = found[(found >= low) & (found < high)]
    risen = low + np.flatnonzero(heard[low:high])
    begun = int(risen[0]) if len(risen) else first
    if begun == low and low > 0:  # it was loud before: only an onset tells
        return int(found[np.abs(found - first).argmin()]) if len(found) else first
    near = found[np.abs(found - begun) <= SMOOTH]
    return int(near[0]) if len(near) else begun


def _end(start: int, last: int, heard: NDArray[np.bool_]) -> int:
    """The frame after the last one of the sound."""
    reach = _frame(REACH_S)
    low, high = max(start + 1, last - reach), min(len(heard), last + reach)
    falling = low + np.flatnonzero(heard[low:high])
    if not len(falling):
        return low
    return last if falling[-1] == high - 1 and high < len(heard) else int(falling[-1]) + 1


def _frame(seconds: float) -> int:
    return round(seconds * FRAMES_PER_S)
