"""What sets a group of sounds apart from the groups that sound most like it, in measured numbers and in words.

Numbers and shares in, a sentence out; knows nothing of how the groups were made.
"""

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


def apart(
    numbers: Mapping[str, NDArray[np.float64]],
    words: Sequence[frozenset[str]],
    inside: NDArray[np.bool_],
    beside: NDArray[np.bool_],
    neighbours: Sequence[str],
) -> str:
    """What differs between the sounds inside a group and those beside it; empty if nothing clearly does.

    numbers: by the names of `MEASURES`, (n,), NaN where a sound has none. words: of each of the n sounds. inside,
    beside: bool (n,), the group and its neighbours. neighbours: what those are called.
    """
    if inside.sum() < FEWEST or beside.sum() < FEWEST:
        return ""
    told = [_told(MEASURES[name], one, other) for name, one, other in _differing(numbers, inside, beside)[:MOST]]
    than = " and ".join(f"“{name}”" for name in neighbours)
    sentences = [f"{told[0][0].upper()}{' and '.join(told)[1:]} than {than}."] if told else []
    if word := _word(words, inside, beside):
        sentences.append(word)
    return " ".join(sentences)


def _differing(
    numbers: Mapping[str, NDArray[np.float64]], inside: NDArray[np.bool_], beside: NDArray[np.bool_]
) -> list[tuple[str, float, float]]:
    """The numbers that clearly differ, most first, with their medians inside and beside."""
    found = []
    for name in MEASURES:
        values = numbers.get(name)
        if values is None:
            continue
        known = np.isfinite(values)
        one, other = values[inside & known], values[beside & known]
        if len(one) < FEWEST or len(other) < FEWEST or len(one) < inside.sum() / 2:
            continue
        area = auc(np.concatenate([one, other]), np.arange(len(one) + len(other)) < len(one))
        if max(area, 1 - area) >= CLEAR:
            found.append((abs(area - 0.5), name, float(np.median(one)), float(np.median(other))))
    return [each[1:] for each in sorted(found, key=lambda each: (-each[0], each[1]))]


def _told(measure: Measure, one: float, other: float) -> str:
    word = measure.more if one > other else measure.less
    return f"{word} ({measure.said(one)} against {measure.said(other)})"


def _word(words: Sequence[frozenset[str]], inside: NDArray[np.bool_], beside: NDArray[np.bool_]) -> str:
    """The word that most of a group have and few of its neighbours."""
    shares, others = _shares(words, inside), _shares(words, beside)
    clear = [word for word, share in shares.items() if share >= SHARE_IN and others.get(word, 0.0) <= SHARE_OUT]
    if not clear:
        return ""
    word = min(clear, key=lambda word: (others.get(word, 0.0) - shares[word], word))
    has, lack = _of(shares[word], "all of them", "them"), _of(others.get(word, 0.0), "", "those")
    return f"“{word}” is said of {has}, and of {lack}."


def _of(share: float, everything: str, they: str) -> str:
    """How many of them: all, none, or a share in percent."""
    if share == 1 and everything:
        return everything
    return f"{100 * share:.0f} % of {they}" if share else f"none of {they}"


def _shares(words: Sequence[frozenset[str]], rows: NDArray[np.bool_]) -> dict[str, float]:
    counts = Counter(word for row in np.flatnonzero(rows) for word in words[int(row)])
    return {word: count / int(rows.sum()) for word, count in counts.items()}
