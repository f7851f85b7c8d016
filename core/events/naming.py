"""One label for one sound: of all kinds that are heard at a time, the one to tell.

A dog that barks is also an animal, and perhaps a wolf. Of what stands above one another in the ontology the narrowest
that covers the sound is told; of rivals, the likelier one.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from core.events.spans import Span
from core.ontology import Ontology, audioset
from core.sources import BROAD, apart
from core.tagging import NEARLY_ITS_KIND

COVERS = 0.3  # of a broad kind's time: from here on its narrower names stand for it
COVERS_BROAD = 0.1  # and of one that says little, such as Animal
OVERLAPS = 0.5  # of the shorter one's time: from here on two are heard at once
FAINTER = 0.9  # of the score of another that is heard meanwhile: below, it is taken for a part of that one
PAGE = 64  # cells


@dataclass(frozen=True, slots=True)
class Named:
    """A label and when it holds."""

    label: str
    span: Span


def one_for_each(heard: Sequence[Named]) -> list[Named]:
    """Of classes that are heard at once, one for each sound, in the order of time."""
    ontology, told = audioset(), _Timeline()
    for one in _telling_first(heard, ontology):
        meanwhile = told.meanwhile(one)
        narrower = [other for other in meanwhile if ontology.implies(other.label, one.label)]
        replaced = narrower if _stands_for(one, narrower) else []
        if any(
            _is_part(one, other) or not apart(other.label, one.label) for other in meanwhile if other not in replaced
        ):
            continue
        for other in replaced:
            told.remove(other)
        told.add(one)
    return told.in_order()


def clearest(heard: Sequence[Named]) -> list[Named]:
    """Of labels that are a person's own, all but those that another is much clearer meanwhile; in the order of time."""
    told = _Timeline()
    for one in sorted(heard, key=lambda each: -each.span.score):
        if not any(_is_part(one, other) for other in told.meanwhile(one)):
            told.add(one)
    return told.in_order()


def with_others(told: Sequence[Named], others: Sequence[Named], *, own_words: bool) -> list[Named]:
    """What is told, and those of others that it does not tell for a good part of their time; in the order of time.

    own_words: whether the labels are a person's own, of which each is something else.
    """
    timeline, added = _Timeline(told), list[Named]()
    for one in others:
        same = [
            other
            for other in timeline.meanwhile(one)
            if other.label == one.label or (not own_words and not apart(other.label, one.label))
        ]
        if one not in told and _covered(one, same) < COVERS:
            added.append(one)
    return _Timeline([*told, *added]).in_order()


def _stands_for(one: Named, narrower: Sequence[Named]) -> bool:
    """Whether a kind is told in place of its narrower names: they cover too little of it."""
    says_little = one.label in BROAD and one.label != "Music"
    return bool(narrower) and _covered(one, narrower) < (COVERS_BROAD if says_little else COVERS)


def _is_part(one: Named, other: Named) -> bool:
    return one.span.score < FAINTER * other.span.score


def _telling_first(heard: Sequence[Named], ontology: Ontology) -> list[Named]:
    """Surest first, but each kind behind what is one of it, nearly as sure and heard meanwhile."""
    ranked = sorted(heard, key=lambda each: -each.span.score)
    every, told = _Timeline(ranked), dict[Named, None]()

    def tell(one: Named) -> None:
        enough = NEARLY_ITS_KIND * one.span.score
        for other in sorted(every.meanwhile(one), key=lambda each: -each.span.score):
            strictly = other.label != one.label and ontology.implies(other.label, one.label)
            if strictly and other.span.score >= enough and other not in told:
                tell(other)
        told.setdefault(one)

    for one in ranked:
        tell(one)
    return list(told)


def _covered(one: Named, others: Sequence[Named]) -> float:
    cells = {cell for other in others for cell in range(other.span.first, other.span.last)}
    return sum(one.span.first <= cell < one.span.last for cell in cells) / one.span.length


class _Timeline:
    """Labels by when they hold, so that a long sound does not cost the square of its length."""

    def __init__(self, held: Iterable[Named] = ()) -> None:
        self._pages: defaultdict[int, dict[Named, None]] = defaultdict(dict)
        for one in held:
            self.add(one)

    def add(self, one: Named) -> None:
        self._on_pages(one, lambda page: page.setdefault(one))

    def remove(self, one: Named) -> None:
        self._on_pages(one, lambda page: page.pop(one))

    def meanwhile(self, one: Named) -> list[Named]:
        """What shares at least OVERLAPS of the shorter one's time with it, but for itself."""
        near: dict[Named, None] = {}
        self._on_pages(one, near.update)
        return [
            other
            for other in near
            if other != one and other.span.shared(one.span) >= OVERLAPS * min(one.span.length, other.span.length)
        ]

    def in_order(self) -> list[Named]:
        every = dict.fromkeys(one for page in self._pages.values() for one in page)
        return sorted(every, key=lambda each: (each.span.first, -each.span.score, each.label))

    def _on_pages(self, one: Named, do: Callable[[dict[Named, None]], object]) -> None:
        for number in range(one.span.first // PAGE, (one.span.last - 1) // PAGE + 1):
            do(self._pages[number])
