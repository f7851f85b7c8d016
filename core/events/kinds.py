"""Which kinds of sound are events, and from how clear on each of them is told."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from core.events.spans import Thresholds
from core.heard import fit, levels
from core.ontology import SoundClass, audioset
from core.sources import MUSIC_S, is_music
from core.tagging import BODIES, SURE_OF_BODIES, SURE_OF_STATED

HEARD = Thresholds(0.8, 0.4)  # of the fit of a class (`core.heard.fit`): 12 times likelier than common, and twice
ASKED = Thresholds(0.6, 0.3)  # of the fit of a person's own words: less is enough of what is looked for
ALWAYS_COMMON = frozenset({"Speech", "Singing", "Music"})
"""So common that they are never many times likelier; they are told where the ears would state them."""

Meaning = NDArray[np.float32]
"""Weights over the 521 classes for each part of a text, (n_parts, 521) (`core.words.understand`)."""


UNTOLD = frozenset({"Silence", "Narration, monologue", "Conversation", "Sound effect"})
"""Silence is no event; who speaks to whom is not heard in a second, so that this is told as speech."""
NOT_HEARD = frozenset({"Noise", "Music mood", "Music role"})
"""What lies under these: the noise that any recording has, how music is taken, and what it is for."""


def is_event(known: SoundClass) -> bool:
    """Whether a class is told of by itself; what is heard around any sound (a room, an echo) is not."""
    return bool(known.domain) and known.name not in UNTOLD and not NOT_HEARD & audioset().ancestors(known.name)


def lasts_long_enough(known: SoundClass, seconds: float) -> bool:
    """Whether a class may be told of something so short; one note is no music yet."""
    return seconds >= MUSIC_S or known.domain == "singing" or not is_music(known.name)


def meaning_of(place: int) -> Meaning:
    """A class as if a person had asked for it and nothing else, (1, 521)."""
    meaning = np.zeros((1, len(audioset().names)), np.float32)
    meaning[0, place] = 1
    return meaning


@cache
def thresholds_of(place: int) -> Thresholds:
    """From how good a fit on a class is told, and until when."""
    name, on = audioset().names[place], HEARD.on
    if name in BODIES:
        on = max(on, _fit_at(place, SURE_OF_BODIES))
    elif name in ALWAYS_COMMON:
        on = min(on, _fit_at(place, SURE_OF_STATED))
    return Thresholds(on, on * HEARD.off / HEARD.on)


def _fit_at(place: int, probability: float) -> float:
    heard = np.zeros((len(audioset().names), 1), np.float32)
    heard[place] = probability
    return float(fit(meaning_of(place), levels(heard))[0])
