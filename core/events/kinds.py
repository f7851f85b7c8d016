"""Which kinds of sound are events, and from how clear on each of them is told."""

from functools import cache

import numpy as np

from core.events.curves import CELL_S, Curve
from core.events.spans import Thresholds
from core.heard import fit, levels
from core.ontology import SoundClass, audioset
from core.phrases import phrases
from core.sources import BROAD, MUSIC_S, is_music
from core.tagging import BODIES, SURE_OF_BODIES, SURE_OF_STATED
from core.words import Weights

HEARD = Thresholds(0.8, 0.4)  # of the fit of a class (`core.heard.fit`): 12 times likelier than common, and twice
ASKED = Thresholds(0.6, 0.3)  # of the fit of a person's own words: less is enough of what is looked for
POSSIBLE = 0.1  # at its clearest, for a class to be found when it is asked for; a rare one fits from 0.05 on
LIKELY, LIKELY_MEAN = 0.35, 0.25  # at its clearest and on average, for a class to be told
LONG_S, LIKELY_LONG = 5.0, 0.4  # and on average of what goes on for longer
CLEAR = 0.2  # what is less likely than this parts what goes on for too long to be sure of all of it
SURE_OF_BROAD = 0.7
"""What is common can never be many times likelier. Where the ears are this sure of a broad kind, or would state a
narrower one (`core.tagging.SURE_OF_STATED`), it is told as well.
"""

UNTOLD = frozenset({"Narration, monologue", "Conversation"})
"""Who speaks to whom is not heard in a second, so that this is told as speech."""
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
    if seconds >= MUSIC_S and known.name == "Musical instrument":
        return False  # an instrument that plays on and has no name is told as music
    return bool(likely.max() >= LIKELY and likely.mean() >= (LIKELY_LONG if seconds > LONG_S else LIKELY_MEAN))


def meaning_of(place: int) -> Weights:
    """A class as if a person had asked for it and nothing else, (1, 521)."""
    meaning = np.zeros((1, len(audioset().names)), np.float32)
    meaning[0, place] = 1
    return meaning


@cache
def thresholds_of(place: int) -> Thresholds:
    """From how good a fit on a class is told, and until when."""
    name = audioset().names[place]
    if name in BODIES:
        on = max(HEARD.on, _fit_at(place, SURE_OF_BODIES))
    else:
        is_broad = name in BROAD and name != "Music"
        on = min(HEARD.on, _fit_at(place, SURE_OF_BROAD if is_broad else SURE_OF_STATED))
    return Thresholds(on, on * HEARD.off / HEARD.on)


def _fit_at(place: int, probability: float) -> float:
    heard = np.zeros((len(audioset().names), 1), np.float32)
    heard[place] = probability
    return float(fit(meaning_of(place), levels(heard))[0])
