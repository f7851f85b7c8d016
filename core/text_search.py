"""Which sounds fit a text: what their files are called, what is said of them, and what the ears heard in them.

Each of the three is evidence from 0 to 1; the score of a sound is 1 - exp(-their weighted sum). A name counts most, as
a person gave it; among equal names, and where the names say nothing, the ears decide. What is not to be in the sounds
may be said in the text itself: "a dog, no traffic".
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlite_utils import Database

from core.qualities import WORDS as FORMS
from core.search import Match, query_words
from core.store import sounds
from core.text_ears import TextEars

NAMED, HEARD, SAID = 3.0, 1.5, 0.5  # the weights; said is what tags and captions hold, which repeat what was heard
FITS = 0.05  # a sound that is heard to fit less than this, and neither named nor said to, is not found
SURELY_FITS = 0.3  # from here on a sound belongs to a group that is chosen by a text
SURE = 0.7  # a hit with a lower score is shown as a perhaps: by ear alone, two of three of those above it are right
MEASURED = frozenset({*FORMS, "hit", "hits", "tone", "tones", "noise"})  # words that captions and tags hold as surely

LONGEST = 300  # letters of a text that are read; what comes after them says nothing more
MOST_WORDS = 20  # of a text that are looked for in names, tags and captions, a full-text query each

BUT = r"(?:[,;]? ?\b(?:but|and) (?:with )?|[,;] ?(?:with )?)"
EVER = r"[,;]? ?(?:\b(?:but|and) )?\b(?:without|excluding|except(?: for)?|with no|minus)"
DENIAL = re.compile(rf"(?:{EVER}|(?:^|{BUT})(?:no|not)) (?:any )?", re.IGNORECASE)
WANTED_AGAIN = re.compile(r"[,;]? ?\bbut ", re.IGNORECASE)  # "no wind but rain"; "no wind, rain" only at the beginning
WANTED_FIRST = re.compile(r" ?[,;] ?(?:(?:and|but) )?| ?\bbut ", re.IGNORECASE)
OR = re.compile(r" ?(?:[,;]|\band\b|\bor\b|\bnor\b) ?(?:(?:no|not|without|any|nor)\b ?)*", re.IGNORECASE)

Ids = NDArray[np.int64]
Scores = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Ranking:
    """The sounds that fit a text, best first. heard: how well by ear alone, 0 where they know nothing."""

    ids: Ids
    scores: Scores
    heard: Scores


def rank(
    db: Database, ears: TextEars | None, text: str, without: str, allowed: set[int], fits: float = FITS
) -> Ranking:
    """All allowed sounds that fit a text. text and without: as `wish` tells them apart.

    A sound that is named what is in `without` is left out; one that is heard to be so loses as much as it is, by the
    most that one of several things is heard. Without ears, or where the words say nothing about sounds, names and
    tags decide alone.
    """
    ids = np.sort(np.fromiter(allowed - named(db, without), np.int64))
    heard = _heard(ears, text, ids)
    by_name, by_what_is_said = _worded(db, text, ids)
    unwanted = _heard_any(ears, without, ids)
    evidence = NAMED * by_name + SAID * by_what_is_said + HEARD * (heard - unwanted)
    found = np.flatnonzero((evidence > 0) & ((by_name > 0) | (by_what_is_said > 0) | (heard - unwanted >= fits)))
    best = found[np.lexsort((ids[found], -evidence[found]))]
    return Ranking(ids[best], (1 - np.exp(-evidence[best])).astype(np.float32), heard[best])


def matches(db: Database, ears: TextEars | None, text: str, ranking: Ranking, k: int) -> list[Match]:
    """The k best of a ranking, each with the window that the ears find the text in; none where they know nothing."""
    chosen = ranking.ids[:k].tolist()
    moments = {} if ears is None else ears.moments(db, text, chosen, FITS)
    pairs = zip(chosen, ranking.scores.tolist(), strict=False)
    return [Match(sound_id, score, moments.get(sound_id)) for sound_id, score in pairs]


def wish(text: str, without: str = "") -> tuple[str, str]:
    """What a text asks for, and what it asks to be left out: "a dog, no traffic" is "a dog" and "traffic".

    A text that denies one thing and asks for nothing else ("no input mixer") is all asked for; one that denies several
    asks for nothing. without: what is to be left out besides. Both come back with single spaces and 300 letters at
    most; reading them once more changes nothing.
    """
    wanted, left_out = _tidied(text), [_tidied(without)]
    while True:
        rest, denied = _told_apart(wanted)
        left_out += denied
        if rest == wanted:
            return wanted, _tidied(", ".join(part for part in left_out if part))
        wanted = rest


def named(db: Database, text: str) -> set[int]:
    """The sounds that a text names: all whole words of one of its parts are in the names of each.

    What was only heard (tags, captions) names nothing: it may be "perhaps a drum".
    """
    found: set[int] = set()
    for part in _alternatives(text):
        words = [f"({word})" for word in query_words(part, beginnings=False)]
        if words:
            found |= sounds.matching(db, f"names : ({' AND '.join(words)})")
    return found


def is_listing(text: str) -> bool:
    """Whether a text says nothing to look for ("sounds", or nothing): what passes the filters is then listed."""
    return not query_words(wish(text)[0])


def _tidied(text: str) -> str:
    return " ".join(text.split())[:LONGEST].strip(" ,;")


def _told_apart(text: str) -> tuple[str, list[str]]:
    """One reading of a tidy text: what is wanted, and each thing that is denied."""
    before, *denials = DENIAL.split(text)
    wanted, denied = [before] if re.search(r"\w", before) else [], []
    for denial in denials:
        thing, *again = (WANTED_AGAIN if wanted else WANTED_FIRST).split(denial, maxsplit=1)
        denied.append(thing.strip(" ,;.!?"))
        wanted += [more for more in again if re.search(r"\w", more)]
    if not wanted and len(denials) == 1:
        return text, []
    return _tidied(", ".join(wanted)), denied


def _alternatives(text: str) -> list[str]:
    """The things in a text of what is not wanted, each once: "no thunder or rain" is thunder and rain."""
    return [part for part in dict.fromkeys(OR.split(f",{_tidied(text)}")) if part]


def _heard_any(ears: TextEars | None, text: str, ids: Ids) -> Scores:
    """How well sounds fit one of the things in a text by ear, the one that they fit best: float32 (n_ids,)."""
    fits = [_heard(ears, part, ids) for part in _alternatives(text)]
    return np.max(fits, axis=0) if fits else np.zeros(len(ids), np.float32)


def _heard(ears: TextEars | None, text: str, ids: Ids) -> Scores:
    """How well sounds fit a text by ear, float32 (n_ids,)."""
    return np.zeros(len(ids), np.float32) if ears is None else ears.fits(text, ids)


def _worded(db: Database, text: str, ids: Ids) -> tuple[Scores, Scores]:
    """The share of a text's words that is in the name of a sound, and in its tags and captions: float32 (n_ids,) each.

    A word that few sounds have says more than one that many have (inverse document frequency). What is measured counts
    as if a person had named it.
    """
    n_sounds = sounds.count(db)
    shares = [np.zeros(len(ids), np.float32) for _ in range(2)]
    totals = [0.0 for _ in shares]
    for word in query_words(text)[:MOST_WORDS]:
        measured = word.split('"')[1] in MEASURED
        for place, columns in enumerate(("{names tags captions}" if measured else "names", "{tags captions}")):
            having = sounds.matching(db, f"{columns} : ({word})")
            rarity = float(np.log(1 + n_sounds / (len(having) + 0.5)))
            totals[place] += rarity
            shares[place] += rarity * np.isin(ids, _array(having))
    return shares[0] / (totals[0] or 1), shares[1] / (totals[1] or 1)


def _array(sounds: Iterable[int]) -> Ids:
    return np.fromiter(sounds, np.int64)
