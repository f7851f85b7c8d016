"""Teaches projection heads: from what the Wav2Vec2 ears hear of a person's labelled sounds, which of them are alike.

Source of the loss: Khosla et al., Supervised Contrastive Learning (2020, arXiv 2004.11362), its equation 2, and beside
it the cross-entropy of naming the label by the nearest of learned prototypes (Wang et al., NormFace, 2017, arXiv
1704.06369). What is reported was measured on sounds that had no part in the training, of sources that had none either.
"""

import importlib.util
import json
import math
import re
from collections.abc import Generator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from core import device, heads
from core.embedding.wav2vec2 import Wav2Vec2Embedder
from core.errors import MissingDependencyError
from core.heads import Head
from core.labels import Labelled, read_labels
from core.records import Progress
from core.settings import Settings
from core.training.head_lesson import TAUGHT, WATCHED, Lesson, gather, split

FORMAT = 1  # of the card
MOST_IN_BATCH = 1024
LEAST_BATCHES = 10


@dataclass(frozen=True, slots=True)
class Course:
    """How a head is taught. hidden, dim: numbers in its hidden layer and in its vectors. temperature: of both losses.

    rounds: at most so many, each of as many batches as show every window once on the mean, and of at least 10.
    patience: rounds without a better loss on what is watched before it ends. blind_rounds: where nothing is watched.
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

    `core.heads.read_card` has a card too. What the bare model hears of a file is kept in `settings.models / "cache"`:
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
        usable, left_out = gathered.usable(sounds)
        lesson = Lesson(usable, gathered.of(usable), split(usable, seed))
        head, curve = yield from teach(lesson, seed, course, name)
        file = heads.head_bytes(head, ears.backbone_hash(), ears.model_name)
        cards[name] = card = {
            "format": FORMAT,
            "made_by": _maker(),
            "trained": datetime.now(UTC).date().isoformat(),
            "name": name,
            "model": ears.model_name,
            "backbone": ears.backbone_hash(),
            "weights": sha256(file).hexdigest()[:16],
            **lesson.counted(),
            "left_out": left_out,
            "seed": seed,
            "course": asdict(course),
            "curve": curve,
            "scores": {kind: scores.as_dict() for kind, scores in lesson.scores(head).items()},
        }
        told = (json.dumps(card, indent=1, ensure_ascii=False) + "\n").encode()
        files = {heads.HEAD_NAME: file, heads.CARD_NAME: told, heads.PAGE_NAME: page(card).encode()}
        heads.save(heads.folder_of(settings, name), files)
        before, after = (card["scores"][kind]["map"] for kind in ("before", "after"))
        yield Progress(1, 1, f"trained the head {name!r}: mAP {after:.3f} with it, {before:.3f} without")
    return cards


def teach(
    lesson: Lesson, seed: int, course: Course, name: str
) -> Generator[Progress, None, tuple[Head, list[float | None]]]:
    """Teaches a head on the processor; `return`s it as it was in its best round, and the loss watched in each."""
    device.choose("cpu")  # one thread: sums in another number of threads end in other bits
    teaching = Teaching(lesson, seed, course)
    n_rounds = course.rounds if teaching.can_watch else course.blind_rounds
    curve: list[float | None] = []
    best, best_loss, since = teaching.head(), math.inf, 0
    for number in range(n_rounds):
        teaching.run_round()
        seen = teaching.watched_loss() if teaching.can_watch else None
        curve.append(None if seen is None else round(seen, 6))
        if seen is None or seen < best_loss:
            best, best_loss, since = teaching.head(), math.inf if seen is None else seen, 0
        else:
            since += 1
        yield Progress(number + 1, n_rounds, f"teaching the head {name!r}")
        if since >= course.patience:
            break
    return best, curve


class Teaching:
    """A head that is being taught. What is left to chance comes from generators of its own, so a seed decides it."""

    def __init__(self, lesson: Lesson, seed: int, course: Course) -> None:
        import torch

        self._torch, self._lesson, self._course = torch, lesson, course
        self._rng = np.random.default_rng(seed)
        self._standard = torch.from_numpy(lesson.standard)
        self._labels = torch.from_numpy(lesson.label_of_window)
        self._taught, self._chances = lesson.windows(TAUGHT), lesson.chances()
        self._watched = torch.from_numpy(lesson.windows(WATCHED))
        n_in, n_classes = self._standard.shape[1], len(lesson.classes)
        self._size = min(MOST_IN_BATCH, max(course.batch, 4 * n_classes))  # of a label, some should meet in a batch
        self._layers = {
            "inner": self._random(course.hidden, n_in),
            "inner_bias": torch.zeros(course.hidden),
            "outer": self._random(course.dim, course.hidden),
            "outer_bias": torch.zeros(course.dim),
            "prototypes": self._random(n_classes, course.dim),
        }
        for layer in self._layers.values():
            layer.requires_grad_()
        self._optimizer = torch.optim.AdamW(self._layers.values(), lr=course.rate, weight_decay=course.decay)

    @property
    def can_watch(self) -> bool:
        """Whether there are sounds to tell by when to stop."""
        return len(self._watched) > 0

    def run_round(self) -> None:
        """As many batches as show every taught window once on the mean, and at least 10."""
        for _ in range(max(LEAST_BATCHES, math.ceil(len(self._taught) / self._size))):
            rows = self._torch.from_numpy(self._rng.choice(self._taught, self._size, p=self._chances))
            vectors = self._project(rows, self._dropped())
            loss = contrast(vectors, self._labels[rows], self._course.temperature) + self._naming(vectors, rows)
            self._optimizer.zero_grad()
            loss.backward()
            self._optimizer.step()

    def watched_loss(self) -> float:
        """The cross-entropy of naming the labels of what is watched."""
        with self._torch.no_grad():
            return float(self._naming(self._project(self._watched), self._watched))

    def head(self) -> Head:
        """The head as it is now."""
        parts = {name: layer.detach().numpy().copy() for name, layer in self._layers.items() if name != "prototypes"}
        return Head(self._lesson.mean, self._lesson.scale, **parts)

    def _project(self, rows: Any, kept: Any = 1.0) -> Any:
        """Unit vectors of some windows, as `core.heads.Head` makes them; kept: 0 for what is dropped."""
        functional, layers = self._torch.nn.functional, self._layers
        hidden = functional.linear(self._standard[rows], layers["inner"], layers["inner_bias"])
        hidden = functional.gelu(hidden, approximate="tanh") * kept
        return functional.normalize(functional.linear(hidden, layers["outer"], layers["outer_bias"]))

    def _naming(self, vectors: Any, rows: Any) -> Any:
        functional = self._torch.nn.functional
        nearness = vectors @ functional.normalize(self._layers["prototypes"]).T
        return functional.cross_entropy(nearness / self._course.temperature, self._labels[rows])

    def _dropped(self) -> Any:
        drawn = self._rng.random((self._size, self._course.hidden), np.float32) >= self._course.dropout
        return self._torch.from_numpy(drawn) / (1 - self._course.dropout)

    def _random(self, n_out: int, n_in: int) -> Any:
        return self._torch.from_numpy(self._rng.normal(0, n_in**-0.5, (n_out, n_in)).astype(np.float32))


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


def page(card: Mapping[str, Any]) -> str:
    """A card as a page for people."""
    names = {"before": "the ears alone", "standardised": "the same, standardised", "after": "**with the head**"}
    lines = [
        f"| {names[kind]} | " + " | ".join(f"{each[key]:.3f}" for key in ("map", "top1", "v", "accuracy")) + " |"
        for kind, each in card["scores"].items()
    ]
    counts = [
        f"| {name.replace('|', '/')} | " + " | ".join(str(n) for n in parts.values()) + " |"
        for name, parts in card["labels"].items()
    ]
    left_out = ", ".join(f"{len(paths)} {kind}" for kind, paths in card["left_out"].items())
    untested = ", ".join(card["untested"]) or "none"
    stop = (
        "as it was in the best of them for what was watched"
        if any(card["curve"])
        else "after a fixed time, for nothing could be watched"
    )
    rows, seen = "\n".join(lines), "\n".join(counts)
    model, dim, n_rounds = card["model"], card["course"]["dim"], len(card["curve"])
    return f"""# The head {card["name"]!r}

It turns what {model} hears into {dim} numbers, which lie near each other for sounds of one label.
There are {card["sounds"]} sounds ({card["windows"]} windows) of {card["sources"]} sources.
Taught on {card["trained"]} in {n_rounds} rounds, and kept {stop}.

On sounds that it was not taught, of sources that it was not taught, by cosine:

| vectors | mAP | nearest is alike | V-measure | label right |
|---|---|---|---|---|
{rows}

Standardised: every number of the ears' brought to the same spread, with nothing learned from the labels.

| label | taught | watched | tested |
|---|---|---|---|
{seen}

Labels with too few sources to be tested: {untested}. Left out: {left_out}; `card.json` names them.

It was taught with your own files and stays on this machine. It fits {model} with the weights `{card["backbone"]}` only.
"""


def _maker() -> str:
    try:
        return f"earshot {version('earshot')}"
    except PackageNotFoundError:  # it runs from a checkout that was not installed
        return "earshot"


def _check_installed() -> None:
    if importlib.util.find_spec("torch") is None:
        message = "training heads needs the package torch; install it with: pip install 'earshot[models]'"
        raise MissingDependencyError(message)
