"""File names as text queries, with the names hidden: whether the ears find again what a person named.

By ear alone (what was heard against what the words mean), by the whole search (with tags and captions), and by chance.
"""

import os
import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from core.errors import NotFoundError
from core.library import Library
from core.records import Record
from core.store import sounds
from core.store.db import Store
from core.training.evaluate import fits
from core.training.scoring import MANY, Recall, Scores, recall, recall_by_chance
from core.words import understand

N_QUERIES = 200


@dataclass(frozen=True, slots=True)
class Asked:
    """Queries and what is relevant to each: sounds, int64 (n_sounds,), and bool (n_queries, n_sounds)."""

    texts: tuple[str, ...]
    sounds: NDArray[np.int64]
    relevant: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Report(Record):
    """understood: share of the queries whose words mean something to the ears; the others find nothing by ear.

    by_search: the whole search, of which the MANY best are looked at. by_chance: sounds in random order.
    """

    queries: int
    sounds: int
    understood: float
    by_ear: Recall
    by_search: Recall
    by_chance: Recall


def measure(library: Path, folder: Path, n: int = N_QUERIES, seed: int = 0) -> Report:
    """How well n names of files in `folder` find their sounds again among all sounds of a library that holds it.

    The library is read and left as it is. Raises NotFoundError if it holds no file of the folder.
    """
    inside = Path(os.path.abspath(folder))  # as an ingest keeps paths
    with nameless(library) as (copy, paths):
        index = copy.load_index()
        heard = {sound_id: index.heard[:, place] for place, sound_id in enumerate(index.sounds.tolist())}
        asked = queries({sound_id: paths[sound_id] for sound_id in sorted(heard) if sound_id in paths}, inside, n, seed)
        by_ear = fits(asked.texts, np.stack([heard[sound_id] for sound_id in asked.sounds.tolist()]))
        return Report(
            len(asked.texts),
            len(asked.sounds),
            float(np.mean([len(understand(text)) > 0 for text in asked.texts])),
            recall(by_ear, asked.relevant, seed),
            recall(_searched(copy, asked), asked.relevant, seed),
            recall_by_chance(asked.relevant.sum(axis=1).tolist(), len(asked.sounds)),
        )


def queries(paths: Mapping[int, list[str]], folder: Path, n: int, seed: int) -> Asked:
    """Up to n names of files in `folder`, no two alike, drawn at random; all sounds that bear one are relevant to it.

    paths: the files of every sound, by id, in the order of the ids.
    """
    bearing: dict[str, set[int]] = defaultdict(set)
    inside = set()
    for sound_id, files in paths.items():
        for path in map(Path, files):
            if name := words_of_name(path):
                bearing[name].add(sound_id)
                inside |= {name} if path.is_relative_to(folder) else set()
    if not inside:
        raise NotFoundError(f"the library holds no file with a name in {folder}; ingest that folder first")
    drawn = np.random.default_rng(seed).permutation(sorted(inside))[:n].tolist()
    ids = np.array(list(paths), np.int64)
    relevant = np.stack([np.isin(ids, list(bearing[name])) for name in drawn])
    return Asked(tuple(drawn), ids, relevant)


def words_of_name(path: Path) -> str:
    """What a file is called, without numbers and single letters: `syn_brass_2b.wav` is syn brass."""
    return " ".join(word for word in sounds.name_words(path.name) if word.isalpha() and len(word) > 1)


@contextmanager
def nameless(folder: Path) -> Iterator[tuple[Library, dict[int, list[str]]]]:
    """A copy of a library, for the block, whose full text holds no words of file names; and the files of its sounds."""
    held = Store(folder)
    if not held.exists():
        raise NotFoundError(f"there is no library in {folder}; make one with: earshot ingest FOLDER --library {folder}")
    with TemporaryDirectory() as scratch:
        store = Store(Path(scratch))
        reading = sqlite3.connect(f"{held.path.absolute().as_uri()}?mode=ro", uri=True)
        with closing(reading) as source, closing(sqlite3.connect(store.path)) as copy:
            source.backup(copy)
        paths: dict[int, list[str]] = defaultdict(list)
        with store.writing() as db:
            db.execute("UPDATE words SET names = ''")
            for path, known in sounds.known_files(db).items():
                if not known.missing:
                    paths[known.sound_id].append(path)
        yield Library(Path(scratch)), dict(paths)


def _searched(library: Library, asked: Asked) -> Scores:
    """The scores that the search gives its MANY best sounds for each query, 0 for all others."""
    scores = np.zeros(asked.relevant.shape, np.float32)
    for row, text in enumerate(asked.texts):
        for place, hit in enumerate(library.search_by_text(text, k=MANY)):
            scores[row, np.searchsorted(asked.sounds, hit.id)] = MANY - place
    return scores
