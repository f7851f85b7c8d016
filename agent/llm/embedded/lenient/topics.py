"""What a message is about: the stretches that say so, in English, and which of them are to be left out."""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from agent.llm.embedded.lenient.likely import likely
from agent.llm.embedded.lists import lexicon
from agent.llm.embedded.spelling import mended, slips
from agent.llm.embedded.translating import language_of, stretch_in_english
from agent.llm.embedded.turn import Turn
from agent.llm.embedded.wants import about, said_often, sound_words


def topics(turn: Turn) -> list[tuple[int, int]]:
    """Where a message says what it is about: stretches with a word in them that means something."""
    if language_of(turn.said) not in ("", "de"):
        return []
    want = likely(turn)[0].name
    found = [span for span in about(turn.said, want) if not _EITHER.search(turn.said[: span[0]])]
    if want in _OF_SOUNDS and not any(_names_a_sound(turn.said[start:end]) for start, end in found):
        found = sorted([*found, *_missed(turn.said, found)])
    return [(_with_qualities(turn.said, start), end) for start, end in found if not means_nothing(turn.said[start:end])]


_OF_SOUNDS = frozenset({"search", "narrow", "count", "moments", "like", "overview"})

_EITHER = re.compile(
    r"\b(?:with or without|with and without|regardless of|mit oder ohne)\W+(?:\w+\W+)?$", re.IGNORECASE
)


def _names_a_sound(words: str) -> bool:
    return any(_is_sound(mended(word)) for word in re.findall(r"[a-z]{3,}", words.lower()))


def _is_sound(word: str) -> bool:
    """Whether a word, in the singular or the plural, names a sound: the lexicon has it, or AudioSet and no frame."""
    forms = {word, word.removesuffix("s"), word.removesuffix("es")}
    plain = forms - EMPTY - frozenset(said_often())
    table = lexicon()
    told = {*table["sounds"]["words"].split()} - {*table["comparatives"].values(), *table["lengths"].values()}
    return not plain.isdisjoint(sound_words()) or not forms.isdisjoint(told)


