"""Counts sounds by what is heard in them, by kind, or by length."""

from typing import Any

from langchain_core.tools import BaseTool

from core.counting import HEARD, PERHAPS, Counted
from core.errors import UnsupportedError
from core.library import Library
from core.records import Filters
from tools.base import LONGEST_CAPTION, MOST_HITS, Answer, as_tool, noted, numbered, quoted, sound_cards

BY = ("", "domain")
SHOWN_LABELS = 6


def count_sounds_tool(library: Library) -> BaseTool:
    """The tool over a library."""

    def count_sounds(
        heard: list[str] | None = None,
        without: list[str] | None = None,
        min_s: float | None = None,
        max_s: float | None = None,
        domain: str | None = None,
        by: str = "",
    ) -> Answer:
        """Count the sounds in which something is heard, and their seconds: how much speech is there, which have both?

        Counts follow the tags that the ears gave, so they are exact for the tags and as good as the ears.

        Args:
            heard: What has to be heard in a sound, all of them, such as ["birds", "train"]; none counts all sounds.
            without: What must not be heard in it.
            min_s: Count only sounds of at least so many seconds.
            max_s: Count only sounds of at most so many seconds.
            domain: Only sounds of this domain: speech, singing, music, animal, nature, machine, effect or silence.
            by: "domain" counts the sounds of each domain instead.
        """
        filters = Filters(min_s, max_s, domain)
        if by not in BY:
            raise UnsupportedError(f"sounds are not counted by {by!r}; leave it out, or say domain")
        if by:
            return noted(library, _by_domain(library, filters))
        return noted(library, _counted(library, heard or [], without or [], filters))

    return as_tool(count_sounds)


def _by_domain(library: Library, filters: Filters) -> Answer:
    found = library.count_by_domain(filters)
    rows = [[name or "not sure", str(n), f"{seconds:.1f}"] for name, (n, seconds) in found.items()]
    title = "Sounds by domain"
    text = "\n".join([title, *(f"{name}: {n} sounds, {seconds} s" for name, n, seconds in rows)])
    return text, {"kind": "table", "title": title, "columns": ["domain", "sounds", "seconds"], "rows": rows}


def _counted(library: Library, heard: list[str], without: list[str], filters: Filters) -> Answer:
    counted = library.count(heard, without, filters)
    ids = sorted(counted.ids, key=lambda each: each not in counted.moments)  # those that hold all at once come first
    cards = _cards(counted, sound_cards(library, ids[:MOST_HITS]))
    title = _title(heard, without, filters)
    at_once = len(counted.moments) if len(heard) > 1 else None
    artifact = {
        "kind": "count",
        "title": title,
        "n": len(counted.ids),
        "seconds": round(counted.seconds, 1),
        "perhaps": counted.perhaps,
        "of": counted.of,
        "of_seconds": round(counted.of_seconds, 1),
        "at_once": at_once,
        "heard": heard,
        "without": without,
        "probability": HEARD,
        "hits": cards,
    }
    return _text(counted, title, heard, at_once, cards), artifact


def _cards(counted: Counted, cards: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The cards at the moment in which everything is heard."""
    moments = {sound_id: {"start_s": start, "end_s": end} for sound_id, (start, end) in counted.moments.items()}
    return [card | moments.get(card["id"], {}) for card in cards]


def _text(counted: Counted, title: str, heard: list[str], at_once: int | None, cards: list[dict[str, Any]]) -> str:
    lines = [
        f"{quoted(title)}: {len(counted.ids)} of {counted.of} sounds, "
        f"{counted.seconds:.1f} of {counted.of_seconds:.1f} s of audio."
    ]
    if heard:
        tags = "; ".join(
            f"{quoted(thing)} is {_first(labels)}" for thing, labels in zip(heard, counted.labels, strict=False)
        )
        lines.append(f"Counted are sounds tagged with a probability of at least {HEARD}: {tags}.")
        lines.append(f"{counted.perhaps} more perhaps hold it, with a probability of {PERHAPS} to {HEARD}.")
    if at_once is not None:
        lines.append(f"In {at_once} of them all are heard within the same moment, which is given.")
    if len(counted.ids) > len(cards):
        lines.append(f"The first {len(cards)} of them:")
    return "\n".join([*lines, numbered(cards)])


def _first(labels: list[str]) -> str:
    more = len(labels) - SHOWN_LABELS
    return quoted(", ".join(labels[:SHOWN_LABELS]), LONGEST_CAPTION) + (f" and {more} more" if more > 0 else "")


def _listed(things: list[str]) -> str:
    return " and ".join([", ".join(things[:-1]), things[-1]] if len(things) > 1 else things)


def _title(heard: list[str], without: list[str], filters: Filters) -> str:
    what = f"with {_listed(heard)}" if heard else ""
    no = f"without {_listed(without)}" if without else ""
    domain = f"of {filters.domain}" if filters.domain else ""
    longer = f"of at least {filters.min_s:g} s" if filters.min_s is not None else ""
    shorter = f"of at most {filters.max_s:g} s" if filters.max_s is not None else ""
    return " ".join(filter(None, ["Sounds", what, no, domain, longer, shorter]))
