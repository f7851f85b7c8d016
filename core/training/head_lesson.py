"""Labelled sounds as the Wav2Vec2 ears hear them, split so that a head can be taught with some and tried on others.

What the bare model hears of a file is kept on disk, so that a second training with the same sounds hears none of them.
"""

import os
import tempfile
from collections import Counter, defaultdict
from collections.abc import Generator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from core import audio, heads
from core.embedding.base import pooled_groups
from core.embedding.wav2vec2 import Wav2Vec2Embedder
from core.errors import AudioError, UnsupportedError
from core.heads import Head, Rows
from core.labels import Labelled
from core.records import Progress, Record
from core.training.scoring import quality

LONGEST_S = 60.0  # of a file that is heard
TAUGHT, WATCHED, TESTED = "taught", "watched", "tested"
WATCHED_SHARE, TESTED_SHARE = 0.15, 0.2  # of the sources of a label
WATCHABLE, TESTABLE = 5, 4  # sources that a label must have
LEAST_SPREAD = 0.3  # of what is common: a number that hardly moved while teaching may well move later
DAMAGED = (OSError, ValueError, KeyError, EOFError, BadZipFile)  # what reading half a file may raise

Parts = NDArray[np.str_]
"""For each sound, whether it is TAUGHT, WATCHED (for when to stop) or TESTED (for the report)."""


@dataclass(slots=True)
class Gathered:
    """What was heard of files. contents: the hash of each one's bytes. heard: float32 (n_windows, n_statistics) by that
    hash, without silent windows, so none at all for silence; a file that cannot be read has no entry.
    """

    contents: dict[Path, str] = field(default_factory=dict)
    heard: dict[str, Rows] = field(default_factory=dict)

    def usable(self, sounds: Sequence[Labelled]) -> tuple[list[Labelled], dict[str, list[str]]]:
        """Those sounds that something was heard of, each once, and the paths of the others by why they are left out.

        Of files with the same bytes the first counts: the same sound taught and tested would prove nothing.
        """
        left_out: dict[str, list[str]] = {"unread": [], "silent": [], "copies": []}
        kept, seen = [], set()
        for sound in sounds:
            content = self.contents.get(sound.path, "")
            if content not in self.heard:
                left_out["unread"].append(str(sound.path))
            elif not len(self.heard[content]):
                left_out["silent"].append(str(sound.path))
            elif content in seen:
                left_out["copies"].append(str(sound.path))
            else:
                kept.append(sound)
                seen.add(content)
        return kept, left_out

    def of(self, sounds: Sequence[Labelled]) -> list[Rows]:
        """What was heard of each."""
        return [self.heard[self.contents[sound.path]] for sound in sounds]


@dataclass(frozen=True, slots=True)
class Scores(Record):
    """How well vectors do on tested sounds; map, top1 and v as in `core.training.scoring.Quality`.

    accuracy: share of sounds that lie nearest to the mean of those of their own label that were taught.
    """

    map: float
    top1: float
    v: float
    accuracy: float


def gather(paths: Sequence[Path], ears: Wav2Vec2Embedder) -> Generator[Progress, None, Gathered]:
    """Has the bare model hear the first minute of each file that the cache does not hold; `return`s it all."""
    cache = ears.settings.models / "cache" / f"wav2vec2-{ears.backbone_hash()}-{LONGEST_S:g}s"
    gathered = Gathered()
    for number, path in enumerate(paths):
        with suppress(OSError):  # such a file counts as unread
            gathered.contents[path] = audio.content_hash(path)
        yield Progress(number + 1, len(paths), f"looking for {path.name}")
    contents = list({content: path for path, content in reversed(gathered.contents.items())}.items())[::-1]
    for start in range(0, len(contents), ears.rows):
        some = dict(contents[start : start + ears.rows])
        found = {content: _read(cache / f"{content}.npz", ears.n_statistics) for content in some}
        fresh = _heard({content: path for content, path in some.items() if found[content] is None}, ears)
        for content, rows in fresh.items():
            _keep(cache / f"{content}.npz", rows)
        for content, known in (found | fresh).items():
            if known is not None:
                gathered.heard[content] = known[known.any(axis=1)]
        yield Progress(start + len(some), len(contents), next(reversed(some.values())).name)
    return gathered


def split(sounds: Sequence[Labelled], seed: int) -> Parts:
    """Which sounds are taught, watched and tested; a source is never on two sides.

    Of the sources of each label a fifth is tested, at least 2 where there are 4, and a seventh is watched where there
    are 5; a label with one source is taught. A source with several labels counts as one of its commonest.
    Raises UnsupportedError where fewer than two labels have two sources that are tested.
    """
    labels: dict[str, Counter[str]] = defaultdict(Counter)
    for sound in sounds:
        labels[sound.source][sound.label] += 1
    by_label = defaultdict(list)
    for source in sorted(labels):
        by_label[min(labels[source], key=lambda label: (-labels[source][label], label))].append(source)
    rng = np.random.default_rng(seed)
    part_of: dict[str, str] = {}
    for label in sorted(by_label):
        sources = by_label[label]
        rng.shuffle(sources)
        n = len(sources)
        n_tested = max(2, round(TESTED_SHARE * n)) if n >= TESTABLE else min(n - 1, 1)
        n_watched = max(1, round(WATCHED_SHARE * n)) if n >= WATCHABLE else 0
        kinds = [TESTED] * n_tested + [WATCHED] * n_watched + [TAUGHT] * (n - n_tested - n_watched)
        part_of |= dict(zip(sources, kinds, strict=True))
    for label in sorted({sound.label for sound in sounds}):  # one that only comes in sources of others
        those = {sound.source for sound in sounds if sound.label == label}
        if not any(part_of[source] == TAUGHT for source in those):
            part_of |= dict.fromkeys(those, TAUGHT)
    tested = {(sound.label, sound.source) for sound in sounds if part_of[sound.source] == TESTED}
    n_testable = sum(count > 1 for count in Counter(label for label, _ in tested).values())
    if n_testable < 2:
        n_labels = len({sound.label for sound in sounds})
        found = f"{n_testable} of {n_labels} labels can be tested on sounds that were not taught, and a head needs two"
        raise UnsupportedError(f"{found}; give sounds from at least {TESTABLE} sources of each")
    return np.array([part_of[sound.source] for sound in sounds])


