"""Which sounds are heard, and in which component: each window is taken apart, and what is found in it is named.

What sounds at once hides itself from the ears; taken apart, the quieter of two is heard better. Labels that nothing but
the mixture supports are kept as well, since taking apart may also tear a sound to pieces.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from core.audio import windows
from core.components.hearing import SILENT, heard, likely, resampled, suggested, without_kinds
from core.components.sounding import stretches
from core.embedding import DESCRIBER, Embedder
from core.errors import UnsupportedError
from core.heard import fit, levels
from core.ontology import audioset
from core.records import Record, Samples, Tag
from core.separation.base import Component, Separator
from core.words import understand

MIXTURE = "mixture"
WINDOW_S = 10.0  # as in the original
SURE_OF_CLASS = 0.24  # of what the built-in ears name,
FITS = 0.5  # and from here on a text is said to be heard
POSSIBLE = 0.2  # of that must be in the mixture, for what a component sounds like to count
BACKGROUND = 8  # every eighth class stands for what a text could say as well
FITS_FROM, FITS_SURELY = 1.0, 4.0  # standard deviations over what any text gets

Scores = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Label(Record):
    """What is heard in a window, and when. score: 0 to 1. component: the name of the part that it was heard in, or
    MIXTURE.
    """

    start_s: float
    end_s: float
    label: str
    score: float
    component: str


class Labeller(ABC):
    """Says what a stretch of sound is, by some ears and out of some labels."""

    sure: float
    """The score from which on something is said to be heard."""

    @abstractmethod
    def labels(self, samples: Samples, sample_rate_hz: int, least: float) -> list[Tag]:
        """What is heard with a score of at least `least`, most telling first."""


class ByClasses(Labeller):
    """The built-in ears. wanted: labels in words, each matched to the classes that they know; none for all classes."""

    def __init__(self, wanted: Sequence[str] = ()) -> None:
        self.meanings = {text: understand(text) for text in wanted}
        self.sure = FITS if self.meanings else SURE_OF_CLASS
        for text, meaning in self.meanings.items():
            if not len(meaning):
                raise UnsupportedError(f"the ears {DESCRIBER!r} do not know what {text!r} sounds like; use other words")

    def labels(self, samples: Samples, sample_rate_hz: int, least: float) -> list[Tag]:
        """See `Labeller.labels`."""
        probabilities = heard(samples, sample_rate_hz)
        if not self.meanings:
            return likely(probabilities, least)
        column = levels(probabilities)[:, None]
        scores = [float(fit(meaning, column)[0]) for meaning in self.meanings.values()]
        return _ranked(list(self.meanings), scores, least)


class ByTower(Labeller):
    """Ears with a text tower. wanted: labels in words; none for AudioSet's names."""

    def __init__(self, ears: Embedder, wanted: Sequence[str] = ()) -> None:
        if not ears.understands_text:
            raise UnsupportedError(f"the ears {ears.name!r} do not understand text; label with 'builtin' or 'clap'")
        self.ears, self.sure = ears, FITS
        self.wanted = list(wanted) or [known.name for known in audioset().classes if known.domain != "silence"]

    def labels(self, samples: Samples, sample_rate_hz: int, least: float) -> list[Tag]:
        """See `Labeller.labels`. A text fits by how far its cosine lies above those that any text gets."""
        if np.abs(samples).max(initial=0.0) < SILENT:
            return []
        sound = resampled(samples, sample_rate_hz, self.ears.sample_rate_hz)
        clips = list(windows(iter([sound]), self.ears.window, self.ears.hop))
        vectors = self.ears.hear(clips).vectors
        usual = vectors @ self._background.T
        spread = np.maximum(usual.std(axis=1, keepdims=True), 1e-6)
        above = (vectors @ self._texts.T - usual.mean(axis=1, keepdims=True)) / spread
        scores = np.clip((above.max(axis=0) - FITS_FROM) / (FITS_SURELY - FITS_FROM), 0, 1)
        return _ranked(self.wanted, scores.tolist(), least)

    @cached_property
    def _texts(self) -> Scores:
        vectors: Scores = self.ears.embed_text(self.wanted)
        return vectors

    @cached_property
    def _background(self) -> Scores:
        vectors: Scores = self.ears.embed_text(audioset().names[::BACKGROUND])
        return vectors


