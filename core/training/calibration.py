"""Fits `core/assets/calibration.json`: how sure the ears are, turned into how often they are right.

A file's name is a weak label. A file called "dog bark" is surely Dog, Bark and what they imply. It may also be
something below them (a Yip), or lie in a small room: such pairs of file and class are left out, and so are classes that
no file is named after. What is left is not named, which is nearly but not quite the same as not there: a bird may sing
behind the dog. So a share UNNAMED of what the ears believe of those is taken to be there.

A calibrated number therefore lies between two readings: the share of files, among those that sounded as sure, whose
maker named the class (a lower bound, close for a sound in the foreground), and the ears' own belief. `Reliability` is
measured against names alone, on groups of files that were not fitted on; its error counts every unnamed bird as a
mistake.

The model is Platt's (1999) on log-odds, with one slope and one offset for all classes, and an offset per class that a
prior draws to nought, as in ridge regression: `sigmoid(slope * log_odds(p) + offset + offset_of_class)`.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit
from sklearn.model_selection import GroupKFold

from core.ontology import audioset
from core.records import Record
from core.tagging import CALIBRATION, Calibration, log_odds

PRIOR_SD = 0.7  # of a class's own offset in log-odds: twice or half as likely is common, ten times is rare
UNNAMED = 0.3  # share of what the ears believe of an unnamed class that is taken to be there
RARITY = (0.5, 2.0)  # bounds of the weight that makes classes alike common
FOLDS = 5
WORTH_SAYING = 0.05  # reliability is read from here on; below lie 99 of 100 pairs, and all are right
BINS = 10

SAME_AS = {
    "kick": "bass drum", "bd": "bass drum", "hat": "hi-hat", "hihat": "hi-hat", "hh": "hi-hat", "sn": "snare drum",
    "snare": "snare drum", "ride": "cymbal", "sax": "saxophone",
    "footstep": "walk", "step": "walk", "walking": "walk", "rifle": "gunshot", "pistol": "gunshot", "gun": "gunshot",
    "woosh": "whoosh", "swish": "whoosh", "shaker": "maraca", "digeridoo": "didgeridoo", "door slam": "slam",
    "rain": "rain", "waves": "waves", "harp": "harp", "synth": "synthesizer",
    "police siren": "police car", "woodblock": "wood block", "coins": "coin", "pennies": "coin", "handclap": "clapping",
    "clap": "clapping", "snap": "finger snapping", "theme": "music", "squeek": "squeak", "doorslam": "slam",
}  # fmt: skip
"""What makers of sounds write for the words of a class."""
DRUMS = re.compile(r"\b(toms?|congas?|bongos?)\b")  # said of nothing else, while "drum" also is said of machines
TREACHEROUS = frozenset(
    "hands run roll rub fly country ring stream rattle fire static noise harmonic pulse wood tools wind tick funk soul"
    " stir fill pour flap chop crack whip drum machine keyboard hiss turkey mouse effects sand ship tap jingle crash"
    " crow scratching song arrow honk underground".split()
)
"""Words of classes that mean something else in too many names: fly, run, wind up."""
ASIDE = re.compile(r"\b(on|in|with|of|and|into|down|up|to|from|not|no)\b")


@dataclass(frozen=True, slots=True)
class Labelled:
    """Sounds with what they are surely. probabilities: float32 (n, 521), pooled. certain: the named classes of each.

    groups: what must not stand on both sides of a split (a maker, a speaker). weights: how much each sound counts.
    """

    probabilities: NDArray[np.float32]
    certain: Sequence[frozenset[str]]
    groups: Sequence[str]
    weights: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Reliability(Record):
    """How far the numbers are from the shares they stand for, on pairs of WORTH_SAYING or more.

    error: expected calibration error, 0 is perfect, over BINS bins of equal count. curve: (mean number, share) by bin.
    """

    error: float
    n_pairs: int
    curve: list[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class _Pairs:
    """What is known of pairs of sound and class; all arrays of one length."""

    odds: NDArray[np.float64]
    classes: NDArray[np.intp]
    true: NDArray[np.bool_]
    sounds: NDArray[np.intp]
    weights: NDArray[np.float64]

    def of(self, chosen: NDArray[np.bool_]) -> "_Pairs":
        return _Pairs(*(getattr(self, name)[chosen] for name in self.__slots__))


def named(label: str) -> frozenset[str]:
    """The classes that a file's label names: the last part of its path, up to the first preposition."""
    ontology = audioset()
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", label.rsplit("/", 1)[-1])
    words = " ".join(re.findall(r"[a-z-]+", ASIDE.split(spaced.lower().replace("_", " "))[0]))
    for said, meant in SAME_AS.items():
        words = re.sub(rf"\b{said}s?\b", meant, words)
    patterns = zip(ontology.names, _patterns(), strict=True)
    drums = {"Drum"} if DRUMS.search(words) else set()
    return frozenset({name for name, pattern in patterns if pattern and pattern.search(words)} | drums)


