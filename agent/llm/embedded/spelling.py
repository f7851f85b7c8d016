"""Slips of the keyboard: how many there are between two words, and words for sounds mended where one slip is plain."""

import re
from collections.abc import Collection
from functools import cache, lru_cache

from agent.llm.embedded.lists import lexicon, spoken_of

_SHORTEST = 4  # letters of a word that is mended
_SURE = (
    6  # letters from which on a lost, added or wrong letter is a slip; in a shorter word only two that changed places
)
_LONG = 8  # letters from which on two slips are as plain as one


def mended(text: str, names: Collection[str] = ()) -> str:
    """Words to search by, where a word that is near none but a word for a sound is taken for that.

    names: words of the files that the conversation has shown. What is in quotes, a name or a word of its own stays.
    """
    known = _sound_words() | frozenset(names)
    return re.sub(r"(?<![\\w.-])[a-z]{4,}(?![\\w.-])", lambda word: _mended_word(word[0], known), text)


@lru_cache(maxsize=4096)
def _mended_word(word: str, known: frozenset[str]) -> str:
    if len(word) < _SHORTEST or word in known or _root(word) in known or word in _left_alone():
        return word
    near = sorted(
        (other for other in known if abs(len(other) - len(word)) <= 1 and _is_slip(word, other)),
        key=lambda other: (sorted(other) != sorted(word), other),
    )
    return near[0] if near else word


def _is_slip(word: str, other: str) -> bool:
    if word[0] == other[0] and once(word) == once(other):
        return True
    if word[0] != other[0] or word.startswith(other) or other.startswith(word):
        return False
    if sorted(word) == sorted(other):
        return slips(word, other) <= 1
    if len(other) >= _LONG and word[-2:] == other[-2:]:  # another ending makes another word
        return slips(word, other) <= 2
    return len(other) >= _SURE and slips(word, other) <= 1


def once(word: str) -> str:
    """A word without its doubled letters: "bels" is as good as "bells"."""
    return re.sub(r"(.)\1", r"\1", word)


def _root(word: str) -> str:
    return re.sub(r"(?:ing|ed|es|s)$", "", word)


@cache
def _sound_words() -> frozenset[str]:
    words = frozenset(word for word in (*lexicon()["sounds"]["words"].split(), *spoken_of()) if len(word) >= _SHORTEST)
    return words | {f"{word}s" for word in words if not word.endswith("s")}


@cache
def _left_alone() -> frozenset[str]:
    return frozenset(lexicon()["spelling"]["kept"].split())


def slips(a: str, b: str) -> int:
    """How many letters were lost, added, changed or swapped with their neighbour between two words.

    The optimal string alignment distance: each stretch of letters is edited once.
    """
    rows = [list(range(len(b) + 1))]
    for i, letter in enumerate(a, 1):
        row = [i]
        for j, other in enumerate(b, 1):
            best = min(rows[-1][j] + 1, row[-1] + 1, rows[-1][j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == b[j - 2] and a[i - 2] == other:
                best = min(best, rows[-2][j - 2] + 1)
            row.append(best)
        rows.append(row)
    return rows[-1][-1]
