"""Which kinds of sound are events, and from how clear on each of them is told."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from core.events.curves import CELL_S, Curve
from core.events.spans import Thresholds
from core.heard import fit, levels
from core.ontology import SoundClass, audioset
from core.phrases import phrases
from core.sources import MUSIC_S, is_music
from core.tagging import BODIES, SURE_OF_BODIES, SURE_OF_STATED

HEARD = Thresholds(0.8, 0.4)  # of the fit of a class (`core.heard.fit`): 12 times likelier than common, and twice
ASKED = Thresholds(0.55, 0.28)  # of the fit of a person's own words: less is enough of what is looked for
LIKELY, LIKELY_MEAN = 0.35, 0.25  # at its clearest and on average, for a class to be told
LONG_S, LIKELY_LONG = 5.0, 0.4  # and on average of what goes on for longer
ALWAYS_COMMON = frozenset({"Speech", "Singing", "Music"})
"""So common that they are never many times likelier; they are told where the ears would state them."""

Meaning = NDArray[np.float32]
"""Weights over the 521 classes for each part of a text, (n_parts, 521) (`core.words.understand`)."""


UNTOLD = frozenset({"Narration, monologue", "Conversation"})
"""Who speaks to whom is not heard in a second: this is told as speech."""
NOT_HEARD = frozenset({"Noise", "Music mood", "Music role"})
"""These and what lies under them: the noise that any recording has, how music is taken, and what it is for."""


def is_event(known: SoundClass) -> bool:
    """Whether a class is told of by itself; silence and what is heard around any sound (a room, an echo) are not."""
    names = audioset().ancestors(known.name) | {known.name}
    return bool(known.domain) and known.name in phrases() and not (UNTOLD | NOT_HEARD) & names


def is_sure(known: SoundClass, likely: Curve) -> bool:
    """Whether a class is told of a span, by how likely it is in each of its cells.

    A rare class is soon many times likelier than common. What goes on for long has to be likely all the while: a bed of
    noise is like many things. And one note is no music yet.
    """
    seconds = len(likely) * CELL_S
    if seconds < MUSIC_S and is_music(known.name) and known.domain != "singing":
        return False
    return bool(likely.max() >= LIKELY and likely.mean() >= (LIKELY_LONG if seconds > LONG_S else LIKELY_MEAN))


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
