"""Fits `core/assets/builtin_lessons.npz`: what the teacher did not know, learned from how people name their sounds.

For classes that enough files of enough makers are named after, such as drums, which the teacher hardly knows, a
linear reading of the sound's vector is added to the network's log-odds: a logistic regression with those as offset and
a prior that draws it to nought. A class keeps its lesson only if it ranks files of other makers better with it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit
from sklearn.model_selection import GroupKFold

from core.embedding.builtin import LESSONS, BuiltinEmbedder, Lessons, write_lessons
from core.heard import LOWEST
from core.ontology import audioset
from core.tagging import log_odds
from core.training.calibration import UNNAMED, Labelled, truth
from core.training.scoring import average_precision

FEWEST_FILES, FEWEST_MAKERS = 15, 3
LEAST_GAIN = 0.03  # in average precision, on makers that were not fitted on
PRIOR = 1.0  # strength of the ridge
MOST_WEIGHT = 5.0  # of a named file beside one that is not
FOLDS = 8

Rows = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Class:
    """What is known of one class: rows of vectors, the network's log-odds, whether it is there, weights and makers."""

    vectors: Rows
    odds: Rows
    true: NDArray[np.bool_]
    weights: Rows
    makers: NDArray[np.str_]


def fit(sounds: Labelled, vectors: NDArray[np.float32]) -> tuple[Lessons, dict[str, tuple[float, float]]]:
    """The lessons worth keeping, and for each the average precision on other makers without and with it.

    vectors: float32 (n, dim), one per sound. sounds: what the network alone made of them.
    """
    kept: dict[str, tuple[float, float]] = {}
    readings = []
    for place, known in _classes(sounds, vectors).items():
        before, after = gain(known)
        if after - before >= LEAST_GAIN:
            kept[audioset().names[place]] = (before, after)
            readings.append(reading(known))
    rows = np.array(readings, np.float32).reshape(len(kept), 1 + vectors.shape[1])
    places = np.array([audioset().index[name] for name in kept], np.int64)
    return Lessons(places, rows[:, 1:], rows[:, 0]), kept


def forget() -> None:
    """Ships no lessons: what a new network is to be heard with before it is settled."""
    dim = BuiltinEmbedder.dim
    write_lessons(Lessons(np.zeros(0, np.int64), np.zeros((0, dim), np.float32), np.zeros(0, np.float32)), LESSONS)


def gain(known: Class) -> tuple[float, float]:
    """Average precision of a class by the network's log-odds, and with lessons from other makers than each file's."""
    taught = known.odds.copy()
    n_folds = min(FOLDS, len(set(known.makers)))
    for fitted, rest in GroupKFold(n_folds).split(known.vectors, groups=known.makers):
        weights = reading(_of(known, fitted))
        taught[rest] += weights[0] + known.vectors[rest] @ weights[1:]
    return _precision(known.odds, known.true), _precision(taught, known.true)


def reading(known: Class) -> Rows:
    """Offset and weights (1 + dim,) of the most likely reading under the prior, by L-BFGS."""
    target = np.where(known.true, 1.0, UNNAMED * expit(known.odds))
    share = max(float(known.true.mean()), 1e-6)
    weights = known.weights * np.where(known.true, min(MOST_WEIGHT, max(1.0, 0.02 / share)), 1.0)

    def loss(x: Rows) -> tuple[float, Rows]:
        z = known.odds + x[0] + known.vectors @ x[1:]
        value = weights @ (np.logaddexp(0, z) - target * z) + PRIOR * np.square(x).sum() / 2
        slope = weights * (expit(z) - target)
        return float(value), np.concatenate([[slope.sum()], known.vectors.T @ slope]) + PRIOR * x

    return minimize(loss, np.zeros(1 + known.vectors.shape[1]), jac=True, method="L-BFGS-B").x


def _classes(sounds: Labelled, vectors: NDArray[np.float32]) -> Mapping[int, Class]:
    """The classes that enough files of enough makers are named after."""
    named = [row for row, certain in enumerate(sounds.certain) if certain]
    facts = [truth(sounds.certain[row]) for row in named]
    known, true = (np.stack(part) for part in zip(*facts, strict=True))
    odds = np.maximum(log_odds(sounds.probabilities[named]), LOWEST).astype(np.float64)
    makers = np.array(sounds.groups)[named]
    found = {}
    for place in np.flatnonzero(true.sum(axis=0) >= FEWEST_FILES):
        if len(set(makers[true[:, place]])) >= FEWEST_MAKERS:
            rows = known[:, place]
            parts = (vectors[named][rows].astype(np.float64), odds[rows, place], true[rows, place])
            found[int(place)] = Class(*parts, sounds.weights[named][rows], makers[rows])
    return found


def _of(known: Class, rows: NDArray[np.intp]) -> Class:
    return Class(*(getattr(known, name)[rows] for name in known.__slots__))


def _precision(scores: Rows, true: NDArray[np.bool_]) -> float:
    return average_precision(true[np.argsort(-scores, kind="stable")])
