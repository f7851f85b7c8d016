"""Teaches projection heads: from what the Wav2Vec2 ears hear of a person's labelled sounds, which of them are alike.

Source of the loss: Khosla et al., Supervised Contrastive Learning (2020, arXiv 2004.11362), its equation 2, and beside
it the cross-entropy of naming the label by the nearest of learned prototypes (Wang et al., NormFace, 2017, arXiv
1704.06369). What is reported was measured on sounds that had no part in the training, of sources that had none either.
"""

import json
import math
import os
import re
import tempfile
from collections import Counter, defaultdict
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from core import audio, device, heads
from core.embedding.base import pooled_groups
from core.embedding.wav2vec2 import Wav2Vec2Embedder
from core.errors import AudioError, MissingDependencyError, UnsupportedError
from core.heads import Head, Rows
from core.labels import Labelled, read_labels
from core.records import Progress, Record
from core.settings import Settings
from core.training.scoring import quality

FORMAT = 1  # of the card
LONGEST_S = 60.0  # of a file that is heard
TAUGHT, WATCHED, TESTED = "taught", "watched", "tested"
WATCHED_SHARE, TESTED_SHARE = 0.15, 0.2  # of the sources of a label
WATCHABLE, TESTABLE = 5, 4  # sources that a label must have
MOST_IN_BATCH = 1024
DAMAGED = (OSError, ValueError, KeyError, EOFError, BadZipFile)  # what reading half a file may raise

Parts = NDArray[np.str_]
"""For each sound, whether it is TAUGHT, WATCHED (for when to stop) or TESTED (for the report)."""


@dataclass(frozen=True, slots=True)
class Course:
    """How a head is taught. hidden, dim: numbers in its hidden layer and in its vectors. temperature: of both losses.

    rounds: at most so many, each of as many batches as show every window once on the mean, and of at least 10.
    patience: rounds without a better loss on what is watched before it ends. blind_rounds: where nothing can be watched.
    """

    hidden: int = 512
    dim: int = 128
    batch: int = 128
    rounds: int = 60
    blind_rounds: int = 20
    patience: int = 8
    rate: float = 5e-4
    decay: float = 0.05
    dropout: float = 0.3
    temperature: float = 0.1


@dataclass(frozen=True, slots=True)
class Scores(Record):
    """How well vectors do on tested sounds; map, top1 and v as in `core.training.scoring.Quality`.

    accuracy: share of sounds that lie nearest to the mean of those of their own label that were taught.
    """

    map: float
    top1: float
    v: float
    accuracy: float


@dataclass(slots=True)
class Gathered:
    """What was heard. by_path: float32 (n_windows, n_statistics) without silent windows. copies: files like another."""

    by_path: dict[Path, Rows] = field(default_factory=dict)
    silent: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    copies: list[str] = field(default_factory=list)


def tasks_of(
    where: Path, name: str, columns: Sequence[str] = (), folder: Path | None = None
) -> dict[str, list[Labelled]]:
    """What there is to teach: for each head, by its name, its labelled sounds (`core.labels.read_labels`).

    Of one column of a table, or a folder, comes the head NAME; of several columns the heads NAME-COLUMN.
    """
    if len(columns) < 2:
        return {name: read_labels(where, column=columns[0] if columns else None, folder=folder)}
    names = {column: f"{name}-{re.sub('[^A-Za-z0-9_-]+', '-', column)}" for column in columns}
    return {names[column]: read_labels(where, column=column, folder=folder) for column in columns}


