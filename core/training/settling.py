"""What is settled after a training, from a library that the new ears have heard: how common each class is
(`core/assets/commonness.json`, what a text search divides by), and how far the ears can be believed
(`calibration.json`).
"""

import csv
import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core import tagging
from core.errors import NotFoundError
from core.heard import COMMONNESS, Levels, probabilities, whole
from core.library import Library
from core.store import spaces
from core.store.db import Store
from core.training import calibration
from core.training.calibration import Labelled, Reliability, named


def settle(library: Path, folder: Path, table: Path) -> tuple[Reliability, Reliability]:
    """Fits and writes both assets; returns the reliability on makers held out, and that of the raw probabilities.

    library: one that holds the files of `folder`, heard by the ears that are to ship. table: a CSV with the columns
    path (below `folder`), label and source_set.
    """
    heard, ears = _heard(library)
    write_commonness(COMMONNESS, ears, common(heard.values()), len(heard))
    with table.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if str(folder / row["path"]) in heard]
    if not rows:
        raise NotFoundError(f"no file of {table.name} is in {library}; ingest {folder} into it first")
    certain = [named(row["label"]) for row in rows]
    alike = Counter((row["source_set"], names) for row, names in zip(rows, certain, strict=True))
    pooled = [tagging.pooled(probabilities(heard[str(folder / row["path"])])) for row in rows]
    weights = [alike[row["source_set"], names] ** -0.5 for row, names in zip(rows, certain, strict=True)]
    sounds = Labelled(np.stack(pooled), certain, [row["source_set"] for row in rows], np.array(weights))
    fitted, held_out, raw = calibration.fit(sounds)
    calibration.write(fitted)
    return held_out, raw


def common(sounds: Iterable[Levels]) -> NDArray[np.float64]:
    """The mean probability of each class over sounds, each given by its windows (n_windows, 521): float64 (521,)."""
    pooled = [probabilities(whole(windows)) for windows in sounds]
    shares: NDArray[np.float64] = np.mean(pooled, axis=0, dtype=np.float64)
    return shares


def write_commonness(path: Path, ears: str, shares: NDArray[np.float64], n_sounds: int) -> None:
    """Writes the asset. ears: the hash of the weights that heard the sounds."""
    held = {"ears": ears, "sounds": n_sounds, "common": [round(float(share), 6) for share in shares]}
    path.write_text(json.dumps(held) + "\n", encoding="utf-8")


def _heard(folder: Path) -> tuple[dict[str, Levels], str]:
    """What was heard in the windows of each file, by path, and the hash of the ears' weights."""
    space = Library(folder).load_index().space
    with Store(folder).reading() as db:
        rows = db.execute("SELECT path, sound_id FROM files").fetchall()
        windows = spaces.heard_windows(db, space, [sound_id for _, sound_id in rows])
    return {path: windows[sound_id] for path, sound_id in rows if sound_id in windows}, space.fingerprint.weights