class Lesson:
    """Sounds to teach a head with, and to try it on."""

    def __init__(self, sounds: Sequence[Labelled], heard: Sequence[Rows], parts: Parts) -> None:
        self.sounds, self.parts = sounds, parts
        self.classes = sorted({sound.label for sound in sounds})
        self.labels = np.array([self.classes.index(sound.label) for sound in sounds])
        self.counts = np.array([len(rows) for rows in heard])
        self.statistics: Rows = np.concatenate(heard)
        taught = self.statistics[self.windows(TAUGHT)].astype(np.float64)
        spread = taught.std(axis=0)
        self.mean: Rows = taught.mean(axis=0).astype(np.float32)
        common = LEAST_SPREAD * np.sqrt(np.square(spread).mean()) + 1e-9
        self.scale: Rows = np.hypot(spread, common).astype(np.float32)
        self.of_window = np.repeat(np.arange(len(sounds)), self.counts)
        self.label_of_window = self.labels[self.of_window]

    @property
    def standard(self) -> Rows:
        """What was heard, standardised as a head does it by the mean and the spread of the windows that are taught."""
        return heads.standardised(self.statistics, self.mean, self.scale)

    def windows(self, part: str) -> NDArray[np.int64]:
        """The rows of a part."""
        return np.flatnonzero(np.repeat(self.parts == part, self.counts))

    def chances(self) -> NDArray[np.float64]:
        """How often each taught window comes up: labels equally often, and so the sounds of one. Their sum is 1."""
        rows = self.windows(TAUGHT)
        n_sounds = np.bincount(self.labels[self.parts == TAUGHT], minlength=len(self.classes))
        chances = 1 / (n_sounds[self.label_of_window[rows]] * self.counts[self.of_window[rows]])
        return np.asarray(chances / chances.sum())

    def counted(self) -> dict[str, Any]:
        """For the card: how much there is, how much of each label in each part, and what labels cannot be tested."""
        kinds = (TAUGHT, WATCHED, TESTED)
        by_label = {
            name: {kind: int((self.parts[self.labels == number] == kind).sum()) for kind in kinds}
            for number, name in enumerate(self.classes)
        }
        sizes = {
            "sounds": len(self.sounds),
            "windows": len(self.statistics),
            "sources": len({sound.source for sound in self.sounds}),
        }
        return sizes | {"labels": by_label, "untested": [name for name in self.classes if not by_label[name][TESTED]]}

    def scores(self, head: Head) -> dict[str, Scores]:
        """How well vectors of whole sounds do: of the bare ears, those standardised with no head, and those of it."""
        made = {
            "before": heads.unit(self.statistics),
            "standardised": heads.unit(self.standard),
            "after": head.vectors(self.statistics),
        }
        return {kind: self._scored(pooled_groups(rows, self.counts)) for kind, rows in made.items()}

    def _scored(self, vectors: Rows) -> Scores:
        tested = self.parts == TESTED
        sounds = [sound for sound, is_tested in zip(self.sounds, tested, strict=True) if is_tested]
        found = quality(vectors[tested], [sound.label for sound in sounds], [sound.source for sound in sounds])
        own = (self.parts == TAUGHT) & (self.labels == np.arange(len(self.classes))[:, None])
        means = heads.unit(np.stack([vectors[rows].mean(axis=0) for rows in own]))
        right = (vectors[tested] @ means.T).argmax(axis=1) == self.labels[tested]
        return Scores(found.map, found.top1, found.v, float(right.mean()))


def _heard(paths: Mapping[str, Path], ears: Wav2Vec2Embedder) -> dict[str, Rows]:
    """What the bare model hears of some files at once, under their keys; those that cannot be read are left out."""
    clips = {}
    for key, path in paths.items():
        try:
            blocks = audio.stretch(path, ears.sample_rate_hz, end_s=LONGEST_S)
            clips[key] = list(audio.windows(blocks, ears.window, ears.hop))
        except AudioError:
            continue
    rows = ears.statistics([clip for each in clips.values() for clip in each])
    ends = np.cumsum([len(each) for each in clips.values()])
    return dict(zip(clips, np.split(rows, ends[:-1]), strict=True)) if clips else {}


def _read(path: Path, n_statistics: int) -> Rows | None:
    """What the cache holds of a file; None if it does not, or if that is damaged."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:  # numpy leaves a damaged one open
            rows: Rows = arrays["statistics"]
    except DAMAGED:
        return None
    fits = rows.ndim == 2 and rows.shape[1] == n_statistics and rows.dtype == np.float32 and np.isfinite(rows).all()
    return rows if fits else None


def _keep(path: Path, rows: Rows) -> None:
    """Puts rows into the cache, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as scratch:
        part = Path(scratch) / path.name
        np.savez(part, allow_pickle=False, statistics=rows)
        os.replace(part, path)
