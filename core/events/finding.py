"""The events of a file: heard once from start to end, then told as a list of when what is heard."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np

from core import audio
from core.components.labelling import ByClasses
from core.embedding import DESCRIBER, Embedder, make_embedder
from core.events.curves import CELL_S, Curves, hear
from core.events.edges import sharpened
from core.events.event import Event, Timeline
from core.events.kinds import ASKED, CLEAR, POSSIBLE, is_event, is_sure, meaning_of, thresholds_of
from core.events.naming import Named, clearest, one_for_each
from core.events.spans import Span, spans
from core.ontology import SoundClass, audioset
from core.records import Progress, Samples
from core.words import Weights

CUT_OFF_S = 1.0  # missing of what a video declares; less is rounding


class EventRun:
    """A file being listened to for its events; walk it to do the work, then read `events`. The file is only read.

    queries: a person's own labels, each matched to the classes that the built-in ears know; none for all classes.
    track: which of its sound tracks, counted from 1. What is heard is told in the order of time, events of one sound
    once; memory grows by some 13 MB with an hour (three hours: 39 MB). It may be left at any step. with_faint: what
    would be found if it were asked for is found as well.
    Raises UnsupportedError for a query that the ears do not know.
    """

    events: list[Event]
    faint: list[Event]
    """What is found if it is asked for by its own name (`find_faint`)."""
    duration_s: float = 0.0
    has_picture: bool = False
    """Whether the file is a video."""
    note: str = ""
    """What a person should know of the file beside its events, as one sentence."""

    def __init__(self, path: Path, queries: Sequence[str] = (), track: int = 1, *, with_faint: bool = False) -> None:
        self.path, self.track, self.with_faint = path, track, with_faint
        self.faint = []
        self.meanings = ByClasses(queries).meanings if queries else {}

    def __iter__(self) -> Iterator[Progress]:
        """Does the work, and tells in seconds how far it is. Raises AudioError for a file with no sound."""
        with audio.open_source(self.path, self.track) as source:
            mono = map(audio.mono, source.blocks())
            self.has_picture = source.has_picture
            blocks = audio.resampled(mono, source.sample_rate_hz, self._rate_hz)
            for done_s in self._hear(blocks):
                total_s = max(source.declared_s, done_s)
                yield Progress(int(done_s), max(1, int(total_s)), self.path.name)
        self.note = self._noted(source.sound_s - self.duration_s, source.damaged, self.duration_s)

    def _hear(self, blocks: Iterator[Samples]) -> Iterator[float]:
        """Hears mono blocks at `_rate_hz`, tells how many seconds are done, and fills in the events and the length."""
        curves = Curves(self._per_window)
        yield from hear(blocks, self._ears, curves)
        self.events, self.duration_s = find_events(curves, self.meanings), curves.duration_s
        if self.with_faint:
            self.faint = find_faint(curves)

    @property
    def timeline(self) -> Timeline:
        """What was heard, as it is kept and told."""
        return Timeline(self.events, round(self.duration_s, 3), self.has_picture, self.note)

    @property
    def _rate_hz(self) -> int:
        return self._ears.sample_rate_hz

    @property
    def _per_window(self) -> int:
        """How many cells a window of the ears covers."""
        return round(self._ears.window_s / CELL_S)

    def _noted(self, missing_s: float, n_damaged: int, duration_s: float) -> str:
        if missing_s > CUT_OFF_S:
            return f"{self.path.name} breaks off after {duration_s:.1f} s; what comes before is told"
        if n_damaged:
            return f"{self.path.name} is damaged; what could not be decoded is not told, and later times may be early"
        return ""

    @cached_property
    def _ears(self) -> Embedder:
        return make_embedder(DESCRIBER)


def find_events(curves: Curves, meanings: dict[str, Weights]) -> list[Event]:
    """The events in what was heard. meanings: what each label means (`core.words.understand`); none for all classes."""
    return timed(told_of(curves, meanings), curves)


def find_faint(curves: Curves) -> list[Event]:
    """Each kind of sound where it would be found if it were asked for, whatever else is heard meanwhile.

    Of sounds placed at known times (25 kinds of the demo; 10 of ESC-10), one and two at once, 0.71 and 0.57 are found
    so, and 0.46 and 0.23 in what is told; 0.63 and 0.91 of what is found are right, of what is told 0.89 and 0.93.
    Hearing each anew for a kind finds as much (0.69 and 0.55). It makes some 80 events for a minute full of sounds.
    """
    return timed([named for known, place in _events(curves) for named in _possible(known, place, curves)], curves)


def told_of(curves: Curves, meanings: dict[str, Weights]) -> list[Named]:
    """One label for each sound in what was heard, and in which cells; see `find_events`."""
    return clearest(_asked(curves, meanings)) if meanings else one_for_each(list(_every(curves)))


def timed(told: Sequence[Named], curves: Curves) -> list[Event]:
    """Labels as events, which begin and end where the level says so, in the order of time."""
    level, rise = curves.meter.level, curves.meter.rise
    found = []
    for one in told:
        start_s, end_s = sharpened(one.span.first * CELL_S, one.span.last * CELL_S, level, rise)
        end_s = min(end_s, curves.duration_s)
        if end_s > start_s:
            found.append(Event(round(start_s, 3), round(end_s, 3), one.label, one.span.score))
    return sorted(found, key=lambda event: (event.start_s, -event.score))


def _asked(curves: Curves, meanings: dict[str, Weights]) -> list[Named]:
    return [Named(label, span) for label, meaning in meanings.items() for span in spans(curves.of(meaning), ASKED)]


def _every(curves: Curves) -> Iterator[Named]:
    """All classes that are ever heard, each where it is."""
    for known, place in _events(curves):
        yield from (Named(known.name, span) for span in _sure(known, place, curves))


def _events(curves: Curves) -> Iterator[tuple[SoundClass, int]]:
    """The classes that are events and were ever heard, with their places."""
    for place in np.flatnonzero(curves.heard.any(axis=0)).tolist():
        known = audioset().classes[place]
        if is_event(known):
            yield known, place


def _possible(known: SoundClass, place: int, curves: Curves) -> Iterator[Named]:
    """Where a class fits as well as a person's own words have to, and is likely enough not to be one of many."""
    likely = curves.of_class(place)
    for span in spans(curves.of(meaning_of(place)), ASKED):
        if likely[span.first : span.last].max() >= POSSIBLE:
            yield Named(known.name, span)


def _sure(known: SoundClass, place: int, curves: Curves) -> Iterator[Span]:
    """The spans of a class that are sure, and the sure parts of those that are not."""
    fits, likely, thresholds = curves.of(meaning_of(place)), curves.of_class(place), thresholds_of(place)
    for span in spans(fits, thresholds):
        if is_sure(known, likely[span.first : span.last]):
            yield span
            continue
        clear = np.zeros_like(fits)
        clear[span.first : span.last] = np.where(likely >= CLEAR, fits, 0)[span.first : span.last]
        yield from (part for part in spans(clear, thresholds) if is_sure(known, likely[part.first : part.last]))
