"""The 521 kinds of sound that the ears know by name, what stands above each, and the domain each belongs to.

They are the classes of AudioSet in YAMNet's order; the ontology is Google's (see NOTICE). Knows no probabilities.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from core.records import DOMAINS, Record

ASSET = Path(__file__).parent / "assets" / "audioset.json"
AMBIGUOUS = "Source-ambiguous sounds"  # under this name the other parents of a class are what it may come from
OF_ANY_SOURCE = frozenset({"Bell", "Cowbell", "Growling", "Howl", "Bleat"})  # and so they are for these
LOOSE: dict[str, tuple[str, ...]] = {
    "Bicycle bell": ("Bell",),
    "Doorbell": (),
}  # all that these imply: no door is heard


@dataclass(frozen=True, slots=True)
class SoundClass(Record):
    """One class. parents: the names right above it, classes or not.

    domain: one of DOMAINS; empty for what is heard around any kind of sound (a room, an echo, a radio).
    """

    name: str
    description: str
    parents: tuple[str, ...]
    domain: str


@dataclass(frozen=True)
class Ontology:
    """The classes in order, and the abstract names above them with theirs; a class may have several parents."""

    classes: tuple[SoundClass, ...]
    abstract: dict[str, tuple[str, ...]]

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The display names, in the order of the ears' probabilities."""
        return tuple(known.name for known in self.classes)

    @cached_property
    def index(self) -> dict[str, int]:
        """The place of each class in that order."""
        return {name: place for place, name in enumerate(self.names)}

    @cached_property
    def by_domain(self) -> dict[str, tuple[int, ...]]:
        """The places of the classes of each domain."""
        return {d: tuple(i for i, known in enumerate(self.classes) if known.domain == d) for d in DOMAINS}

    @cached_property
    def implied(self) -> tuple[tuple[int, ...], ...]:
        """For each class the places of all classes that are surely there with it.

        What stands above it, as a rule. A hiss is a cat's or a snake's or steam: where the parents are only what it
        may come from, it implies what they have in common.
        """
        return tuple(
            tuple(sorted(self.index[other] for other in self._certain(name) if other in self.index))
            for name in self.names
        )

    def parents_of(self, name: str) -> tuple[str, ...]:
        """The names right above a class or an abstract name. Raises KeyError for a name that is neither."""
        return self.classes[self.index[name]].parents if name in self.index else self.abstract[name]

    def ancestors(self, name: str) -> frozenset[str]:
        """All names above a class or an abstract name, without itself. Raises KeyError for a name that is neither."""
        return self._above[name]

    def related(self, one: str, other: str) -> bool:
        """Whether two classes are the same, or one stands above the other."""
        return one == other or one in self.ancestors(other) or other in self.ancestors(one)

    def implies(self, one: str, other: str) -> bool:
        """Whether the second class is surely there with the first; false for names that are no classes."""
        return one in self.index and other in self.index and self.index[other] in self._implied_sets[self.index[one]]

    @cached_property
    def _implied_sets(self) -> tuple[frozenset[int], ...]:
        return tuple(frozenset(places) for places in self.implied)

    def _certain(self, name: str) -> frozenset[str]:
        parents = LOOSE.get(name, self.parents_of(name))
        every = [self._certain(parent) | {parent} for parent in parents]
        if name in OF_ANY_SOURCE or AMBIGUOUS in self.ancestors(name):
            return frozenset.intersection(*every) if every else frozenset()
        return frozenset().union(*every)

    @cached_property
    def _above(self) -> dict[str, frozenset[str]]:
        return {name: frozenset(self._climb(name)) for name in (*self.names, *self.abstract)}

    def _climb(self, name: str) -> Iterator[str]:
        for parent in self.parents_of(name):
            yield parent
            yield from self._climb(parent)


@cache
def audioset() -> Ontology:
    """The ontology that ships with the program, read once."""
    held = json.loads(ASSET.read_text(encoding="utf-8"))
    classes = (
        SoundClass(row["name"], row["description"], tuple(row["parents"]), row["domain"]) for row in held["classes"]
    )
    return Ontology(tuple(classes), {name: tuple(parents) for name, parents in held["abstract"].items()})
