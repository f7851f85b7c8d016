"""How good the ears are on labelled sounds: the network alone, the timbre alone, joined as they ship, and the teacher.

Sounds are heard by the steps of an ingest (`core.listening`): what is scored is what a library would hold.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core import audio
from core.embedding.base import pooled
from core.embedding.builtin import JOINT, read_joint
from core.errors import MissingDependencyError
from core.heard import Levels, fit, levels, whole
from core.labels import Labelled
from core.listening import Listener
from core.records import Record, Vectors
from core.training.scoring import Quality, Scores, TextQuality, quality, text_quality
from core.words import understand

JOINED, NETWORK, TIMBRE = "joined", "network alone", "timbre alone"
EMBEDDING, PROBABILITIES = "teacher embedding", "teacher probabilities"
TEACHER_HOP = 8000  # samples at 16 kHz: the teacher hears 0.975 s every half second, about as it was made to
BATCH = 64  # patches the teacher hears at a time

Rows = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Impression:
    """What ears made of sounds. vectors: (n, dim), one per sound. heard: (n, 521), None where they name no classes."""

    vectors: Vectors
    heard: Levels | None = None


@dataclass(frozen=True, slots=True)
class Result(Record):
    """The scores of an impression. by_text: None where nothing can be found by text."""

    by_sound: Quality
    by_text: TextQuality | None


def hear(paths: Sequence[Path]) -> dict[str, Impression]:
    """What the built-in ears make of sounds: JOINED, NETWORK and TIMBRE. Raises AudioError for a file without sound."""
    listener = Listener()
    width = read_joint(JOINT).network.rotation.shape[1]  # the network's part of a vector comes first
    vectors: dict[str, list[Vectors]] = {JOINED: [], NETWORK: [], TIMBRE: []}
    heard = []
    for path in paths:
        listening = listener.listen(path)
        assert listening.heard is not None, "the built-in ears name classes"
        windows = listening.vectors.astype(np.float32)
        for name, part in ((JOINED, windows), (NETWORK, windows[:, :width]), (TIMBRE, windows[:, width:])):
            vectors[name].append(pooled(_unit(part)))
        heard.append(whole(listening.heard))
    by_part = {name: Impression(np.stack(rows)) for name, rows in vectors.items()}
    return by_part | {JOINED: Impression(by_part[JOINED].vectors, np.stack(heard))}


def hear_as_teacher(paths: Sequence[Path], archive: Path) -> dict[str, Impression]:
    """What the teacher makes of sounds: EMBEDDING, and PROBABILITIES as vectors and as what was heard. Needs torch."""
    embeddings, probabilities, heard = [], [], []
    for embedding, sure in _taught(paths, archive):
        embeddings.append(pooled(_unit(embedding)))
        probabilities.append(pooled(_unit(sure)))
        heard.append(whole(levels(sure)))
    return {
        EMBEDDING: Impression(np.stack(embeddings)),
        PROBABILITIES: Impression(np.stack(probabilities), np.stack(heard)),
    }


def score(impression: Impression, sounds: Sequence[Labelled]) -> Result:
    """The scores of what was made of labelled sounds, in their order; the names of the classes are the texts."""
    labels, sources = [sound.label for sound in sounds], [sound.source for sound in sounds]
    by_sound = quality(impression.vectors, labels, sources)
    if impression.heard is None:
        return Result(by_sound, None)
    classes = sorted(set(labels))
    return Result(by_sound, text_quality(fits([spoken(name) for name in classes], impression.heard), labels, classes))


def fits(texts: Sequence[str], heard: Levels) -> Scores:
    """How well sounds fit texts by ear alone, (n_texts, n_sounds). heard: (n_sounds, 521)."""
    by_class = np.ascontiguousarray(heard.T)
    return np.stack([fit(understand(text), by_class) for text in texts])


def spoken(label: str) -> str:
    """A label as a text: `dog_bark` is dog bark."""
    return label.replace("_", " ")


def evaluate(sounds: Sequence[Labelled], teacher: Path | None) -> dict[str, Result]:
    """The results by ears; those of the teacher too if its archive is given.

    Raises AudioError for a file without sound, and MissingDependencyError for a teacher without torch.
    """
    paths = [sound.path for sound in sounds]
    of_teacher = hear_as_teacher(paths, teacher) if teacher else {}  # first: it may lack its package
    return {name: score(impression, sounds) for name, impression in (hear(paths) | of_teacher).items()}


def _taught(paths: Sequence[Path], archive: Path) -> Iterator[tuple[Rows, Rows]]:
    """Embeddings (n_patches, 1024) and probabilities (n_patches, 521) of each sound; silence follows a short one."""
    try:
        import torch
    except ModuleNotFoundError as missing:
        message = "the teacher needs the package torch; install it with: pip install 'earshot[train]'"
        raise MissingDependencyError(message) from missing
    from core.training.teacher import PATCH, RATE_HZ, Teacher

    teacher = Teacher(archive)
    for path in paths:
        patches = audio.windows(audio.stretch(path, RATE_HZ), PATCH, TEACHER_HOP)
        clips = torch.from_numpy(np.stack([np.pad(patch, (0, PATCH - len(patch))) for patch in patches]))
        with torch.inference_mode():
            parts = [teacher(part) for part in clips.split(BATCH)]
        embedding, log_odds = (torch.cat(each) for each in zip(*parts, strict=True))
        yield embedding.numpy(), torch.sigmoid(log_odds).numpy()


def _unit(rows: Rows) -> Rows:
    """Rows of norm 1; those of silence stay zero."""
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return (rows / np.where(norms > 0, norms, 1)).astype(np.float32)