def make_labeller(ears: Embedder, wanted: Sequence[str] = ()) -> Labeller:
    """The labeller of some ears. wanted: a person's own labels; none for AudioSet's names.

    Raises UnsupportedError for ears that have neither classes nor a text tower, and for words that they do not know.
    """
    return ByClasses(wanted) if ears.name == DESCRIBER else ByTower(ears, wanted)


def label_components(
    blocks: Iterator[Samples],
    separator: Separator,
    ears: Embedder,
    wanted: Sequence[str] = (),
    *,
    from_clip: bool = False,
    window_s: float = WINDOW_S,
) -> Iterator[Label]:
    """What is heard in each window of a sound, in which component, and when that sounds; memory does not grow.

    blocks: mono at the separator's rate. wanted: a person's own labels, which the separator looks for too; none for
    AudioSet's names. from_clip: what the window's own tags suggest is looked for and told apart, and nothing else.
    """
    labeller = None if from_clip else make_labeller(ears, wanted)
    rate_hz, start = separator.sample_rate_hz, 0
    for window in _cut(blocks, round(window_s * rate_hz)):
        looked_for = suggested(window, rate_hz) if from_clip else wanted
        if looked_for or not from_clip:
            chosen = labeller or make_labeller(ears, looked_for)
            for component, tag in label_window(window, separator, chosen, looked_for):
                for start_s, end_s in stretches(component.samples, rate_hz):
                    seconds = start / rate_hz + start_s, start / rate_hz + end_s
                    yield Label(*seconds, tag.label, tag.score, component.name)
        start += len(window)


def label_window(
    window: Samples, separator: Separator, labeller: Labeller, queries: Sequence[str] = ()
) -> list[tuple[Component, Tag]]:
    """The components of one window, or all of it as MIXTURE, with their labels, the surest first.

    One label once, and where it is surest.
    A component's label counts only where the mixture does not speak against it: taking apart makes sounds that nobody
    made, and the ears name those too.
    """
    rate_hz = separator.sample_rate_hz
    possible = {tag.label for tag in labeller.labels(window, rate_hz, POSSIBLE * labeller.sure)}
    named = [(Component(MIXTURE, window), tag) for tag in labeller.labels(window, rate_hz, labeller.sure)]
    for component in separator.separate(window, queries):
        heard_in = labeller.labels(component.samples, rate_hz, labeller.sure)
        named += [(component, tag) for tag in heard_in if tag.label in possible]
    return _once(named)


def _once(named: Sequence[tuple[Component, Tag]]) -> list[tuple[Component, Tag]]:
    """Each label once, with the component that it is surest in; none that a narrower one says as well."""
    best: dict[str, tuple[Component, Tag]] = {}
    for component, tag in sorted(named, key=lambda each: (-each[1].score, each[0].name != MIXTURE, each[0].name)):
        best.setdefault(tag.label, (component, tag))
    kept = set(without_kinds([tag for _, tag in best.values()]))
    return [each for each in best.values() if each[1] in kept]


def _ranked(names: Sequence[str], scores: Sequence[float], least: float) -> list[Tag]:
    ranked = sorted(zip(names, scores, strict=True), key=lambda each: -each[1])
    return [Tag(name, round(score, 3)) for name, score in ranked if score >= least]


def _cut(blocks: Iterator[Samples], size: int) -> Iterator[Samples]:
    """A sound in windows that follow each other; the last one is what is left."""
    held = np.zeros(0, np.float32)
    for block in blocks:
        held = np.concatenate([held, block])
        while len(held) >= size:
            yield held[:size]
            held = held[size:]
    if len(held):
        yield held
