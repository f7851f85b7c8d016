"""Finds the moments in which something is heard, in all sounds that were listened to."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from langchain_core.tools import BaseTool

from core.events.event import Moment, Moments
from core.library import Library
from core.records import Progress
from tools.base import LONGEST_CAPTION, MOST_HITS, Answer, as_tool, noted, quoted

if TYPE_CHECKING:
    from core.events.listening import Listened

LISTEN_TO_ALL = "earshot moments --listen"
MOST_SKIPS = 5


def find_moments_tool(library: Library, report: Callable[[Progress], None]) -> BaseTool:
    """The tool over a library; `report` hears how far the listening is, in seconds."""

    def find_moments(text: str, k: int = 10, min_score: float = 0.0, listen_to_all: bool = False) -> Answer:
        """Find the moments in which something is heard in the library: where does a dog bark, when is there thunder?

        Gives moments that play from their second. Sounds that probably hold it and were never listened to from start
        to end are listened to first, for some seconds; the answer tells how many of all sounds were.

        Args:
            text: The kind of sound to look for, such as "dog bark", "speech" or "animals".
            k: How many moments to list.
            min_score: Leave out moments whose score is lower, from 0 to 1.
            listen_to_all: Listen to all sounds that were not listened to yet, if the person asks for it: an hour of
                sound takes about a minute.
        """
        run = library.events.listen_for(text)  # what is no sound is told before all are listened to
        run = library.events.listen() if listen_to_all else run
        for progress in run:
            report(progress)
        found = library.events.moments(text, min(k, MOST_HITS), min_score)
        likely = library.events.count_likely(text) if found.listened < found.of else 0
        cards = _cards(library, found.moments)
        artifact = {
            "kind": "moments",
            "title": f"Moments with “{text}”",
            "text": text,
            "hits": cards,
            "total": found.total,
            "sure": found.sure,
            "labels": found.labels,
            "listened": found.listened,
            "older": found.older,
            "of": found.of,
            "likely": likely,
            "skipped": len(run.report.skipped),
        }
        return noted(library, (_text(text, found, cards, likely, run.report), artifact))

    return as_tool(find_moments)


def _cards(library: Library, moments: Sequence[Moment]) -> list[dict[str, Any]]:
    """Each moment as the screen shows it: its sound, from second to second, and what is heard there."""
    known = {card["id"]: card for card in library.cards([moment.id for moment in moments])}
    return [
        {
            "id": moment.id,
            "name": Path(moment.path).name,
            "start_s": moment.start_s,
            "end_s": moment.end_s,
            "score": moment.score,
            "label": moment.label,
            "is_sure": moment.is_sure,
            "duration_s": known[moment.id]["duration_s"],
            "domain": known[moment.id]["domain"],
        }
        for moment in moments
    ]


def _text(text: str, found: Moments, cards: Sequence[dict[str, Any]], likely: int, heard: "Listened") -> str:
    listed = f", the best {len(cards)} of them listed" if len(cards) < found.total else ""
    sure = min(found.sure, len(cards))
    which = "" if sure == len(cards) else f" The first {sure} surely fit, the others perhaps."
    head = f"{quoted(text, LONGEST_CAPTION)} is heard at {_count(found.total, 'moment')}{listed}.{which}"
    if not found.total:
        head = f"{quoted(text, LONGEST_CAPTION)} is heard at no moment of what was listened to."
    elif not sure:
        head += " Tell the person that none is sure."
    skipped = [f"skipped {quoted(Path(skip.path).name)}: {skip.reason}" for skip in heard.skipped[:MOST_SKIPS]]
    return "\n".join([head, *map(_line, cards), *_listening(found, likely), *skipped])


def _line(card: dict[str, Any]) -> str:
    moment = f"{card['start_s']:.1f}-{card['end_s']:.1f} s of {card['duration_s']:.1f} s"
    return f"- sound {card['id']} {quoted(card['name'])}, {moment}: {quoted(card['label'])}, score {card['score']:.3f}"


def _listening(found: Moments, likely: int) -> list[str]:
    """How much was listened to, and what the person can do about the rest."""
    lines = [f"Listened to from start to end: {found.listened} of all {_count(found.of, 'sound')}."]
    if found.listened < found.of:
        more = f" {likely} of them may well hold it; to ask again goes on with those." if likely else ""
        how = f"the others are listened to if they ask for it, also by the command {LISTEN_TO_ALL}"
        lines.append(f"Tell the person: {how}.{more}")
    if found.older:
        lines.append(f"{_count(found.older, 'sound')} an older version listened to; the same command does it again.")
    return lines


def _count(n: int, what: str) -> str:
    return f"{n} {what}{'' if n == 1 else 's'}"
