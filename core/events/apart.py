"""Events of a sound that is taken apart: its components are heard beside the mixture, moment by moment.

What sounds at once hides itself from the ears; taken apart, the quieter of two is heard better. What only the mixture
supports stays. But taking apart also makes sounds that nobody made, so that a component counts only so far beyond the
mixture.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from core.audio import windows
from core.components.hearing import SILENT, resampled
from core.components.labelling import WINDOW_S
from core.embedding import Embedder
from core.events.curves import CELL_S, Curves, hear, levels_of
from core.events.event import Event
from core.events.finding import EventRun, timed, told_of
from core.events.naming import with_others
from core.heard import N_CLASSES, STEP, Levels
from core.listening import tapped
from core.records import Samples
from core.separation.base import Separator
from core.words import Weights

BEYOND = round(1.5 / STEP)
"""How many steps of log-odds a component may lift a class over what the mixture says of it: to 4.5 times the odds.
Of 0.25 to 12 the best for scenes of two and three; what the mixture does not hold at all stays unheard.
"""


class SeparatedRun(EventRun):
    """As `EventRun`, by the built-in ears, but each window of so many seconds is taken apart as well.

    queries: what the separator looks for, too. Memory grows by twice as much.
    """

    def __init__(
        self,
        path: Path,
        separator: Separator,
        queries: Sequence[str] = (),
        track: int = 1,
        window_s: float = WINDOW_S,
    ) -> None:
        super().__init__(path, queries, track)
        self.separator, self.window_s = separator, window_s

    def _hear(self, blocks: Iterator[Samples]) -> Iterator[float]:
        curves = Curves(self._per_window)
        components = Components(self._ears, self.separator, list(self.meanings), self.window_s)
        yield from hear(tapped(blocks, components), self._ears, curves)
        clearer = curves.heard_as(components.lifted(curves.heard))
        self.events, self.duration_s = find_apart(curves, clearer, self.meanings), curves.duration_s


def find_apart(mixture: Curves, clearer: Curves, meanings: dict[str, Weights]) -> list[Event]:
    """The events of a sound by what its components make clearer, and those that only the mixture supports."""
    told = told_of(clearer, meanings)
    return timed(with_others(told, told_of(mixture, meanings), own_words=bool(meanings)), mixture)


class Components:
    """Feed it mono blocks at the rate of the ears; it takes them apart and keeps what is clearest in any component."""

    def __init__(self, ears: Embedder, separator: Separator, queries: Sequence[str], window_s: float) -> None:
        self._ears, self._separator, self._queries = ears, separator, queries
        self._hop = round(CELL_S * ears.sample_rate_hz)
        self._cells = max(1, round(window_s / CELL_S))  # whole ones, so that components and mixture are heard in step
        self._held: list[Samples] = []
        self._n_held = 0
        self._windows: list[Levels] = []

    def add(self, block: Samples) -> None:
        """The next block."""
        size = self._cells * self._hop
        while len(block):
            part, block = block[: size - self._n_held], block[size - self._n_held :]
            self._held.append(part)
            self._n_held += len(part)
            if self._n_held == size:
                self._take_apart()

    def lifted(self, mixture: Levels) -> Levels:
        """What is heard of the mixture, (n_windows, 521), with what its components make clearer; the sound is over."""
        if self._n_held:
            self._take_apart()
        result = mixture.copy()
        for number, heard in enumerate(self._windows):
            rows = result[number * self._cells :][: len(heard)]  # none where the sound ends within a window of the ears
            most = np.where(rows > 0, np.minimum(rows.astype(np.uint16) + BEYOND, 255), 0).astype(np.uint8)
            np.maximum(rows, np.minimum(heard[: len(rows)], most), out=rows)
        return result

    def _take_apart(self) -> None:
        window = np.concatenate(self._held)
        self._held, self._n_held = [], 0
        rate_hz, own_hz = self._ears.sample_rate_hz, self._separator.sample_rate_hz
        clearest = np.zeros((0, N_CLASSES), np.uint8)
        for component in self._separator.separate(resampled(window, rate_hz, own_hz), self._queries):
            if np.abs(component.samples).max() < SILENT:
                continue
            sound = resampled(component.samples, own_hz, rate_hz)[: len(window)]
            heard = levels_of(list(windows(iter([sound]), self._ears.window, self._hop)), self._ears)
            clearest = np.maximum(clearest, heard) if len(clearest) else heard
        self._windows.append(clearest)
