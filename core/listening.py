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
from core.embedding import EMBEDDERS, Embedder, Heard
from core.heard import Levels, levels
from core.loudness import LoudnessMeter
from core.ontology import audioset
from core.qualities import Measured, qualities
from core.records import Record, Samples, Tag
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


class Fed(Protocol[T_contra]):
    """Anything that is fed blocks."""

    def add(self, block: T_contra) -> None:
        """The next block."""


class Listener:
    """Hears files with one embedder and describes them with one captioner."""

    def __init__(self, embedder: str = "builtin", captioner: str = "builtin") -> None:
        self._names = (embedder, captioner)

    @cached_property
    def embedder(self) -> Embedder:
        """The ears, loaded on first use."""
        return EMBEDDERS.load(self._names[0])()

    @cached_property
    def captioner(self) -> Captioner:
        """The captioner, loaded on first use."""
        return CAPTIONERS.load(self._names[1])()

    def listen(self, path: Path) -> Listening:
        """Everything about the sound in a file. Raises AudioError with the reason if it holds none."""
        with audio.open_source(path) as source:
            loudness, meter = LoudnessMeter(source.sample_rate_hz, source.channels), Meter()
            heard, n_samples = self._hear(source, loudness, meter)
            measured = Measured(n_samples / source.sample_rate_hz, loudness.integrated_lufs(), meter.measure())
            return self._describe(path, source, measured, loudness.peak_dbfs(), heard)

    def embed(self, path: Path, start_s: float = 0.0, end_s: float | None = None) -> NDArray[np.float32]:
        """The vectors of a file's windows, or of a stretch of it, float32 (n_windows, dim). Raises AudioError."""
        return self._hear_windows(audio.stretch(path, self.embedder.sample_rate_hz, start_s, end_s)).vectors

    def _hear(self, source: Source, loudness: LoudnessMeter, meter: Meter) -> tuple[Heard, int]:
        """Walks the file once; both meters and the ears are fed on the way."""
        counter = _Counter()
        mono = _tapped((audio.mono(block) for block in _tapped(source.blocks(), loudness)), counter)
        if self.embedder.sample_rate_hz == RATE_HZ:
            resampled = audio.resampled(mono, source.sample_rate_hz, RATE_HZ)
            return self._hear_windows(_tapped(resampled, meter)), counter.n_samples
        measuring = _Resampling(meter, source.sample_rate_hz)
        tapped = _tapped(mono, measuring)
        heard = self._hear_windows(audio.resampled(tapped, source.sample_rate_hz, self.embedder.sample_rate_hz))
        measuring.finish()
        return heard, counter.n_samples

    def _hear_windows(self, blocks: Iterator[Samples]) -> Heard:
        ears = self.embedder
        windows = audio.windows(blocks, ears.window, ears.hop)
        batches = [ears.hear(batch) for batch in _batched(windows, WINDOWS_PER_BATCH)]
        return Heard(
            np.concatenate([batch.vectors for batch in batches]),
            np.concatenate([batch.tags for batch in batches]),
        )

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
            samples = audio.decode(path, self.captioner.sample_rate_hz)
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


class _Counter:
    """Counts samples on their way past."""

    def __init__(self) -> None:
        self.n_samples = 0

    def add(self, block: Samples) -> None:
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


def _tapped(blocks: Iterable[T], meter: Fed[T]) -> Iterator[T]:
    for block in blocks:
        meter.add(block)
        yield block


def _batched(items: Iterator[Samples], size: int) -> Iterator[Sequence[Samples]]:
    while batch := list(islice(items, size)):
        yield batch
