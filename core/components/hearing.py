"""What the built-in ears hear in a component: probabilities of the classes of `core.ontology`, and the name for it."""

from collections.abc import Sequence
from functools import cache

import numpy as np
import soxr

from core.audio import windows
from core.embedding import DESCRIBER, Embedder, make_embedder
from core.ontology import Ontology, audioset
from core.records import Samples, Tag
from core.tagging import SURE_OF_HEDGED, Probabilities, calibrated, pooled, tags, telling_first, with_parents

SILENT = 1e-4  # of full scale, -80 dB: a component that is nowhere louder sounds like nothing
MOST_SUGGESTED = 3


def heard(samples: Samples, sample_rate_hz: int) -> Probabilities:
    """The probability of each class in a stretch of sound, (521,), calibrated; zeros for silence."""
    ears = _ears()
    if np.abs(samples).max(initial=0.0) < SILENT:
        return np.zeros(len(ears.labels), np.float32)
    clips = list(windows(iter([resampled(samples, sample_rate_hz, ears.sample_rate_hz)]), ears.window, ears.hop))
    tagged = ears.hear(clips).tags
    audible = tagged[tagged.any(axis=1)]
    return with_parents(calibrated(pooled(audible))) if len(audible) else np.zeros(len(ears.labels), np.float32)


def likely(probabilities: Probabilities, least: float) -> list[Tag]:
    """All classes at least so likely, likeliest first, never silence; of each a score."""
    names = audioset().names
    order = [int(place) for place in np.argsort(-probabilities, kind="stable") if probabilities[place] >= least]
    return [Tag(names[place], round(float(probabilities[place]), 3)) for place in order if names[place] != "Silence"]


def without_kinds(heard: Sequence[Tag]) -> list[Tag]:
    """Tags, most telling first, none of which another one implies or is implied by."""
    ontology, named = audioset(), list[Tag]()
    for tag in telling_first(heard):
        if not any(_related(ontology, tag.label, other.label) for other in named):
            named.append(tag)
    return named


def told(probabilities: Probabilities, least: float = SURE_OF_HEDGED) -> list[Tag]:
    """What to call a sound: the classes that are likely enough, most telling first, one for each sound."""
    return without_kinds([tag for tag in tags(probabilities) if tag.score >= least])


def suggested(samples: Samples, sample_rate_hz: int) -> list[str]:
    """What there may be to take out of a mixture, by its own tags."""
    return [tag.label for tag in told(heard(samples, sample_rate_hz))[:MOST_SUGGESTED]]


def resampled(samples: Samples, from_hz: int, to_hz: int) -> Samples:
    """A stretch of sound at another rate; at least one sample of it."""
    if from_hz == to_hz:
        return samples
    result: Samples = soxr.resample(samples, from_hz, to_hz)
    return result if len(result) else np.zeros(1, np.float32)


def _related(ontology: Ontology, one: str, other: str) -> bool:
    """Whether one stands above the other; a person's own words stand above nothing."""
    return one in ontology.index and other in ontology.index and ontology.related(one, other)


@cache
def _ears() -> Embedder:
    return make_embedder(DESCRIBER)
