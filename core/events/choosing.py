"""The events that a person wants to see: some kinds alone, a stretch of the time, under names of their own. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from core.errors import NotFoundError
from core.events.event import Event
from core.grouping.plain import one_line
from core.ontology import audioset
from core.words import understand

CLEARLY = 0.1  # of the weight of a text's clearest class, for another class to be meant as well
LONGEST_LABEL = 40


def chosen(
    events: Sequence[Event],
    only: Sequence[str] = (),
    without: Sequence[str] = (),
    start_s: float | None = None,
    end_s: float | None = None,
    renamed: Mapping[str, str] | None = None,
) -> list[Event]:
    """The events that are left. only, without: kinds of sound in words. start_s, end_s: the stretch that is kept.

    renamed: what is heard, in words, by what it is called instead. Raises NotFoundError for words that fit none of the
    events, as far as they were to be kept alone or renamed.
    """
    labels = {event.label for event in events}
    called = {
        label: one_line(new, LONGEST_LABEL) for old, new in (renamed or {}).items() for label in _fit(old, labels)
    }
    kept = {label for each in only for label in _fit(each, labels)} if only else labels
    left_out = {label for each in without for label in _meant(each, labels)}
    return [
        replace(event, label=called.get(event.label, event.label), start_s=first_s, end_s=last_s)
        for event in events
        if event.label in kept - left_out
        and (first_s := max(event.start_s, start_s or 0.0)) < (last_s := min(event.end_s, end_s or event.end_s))
    ]


def _fit(words: str, labels: set[str]) -> set[str]:
    found = _meant(words, labels)
    if not found:
        heard = ", ".join(sorted(labels)) or "nothing"
        raise NotFoundError(f"nothing that is heard here is {words!r}; heard is: {heard}")
    return found


def _meant(words: str, labels: set[str]) -> set[str]:
    """The labels that words mean: those called so, else those of the kinds that they mean or under one of them.

    Where there is none of these, a label that is surely there with such a kind: speech, for people talking.
    """
    said = words.strip().casefold()
    called = {label for label in labels if said and said in label.casefold()}
    if called:
        return called
    known = audioset()
    kinds: set[str] = set()
    for weights in understand(words):
        kinds |= {known.names[place] for place in (weights >= CLEARLY * weights.max()).nonzero()[0].tolist()}
    under = {label for label in labels if label in kinds or any(known.implies(label, kind) for kind in kinds)}
    return under or {label for label in labels if any(known.implies(kind, label) for kind in kinds)}
