"""Which sources of a sound are worth saying, from how likely each class is: what is sure, and what is only perhaps.

Knows names and numbers; how a source is said is a matter of captions.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from core.ontology import AMBIGUOUS, Ontology, audioset
from core.phrases import bare, phrases
from core.qualities import Measured
from core.records import Record
from core.tagging import BODIES, SURE_OF_BODIES, SURE_OF_HEDGED, SURE_OF_JOINED, SURE_OF_STATED

NEARLY_AS_LIKELY = 0.6  # a source is said before a likelier manner or broad kind from this share on,
AS_LIKELY_NARROW = 0.7  # a narrower name taken from this share of the broader one on,
AS_LIKELY_BESIDE = 0.75  # another source joined from this share on,
LIKELY_GUESS = 0.25  # and a guess within a broad kind ventured from this probability on
RIVALS = 0.75  # of two names of one kind nearly this close, a waterfall and a stream, the kind alone is stated,
SURE_ALONE = 0.75  # unless the likelier is as likely as this
SURE_OF_DOING = 0.4  # what a source does is said from here on where the source itself is stated: an owl hoots
MUSIC_S = 3.0  # nothing shorter is called music,
ROLL_S = 1.0  # nothing shorter is a drum roll
EVENT_S = 2.0  # sounds under this length with one onset are one event of one source
ONE_DOMAIN_S = 4.0  # sounds under this length have one source of a domain: two animals are two guesses at one
SCENE_S = 10.0  # sounds of this length may have three sources, shorter ones two
BROAD = frozenset({"Animal", "Wild animals", "Music", "Musical instrument", "Percussion", "Vehicle", "Alarm"})
"""Kinds of which two may well sound together, and which say so little that a guess beside them helps."""
VAGUE = frozenset({"Sound effect", "Mechanisms", "Tools", "Sine wave", "Chirp tone"})
"""Said only if nothing else is likely."""


@dataclass(frozen=True, slots=True)
class Source(Record):
    """What is heard, as a class. stated: sure enough to be said; else only perhaps. beside: the name that is stated."""

    name: str
    score: float
    stated: bool
    beside: str = ""


def sources(scores: Mapping[str, float], measured: Measured) -> list[Source]:
    """The sources worth saying, the likeliest first; more than one only beside a first that is stated."""
    ontology = audioset()
    heard = {name: scores[name] for name in _ordered(scores) if _may_be_said(name, scores[name], measured, ontology)}
    if not heard:
        return []
    first = _first_source(heard, ontology)
    stated = first if first.stated or not first.beside else Source(first.beside, heard[first.beside], True)
    if not stated.stated:
        return [] if first.name in BROAD else [first]
    others = _others(stated, heard, measured, ontology)
    return [stated, *others] if others else [first]


def _others(first: Source, heard: Mapping[str, float], measured: Measured, ontology: Ontology) -> list[Source]:
    """What else is surely heard beside a first source, the likeliest first."""
    if measured.descriptors.onsets <= 1 and measured.duration_s < EVENT_S:
        return []
    most = 3 if measured.duration_s >= SCENE_S else 2
    enough = SURE_OF_JOINED if most > 2 else max(SURE_OF_JOINED, AS_LIKELY_BESIDE * first.score)
    others = {name: score for name, score in heard.items() if score >= enough and _may_join(name, ontology)}
    if measured.descriptors.onsets <= 1 and plays(first.name):  # one note is of one instrument
        others = {name: score for name, score in others.items() if not plays(name)}
    if measured.duration_s < ONE_DOMAIN_S:
        others = {name: score for name, score in others.items() if _domain(name) != _domain(first.name)}
    found = [first]
    while len(found) < most:
        others = {name: score for name, score in others.items() if apart(found[-1].name, name)}
        if not others:
            break
        found.append(_narrowed(_likeliest(others, ontology), others, ontology))
    return found[1:]


def _ordered(scores: Mapping[str, float]) -> list[str]:
    """The classes among the names, likeliest first, among equals the narrowest: so the order of tags does not count."""
    ontology = audioset()
    known = [name for name in scores if name in ontology.index]
    return sorted(known, key=lambda n: (-scores[n], -len(ontology.ancestors(n)), ontology.index[n]))


def _may_be_said(name: str, score: float, measured: Measured, ontology: Ontology) -> bool:
    if name not in phrases() or score < (SURE_OF_BODIES if name in BODIES else SURE_OF_HEDGED):
        return False
    above = ontology.ancestors(name)
    if "Music mood" in above:  # not a thing one hears, but how one takes it
        return False
    if name == "Drum roll":
        return measured.duration_s >= ROLL_S
    singing = _domain(name) == "singing"
    return measured.duration_s >= MUSIC_S or singing or not is_music(name)


def _first_source(heard: Mapping[str, float], ontology: Ontology) -> Source:
    """The likeliest source; where only a manner of sounding is sure, that one with a guess at the source beside it."""
    found = _narrowed(_likeliest(heard, ontology), heard, ontology)
    best = max(heard, key=lambda name: heard[name])
    if not found.stated and not found.beside and heard[best] >= SURE_OF_STATED and _manner(best, ontology):
        return Source(found.name, found.score, False, best)
    return found


def _likeliest(heard: Mapping[str, float], ontology: Ontology) -> str:
    """The likeliest class; where others are nearly as likely, one that names a source before a manner of sounding, and
    a narrow name before a broad one.
    """
    best = max(heard, key=lambda name: heard[name])
    telling = [n for n in heard if not _manner(n, ontology) and heard[n] >= NEARLY_AS_LIKELY * heard[best]]
    narrow = [n for n in telling if n not in BROAD]
    return max(narrow or telling or [best], key=lambda name: heard[name])


def _narrowed(name: str, heard: Mapping[str, float], ontology: Ontology) -> Source:
    """The narrowest class under a class that is nearly as likely; within a broad kind, perhaps one less likely."""
    found, stated = name, name if heard[name] >= SURE_OF_STATED else ""
    while below := [n for n in heard if _within(n, found, ontology) and heard[n] >= AS_LIKELY_NARROW * heard[name]]:
        found = max(below, key=lambda n: heard[n])
        enough = SURE_OF_DOING if stated and phrases()[found].sentence else SURE_OF_STATED
        stated = found if heard[found] >= enough else stated
    if found in BROAD:
        found = _guess(found, heard, ontology)
        stated = found if heard[found] >= SURE_OF_STATED else stated
    if not stated:
        return Source(found, heard[found], False, _stated_kind(found, heard, ontology))
    kind = (found == stated and _shared_with_a_rival(stated, heard, ontology)) or stated
    if found != kind and _narrows(found, kind):
        return Source(found, heard[found], False, beside=kind)
    return Source(kind, heard[kind], True)


def _narrows(name: str, kind: str) -> bool:
    """Whether a guess tells more beside its kind: a bell, perhaps a church bell; not a dog, perhaps a dog barking."""
    guess, stated = (bare(phrases()[each].noun).split() for each in (name, kind))
    repeats = set(stated) <= set(guess) and guess[-len(stated) :] != stated
    return name not in BROAD and guess != stated and not repeats and not set(guess) < set(stated)


def _shared_with_a_rival(name: str, heard: Mapping[str, float], ontology: Ontology) -> str:
    """The narrowest kind of a class and another nearly as likely, of which only one will be there; empty if none is."""
    if heard[name] >= SURE_ALONE:
        return ""
    above = ontology.ancestors(name)
    rivals = [n for n in heard if heard[n] >= RIVALS * heard[name] and not ontology.related(n, name)]
    shared = {k for n in rivals for k in ontology.ancestors(n) & above if heard.get(k, 0) >= SURE_OF_STATED}
    kinds = [k for k in shared if k not in BROAD and not _manner(k, ontology)]
    return max(kinds, key=lambda k: (heard[k], len(ontology.ancestors(k)))) if kinds else ""


def _stated_kind(name: str, heard: Mapping[str, float], ontology: Ontology) -> str:
    """The narrowest kind of a class that is sure enough to be stated; empty if none is."""
    kinds = [n for n in heard if heard[n] >= SURE_OF_STATED and n != name and _within(name, n, ontology)]
    return max(kinds, key=lambda n: len(ontology.ancestors(n))) if kinds else ""


def _guess(kind: str, heard: Mapping[str, float], ontology: Ontology) -> str:
    """The likeliest narrow class of a kind; the kind itself if none is likely enough."""
    below = {n: s for n, s in heard.items() if s >= LIKELY_GUESS and n not in BROAD and _within(n, kind, ontology)}
    if not below:
        return kind
    found = max(below, key=lambda n: below[n])
    narrower = {n: s for n, s in below.items() if _within(n, found, ontology) and s >= AS_LIKELY_BESIDE * below[found]}
    return max(narrower, key=lambda n: narrower[n]) if narrower else found


def _within(name: str, kind: str, ontology: Ontology) -> bool:
    """Whether a class is one of a kind, or what a source of that kind does: knocks on a door, a bird that chirps."""
    if ontology.index[kind] in ontology.implied[ontology.index[name]]:
        return True
    does = phrases()[name].sentence or phrases()[name].unit
    above = ontology.ancestors(name)
    return bool(does) and AMBIGUOUS in above and kind in above


def is_music(name: str) -> bool:
    """Whether a class is music, of any kind, rather than an instrument."""
    above = audioset().ancestors(name)
    return name == "Music" or "Music genre" in above or "Music role" in above


def _manner(name: str, ontology: Ontology) -> bool:
    """Whether a class only says how something sounds."""
    above = ontology.ancestors(name) | {name}
    return AMBIGUOUS in above or "Noise" in above or name in VAGUE


def _domain(name: str) -> str:
    return audioset().classes[audioset().index[name]].domain


def _may_join(name: str, ontology: Ontology) -> bool:
    return not _manner(name, ontology) and (name == "Music" or name not in BROAD)


def apart(one: str, other: str) -> bool:
    """Whether two classes are two sources: of no common kind but a broad one, and none merely a manner of sounding."""
    ontology = audioset()
    if ontology.related(one, other) or _manner(one, ontology):
        return False
    common = ontology.ancestors(one) & ontology.ancestors(other)
    return not any(name in ontology.index and name not in BROAD for name in common)


def plays(name: str) -> bool:
    """Whether a class is a musical instrument; bells are mostly not rung to make music."""
    above = audioset().ancestors(name) | {name}
    return "Musical instrument" in above and "Bell" not in above
