"""Listens to sounds of a library for their events, one after the other, and keeps what is heard of each at once.

Knows nothing of questions: which sounds, and in which order, is told to it.
"""

import logging
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from core.errors import AudioError, NotFoundError
from core.events.event import Timeline
from core.events.finding import EventRun
from core.export.records import LeftOut
from core.export.sources import Source, find_source
from core.records import Progress, Record, Skip
from core.store import events, places
from core.store.db import Store

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Listened(Record):
    """What a run has done by now: sounds that were listened to, their seconds, and the files that could not be."""

    sounds: int = 0
    seconds_of_audio: float = 0.0
    skipped: list[Skip] = field(default_factory=list)


class ListenRun:
    """Sounds being listened to; walk it to the end, or leave it at any step: what was finished by then is kept.

    lengths_s: the sounds by id, in the order in which they are listened to, with their length in seconds. finder: which
    finder of events this is. A sound of which no file is left as it was, or none can be heard, is skipped and told in
    `report`; nothing is kept of it, so that the next run tries again.
    """

    def __init__(self, store: Store, finder: str, lengths_s: Mapping[int, float]) -> None:
        self.report = Listened()
        self._store, self._finder, self._lengths_s = store, finder, lengths_s

    def __len__(self) -> int:
        """How many sounds it listens to."""
        return len(self._lengths_s)

    def __iter__(self) -> Iterator[Progress]:
        """Does the work, and tells in seconds of sound how far it is."""
        started = time.perf_counter()
        total_s, done_s = max(1, int(sum(self._lengths_s.values()))), 0.0
        for sound_id, length_s in self._lengths_s.items():
            path = ""
            try:
                source = _source(self._store, sound_id)
                path = source.path
                for step_s in self._listen_to(sound_id, source):
                    yield Progress(min(total_s, int(done_s + min(step_s, length_s))), total_s, Path(path).name)
            except AudioError as problem:
                self.report.skipped.append(Skip(path, problem.reason))
            except NotFoundError as problem:
                self.report.skipped.append(Skip(path, str(problem)))
            done_s += length_s
            yield Progress(min(total_s, int(done_s)), total_s, Path(path).name)
        facts = (self.report.sounds, self.report.seconds_of_audio, len(self.report.skipped))
        log.info("events: %d sounds, %.0f s, %d skipped, %.1f s elapsed", *facts, time.perf_counter() - started)

    def _listen_to(self, sound_id: int, source: Source | LeftOut) -> Iterator[int]:
        """Listens to one sound and keeps what is heard; gives the seconds that it has heard of it by then."""
        run = EventRun(path_of(sound_id, source), with_faint=True)
        for step in run:
            yield step.done
        keep(self._store, self._finder, sound_id, run)
        self.report.sounds += 1
        self.report.seconds_of_audio += run.duration_s


def find_path(store: Store, sound_id: int) -> Path:
    """A file that holds a sound as it was. Raises NotFoundError if there is none, or no such sound."""
    return path_of(sound_id, _source(store, sound_id))


def path_of(sound_id: int, source: Source | LeftOut) -> Path:
    """The file of a sound. Raises NotFoundError with the reason if it was left out."""
    if isinstance(source, LeftOut):
        raise NotFoundError(f"the file of sound {sound_id} {source.reason}; ingest the folder that holds it now")
    return Path(source.path)


def _source(store: Store, sound_id: int) -> Source | LeftOut:
    with store.reading() as db:
        held = places.held_sounds(db, [sound_id])
    if sound_id not in held:
        raise NotFoundError(f"there is no sound {sound_id}; search for one")
    return find_source(sound_id, held[sound_id])


def keep(store: Store, finder: str, sound_id: int, run: EventRun) -> Timeline:
    """Keeps what a run heard in a sound, and gives what is told of it."""
    with store.writing() as db:
        events.put_events(db, sound_id, finder, run.timeline, run.faint)
    return run.timeline
