"""How each kind of sound is said: the table of phrases, and how its words are bent."""

import re

import pytest

from core.ontology import audioset
from core.phrases import bare, counted, phrases, plural, times, with_article

SAID = sorted(phrases().items())
every_phrase = pytest.mark.parametrize(("name", "phrase"), SAID, ids=[name for name, _ in SAID])


def stems(text: str) -> set[str]:
    return {word[:3] for word in re.findall(r"[a-z]{3,}", text.lower())}


def test_only_known_classes_are_said_and_nearly_all_of_them() -> None:
    unsaid = set(audioset().names) - set(phrases())
    assert set(phrases()) <= set(audioset().names)
    assert len(unsaid) == 20 and {"Silence", "Sound effect", "Inside, small room", "Echo"} <= unsaid


@every_phrase
def test_a_noun_reads_as_words_and_not_as_an_entry_of_a_list(name: str, phrase: object) -> None:
    noun = phrases()[name].noun
    assert not re.search(r"[(/;.]|etc", noun)
    assert bare(noun) and noun == noun.strip()
    if noun.split()[0] in ("a", "an"):
        assert noun == with_article(bare(noun))


@every_phrase
def test_the_words_of_a_class_are_among_those_it_is_said_in(name: str, phrase: object) -> None:
    said = phrases()[name]
    # Wordless singing is often taken for a mantra, and a bow-wow is a bark: the tag says so, the caption less.
    assert name in {"Mantra", "Bow-wow"} or stems(name) & stems(f"{said.noun} {said.sentence} {said.unit}")


@pytest.mark.parametrize(
    ("unit", "number", "said"),
    [
        ("knock", 1, "a knock"),
        ("oink", 1, "an oink"),
        ("knock", 3, "three knocks"),
        ("splash", 2, "two splashes"),
        ("snap of the fingers", 4, "four snaps of the fingers"),
        ("clap", 14, "14 claps"),
    ],
)
def test_things_are_counted(unit: str, number: int, said: str) -> None:
    assert counted(unit, number) == said


def test_every_unit_has_a_plural() -> None:
    assert all(plural(p.unit).split()[0].endswith("s") for p in phrases().values() if p.unit)


@pytest.mark.parametrize(("number", "said"), [(1, "once"), (2, "twice"), (3, "three times"), (20, "20 times")])
def test_times_are_counted(number: int, said: str) -> None:
    assert times(number) == said


@pytest.mark.parametrize(("noun", "said"), [("an owl", "owl"), ("the ocean", "ocean"), ("rain", "rain")])
def test_a_bare_noun_has_no_article(noun: str, said: str) -> None:
    assert bare(noun) == said