def fit(sounds: Labelled) -> tuple[Calibration, Reliability, Reliability]:
    """The calibration from all sounds, its reliability on groups it was not fitted on, and that of the raw numbers.

    Needs sounds with names in at least FOLDS groups.
    """
    pairs = _pairs(sounds)
    groups = np.array(sounds.groups)[pairs.sounds]
    held_out = np.zeros(len(pairs.odds))
    for fitted, rest in GroupKFold(FOLDS).split(pairs.odds, groups=groups):
        chosen = np.zeros(len(groups), bool)
        chosen[fitted] = True
        held_out[rest] = _applied(_fit(pairs.of(chosen)), pairs)[rest]
    raw = expit(pairs.odds)
    return _fit(pairs), reliability(held_out, pairs.true, pairs.weights), reliability(raw, pairs.true, pairs.weights)


def write(calibration: Calibration, out: Path = CALIBRATION) -> None:
    """Writes a calibration where `core.tagging.shipped_calibration` reads it."""
    held = calibration.as_dict() | {"class_offsets": [round(offset, 4) for offset in calibration.class_offsets]}
    out.write_text(json.dumps(held) + "\n", encoding="utf-8")


def reliability(numbers: NDArray[np.float64], true: NDArray[np.bool_], weights: NDArray[np.float64]) -> Reliability:
    """The reliability of numbers that say how likely each of `true` is, each counting as much as its weight."""
    said = np.flatnonzero(numbers >= WORTH_SAYING)
    order = said[np.argsort(numbers[said], kind="stable")]
    parts = [part for part in np.array_split(order, BINS) if len(part)]
    curve = [tuple(float(np.average(x[part], weights=weights[part])) for x in (numbers, true)) for part in parts]
    sizes = [weights[part].sum() for part in parts]
    error = sum(size * abs(mean - share) for size, (mean, share) in zip(sizes, curve, strict=True)) / max(sum(sizes), 1)
    return Reliability(float(error), len(said), [(mean, share) for mean, share in curve])


@cache
def _patterns() -> tuple[re.Pattern[str] | None, ...]:
    """What names each class; None for what is heard around any sound, which nobody names a file after."""
    found = []
    for known in audioset().classes:
        words = "|".join(_aliases(known.name)) if known.domain else ""
        found.append(re.compile(rf"\b({words})(e?s)?\b") if words else None)
    return tuple(found)


def _aliases(name: str) -> Iterator[str]:
    for part in re.sub(r"\(.*?\)", "", name).lower().split(","):
        whole = part.strip()
        for alias in {whole, whole.removesuffix("ing")}:
            if len(alias) > 2 and alias not in TREACHEROUS:
                yield re.escape(alias)


def _pairs(sounds: Labelled) -> _Pairs:
    """All pairs of a sound that has a name and a class that some sound is named after, but those that are unknown."""
    known = np.zeros(sounds.probabilities.shape, bool)
    true = np.zeros(sounds.probabilities.shape, bool)
    for row, certain in enumerate(sounds.certain):
        if certain:
            known[row], true[row] = truth(certain)
    known &= true.any(axis=0)
    rows, classes = np.nonzero(known)
    odds = log_odds(sounds.probabilities)[rows, classes].astype(np.float64)
    weights = sounds.weights[rows] * np.where(true[rows, classes], _rarity(true, known, sounds.weights)[classes], 1.0)
    return _Pairs(odds, classes, true[rows, classes], rows, weights)


def _rarity(true: NDArray[np.bool_], known: NDArray[np.bool_], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """How many times as common each class would have to be to be like the mean class, within the bounds of RARITY.

    Else what these files happen to hold would make a class likelier or less likely, whatever the ears hear.
    """
    shares = weights @ true / np.maximum(weights @ known, 1e-9)
    mean = shares[shares > 0].mean()
    rarity: NDArray[np.float64] = np.clip(mean / np.maximum(shares, 1e-9), *RARITY)
    return rarity


def truth(certain: frozenset[str]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Of a sound with a name: which classes something is known of, and which of them are there; bool (521,) each."""
    ontology = audioset()
    true = np.zeros(len(ontology.names), bool)
    for name in certain:
        place = ontology.index[name]
        true[[place, *ontology.implied[place]]] = True
    around = [not known.domain for known in ontology.classes]
    below = [any(name in ontology.ancestors(other) for name in certain) for other in ontology.names]
    return true | ~(np.array(around) | np.array(below)), true


def _fit(pairs: _Pairs) -> Calibration:
    """Most likely slope, offset and class offsets under the prior, by L-BFGS."""
    n_classes = len(audioset().names)
    target = np.where(pairs.true, 1.0, UNNAMED * expit(pairs.odds))

    def loss(x: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        z = x[0] * pairs.odds + x[1] + x[2:][pairs.classes]
        value = pairs.weights @ (np.logaddexp(0, z) - target * z) + np.square(x[2:]).sum() / (2 * PRIOR_SD**2)
        slope = pairs.weights * (expit(z) - target)
        own = np.bincount(pairs.classes, slope, n_classes) + x[2:] / PRIOR_SD**2
        return float(value), np.concatenate([[slope @ pairs.odds, slope.sum()], own])

    found = minimize(loss, np.concatenate([[1.0], np.zeros(n_classes + 1)]), jac=True, method="L-BFGS-B").x
    return Calibration(float(found[0]), float(found[1]), tuple(float(x) for x in found[2:]))


def _applied(calibration: Calibration, pairs: _Pairs) -> NDArray[np.float64]:
    own = np.array(calibration.class_offsets)
    result: NDArray[np.float64] = expit(calibration.slope * pairs.odds + calibration.offset + own[pairs.classes])
    return result
