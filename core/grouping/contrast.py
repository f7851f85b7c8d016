"""What sets a group of sounds apart from the groups that sound most like it, in measured numbers and in words.

Numbers and words in, a sentence out; knows nothing of how the groups were made. Neighbours stand in it by their number,
`{cluster 3}`, so that what they are called is read when it is shown (`with_titles`).
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.grouping.name_check import auc
from core.spoken import spoken_duration, spoken_frequency

CLEAR = 0.8  # the AUC from which a number is said to differ: four of five times a sound of the one group is above
MOST = 2  # numbers that are told
SHARE_IN, SHARE_OUT = 0.5, 0.2  # a word is told that at least so many of the group have, and at most so many of others
FEWEST = 2  # sounds on each side
MENTION = re.compile(r"\{cluster (\d+)\}")

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Measure:
    """A number of sounds, and how more and less of it is said."""

    more: str
    less: str
    said: Callable[[float], str]


MEASURES = {
    "duration_s": Measure("longer", "shorter", spoken_duration),
    "brightness_hz": Measure("brighter", "darker", spoken_frequency),
    "pitch_hz": Measure("higher", "lower", spoken_frequency),
    "loudness_lufs": Measure("louder", "quieter", lambda value: f"{value:.0f} LUFS"),
    "noisiness": Measure("noisier", "purer", lambda value: f"{value:.2f}"),
}
"""The descriptors that a person has a word for; `noisiness` from 0, a tone, to 1, noise."""


@dataclass(frozen=True, slots=True)
class Side:
    """The sounds of a group. numbers: by the names of `MEASURES`, (n,), NaN where a sound has none. words: of each."""

    numbers: Mapping[str, Numbers]
    words: Sequence[frozenset[str]]


@dataclass(frozen=True, slots=True)
class _Difference:
    """What one number says: how, with both medians, and beside which neighbours. clear: the sum of |AUC - 0.5|."""

    told: str
    than: tuple[int, ...]
    clear: float


def apart(own: Side, neighbours: Mapping[int, Side]) -> str:
    """What differs between a group and the groups beside it, by their numbers; empty if nothing clearly does.

    A number is told beside those neighbours only that it holds for, each on its own.
    """
    if len(own.words) < FEWEST or not neighbours:
        return ""
    found = [each for name in MEASURES if (each := _difference(name, own, neighbours)) is not None]
    best = sorted(found, key=lambda each: -each.clear)[:MOST]
    sentences = []
    for than in dict.fromkeys(each.than for each in best):
        told = " and ".join(each.told for each in best if each.than == than)
        sentences.append(f"{told[0].upper()}{told[1:]} than {_listed(than)}.")
    return " ".join([*sentences, *_word(own, neighbours)])


def mentions(text: str) -> frozenset[int]:
    """The numbers of the clusters that a sentence stands beside."""
    return frozenset(int(number) for number in MENTION.findall(text))


def with_titles(text: str, titles: Mapping[int, str]) -> str:
    """A sentence with the titles of the clusters in place of their numbers."""
    return MENTION.sub(lambda found: f"“{titles.get(int(found[1]), f'cluster {found[1]}')}”", text)


def _difference(name: str, own: Side, neighbours: Mapping[int, Side]) -> _Difference | None:
    measure, mine = MEASURES[name], _known(own, name)
    if len(mine) < max(FEWEST, len(own.words) / 2):
        return None
    areas: dict[int, float] = {}
    for number, side in neighbours.items():
        theirs = _known(side, name)
        if len(theirs) >= FEWEST:
            areas[number] = auc(np.concatenate([mine, theirs]), np.arange(len(mine) + len(theirs)) < len(mine))
    above = tuple(number for number, area in areas.items() if area >= CLEAR)
    below = tuple(number for number, area in areas.items() if area <= 1 - CLEAR)
    than = max(above, below, key=len)
    if not than:
        return None
    one = measure.said(float(np.median(mine)))
    other = measure.said(float(np.median(np.concatenate([_known(neighbours[number], name) for number in than]))))
    if one == other:
        return None
    told = f"{measure.more if than is above else measure.less} ({one} against {other})"
    return _Difference(told, than, sum(abs(areas[number] - 0.5) for number in than))


def _known(side: Side, name: str) -> Numbers:
    values = side.numbers.get(name, np.zeros(0))
    known: Numbers = values[np.isfinite(values)]
    return known


def _word(own: Side, neighbours: Mapping[int, Side]) -> list[str]:
    """The word that most of a group have and few of its neighbours."""
    shares = _shares(own.words)
    others = _shares([words for side in neighbours.values() for words in side.words])
    clear = [word for word, share in shares.items() if share >= SHARE_IN and others.get(word, 0.0) <= SHARE_OUT]
    if not clear:
        return []
    word = min(clear, key=lambda word: (others.get(word, 0.0) - shares[word], word))
    has = "all of its sounds" if shares[word] == 1 else f"{100 * shares[word]:.0f} % of its sounds"
    lack = f"{100 * others[word]:.0f} %" if others.get(word) else "none"
    return [f"“{word}” is said of {has}, and of {lack} in the groups beside it."]


def _shares(words: Sequence[frozenset[str]]) -> dict[str, float]:
    counts = Counter(word for each in words for word in each)
    return {word: count / len(words) for word, count in counts.items()}


def _listed(numbers: Sequence[int]) -> str:
    mentioned = [f"{{cluster {number}}}" for number in numbers]
    return " and ".join([", ".join(mentioned[:-1]), mentioned[-1]]) if len(mentioned) > 1 else mentioned[0]
