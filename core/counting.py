"""How many sounds hold something, how long they are together, and where several things are heard at once.

Counts come from the tags that the ears gave, by SQL: a sound holds what it was tagged with at a probability of at
least `HEARD`. What a word covers follows the ontology: "birds" are Bird with all that stands below it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from sqlite_utils import Database

from core.errors import NotFoundError
from core.heard import probabilities
from core.ontology import audioset
from core.records import Record
from core.store import spaces
from core.words import understand

HEARD = 0.5  # more likely than not
PERHAPS = 0.2
SAME = 0.5  # classes that a word means at least so much, measured against what it means most
MOST_WANTED = 8  # things that one question may name


@dataclass(frozen=True, slots=True)
class Counted(Record):
    """What was counted: the sounds, in order of id, and the seconds of them; of how many and how much in all.

    perhaps: how many more hold it at a probability of at least `PERHAPS`.
    labels: the tags that stand for each thing that was asked for. moments: start and end of the window in which all of
    them are heard, in seconds, by sound; sounds in which they only follow one another are not in it.
    """

    ids: list[int]
    seconds: float
    perhaps: int
    of: int
    of_seconds: float
    labels: list[list[str]]
    moments: dict[int, tuple[float, float]]


def labels_of(thing: str) -> list[str]:
    """The tags by which a thing is heard. Raises NotFoundError for words that name no sound."""
    one = thing[:-1] if thing.endswith("s") and not thing.endswith("ss") else thing  # dogs are Canidae, a dog is Dog
    meanings = [weights for form in {thing, one} for weights in understand(form)]
    if not meanings:
        raise NotFoundError(
            f"the ears know no sound that is called {thing!r}; say it in other words, such as dog or rain"
        )
    names = audioset().names
    meant = {names[place] for each in meanings for place in np.flatnonzero(each >= SAME * each.max())}
    return sorted(name for name in names if any(name == each or audioset().implies(name, each) for each in meant))


def count(
    db: Database,
    space: spaces.Space | None,
    heard: Sequence[str],
    without: Sequence[str],
    allowed: set[int],
    every: set[int],
) -> Counted:
    """The allowed sounds that hold all of some things and none of others, of every sound that there is.

    space: of the ears whose windows tell what is heard at once; None where that is not kept.
    """
    wanted = [labels_of(thing) for thing in heard[:MOST_WANTED]]
    rest = set(allowed)
    for thing in without[:MOST_WANTED]:
        rest -= _tagged(db, labels_of(thing), HEARD)
    ids = rest.intersection(*(_tagged(db, labels, HEARD) for labels in wanted))
    perhaps = rest.intersection(*(_tagged(db, labels, PERHAPS) for labels in wanted)) - ids
    lengths = dict(db.execute("SELECT id, duration_s FROM sounds").fetchall())
    chosen = sorted(ids)
    return Counted(
        ids=chosen,
        seconds=sum(lengths[each] for each in chosen),
        perhaps=len(perhaps),
        of=len(every),
        of_seconds=sum(lengths[each] for each in every),
        labels=wanted,
        moments=_at_once(db, space, chosen, wanted, lengths) if space is not None and wanted else {},
    )


def by_domain(db: Database, allowed: set[int]) -> dict[str, tuple[int, float]]:
    """How many sounds each domain has, and how many seconds, the largest first."""
    found: dict[str, tuple[int, float]] = {}
    query = (
        "SELECT s.id, coalesce(d.domain, ''), s.duration_s FROM sounds s LEFT JOIN descriptors d ON d.sound_id = s.id"
    )
    for sound_id, domain, seconds in db.execute(query):
        if sound_id in allowed:
            before = found.get(domain, (0, 0.0))
            found[domain] = (before[0] + 1, before[1] + seconds)
    return dict(sorted(found.items(), key=lambda each: -each[1][0]))


def _tagged(db: Database, labels: Sequence[str], least: float) -> set[int]:
    marks = ",".join("?" * len(labels))
    query = f"SELECT DISTINCT sound_id FROM tags WHERE score >= ? AND source <> 'signal' AND label IN ({marks})"  # noqa: S608
    return {row[0] for row in db.execute(query, [least, *labels])}


def _at_once(
    db: Database,
    space: spaces.Space,
    ids: Sequence[int],
    wanted: Sequence[Sequence[str]],
    lengths: Mapping[int, float],
) -> dict[int, tuple[float, float]]:
    """The window of each sound in which the least likely of the things is likeliest, where it is likely enough."""
    index = audioset().index
    columns = [[index[label] for label in labels] for labels in wanted]
    found = {}
    for sound_id, levels in spaces.heard_windows(db, space, ids).items():
        windows = probabilities(levels)
        least = np.min([windows[:, each].max(axis=1) for each in columns], axis=0)
        if least.max() >= HEARD:
            start_s, end_s = space.fingerprint.seconds_of(int(least.argmax()), lengths[sound_id])
            found[sound_id] = (round(start_s, 3), round(end_s, 3))
    return found
