"""What a selection of sounds holds, in words: how many, how long, what is commonest in them, and which to hear.

Works on what a list shows of the sounds; knows nothing of who selected them, or how.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.grouping.naming import Described, sound_words, summarise, word_shares
from core.qualities import WORDS as FORMS
from core.records import Record
from core.store.sounds import name_words

NAMES, FORMS_TOLD = 4, 2  # words that are told: of what the sounds are, and of how they sound
TOO_RARE = 0.1  # the share of sounds below which a word is not told


@dataclass(frozen=True, slots=True)
class Selected(Record):
    """What some sounds have in common.

    summary: a few sentences. words: the commonest with the share of the sounds that has each: what they are, then how
    they sound, the commonest of each first.
    typical: ids of all sounds, first those that have most of what is common.
    """

    summary: str
    words: dict[str, float]
    typical: list[int]


def describe(cards: Sequence[Mapping[str, Any]]) -> Selected:
    """What the sounds of at least one card (`Library.cards`) hold."""
    described = {
        card["id"]: Described(
            sound_words(name_words(card["path"]), card["tags"]), float(card["duration_s"]), str(card["domain"])
        )
        for card in cards
    }
    shares = word_shares(list(described.values()))
    ranked = sorted((word for word in shares if shares[word] >= TOO_RARE), key=lambda word: (-shares[word], word))
    names = [word for word in ranked if word not in FORMS][:NAMES]
    forms = [word for word in ranked if word in FORMS][:FORMS_TOLD]
    words = {word: round(shares[word], 2) for word in (*names, *forms)}
    weight = {each: sum(shares[word] for word in sound.words) for each, sound in described.items()}
    typical = sorted(described, key=lambda each: (-weight[each], each))
    said = [summarise(list(described.values()), [])]
    told = [", ".join(f"{word} ({100 * shares[word]:.0f} %)" for word in kind) for kind in (names, forms)]
    if any(told):
        said.append(
            "; ".join(filter(None, [told[0] and f"Said of them: {told[0]}", told[1] and f"they are {told[1]}"]))
        )
        said[-1] = f"{said[-1][0].upper()}{said[-1][1:]}."
    return Selected(" ".join(said), words, typical)
