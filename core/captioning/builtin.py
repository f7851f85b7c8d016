"""Captions from tags and measurements: what the ears are sure of is stated, what they half believe is hedged, and where
they know nothing the caption says how a sound sounds and claims no cause.
"""

from collections.abc import Sequence
from typing import ClassVar

from core.captioning.base import Captioner, Subject
from core.descriptors import Descriptors
from core.ontology import audioset
from core.phrases import bare, counted, phrases, times, with_article
from core.qualities import SILENT, Measured
from core.sources import MUSIC_S, Source, is_music, plays, sources
from core.spoken import note_name, spoken_duration, spoken_frequency, spoken_number
from core.tagging import SURE_OF_STATED

ADJECTIVES = ("short", "long", "quiet", "loud", "low", "high", "dark", "bright", "noisy", "pitched", "metallic")
SAID_BY = {"noisy": "noise", "pitched": "tone"}  # adjectives that a noun says already
MAX_ADJECTIVES = 4
BESIDE_A_SOURCE = ("quiet", "loud", "low", "high", "dark", "bright", "metallic")  # a source says the rest by itself
MAX_BESIDE = 2

STEADY_S = 3.0  # sustained sounds of this length are called steady
MUSIC_ONSETS = 4  # an instrument is heard in music from here on; before, in a note or a few
COUNTED = 8  # onsets past this number are not counted in a caption
ONE_S = 3.0  # one onset in more than this is not one of something: the rest may run on without any
GAPS = 0.6  # steadiness over this means that the sound has no gaps between its onsets
STEADY = frozenset({"nature", "machine", "effect"})  # domains whose lasting sounds are called steady
NO_HITS = frozenset({"Mallet percussion", "Timpani", "Tubular bells", "Drum machine", "Drum roll", "Drum kit"})
TONAL = frozenset({"Musical instrument", "Brief tone", "Whistling", "Singing", "Humming", "Sine wave"})
"""What has one pitch, if any: not bells and horns, whose partials or pairs of tones mislead a measurement of it."""


class BuiltinCaptioner(Captioner):
    """Says things such as: A dog barks twice; bright, 1.4 s. Or: A short, bright hit, perhaps a hi-hat; 0.2 s."""

    name: ClassVar[str] = "builtin"

    def caption(self, subjects: Sequence[Subject]) -> list[str]:
        """See `Captioner.caption`."""
        return [_sentence(subject) for subject in subjects]


def _sentence(subject: Subject) -> str:
    words = {tag.label for tag in subject.tags if tag.score >= SURE_OF_STATED}
    if SILENT in words:
        return f"Silence, {spoken_duration(subject.measured.duration_s)}."
    heard = sources({tag.label: tag.score for tag in subject.tags}, subject.measured)
    if heard and (heard[0].stated or heard[0].beside) and not _form_tells_more(heard, subject.measured, words):
        said = _known(heard, subject.measured, words)
    else:
        guess = f", perhaps {phrases()[heard[0].name].noun}" if heard and not heard[0].stated else ""
        said = _form(subject.measured, words, guess)
    return f"{said[0].upper()}{said[1:]}."


def _form_tells_more(heard: Sequence[Source], measured: Measured, words: set[str]) -> bool:
    """Whether only some instrument is sure, in a short sound: "a low, dark hit, perhaps a drum" says more than that."""
    first = heard[0]
    if len(heard) > 1 or (first.name if first.stated else first.beside) != "Musical instrument":
        return False
    drum = not first.stated and "Percussion" in audioset().ancestors(first.name)
    note = "pitched" in words and measured.descriptors.onsets <= 1
    vague = _noun(measured.descriptors, words) == "sound"
    return measured.duration_s < MUSIC_S and (drum or not (note or (vague and not first.stated)))


def _known(heard: Sequence[Source], measured: Measured, words: set[str]) -> str:
    """A caption of sources: what sounds, how, where its pitch lies, how long."""
    said = _joined(heard, _first(heard[0], len(heard) > 1, measured, words))
    if _playing(heard, measured, words):
        said = _as_music(said)
    details = _manner(heard[0].name, len(heard) > 1, measured, words)
    return f"{said}; {', '.join([*details, spoken_duration(measured.duration_s)])}"


def _manner(name: str, with_others: bool, measured: Measured, words: set[str]) -> list[str]:
    """How a source sounds: at most MAX_BESIDE words, a pitch where it has one, a tempo where it makes music."""
    ontology = audioset()
    kinds, domain = ontology.ancestors(name) | {name}, ontology.classes[ontology.index[name]].domain
    single = measured.descriptors.onsets <= 1
    steady = "Alarm" not in kinds and (domain in STEADY or (domain == "music" and single))
    details = [word for word in BESIDE_A_SOURCE if word in words]
    if steady and not with_others and "sustained" in words and measured.duration_s >= STEADY_S:
        details.insert(0, "steady")
    pitch = _pitch(measured.descriptors, words) if single and TONAL & kinds and "Bell" not in kinds else []
    return [*details[:MAX_BESIDE], *pitch, *(_tempo(measured.descriptors) if domain == "music" else [])]


