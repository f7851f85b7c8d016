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
LAYERS = ("inner", "inner_bias", "outer", "outer_bias")


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
    import torch

    device.choose("cpu")  # one thread: sums in another number of threads end in other bits
    rng, functional = np.random.default_rng(seed), torch.nn.functional
    standard, labels = (torch.from_numpy(each) for each in (lesson.standard, lesson.label_of_window))
    n_in, n_classes = standard.shape[1], len(lesson.classes)
    shapes = {
        "inner": (course.hidden, n_in),
        "outer": (course.dim, course.hidden),
        "prototypes": (n_classes, course.dim),
    }
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
            best, since = _copied(layers), 0
            best_loss = math.inf if seen is None else seen
        else:
            since += 1
        yield Progress(number + 1, n_rounds, f"teaching the head {name!r}")
        if since >= course.patience:
            break
    return Head(lesson.mean, lesson.scale, *(best[key] for key in LAYERS)), curve


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
        "when what was watched got no better"
        if any(card["curve"])
        else "after a fixed time, for nothing could be watched"
    )
    return f"""# The head {card["name"]!r}

It turns what {card["model"]} hears into {card["course"]["dim"]} numbers that lie near each other for sounds of one label. Taught on
{card["trained"]} with {card["sounds"]} sounds ({card["windows"]} windows) of {card["sources"]} sources, in {len(card["curve"])} rounds;
it stopped {stop}.

On sounds that it was not taught, of sources that it was not taught, by cosine:

| vectors | mAP | nearest is alike | V-measure | label right |
|---|---|---|---|---|
{chr(10).join(lines)}

Standardised: every number of the ears' brought to mean 0 and spread 1, with nothing learned from the labels.

| label | taught | watched | tested |
|---|---|---|---|
{chr(10).join(counts)}

Labels with too few sources to be tested: {untested}. Left out: {left_out}; `card.json` names them.

It was taught with your own files and stays on this machine. It fits the weights `{card["backbone"]}` of {card["model"]} only.
"""


def _copied(layers: Mapping[str, Any]) -> dict[str, Any]:
    return {name: layer.detach().numpy().copy() for name, layer in layers.items()}


def _maker() -> str:
    try:
        return f"earshot {version('earshot')}"
    except PackageNotFoundError:  # it runs from a checkout that was not installed
        return "earshot"


def _check_installed() -> None:
    if importlib.util.find_spec("torch") is None:
        message = "training heads needs the package torch; install it with: pip install 'earshot[models]'"
        raise MissingDependencyError(message)
