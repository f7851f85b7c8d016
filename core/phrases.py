"""How each kind of sound is said in a sentence: a dog barks, twice; three knocks; rain. Knows no probabilities."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from core.records import Record
from core.spoken import spoken_number

ASSET = Path(__file__).parent / "assets" / "phrases.csv"


@dataclass(frozen=True, slots=True)
class Phrase(Record):
    """How a class is said.

    noun: with its article, if it takes one: a dog barking. sentence: what it does, if it is said so: a dog barks.
    unit: what one onset of it is called, if its onsets can be counted: bark.
    """

    noun: str
    sentence: str
    unit: str


@cache
def phrases() -> Mapping[str, Phrase]:
    """The phrase of every class that is said in captions, by its name; what tells nothing of a source is not."""
    with ASSET.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {row["class"]: Phrase(row["noun"], row["sentence"], row["unit"]) for row in rows if row["noun"]}


def counted(unit: str, number: int) -> str:
    """A number of things: a knock, three knocks."""
    return with_article(unit) if number == 1 else f"{spoken_number(number)} {plural(unit)}"


def times(number: int) -> str:
    """How often something happens: once, twice, three times."""
    return {1: "once", 2: "twice"}.get(number, f"{spoken_number(number)} times")


def plural(unit: str) -> str:
    """More than one of a thing: knocks, snaps of the fingers, splashes."""
    head, *rest = unit.split(" ")
    ending = "es" if head.endswith(("s", "sh", "ch", "x")) else "s"
    return " ".join([head + ending, *rest]) if rest[:1] == ["of"] else unit + ending


def with_article(noun: str) -> str:
    """A noun with a or an, by its first letter."""
    return f"{'an' if noun[0].lower() in 'aeio' else 'a'} {noun}"


def bare(noun: str) -> str:
    """A noun without its article."""
    first, _, rest = noun.partition(" ")
    return rest if first in ("a", "an", "the") else noun