def train_heads(
    tasks: Mapping[str, Sequence[Labelled]],
    *,
    settings: Settings | None = None,
    seed: int = 0,
    course: Course | None = None,
) -> Generator[Progress, None, dict[str, dict[str, Any]]]:
    """Teaches a head for each task and puts it where the ears "wav2vec2:NAME" look for it; `return`s their cards.

    `core.heads.read_card` has a card too. What the bare model hears of a file is kept in `settings.models / "cache"`, so
    no file is heard twice. The same files, seed and machine give the same `head.npz`, bit for bit. A training that is
    stopped leaves no head but those that were done. Files that cannot be read, are silent, or are copies of another are
    left out and named in the card.
    Raises MissingDependencyError without torch, UnknownNameError for a name that cannot be one, and UnsupportedError
    where there are not two labels with sounds of at least 4 sources each: what it learned could not be tested.
    """
    settings, course = settings or Settings(), course or Course()
    _check_installed()
    for name, sounds in tasks.items():
        heads.folder_of(settings, name)  # before hours of hearing
        split(sounds, seed)
    ears = Wav2Vec2Embedder(settings)
    yield from ears.fetch()
    gathered = yield from gather(sorted({sound.path for each in tasks.values() for sound in each}), ears)
    cards = {}
    for name, sounds in tasks.items():
        heard = [sound for sound in sounds if sound.path in gathered.by_path]
        parts = split(heard, seed)
        lesson = Lesson(heard, [gathered.by_path[sound.path] for sound in heard], parts)
        head, curve = yield from teach(lesson, seed, course, name)
        file = heads.head_bytes(head, ears.backbone_hash(), ears.model_name)
        card = {
            "format": FORMAT,
            "made_by": _maker(),
            "trained": datetime.now(UTC).date().isoformat(),
            "name": name,
            "model": ears.model_name,
            "backbone": ears.backbone_hash(),
            "weights": sha256(file).hexdigest()[:16],
            "sounds": len(heard),
            "windows": len(lesson.statistics),
            "sources": len({sound.source for sound in heard}),
            **lesson.counted(),
            "left_out": {kind: getattr(gathered, kind) for kind in ("silent", "unread", "copies")},
            "seed": seed,
            "course": asdict(course),
            "curve": curve,
            "scores": {kind: scores.as_dict() for kind, scores in lesson.scores(head).items()},
        }
        content = (json.dumps(card, indent=1, ensure_ascii=False) + "\n").encode()
        heads.save(
            heads.folder_of(settings, name),
            {heads.HEAD_NAME: file, heads.CARD_NAME: content, heads.PAGE_NAME: page(card).encode()},
        )
        cards[name] = card
        told = " and ".join(f"{card['scores'][kind]['map']:.3f} {kind}" for kind in ("before", "after"))
        yield Progress(1, 1, f"trained the head {name!r}: mAP {told}")
    return cards


def gather(paths: Sequence[Path], ears: Wav2Vec2Embedder) -> Generator[Progress, None, Gathered]:
    """What the bare model hears in the first minute of each file, taken from the cache where it is; `return`s it all."""
    cache = ears.settings.models / "cache" / f"wav2vec2-{ears.backbone_hash()}-{LONGEST_S:g}s"
    gathered, done = Gathered(), 0
    by_hash: dict[str, Path] = {}
    for path in paths:
        first = by_hash.setdefault(audio.content_hash(path), path)
        if first != path:
            gathered.copies.append(str(path))
    several = ears.rows
    contents = list(by_hash.items())
    for start in range(0, len(contents), several):
        some = contents[start : start + several]
        found = {content: _cached(cache / f"{content}.npz", ears.n_statistics) for content, _ in some}
        fresh = _heard([(content, path) for content, path in some if found[content] is None], ears, gathered.unread)
        for content, rows in fresh.items():
            _keep(cache / f"{content}.npz", rows)
        for content, path in some:
            rows = fresh.get(content, found[content])
            if rows is None:
                continue
            loud = rows[rows.any(axis=1)]
            if len(loud):
                gathered.by_path[path] = loud
            else:
                gathered.silent.append(str(path))
        done += len(some)
        yield Progress(done, len(contents), some[-1][1].name)
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
    rng, part_of = np.random.default_rng(seed), {}
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
        raise UnsupportedError(
            f"{n_testable} labels have sounds of {TESTABLE} sources or more, and a head needs two such to be tested on"
            " what it was not taught; label more sounds"
        )
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
        self.scale: Rows = np.maximum(spread, max(1e-3 * float(np.median(spread)), 1e-6)).astype(np.float32)
        self.of_window = np.repeat(np.arange(len(sounds)), self.counts)
        self.label_of_window = self.labels[self.of_window]

    @property
    def standard(self) -> Rows:
        """What was heard, standardised: each number has mean 0 and spread 1 over the windows that are taught."""
        return (self.statistics - self.mean) / self.scale

    def windows(self, part: str) -> NDArray[np.int64]:
        """The rows of a part."""
        return np.flatnonzero(np.repeat(self.parts == part, self.counts))

    def chances(self) -> NDArray[np.float64]:
        """How often each taught window comes up: labels equally often, so its sounds, so their windows. Their sum is 1."""
        rows = self.windows(TAUGHT)
        n_sounds = np.bincount(self.labels[self.parts == TAUGHT], minlength=len(self.classes))
        chances = 1 / (n_sounds[self.label_of_window[rows]] * self.counts[self.of_window[rows]])
        return np.asarray(chances / chances.sum())

    def counted(self) -> dict[str, Any]:
        """For the card: how many sounds of each label are in each part, and which labels cannot be tested."""
        kinds = (TAUGHT, WATCHED, TESTED)
        by_label = {
            name: {kind: int((self.parts[self.labels == number] == kind).sum()) for kind in kinds}
            for number, name in enumerate(self.classes)
        }
        return {"labels": by_label, "untested": [name for name in self.classes if not by_label[name][TESTED]]}

    def scores(self, head: Head) -> dict[str, Scores]:
        """How well vectors of whole sounds do: of the bare ears, those standardised with no head, and those of it."""
        made = {
            "before": heads.unit(self.statistics),
            "standardised": heads.unit(self.standard),
            "after": head.vectors(self.statistics),
        }
        return {kind: self._scored(pooled_groups(rows, self.counts)) for kind, rows in made.items()}

    def _scored(self, vectors: Rows) -> Scores:
        tested = np.flatnonzero(self.parts == TESTED)
        sounds = [self.sounds[row] for row in tested]
        found = quality(vectors[tested], [sound.label for sound in sounds], [sound.source for sound in sounds])
        own = (self.parts == TAUGHT) & (self.labels == np.arange(len(self.classes))[:, None])
        means = heads.unit(np.stack([vectors[rows].mean(axis=0) for rows in own]))
        right = (vectors[tested] @ means.T).argmax(axis=1) == self.labels[tested]
        return Scores(found.map, found.top1, found.v, float(right.mean()))


