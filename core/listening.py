"""One file, heard once from start to end: everything that will be remembered of it.

Knows nothing of the library. Runs in worker processes, so what goes in and out is plain data.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from core import audio, tagging
from core.audio import Source
from core.captioning import CAPTIONERS, Captioner, Subject
from core.descriptors import Descriptors, Meter
from core.embedding import Embedder, Heard, make_embedder
from core.heard import Levels, levels
from core.loudness import LoudnessMeter
from core.ontology import audioset
from core.qualities import Measured, qualities
from core.records import Record, Samples, Tag
from core.settings import Settings
from core.spectrum import RATE_HZ
from core.tagging import Named

WINDOWS_PER_BATCH = 32
MEASURED_BY = "signal"  # the source of the tags that come from measurements

T = TypeVar("T", bound=NDArray[np.float32])
T_contra = TypeVar("T_contra", bound=NDArray[np.float32], contravariant=True)


@dataclass(frozen=True, slots=True)
class Listening(Record):
    """What is known of a sound after hearing it. vectors: float16 (n_windows, dim), one row per window.

    heard: uint8 (n_windows, 521), the classes that were heard in each (`core.heard`); None where the ears name none.
    """

    duration_s: float
    sample_rate_hz: int
    channels: int
    codec: str
    container: str
    damaged_packets: int
    loudness_lufs: float
    peak_dbfs: float
    descriptors: Descriptors
    domain: str
    domain_score: float
    tags: dict[str, list[Tag]]
    """By source: `signal` for the words that come from measurements, else the embedder's name."""
    caption: str
    vectors: NDArray[np.float16]
    heard: Levels | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be learned of a file: all that is told of it, the vectors of some other ears, or both."""

    path: Path
    described: bool = True
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Learned:
    """What was learned of a file. others: float16 (n_windows, dim), by the name of the ears."""

    duration_s: float
    described: Listening | None
    others: dict[str, NDArray[np.float16]]


class Fed(Protocol[T_contra]):
    """Anything that is fed blocks."""

    def add(self, block: T_contra) -> None:
        """The next block."""


class Listener:
    """Hears files with one embedder and describes them with one captioner; other ears may hear them beside."""

    def __init__(self, embedder: str = "builtin", captioner: str = "builtin", settings: Settings | None = None) -> None:
        self._names = (embedder, captioner)
        self._settings = settings
        self._others: dict[str, Embedder] = {}

    @cached_property
    def embedder(self) -> Embedder:
        """The ears, loaded on first use."""
        return make_embedder(self._names[0], self._settings)

    @cached_property
    def captioner(self) -> Captioner:
        """The captioner, loaded on first use."""
        return CAPTIONERS.load(self._names[1])(self._settings)

    def learn(self, asked: Asked) -> Learned:
        """What is asked for of a file. Raises AudioError with the reason if it holds no sound."""
        described = self.listen(asked.path) if asked.described else None
        duration_s = described.duration_s if described else 0.0
        others: dict[str, NDArray[np.float16]] = {}
        for name in asked.others:
            if name not in self._others:
                self._others[name] = make_embedder(name, self._settings)
            ears = self._others[name]
            counter = Counter()
            heard = hear_windows(ears, tapped(audio.stretch(asked.path, ears.sample_rate_hz), counter))
            others[name] = heard.vectors.astype(np.float16)
            duration_s = duration_s or counter.n_samples / ears.sample_rate_hz
        return Learned(duration_s, described, others)

    def listen(self, path: Path) -> Listening:
        """Everything about the sound in a file. Raises AudioError with the reason if it holds none."""
        with audio.open_source(path) as source:
            loudness, meter = LoudnessMeter(source.sample_rate_hz, source.channels), Meter()
            heard, n_samples = self._hear(source, loudness, meter)
            measured = Measured(n_samples / source.sample_rate_hz, loudness.integrated_lufs(), meter.measure())
            return self._describe(path, source, measured, loudness.peak_dbfs(), heard)

    def embed(self, path: Path, start_s: float = 0.0, end_s: float | None = None) -> NDArray[np.float32]:
        """The vectors of a file's windows, or of a stretch of it, float32 (n_windows, dim). Raises AudioError."""
        return hear_windows(self.embedder, audio.stretch(path, self.embedder.sample_rate_hz, start_s, end_s)).vectors

    def _hear(self, source: Source, loudness: LoudnessMeter, meter: Meter) -> tuple[Heard, int]:
        """Walks the file once; both meters and the ears are fed on the way."""
        counter = Counter()
        mono = tapped((audio.mono(block) for block in tapped(source.blocks(), loudness)), counter)
        if self.embedder.sample_rate_hz == RATE_HZ:
            resampled = audio.resampled(mono, source.sample_rate_hz, RATE_HZ)
            return hear_windows(self.embedder, tapped(resampled, meter)), counter.n_samples
        measuring = _Resampling(meter, source.sample_rate_hz)
        measured = tapped(mono, measuring)
        heard = hear_windows(
            self.embedder, audio.resampled(measured, source.sample_rate_hz, self.embedder.sample_rate_hz)
        )
        measuring.finish()
        return heard, counter.n_samples

    @cached_property
    def _names_classes(self) -> bool:
        return tuple(self.embedder.labels) == audioset().names

    def _named(self, heard: Heard, measured: Measured) -> Named:
        """Tags and domain, where the ears hear the classes of the ontology; else next to nothing."""
        silent = measured.descriptors.silence >= 1.0
        if self._names_classes:
            return tagging.named(heard.tags, np.asarray(heard.vectors.any(axis=1)), silent)
        return Named([], "silence" if silent else "", float(silent))

    def _describe(self, path: Path, source: Source, measured: Measured, peak_dbfs: float, heard: Heard) -> Listening:
        known = self._named(heard, measured)
        tags = {MEASURED_BY: qualities(measured)}
        if self.embedder.labels:
            tags[self.embedder.name] = known.tags
        samples = None
        if self.captioner.sample_rate_hz is not None:
            rate_hz, longest_s = self.captioner.sample_rate_hz, self.captioner.longest_s
            samples = audio.digest(path, rate_hz, longest_s, measured.duration_s)
        every_tag = [tag for source_tags in tags.values() for tag in source_tags]
        caption = self.captioner.caption([Subject(measured, every_tag, known.domain, samples)])[0]
        return Listening(
            duration_s=measured.duration_s,
            sample_rate_hz=source.sample_rate_hz,
            channels=source.channels,
            codec=source.codec,
            container=source.container,
            damaged_packets=source.damaged,
            loudness_lufs=measured.loudness_lufs,
            peak_dbfs=peak_dbfs,
            descriptors=measured.descriptors,
            domain=known.domain,
            domain_score=known.domain_score,
            tags=tags,
            caption=caption,
            vectors=heard.vectors.astype(np.float16),
            heard=levels(heard.tags) if self._names_classes else None,
        )


