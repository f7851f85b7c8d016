"""What ears heard, small enough to keep for every window: one byte per class; and how well a text fits it.

A probability is kept as its log-odds in steps of 1/20, so that 0.003 and 0.03 are as far apart as 0.5 and 0.93.
"""

import json
import zlib
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.tagging import pooled

COMMONNESS = Path(__file__).parent / "assets" / "commonness.json"

N_CLASSES = 521
LOWEST, STEP = -6.0, 0.05  # in log-odds; what is less likely than 0.0025 counts as not heard at all

RARE = 0.02  # a class that hardly any sound has counts as this common; without it the rarest would win every search
FAINT = 0.01  # what a part of a text counts that a sound does not have: little enough that "rain and a dog" wants both
HALF = 3.0  # times as likely as is common: there a sound fits a text by half

Levels = NDArray[np.uint8]
"""Log-odds of the classes, (n, 521): 0 for not heard, else LOWEST + STEP * level."""


def levels(probabilities: NDArray[np.float32]) -> Levels:
    """Probabilities in one byte each, of the same shape; they come back within 2.5 % of their odds."""
    kept = np.clip(probabilities, 1e-7, 1 - 1e-7, dtype=np.float32)
    kept = np.log(kept / (1 - kept))
    rounded: Levels = np.clip(np.round((kept - LOWEST) / STEP), 0, 255).astype(np.uint8)
    return rounded


def probabilities(levels: Levels) -> NDArray[np.float32]:
    """What `levels` made of probabilities, as probabilities again: float32, of the same shape."""
    result: NDArray[np.float32] = _meant()[levels]
    return result


def whole(windows: Levels) -> Levels:
    """One row for a sound of the rows of its windows, (521,), as `core.tagging.pooled` takes them together; windows in
    which nothing was heard do not count.
    """
    audible = windows[windows.any(axis=1)]
    return levels(pooled(probabilities(audible))) if len(audible) else np.zeros(windows.shape[1], np.uint8)


def pack(levels: Levels) -> bytes:
    """As kept in the database; most of it is zeros."""
    return zlib.compress(np.ascontiguousarray(levels).tobytes())


def unpack(data: bytes) -> Levels:
    """Rows as they were packed, (n, 521)."""
    return np.frombuffer(zlib.decompress(data), np.uint8).reshape(-1, N_CLASSES)


def fit(meaning: NDArray[np.float32], heard: Levels) -> NDArray[np.float32]:
    """How well sounds fit a text, from 0 to 1: float32 (n,).

    meaning: weights over the classes for each part of a text (`core.words.understand`). heard: one column per sound,
    (521, n), so that only the classes that are asked for are read. A part scores by how much likelier its classes are
    than is common; the parts come together by their geometric mean, as a text of two parts wants both.
    """
    if not len(meaning):
        return np.zeros(heard.shape[1], np.float32)
    logs = np.zeros(heard.shape[1], np.float32)
    for weights in meaning:
        part = np.full(heard.shape[1], FAINT, np.float32)
        for place in np.flatnonzero(weights):
            part += weights[place] * likelier()[place][heard[place]]
        logs += np.log(part)
    score = np.maximum(np.exp(logs / len(meaning)) - FAINT, 0)
    result: NDArray[np.float32] = (score / (score + HALF)).astype(np.float32)
    return result


@cache
def likelier() -> NDArray[np.float32]:
    """How many times likelier than common each level of each class is, float32 (521, 256)."""
    common = np.array(json.loads(COMMONNESS.read_text(encoding="utf-8"))["common"], np.float32)
    result: NDArray[np.float32] = _meant()[None, :] / (common[:, None] + RARE)
    return result


@cache
def _meant() -> NDArray[np.float32]:
    meant: NDArray[np.float32] = (1 / (1 + np.exp(-(LOWEST + STEP * np.arange(256))))).astype(np.float32)
    meant[0] = 0
    return meant