def teach(
    lesson: Lesson, seed: int, course: Course, name: str
) -> Generator[Progress, None, tuple[Head, list[float | None]]]:
    """Teaches a head on the processor; `return`s it as it was in its best round, and the loss watched in each."""
    import torch

    device.choose("cpu")  # one thread: sums in another number of threads end in other bits
    rng, functional = np.random.default_rng(seed), torch.nn.functional
    standard, labels = (torch.from_numpy(each) for each in (lesson.standard, lesson.label_of_window))
    n_in, n_classes = standard.shape[1], len(lesson.classes)
    shapes = {"inner": (course.hidden, n_in), "outer": (course.dim, course.hidden), "prototypes": (n_classes, course.dim)}
    layers = {
        key: torch.from_numpy(rng.normal(0, shape[1] ** -0.5, shape).astype(np.float32))
        for key, shape in shapes.items()
    } | {"inner_bias": torch.zeros(course.hidden), "outer_bias": torch.zeros(course.dim)}
    for layer in layers.values():
        layer.requires_grad_()
    optimizer = torch.optim.AdamW(layers.values(), lr=course.rate, weight_decay=course.decay)

    def project(rows: Any, kept: Any = 1.0) -> Any:
        hidden = functional.linear(standard[rows], layers["inner"], layers["inner_bias"])
        hidden = functional.gelu(hidden, approximate="tanh") * kept
        return functional.normalize(functional.linear(hidden, layers["outer"], layers["outer_bias"]))

    def naming(vectors: Any, rows: Any) -> Any:
        return functional.cross_entropy(
            vectors @ functional.normalize(layers["prototypes"]).T / course.temperature, labels[rows]
        )

    taught, chances, watched = lesson.windows(TAUGHT), lesson.chances(), torch.from_numpy(lesson.windows(WATCHED))
    size = min(MOST_IN_BATCH, max(course.batch, 4 * n_classes))
    n_rounds = course.rounds if len(watched) else course.blind_rounds
    best, best_loss, since, curve = _copied(layers), math.inf, 0, []
    for number in range(n_rounds):
        for _ in range(max(10, math.ceil(len(taught) / size))):
            rows = torch.from_numpy(rng.choice(taught, size, p=chances))
            kept = torch.from_numpy(rng.random((size, course.hidden), np.float32) >= course.dropout)
            vectors = project(rows, kept / (1 - course.dropout))
            loss = contrast(vectors, labels[rows], course.temperature) + naming(vectors, rows)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        with torch.no_grad():
            seen = float(naming(project(watched), watched)) if len(watched) else None
        curve.append(None if seen is None else round(seen, 6))
        if seen is None or seen < best_loss:
            best, best_loss, since = _copied(layers), seen or math.inf, 0
        else:
            since += 1
        yield Progress(number + 1, n_rounds, f"teaching the head {name!r}")
        if since >= course.patience:
            break
    return Head(lesson.mean, lesson.scale, *(best[key] for key in HEAD_ORDER)), curve


HEAD_ORDER = ("inner", "inner_bias", "outer", "outer_bias")


def contrast(vectors: Any, labels: Any, temperature: float) -> Any:
    """The supervised contrastive loss of unit vectors, a tensor (n, dim), with labels (n,): equation 2 of the paper.

    A row without another one of its label has no say but as one to be told apart from.
    """
    import torch

    itself = torch.eye(len(vectors), dtype=torch.bool)
    nearness = (vectors @ vectors.T / temperature).masked_fill(itself, -torch.inf)
    log_shares = (nearness - nearness.logsumexp(dim=1, keepdim=True)).masked_fill(itself, 0)
    alike = (labels[:, None] == labels) & ~itself
    n_alike = alike.sum(dim=1)
    of_row = (log_shares * alike).sum(dim=1) / n_alike.clamp(min=1)
    return -of_row.sum() / (n_alike > 0).sum().clamp(min=1)
