"""What is settled after a training, from a library that the new ears have heard: lessons for what the teacher did not
know (`core/assets/builtin_lessons.npz`), how common each class is (`commonness.json`, what a text search divides by),
and how far the ears can be believed (`calibration.json`).
"""

import csv
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from core import tagging
from core.embedding.base import pooled
from core.embedding.builtin import LESSONS, BuiltinEmbedder, Lessons, read_lessons, write_lessons
from core.errors import EarshotError, NotFoundError
from core.heard import COMMONNESS, levels, probabilities, whole
from core.library import Library
from core.records import Record, Vectors
from core.store import spaces
from core.store.db import Store
from core.training import calibration, lessons
from core.training.calibration import Labelled, Reliability, named

Probabilities = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Settled(Record):
    """lessons: by class, the average precision on other makers without and with them. reliability: of the calibrated
    probabilities on makers held out, and of the raw ones.
    """

    lessons: dict[str, tuple[float, float]]
    held_out: Reliability
    raw: Reliability


@dataclass(frozen=True, slots=True)
class Known:
    """A sound of the table: vectors (n_windows, dim) and probabilities (n_windows, 521) of its windows."""

    vectors: Vectors
    heard: Probabilities
    label: str
    maker: str


def settle(library: Path, folder: Path, table: Path) -> Settled:
    """Fits and writes the three assets.

    library: one that holds the files of `folder`, heard by ears just exported. table: a CSV with the columns path
    (below `folder`), label and source_set. Raises EarshotError if the ears that ship have lessons already.
    """
    if len(read_lessons(LESSONS).places):
        raise EarshotError(f"{LESSONS.name} holds lessons already; export the network again, and ingest with that")
    sounds = _read(library, folder, table)
    vectors = np.stack([pooled(sound.vectors) for sound in sounds])
    learned, gains = lessons.fit(_labelled(sounds, [sound.heard for sound in sounds]), vectors)
    write_lessons(learned, LESSONS)
    heard = [taught(sound, learned) for sound in sounds]
    fitted, held_out, raw = calibration.fit(_labelled(sounds, heard))
    calibration.write(fitted)
    write_commonness(COMMONNESS, BuiltinEmbedder().weights_hash(), common(heard), len(heard))
    return Settled(gains, held_out, raw)


def taught(sound: Known, learned: Lessons) -> Probabilities:
    """What the windows of a sound hold after the lessons, (n_windows, 521); silent ones stay as they are."""
    rows = [
        expit(learned.applied(tagging.log_odds(heard), vector)) if vector.any() else heard
        for heard, vector in zip(sound.heard, sound.vectors, strict=True)
    ]
    return np.stack(rows).astype(np.float32)


def common(sounds: Iterable[Probabilities]) -> NDArray[np.float64]:
    """The mean probability of each class over sounds, each given by its windows (n_windows, 521): float64 (521,)."""
    pooled_sounds = [probabilities(whole(levels(windows))) for windows in sounds]
    shares: NDArray[np.float64] = np.mean(pooled_sounds, axis=0, dtype=np.float64)
    return shares


def write_commonness(path: Path, ears: str, shares: NDArray[np.float64], n_sounds: int) -> None:
    """Writes the asset. ears: the hash of the weights that heard the sounds."""
    held = {"ears": ears, "sounds": n_sounds, "common": [round(float(share), 6) for share in shares]}
    path.write_text(json.dumps(held) + "\n", encoding="utf-8")


def _labelled(sounds: Sequence[Known], heard: Sequence[Probabilities]) -> Labelled:
    """The sounds as the fits want them; many files of one maker and name count less each."""
    certain = [named(sound.label) for sound in sounds]
    alike = Counter((sound.maker, names) for sound, names in zip(sounds, certain, strict=True))
    weights = [alike[sound.maker, names] ** -0.5 for sound, names in zip(sounds, certain, strict=True)]
    probabilities_of = np.stack([tagging.pooled(windows) for windows in heard])
    return Labelled(probabilities_of, certain, [sound.maker for sound in sounds], np.array(weights))


def _read(library: Path, folder: Path, table: Path) -> list[Known]:
    """The sounds of a table that a library has heard. Raises NotFoundError if there are none."""
    space = Library(library).load_index().space
    with table.open(newline="", encoding="utf-8") as file:
        rows: Mapping[str, dict[str, str]] = {str(folder / row["path"]): row for row in csv.DictReader(file)}
    with Store(library).reading() as db:
        files = db.execute("SELECT path, sound_id FROM files").fetchall()
        once = {sound_id: path for path, sound_id in files if path in rows}  # a copy must not teach and examine
        ids = {path: sound_id for sound_id, path in once.items()}
        heard = spaces.heard_windows(db, space, list(ids.values()))
        found = [
            Known(
                spaces.get_vectors(db, space, ids[path]),
                probabilities(heard[ids[path]]),
                row["label"],
                row["source_set"],
            )
            for path, row in rows.items()
            if ids.get(path) in heard
        ]
    if not found:
        raise NotFoundError(f"no file of {table.name} is in {library}; ingest {folder} into it first")
    return found