def hear_windows(ears: Embedder, blocks: Iterator[Samples]) -> Heard:
    """What ears make of the windows of a sound that comes in mono blocks at their rate."""
    windows = audio.windows(blocks, ears.window, ears.hop)
    batches = [ears.hear(batch) for batch in _batched(windows, WINDOWS_PER_BATCH)]
    return Heard(
        np.concatenate([batch.vectors for batch in batches]), np.concatenate([batch.tags for batch in batches])
    )


class Counter:
    """Counts samples on their way past."""

    def __init__(self) -> None:
        self.n_samples = 0

    def add(self, block: Samples) -> None:
        """The next block."""
        self.n_samples += len(block)


class _Resampling:
    """Feeds a meter at the rate it measures at."""

    def __init__(self, meter: Meter, sample_rate_hz: int) -> None:
        self._meter = meter
        self._resampler = audio.Resampler(sample_rate_hz, RATE_HZ)

    def add(self, block: Samples) -> None:
        self._meter.add(self._resampler.push(block))

    def finish(self) -> None:
        self._meter.add(self._resampler.finish())


def tapped(blocks: Iterable[T], meter: Fed[T]) -> Iterator[T]:
    """The same blocks; a meter is fed each on its way past."""
    for block in blocks:
        meter.add(block)
        yield block


def _batched(items: Iterator[Samples], size: int) -> Iterator[Sequence[Samples]]:
    while batch := list(islice(items, size)):
        yield batch
