"""Captions from measurements: they say how a sound sounds, and nothing that is not known."""

from collections.abc import Sequence
from typing import ClassVar

from core.captioning.base import Captioner, Subject
from core.descriptors import Descriptors
from core.qualities import SILENT
from core.spoken import note_name, spoken_duration, spoken_frequency, spoken_number

ADJECTIVES = ("short", "long", "quiet", "loud", "low", "high", "dark", "bright", "noisy", "pitched", "metallic")
SAID_BY = {"noisy": "noise", "pitched": "tone"}  # adjectives that a noun says already
MAX_ADJECTIVES = 4


class BuiltinCaptioner(Captioner):
    """Says things such as: A short, bright, metallic hit; near A5 (880 Hz), 0.4 s."""

    name: ClassVar[str] = "builtin"

    def caption(self, subjects: Sequence[Subject]) -> list[str]:
        """See `Captioner.caption`."""
        return [_sentence(subject) for subject in subjects]


def _sentence(subject: Subject) -> str:
    words = {tag.label for tag in subject.tags}
    length = spoken_duration(subject.measured.duration_s)
    if SILENT in words:
        return f"Silence, {length}."
    descriptors = subject.measured.descriptors
    noun = _noun(descriptors, words)
    adjectives = [word for word in ADJECTIVES if word in words and SAID_BY.get(word, word) not in noun][:MAX_ADJECTIVES]
    phrase = " ".join([", ".join(adjectives), noun]).strip()
    article = "An" if phrase[0] in "aeiou" else "A"
    details = [*_details(descriptors, words, bool(adjectives)), length]
    return f"{article} {phrase}; {', '.join(details)}."


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
    details = []
    if descriptors.pitch_hz and "pitched" in words:
        details.append(f"near {note_name(descriptors.pitch_hz)} ({descriptors.pitch_hz:.0f} Hz)")
    elif not described:  # something must tell it from the next one
        details.append(f"centred near {spoken_frequency(descriptors.brightness_hz)}")
    if descriptors.tempo_bpm:
        details.append(f"about {descriptors.tempo_bpm:.0f} beats a minute")
    elif descriptors.onsets > 1 and "repeated" not in words:
        details.append(f"{spoken_number(descriptors.onsets)} onsets")
    return details


BACKEND = BuiltinCaptioner
