"""How many of the sounds placed at known times a question finds, and how much of what it finds is right.

Each kind is asked for in all scenes, also in those in which it was not placed. A moment is right if it shares time
with a sound of its kind, as then it plays that sound. Three ways: what timelines tell, what is kept beside them, and
hearing each scene anew for the kind.
"""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from core.events.event import Event
from core.events.events import told_labels
from core.events.finding import find_events, find_faint
from core.labels import read_labels
from core.words import understand
from tests.benchmarks.detection import Timed
from tests.benchmarks.events import heard
from tests.benchmarks.placing import Make, clip_sounds, demo_sounds, timelines

SEED = 77
N_SCENES = 30
AT_ONCE, ABOVE_DB = (1, 2), 10.0
WAYS = ("told in timelines", "kept beside them", "heard anew for it")

Counts = tuple[int, int, int, int]
"""Sounds placed, and found of them; moments found, and right of them."""


def counted(sounds: dict[str, Make]) -> dict[str, Counts]:
    """What each way finds of some kinds of sound, all questions together."""
    sums = dict.fromkeys(WAYS, (0, 0, 0, 0))
    for n_at_once in AT_ONCE:
        for timeline in timelines(sounds, n_at_once, ABOVE_DB, SEED, N_SCENES):
            curves = heard(timeline)
            told, faint = find_events(curves, {}), find_faint(curves)
            for label in sounds:
                text = label.replace("_", " ")
                meant = set(told_labels(text))
                there = [each for each in timeline.placed if each.label == label]
                found = (
                    [event for event in told if event.label in meant],
                    [event for event in [*told, *faint] if event.label in meant],
                    find_events(curves, {text: understand(text)}),
                )
                for way, events in zip(WAYS, found, strict=True):
                    new = _counts(there, joined(events))
                    sums[way] = tuple(a + b for a, b in zip(sums[way], new, strict=True))  # type: ignore[assignment]
    return sums


def joined(events: Sequence[Event]) -> list[Event]:
    """Events that overlap as one, as a question finds them (`core.store.events.find_moments`)."""
    found: list[Event] = []
    for event in sorted(events, key=lambda each: each.start_s):
        if found and event.start_s <= found[-1].end_s:
            last = found.pop()
            event = Event(last.start_s, max(last.end_s, event.end_s), last.label, max(last.score, event.score))
        found.append(event)
    return found


def tables_of_moments(labels: Path | None = None, folder: Path | None = None) -> Iterator[Table]:
    """A table for the demo's kinds, and one for a table of clips."""
    sets = {"demo": demo_sounds()}
    if labels:
        sets[labels.stem] = clip_sounds(read_labels(labels, folder=folder))
    for name, sounds in sets.items():
        table = Table("", "of the sounds found", "of the moments right", "placed", "moments", title=f"Moments: {name}")
        for way, (placed, found, n_moments, right) in counted(sounds).items():
            shares = f"{found / max(placed, 1):.2f}", f"{right / max(n_moments, 1):.2f}"
            table.add_row(way, *shares, str(placed), str(n_moments))
        yield table


def _counts(there: Sequence[Timed], found: Sequence[Timed]) -> Counts:
    return (
        len(there),
        sum(any(_meet(one, other) for other in found) for one in there),
        len(found),
        sum(any(_meet(one, other) for other in there) for one in found),
    )


def _meet(one: Timed, other: Timed) -> bool:
    return one.start_s < other.end_s and other.start_s < one.end_s


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.moments")
    parser.add_argument("--labels", type=Path)
    parser.add_argument("--sounds", type=Path, help="where the paths of the table begin")
    arguments = parser.parse_args()
    where = arguments.sounds or (arguments.labels.with_suffix("") if arguments.labels else None)
    for made in tables_of_moments(arguments.labels, where):
        Console(width=110).print(made)
