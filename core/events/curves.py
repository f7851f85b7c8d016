"""How likely each kind of sound is from moment to moment, by the built-in ears over windows that overlap.

Of a sound only what the ears heard is kept, one byte for each window and class, and two numbers for each 16 ms: an hour
takes 10 MB. Knows nothing of what is sure enough to be told.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from core.audio import windows
from core.embedding.base import Embedder
from core.heard import N_CLASSES, Levels, fit, levels, probabilities
from core.listening import Counter, tapped
from core.onsets import LevelMeter
from core.records import Samples
from core.tagging import calibrated, with_parents
from core.words import Weights

CELL_S = 0.25  # from one window to the next, and what a curve has one value for
WINDOWS_PER_BATCH = 32

Curve = NDArray[np.float32]
"""One number for each cell of a sound, shape (n_cells,), from 0 to 1."""


@dataclass(slots=True)
class Curves:
    """What was heard of a sound. per_window: how many cells a window covers."""

    per_window: int
    duration_s: float = 0.0
    meter: LevelMeter = field(default_factory=LevelMeter)
    _batches: list[Levels] = field(default_factory=list)

    def add(self, heard: Levels) -> None:
        """The next windows, (n, 521)."""
        self._batches.append(heard)

    @property
    def heard(self) -> Levels:
        """What was heard in each window, (n_windows, 521)."""
        if len(self._batches) != 1:
            self._batches = [np.concatenate([np.zeros((0, N_CLASSES), np.uint8), *self._batches])]
        return self._batches[0]

    def heard_as(self, windows: Levels) -> "Curves":
        """The same sound, in whose windows something else is heard, (n_windows, 521)."""
        return replace(self, _batches=[windows])

    def of_class(self, place: int) -> Curve:
        """How likely a class is in each cell."""
        return spread(probabilities(self.heard[:, place]), self.per_window)

    def of(self, meaning: Weights) -> Curve:
        """How well a text fits in each cell, from its weights over the classes (`core.words.understand`)."""
        return spread(fit(meaning, self.heard.T), self.per_window)


def hear(blocks: Iterator[Samples], ears: Embedder, curves: Curves) -> Iterator[float]:
    """Hears a sound and fills the curves; gives after every few windows the seconds that were heard.

    blocks: mono at the rate of the ears, which name the classes of `core.ontology`.
    """
    counter = Counter()
    fed = tapped(tapped(blocks, counter), curves.meter)
    hop = round(CELL_S * ears.sample_rate_hz)
    heard = windows(fed, ears.window, hop)
    n_windows = 0
    while batch := list(islice(heard, WINDOWS_PER_BATCH)):
        curves.add(levels_of(batch, ears))
        n_windows += len(batch)
        yield n_windows * CELL_S
    curves.duration_s = counter.n_samples / ears.sample_rate_hz


def levels_of(windows: Sequence[Samples], ears: Embedder) -> Levels:
    """What is heard in each of some windows, (n_windows, 521)."""
    tags = ears.hear(windows).tags
    audible = tags.any(axis=1, keepdims=True)
    return levels(np.where(audible, with_parents(calibrated(tags)), 0))


def spread(of_windows: Curve, per_window: int) -> Curve:
    """What is known of each cell: the mean of the windows that cover it, (n_windows + per_window - 1,).

    What is heard in part of a window fades in and out in the mean, and passes half of its height where it begins.
    """
    n_cells = len(of_windows) + per_window - 1
    sums = np.convolve(of_windows, np.ones(per_window, np.float32))
    places = np.arange(n_cells)
    counts = np.minimum(np.minimum(places + 1, n_cells - places), min(per_window, len(of_windows)))
    result: Curve = (sums / counts).astype(np.float32)
    return result
