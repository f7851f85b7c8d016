"""Captions from CoNeTTE, a network that listens and writes. What it says is data: it is cleaned and cut.

The model learned from sounds of 1 to 30 s. A longer one is described by its beginning, its middle and its end.
"""

import math
import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import ClassVar

import numpy as np

from core import device, known_weights, selftest, weights
from core.captioning.base import Captioner, Subject
from core.captioning.builtin import BuiltinCaptioner
from core.conette.checkpoint import CONFIG, NEEDS, PICKLED, SAFE
from core.conette.model import Conette
from core.conette.network import RATE_HZ
from core.errors import UnsupportedError
from core.qualities import SILENT
from core.records import Progress, Samples

PIECE_S = 30.0  # the longest sounds that the model learned from
PIECES = 3
SILENCE = 1e-6  # of full scale; no recording is as quiet
LONGEST_TEXT = 160  # characters of one piece; twenty words have fewer
SAME = 1e-3
"""Frames of a tone and of a hiss that are no further apart than this share of their length count as one.

Not a cosine: what all frames have in common may be large without harm, since nothing compares them by direction.
"""
BROKEN = "choose another model in EARSHOT_CONETTE, or fetch its files again"


class ConetteCaptioner(Captioner):
    """Says things such as: A dog is barking. Or: Rain is falling; later a man is speaking; at the end birds sing.

    Every piece of a sound is computed alone, on any device and in full precision, so that a caption does not depend on
    what is captioned with it. Silence, and what the model has no word for, is left to the built-in captioner.
    """

    name: ClassVar[str] = "conette"
    most_processes: ClassVar[int | None] = 4  # each holds some 800 MB
    sample_rate_hz: ClassVar[int | None] = RATE_HZ
    longest_s: ClassVar[float | None] = PIECES * PIECE_S
    """The most that it hears of a sound: of a longer one a third from its beginning, its middle and its end each."""

    def prepare(self) -> Iterator[Progress]:
        """See `Captioner.prepare`."""
        yield from weights.fetch(self.settings.conette, self.settings, NEEDS)
        paths = [self._folder / name for name in (SAFE, PICKLED, CONFIG)]
        held = known_weights.hash_of(self.settings, *(path for path in paths if path.is_file()))
        test = f"{selftest.VERSION} {self._device.name} {self.name} {self.settings.conette_task!r} {held}"
        known_weights.pass_once(self.settings, test, self._check)

    def _check(self) -> None:
        _check(self._model)
        self._model.start(self.settings.conette_task)

    def caption(self, subjects: Sequence[Subject]) -> list[str]:
        """See `Captioner.caption`. Raises UnknownNameError, listing the tasks, if the model has not the one of the
        settings, NotFoundError if the model is not on this machine.
        """
        return [self._caption(subject) for subject in subjects]

    def _caption(self, subject: Subject) -> str:
        assert subject.samples is not None, "this captioner listens: give it samples"
        silent = any(tag.label == SILENT for tag in subject.tags)
        said = "" if silent else joined([self._said(piece) for piece in pieces(subject.samples)])
        return said or BuiltinCaptioner().caption([subject])[0]

    def _said(self, piece: Samples) -> str:
        if np.abs(piece).max(initial=0.0) <= SILENCE:
            return ""
        described = self._model.describe(self._model.encode([piece]), self.settings.conette_task)
        return clean(described[0].text)

    @cached_property
    def _model(self) -> Conette:
        return Conette.read(self._folder, self._device.name)

    @cached_property
    def _folder(self) -> Path:
        return weights.find(self.settings.conette, self.settings, NEEDS)

    @cached_property
    def _device(self) -> device.Device:
        return device.choose(self.settings.device)


def pieces(samples: Samples) -> list[Samples]:
    """The stretches of a sound at 32 kHz that are described, at most `PIECES` of at most `PIECE_S`, spread evenly.

    The first begins with the sound and the last ends with it. Of a sound that was already cut down to `longest_s`, by
    thirds, they are those thirds.
    """
    size = round(PIECE_S * RATE_HZ)
    count = min(PIECES, max(1, math.ceil(len(samples) / size)))
    if count == 1:
        return [samples]
    starts = (round(place * (len(samples) - size) / (count - 1)) for place in range(count))
    return [samples[start : start + size] for start in starts]


def clean(text: str) -> str:
    """One line of what a model wrote, without its special words, control characters and the dots of other sentences."""
    text = re.sub(r"<[^<>]*>", " ", text)
    text = "".join(char if unicodedata.category(char)[0] not in "CZ" else " " for char in text)
    text = re.sub(r"[.!?]+(?=\s|$)", ";", text)
    text = re.sub(r"(?:\s*;)+", ";", " ".join(text.split()))
    if len(text) > LONGEST_TEXT:
        text = text[: LONGEST_TEXT + 1].rpartition(" ")[0] or text[:LONGEST_TEXT]
    return text.strip(" ;,:-")


def joined(said: Sequence[str]) -> str:
    """One sentence of what was said of the pieces of a sound, in their order; what was said before is not repeated."""
    parts: list[str] = []
    for place, text in enumerate(said):
        if text and text not in said[:place]:
            when = "at the end " if place == len(said) - 1 else "later "
            parts.append(f"{when}{text}" if parts else text)
    sentence = "; ".join(parts)
    return f"{sentence[0].upper()}{sentence[1:]}." if sentence else ""


def _check(model: Conette) -> None:
    """Raises UnsupportedError for a model to which a tone and a hiss sound the same, or that computes no numbers."""
    tone, hiss, *_ = selftest.sounds(2 * RATE_HZ, RATE_HZ)
    encoded = [model.encode([sound]) for sound in (tone, hiss)]
    heard = [np.ravel(each.frames.cpu().numpy()).astype(np.float64) for each in encoded]
    norms = [float(np.linalg.norm(each)) for each in heard]
    scores = [model.describe(each, next(iter(model.starts), ""))[0].score for each in encoded]
    if not np.isfinite([*norms, *scores]).all() or not all(norms):
        raise UnsupportedError(f"the CoNeTTE model is broken: what it hears or writes is not a number; {BROKEN}")
    if np.linalg.norm(heard[0] - heard[1]) <= SAME * max(norms):
        raise UnsupportedError(f"the CoNeTTE model is broken: a tone and a hiss sound the same to it; {BROKEN}")


BACKEND = ConetteCaptioner
