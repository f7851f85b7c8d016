"""From measurements to the words a person would use: short, bright, metallic. Each with how sure it is, 0 to 1.

These words say what a sound is like. What it *is* comes from ears that have been trained.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.records import Tag

if TYPE_CHECKING:
    from core.descriptors import Descriptors  # brings half a second of scipy

SURE = 0.5  # a word is given from here on

SILENT = "silent"


@dataclass(frozen=True, slots=True)
class Measured:
    """All that is known of a sound's form."""

    duration_s: float
    loudness_lufs: float
    descriptors: "Descriptors"


def qualities(measured: Measured) -> list[Tag]:
    """The words that hold for a sound, the surest first; a silent sound is only called so."""
    if measured.descriptors.silence >= 1.0:
        return [Tag(SILENT, 1.0)]
    scored = (Tag(word, round(rule(measured), 3)) for word, rule in WORDS.items())
    return sorted((tag for tag in scored if tag.score >= SURE), key=lambda tag: (-tag.score, tag.label))


def _above(value: float, threshold: float, factor: float) -> float:
    """Logistic in the logarithm of a value: 0.5 at the threshold, nearly 1 at `factor` times it."""
    return _logistic(4 * math.log(max(value, 1e-9) / threshold) / math.log(factor))


def _logistic(x: float) -> float:
    return 0.5 + 0.5 * math.tanh(x / 2)  # of one number: scipy's would take half a second to import


def _below(value: float, threshold: float, factor: float) -> float:
    return 1 - _above(value, threshold, factor)


def _steep(value: float, threshold: float, width: float) -> float:
    """Logistic in a value: 0.5 at the threshold, nearly 1 at one width above it."""
    return _logistic(4 * (value - threshold) / width)


def _pitched(m: Measured) -> float:
    return _steep(m.descriptors.harmonicity, 0.85, 0.15) if m.descriptors.pitch_hz else 0.0


def _percussive(m: Measured) -> float:
    d = m.descriptors
    if d.decay_s is None or d.onsets > 1:
        return 0.0
    return min(_below(d.attack_s, 0.08, 3), _below(d.decay_s, 0.8, 3), _below(d.steadiness, 0.6, 2))


def _sustained(m: Measured) -> float:
    """Stays near its loudest; pauses do not make it longer."""
    audible_s = m.duration_s * (1 - m.descriptors.silence)
    return min(_steep(m.descriptors.steadiness, 0.6, 0.2), _above(audible_s, 0.7, 2))


def _metallic(m: Measured) -> float:
    """Rings in many narrow peaks, high up, and dies away slowly: bells, cymbals, struck metal."""
    d = m.descriptors
    rings = min(_steep(d.tonality, 0.45, 0.3), _above(d.brightness_hz, 2000, 2))
    inharmonic = _below(d.harmonicity, 0.97, 1.1)
    struck = _below(d.steadiness, 0.5, 2) if d.decay_s else 0.0
    return min(rings, inharmonic, struck)


WORDS: dict[str, Callable[[Measured], float]] = {
    "short": lambda m: _below(m.duration_s, 1.0, 2),
    "long": lambda m: _above(m.duration_s, 20.0, 2),
    "quiet": lambda m: _steep(-m.loudness_lufs, 35.0, 8),
    "loud": lambda m: _steep(m.loudness_lufs, -13.0, 5),
    "dark": lambda m: _below(m.descriptors.brightness_hz, 700, 2),
    "bright": lambda m: _above(m.descriptors.brightness_hz, 4500, 1.6),
    "noisy": lambda m: _above(m.descriptors.noisiness, 0.12, 2.5),
    "pitched": _pitched,
    "low": lambda m: _below(m.descriptors.pitch_hz or 1e9, 130, 1.6),
    "high": lambda m: _above(m.descriptors.pitch_hz or 1e-9, 900, 1.6),
    "percussive": _percussive,
    "sustained": _sustained,
    "metallic": _metallic,
    "rhythmic": lambda m: 0.9 if m.descriptors.tempo_bpm else 0.0,
    "repeated": lambda m: _steep(m.descriptors.onsets, 2.5, 1.5) if m.duration_s < 20 else 0.0,
}
