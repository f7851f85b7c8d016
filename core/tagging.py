"""From what the ears hear in each window to what is remembered of a sound: tags with probabilities, and a domain.

Pure functions on probabilities of the 521 classes of `core.ontology`, in its order. What is sure enough stands here.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.ontology import Ontology, audioset
from core.records import Record, Tag

CALIBRATION = Path(__file__).parent / "assets" / "calibration.json"

PREVAILING = 0.3  # how much the mean of all windows counts beside the clearest one
TAG_FLOOR = 0.1  # a class less likely than this is not remembered
MOST_TAGS = 24
BODIES = frozenset({"Fart", "Burping, eructation", "Stomach rumble"})
SURE_OF_BODIES = 0.8  # nobody is told that they farted on less
NEARLY_ITS_KIND = 0.7  # a narrow name is more telling than its kind from this share of its probability on
SURE_OF_DOMAIN = 0.45  # a domain with a smaller share of the evidence than this is left empty,
LEAST_EVIDENCE = 0.2  # and one whose likeliest class is less likely than this on average
SURE_OF_STATED = 0.5  # captions state what is this likely (nine in ten of them then hold in the demo library),
SURE_OF_JOINED = 0.5  # name a second source beside it from here on,
SURE_OF_HEDGED = 0.24  # and say "perhaps" from here on: below, four in five guesses at named sounds were wrong
LEAST_ODDS = 1e-4  # a probability nearer to 0 or 1 than this counts as this near

Probabilities = NDArray[np.float32]
"""Of the 521 classes: shape (521,) for a sound, (n_windows, 521) for its windows."""


@dataclass(frozen=True, slots=True)
class Calibration(Record):
    """How probabilities of the ears turn into shares of being right: one slope and offset in log-odds, and one offset
    per class (`core.training.calibration`).
    """

    slope: float
    offset: float
    class_offsets: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Named(Record):
    """What a sound is called. tags: the likeliest classes, best first. domain: empty where none is sure enough."""

    tags: list[Tag]
    domain: str
    domain_score: float


def named(windows: Probabilities, audible: NDArray[np.bool_], silent: bool) -> Named:
    """What is remembered of a sound.

    windows: float32 (n_windows, 521), as the ears heard them. audible: bool (n_windows,), false for windows of silence,
    which do not count. silent: whether the whole sound was measured to be silence.
    """
    if silent or not audible.any():
        return Named([Tag("Silence", 1.0)], "silence", 1.0)
    heard = windows[audible]
    domain, score = domain_of(calibrated(heard))
    return Named(tags(with_parents(calibrated(pooled(heard)))), domain, score)


def pooled(windows: Probabilities) -> Probabilities:
    """One probability per class for a sound, (521,), from those of its windows.

    0.7 of the clearest window and 0.3 of the mean of all: a bark in a minute of rain keeps most of what it has, but
    stands behind the rain. With short named sounds planted in recordings of a minute, and on 1,400 named sounds of 4 s
    and more, the mAP over classes is 0.68 and 0.39; the maximum alone has 0.68 and 0.38, the mean alone 0.42 and 0.39.
    """
    clearest = windows.max(axis=0)
    result: Probabilities = ((1 - PREVAILING) * clearest + PREVAILING * windows.mean(axis=0)).astype(np.float32)
    return result


def with_parents(probabilities: Probabilities) -> Probabilities:
    """The same, (..., 521), each class at least as likely as the likeliest that implies it (`Ontology.implied`).

    The maximum, not a noisy-or: Dog, Bark and Bow-wow are three names for one event, not three witnesses of it.
    """
    result = probabilities.copy()
    for place, implied in enumerate(audioset().implied):
        for above in implied:
            result[..., above] = np.maximum(result[..., above], probabilities[..., place])
    return result


def tags(probabilities: Probabilities) -> list[Tag]:
    """The classes worth remembering, likeliest first and among equals the narrowest; at most MOST_TAGS, none under
    TAG_FLOOR (BODIES under SURE_OF_BODIES), never silence.

    What is heard around any sound (a small room, an echo) is remembered only beside something likelier.
    """
    ontology = audioset()
    likely = [int(place) for place in np.flatnonzero(probabilities >= _floors())]
    order = sorted(likely, key=lambda place: (-probabilities[place], -len(ontology.ancestors(ontology.names[place]))))
    order = [place for place in order if ontology.names[place] != "Silence"]
    first = next((rank for rank, place in enumerate(order) if ontology.classes[place].domain), len(order))
    return [Tag(ontology.names[place], round(float(probabilities[place]), 3)) for place in order[first:][:MOST_TAGS]]


def telling_first(heard: Sequence[Tag]) -> list[Tag]:
    """Tags, likeliest first, but each kind (Animal) behind what is one of it (Bark) and nearly as likely."""
    ontology, told = audioset(), dict[str, Tag]()
    ranked = sorted(heard, key=lambda tag: -tag.score)

    def tell(tag: Tag) -> None:
        enough = NEARLY_ITS_KIND * tag.score
        for other in ranked:
            if other.score >= enough and other.label not in told and ontology.implies(other.label, tag.label):
                tell(other)
        told.setdefault(tag.label, tag)

    for tag in ranked:
        tell(tag)
    return list(told.values())


def domain_of(windows: Probabilities) -> tuple[str, float]:
    """The domain that prevails in a sound's audible windows and its probability; empty and 0 where none is sure enough.

    The evidence for a domain in a window is its likeliest class, as classes of one domain mostly name the same event;
    its probability is its share of all evidence.
    """
    evidence = _evidence(windows, audioset())
    best = max(evidence, key=lambda domain: evidence[domain])
    share = evidence[best] / max(sum(evidence.values()), 1e-9)
    if share < SURE_OF_DOMAIN or evidence[best] < LEAST_EVIDENCE:
        return "", 0.0
    return best, round(share, 3)


def calibrated(probabilities: Probabilities, calibration: Calibration | None = None) -> Probabilities:
    """Probabilities (..., 521) as shares of being right; by default with the calibration of the ears that ship."""
    from scipy.special import expit  # half a second, which a command that hears nothing is spared

    used = calibration or shipped_calibration()
    odds = used.slope * log_odds(probabilities) + used.offset + np.array(used.class_offsets, np.float32)
    result: Probabilities = expit(odds).astype(np.float32)
    return result


def log_odds(probabilities: Probabilities) -> Probabilities:
    """log(p / (1 - p)), finite also for 0 and 1."""
    kept = np.clip(probabilities, LEAST_ODDS, 1 - LEAST_ODDS).astype(np.float32)
    result: Probabilities = np.log(kept / (1 - kept))
    return result


@cache
def shipped_calibration() -> Calibration:
    """The calibration in `core/assets/`, read once."""
    held = json.loads(CALIBRATION.read_text(encoding="utf-8"))
    return Calibration(held["slope"], held["offset"], tuple(held["class_offsets"]))


@cache
def _floors() -> Probabilities:
    """How likely each class must be to be remembered."""
    return np.array([SURE_OF_BODIES if name in BODIES else TAG_FLOOR for name in audioset().names], np.float32)


def _evidence(windows: Probabilities, ontology: Ontology) -> Mapping[str, float]:
    return {
        domain: float(windows[:, places].max(axis=1).mean())
        for domain, places in ontology.by_domain.items()
        if domain != "silence"
    }