def _missed(text: str, found: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Words that name a sound, where nothing that was found does."""
    words = re.finditer(r"[^\W\d_]{3,}", text)
    return [
        word.span()
        for word in words
        if _names_a_sound(stretch_in_english(text, *word.span())) and not any(a <= word.start() < b for a, b in found)
    ]


def _with_qualities(text: str, start: int) -> int:
    """Where a stretch begins with the words before it that describe it: "soft" in "soft piano"."""
    while (word := re.search(r"([^\W\d_]+) $", text[:start])) and word[1].lower() in qualities():
        start = word.start()
    return start


@cache
def qualities() -> frozenset[str]:
    """Words that describe sounds."""
    table = lexicon()
    return frozenset({*table["sounds"]["words"].split(), *table["comparatives"].values(), *table["lengths"].values()})


def means_nothing(words: str) -> bool:
    """Whether words name no sound by themselves: small words, and units of time, misspelt ones too."""
    said = set(re.findall(r"[^\W\d_]+", words.lower()))
    return said <= EMPTY or all(slips(word, "seconds") <= 2 for word in said)


EMPTY = frozenset(
    "a an the some any it its that this those these them they one ones all everything something anything what which who"
    " i you we she he me my our your and or of in on at to for from with is are was be do does did have has more less"
    " sound sounds recording recordings file files clip clips sample samples take takes kind kinds people"
    " thing things stuff library collection archive group groups cluster clusters"
    " ein eine einen der die das den dem des es ich sie er wir mir mich alles etwas was und oder von in im am mit für"
    " zu zum klang klänge klaenge geräusch geräusche aufnahme aufnahmen datei dateien art gruppe gruppen sammlung"
    " archiv treffer stück stücke mein meine meinen unser unsere unseren unserer"
    " ok okay hello hi hey thanks thank please well great nice cool perfect good shame pity sorry hm hmm wow"
    " altogether total once again"
    " schade super prima klasse toll danke bitte gut schön mist perfekt hallo moin servus tag tach ach na los".split()
)


def topic(turn: Turn) -> str:
    """What a message is about, in English; empty if it says nothing of the kind."""
    return ", ".join(phrase_in_english(turn, start, end) for start, end in topics(turn))


def phrase_in_english(turn: Turn, start: int, end: int) -> str:
    """A stretch in English, without the small words around it; comparatives as the plain word, slips mended."""
    words = re.sub(r"^\W*(?:\d+\s+)?|[\s.,;:!?]+$", "", stretch_in_english(turn.said, start, end))
    words = re.sub(
        r"^(?:(?:a|an|the|some|any|of|with|on|in|someone|for|more|just|only)\s+)+", "", words, flags=re.IGNORECASE
    )
    meant = {**lexicon()["comparatives"], **lexicon()["superlatives"]}
    return mended(" ".join(meant.get(word, word) for word in words.split()), turn.wording.names)


_NOT = re.compile(
    r"\b(?:no|not|isn'?t|aren'?t|doesn'?t|don'?t|nor|without|w/o|except|minus|excluding|exclude|excludes|drop|ditch|cut|lose|loose|skip|hide|remove|kill"
    r"|nix|omit|ignore|avoid|discard|rid|away|ohne|nichts|niemals|does not need|kein|keine|keinen|keinem|nicht|ausser"
    r"|außer|weg|raus|never|none|nothing|leave|leaving|keep out|keeping out|kept out|filter|mute|disregards?|spare"
    r"|unless|instead of|rather than|streich|lass|lösch)\b",
    re.IGNORECASE,
)

_AWAY_AFTER = re.compile(
    r"^[^,.;]{0,20}\b(?:keine[mnrs]?|weg|raus|may go|can go|(?:is|are) not needed|not needed|need(?:s)? to go|nicht)\b",
    re.IGNORECASE,
)

_OUT_AFTER = re.compile(r"^[^,.;]{0,16}\b(?:out|away|off|weg|raus|aus|may go|can go|not)\b", re.IGNORECASE)


def parted(turn: Turn) -> tuple[str, str]:
    """What is looked for and what is to be left out, as far as a message says what it is about."""
    kept: list[str] = []
    left: list[str] = []
    end = 0
    out = False
    for start, stop in _apart(turn.said, joined(turn.said, topics(turn))):
        between = turn.said[end:start]
        denied = bool(
            _NOT.search(re.split(r"[.;!?] |, (?=(?:\w+ )?(?:show|find|give|play|zeig|such|gib)\w*\b)", between)[-1])
        )
        goes_on = out and re.fullmatch(r"\W*(?:and|or|nor|und|oder|,)?\W*", between) is not None
        out = (
            denied
            or goes_on
            or bool(_AWAY_AFTER.match(turn.said[stop:]))
            or bool(_OUT_AFTER.match(turn.said[stop:]) and _NOT.search(turn.said[:start]))
        )
        (left if out else kept).append(phrase_in_english(turn, start, stop))
        end = stop
    return " ".join(kept), ", ".join(left)


def _apart(text: str, spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Stretches that hold a word of leaving out as what stands before it and after it: "rain without thunder"."""
    found: list[tuple[int, int]] = []
    for start, end in spans:
        inside = _WITHOUT.search(text, start, end)
        found += [(start, inside.start()), (inside.end(), end)] if inside else [(start, end)]
    return found


_WITHOUT = re.compile(
    r"\s+(?:(?:but )?(?:without|except|minus|w/o)|(?:aber )?(?:ohne|außer|kein(?:e[nmrs]?)?))\s+", re.IGNORECASE
)

_TRAILING = re.compile(
    r"[\s,.!?;:]*(?:\b(?:please|pls|thanks|thx|for me|now|instead|then|from now on|bitte|danke|jetzt|ab jetzt"
    r"|if you please|if i may|relabel it|rename it|nennen|hei(?:ß|ss)en|taufen|umbenennen|kopieren|exportieren"
    r"|speichern|ablegen|packen|legen|as its (?:name|title))"
    r"\b[\s,.!?;:]*)+$|[\s,.!?;:]+$",
    re.IGNORECASE,
)

LONGEST_TITLE = 60


def joined(text: str, spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Stretches with nothing but small words between them as one: "Weather" and "Sky" are one title."""
    found: list[tuple[int, int]] = []
    for start, end in spans:
        if found and re.fullmatch(r"\s*(?:and|und|&|of|the|in|on|von|im|,)*\s*", text[found[-1][1] : start]):
            found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
    return found


def without_trailing(text: str) -> str:
    """A title without courtesies after it ("please", "from now on") and without its quotes."""
    return _TRAILING.sub("", text).strip(" \"“”„'‘’")


def enumerated(words: str) -> list[str]:
    """Things that commas and "and" part, each without its article."""
    parts = re.split(r"\s*(?:,|\band\b|&|\bund\b)\s*", words)
    bare = (re.sub(r"^(?:the|all|any|some|a|an)\s+", "", part.strip()) for part in parts)
    return [part for part in bare if part]


def without_empty(args: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments that say something: no empty text, no empty list, no 0."""
    return {name: value for name, value in args.items() if value}