def _playing(heard: Sequence[Source], measured: Measured, words: set[str]) -> bool:
    """Whether an instrument is heard in music, rather than in a note or a few."""
    enough = measured.descriptors.onsets >= MUSIC_ONSETS and measured.duration_s >= MUSIC_S and "Music" in words
    named = any(is_music(source.name) for source in heard)
    return enough and not named and plays(heard[0].name if heard[0].stated else heard[0].beside)


def _as_music(said: str) -> str:
    """Music with a piano; music, perhaps with a guitar."""
    kind = phrases()["Musical instrument"].noun
    if not said.startswith(kind):
        return f"music with {said}"
    return f"music{said.removeprefix(kind)}".replace(", perhaps ", ", perhaps with ")


def _joined(heard: Sequence[Source], said: str) -> str:
    """Rain and thunder; a dog barks, with rain and traffic noise; singing with music; jazz with a piano."""
    others = [phrases()[source.name].noun for source in heard[1:]]
    if not others:
        return said
    if len(others) == 1 and is_music(heard[1].name):
        return f"{others[0]} with {said}" if plays(heard[0].name) else f"{said} with {others[0]}"
    if phrases()[heard[0].name].sentence:
        return f"{said}, with {' and '.join(others)}"
    if any(" and " in noun for noun in (said, *others)):
        return f"{said}, with {', with '.join(others)}"
    return f"{', '.join([said, *others[:-1]])} and {others[-1]}"


def _first(source: Source, with_others: bool, measured: Measured, words: set[str]) -> str:
    if source.stated:
        return _stated(source.name, with_others, measured, words)
    said, guess = _stated(source.beside, with_others, measured, words), phrases()[source.name].noun
    if source.beside == "Music" and not is_music(source.name):
        guess = f"with {guess}"
    if said.endswith(" note"):
        guess = f"of {guess}"
    return f"{said}, perhaps {guess}"


def _stated(name: str, with_others: bool, measured: Measured, words: set[str]) -> str:
    phrase, onsets = phrases()[name], measured.descriptors.onsets
    if plays(name):
        return _instrument(name, phrase.noun, measured, words)
    gaps = measured.duration_s < ONE_S if onsets == 1 else measured.descriptors.steadiness < GAPS
    if phrase.unit and 1 <= onsets <= COUNTED and gaps and not with_others:
        if not phrase.sentence:
            return counted(phrase.unit, onsets)
        return phrase.sentence if onsets == 1 else f"{phrase.sentence} {times(onsets)}"
    return phrase.sentence or phrase.noun


def _instrument(name: str, noun: str, measured: Measured, words: set[str]) -> str:
    """A piano note, a snare drum hit, a musical note; or just the instrument, where it is not known which."""
    above = audioset().ancestors(name) | {name}
    if measured.descriptors.onsets > 1:
        return with_article(f"{bare(noun)} rhythm") if "rhythmic" in words and "Drum" in above else noun
    if "Percussion" in above - {name} and not NO_HITS & above:
        return noun if phrases()[name].unit or noun == bare(noun) else with_article(f"{bare(noun)} hit")
    if "pitched" in words and name == "Musical instrument":
        return "a musical note"
    if "pitched" in words and noun != bare(noun) and not noun.endswith("instrument"):
        return with_article(f"{bare(noun)} note")
    return noun


def _form(measured: Measured, words: set[str], guess: str) -> str:
    """A caption that claims a form only: a hit, a tone, a noise; with a guess at what it is, if there is one."""
    noun = _noun(measured.descriptors, words)
    adjectives = [word for word in ADJECTIVES if word in words and SAID_BY.get(word, word) not in noun][:MAX_ADJECTIVES]
    phrase = " ".join([", ".join(adjectives), noun]).strip()
    details = [*_details(measured.descriptors, words, bool(adjectives)), spoken_duration(measured.duration_s)]
    return f"{with_article(phrase)}{guess}; {', '.join(details)}"


def _noun(descriptors: Descriptors, words: set[str]) -> str:
    """What to call it. Only a form is claimed: a hit, a tone, a noise; never a cause."""
    if "rhythmic" in words:
        return "rhythm"
    if "repeated" in words:
        return f"series of {spoken_number(descriptors.onsets)} sounds"
    if "percussive" in words:
        return "hit"
    tone = "tone" if "pitched" in words else "noise" if "noisy" in words else "sound"
    return f"sustained {tone}" if "sustained" in words else tone


def _details(descriptors: Descriptors, words: set[str], described: bool) -> list[str]:
    details = _pitch(descriptors, words)
    if not details and not described:  # something must tell it from the next one
        details.append(f"centred near {spoken_frequency(descriptors.brightness_hz)}")
    details += _tempo(descriptors)
    if not descriptors.tempo_bpm and descriptors.onsets > 1 and "repeated" not in words:
        details.append(f"{spoken_number(descriptors.onsets)} onsets")
    return details


def _pitch(descriptors: Descriptors, words: set[str]) -> list[str]:
    if not descriptors.pitch_hz or "pitched" not in words:
        return []
    return [f"near {note_name(descriptors.pitch_hz)} ({descriptors.pitch_hz:.0f} Hz)"]


def _tempo(descriptors: Descriptors) -> list[str]:
    return [f"about {descriptors.tempo_bpm:.0f} beats a minute"] if descriptors.tempo_bpm else []


BACKEND = BuiltinCaptioner
