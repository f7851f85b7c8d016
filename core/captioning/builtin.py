"""Captions from measurements: they say how a sound sounds, and nothing that is not known."""

import math
from collections.abc import Sequence
from typing import ClassVar

from core.captioning.base import Captioner, Subject
from core.descriptors import Descriptors
from core.qualities import SILENT

NOTES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
ADJECTIVES = ("short", "long", "quiet", "loud", "low", "high", "dark", "bright", "noisy", "pitched", "metallic")
SAID_BY = {"noisy": "noise", "pitched": "tone"}  # adjectives that a noun says already
MAX_ADJECTIVES = 4
NUMBER_WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


class BuiltinCaptioner(Captioner):
    """Says things such as: A short, bright, metallic hit; near A5 (880 Hz), 0.4 s."""

    name: ClassVar[str] = "builtin"

    def caption(self, subjects: Sequence[Subject]) -> list[str]:
        """See `Captioner.caption`."""
        return [_sentence(subject) for subject in subjects]


def spoken_duration(seconds: float) -> str:
    """A length as one would say it: 80 ms, 1.4 s, 2 min 05 s."""
    if seconds < 0.1:
        return f"{max(1, round(seconds * 1000))} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def spoken_frequency(hz: float) -> str:
    """A frequency as one would say it: 90 Hz, 1.4 kHz."""
    return f"{hz / 1000:.1f} kHz" if hz >= 1000 else f"{round(hz, -1):.0f} Hz"


def note_name(hz: float) -> str:
    """The nearest note of the equal-tempered scale, A4 = 440 Hz, C4 = middle C."""
    number = round(69 + 12 * math.log2(hz / 440))
    return f"{NOTES[number % 12]}{number // 12 - 1}"


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
        return f"series of {_spoken_number(descriptors.onsets)} sounds"
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
        details.append(f"{_spoken_number(descriptors.onsets)} onsets")
    return details


def _spoken_number(number: int) -> str:
    return NUMBER_WORDS[number] if number < len(NUMBER_WORDS) else str(number)


BACKEND = BuiltinCaptioner
