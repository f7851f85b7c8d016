"""The index of one space, kept beside the database as a cache; made from SQLite when it lacks, is damaged or stale."""

import json
import logging
import os
import shutil
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from core.store.db import Store
from core.store.spaces import Space, all_vectors
from core.store.vectors import INDEXES, VectorIndex

log = logging.getLogger(__name__)

FORMAT = 1  # of the cache; another one is thrown away
DAMAGED = (OSError, ValueError, KeyError, TypeError, EOFError, BadZipFile)  # what reading half a file may raise


@dataclass(frozen=True, slots=True)
class SpaceIndex:
    """Two indexes over a space: one vector per sound, and one per window. Row numbers are the ids inside of both."""

    space: Space
    sounds: NDArray[np.int64]
    by_sound: VectorIndex
    chunk_sounds: NDArray[np.int64]
    chunk_indexes: NDArray[np.int64]
    by_chunk: VectorIndex


def load_index(store: Store, space: Space, backend: str) -> SpaceIndex:
    """The index of a space as the database has it now."""
    folder = store.folder / "cache" / f"{space.fingerprint.name}-{space.id}-{backend}"
    try:
        return _read(folder, space, backend)
    except DAMAGED as problem:
        log.info("index: %s is made again (%s)", folder.name, problem)
    index = _make(store, space, backend)
    _write(folder, index)
    return index


def _make(store: Store, space: Space, backend: str) -> SpaceIndex:
    with store.reading() as db:
        held = all_vectors(db, space)
    by_sound, by_chunk = INDEXES.load(backend)(), INDEXES.load(backend)()
    by_sound.build(held.vectors)
    by_chunk.build(held.chunks)
    return SpaceIndex(space, held.sounds, by_sound, held.chunk_sounds, held.chunk_indexes, by_chunk)


def _read(folder: Path, space: Space, backend: str) -> SpaceIndex:
    note = json.loads((folder / "index.json").read_text())
    if (note["format"], note["key"]) != (FORMAT, space.key):
        raise ValueError(f"it was made for {note['key']}, the database is at {space.key}")
    with (folder / "rows.npz").open("rb") as file, np.load(file, allow_pickle=False) as rows:
        sounds, chunk_sounds, chunk_indexes = rows["sounds"], rows["chunk_sounds"], rows["chunk_indexes"]
    by_sound, by_chunk = INDEXES.load(backend)(), INDEXES.load(backend)()
    by_sound.load(folder / f"sounds{by_sound.suffix}")
    by_chunk.load(folder / f"chunks{by_chunk.suffix}")
    if (len(by_sound), len(by_chunk)) != (len(sounds), len(chunk_sounds)):
        raise ValueError("its files do not belong together")
    return SpaceIndex(space, sounds, by_sound, chunk_sounds, chunk_indexes, by_chunk)


def _write(folder: Path, index: SpaceIndex) -> None:
    """Writes a new folder and puts it in place in one step, so that no reader sees half of it.

    A cache that cannot be written (a full disk, a read-only folder) costs time on the next start and nothing else.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".new-"))
        index.by_sound.save(fresh / f"sounds{index.by_sound.suffix}")
        index.by_chunk.save(fresh / f"chunks{index.by_chunk.suffix}")
        np.savez(
            fresh / "rows.npz",
            sounds=index.sounds,
            chunk_sounds=index.chunk_sounds,
            chunk_indexes=index.chunk_indexes,
        )
        (fresh / "index.json").write_text(json.dumps({"format": FORMAT, "key": index.space.key}))
        _replace(folder, fresh)
    except (OSError, RuntimeError) as problem:
        log.warning("index: the cache in %s could not be written (%s)", folder, problem)


def _replace(folder: Path, fresh: Path) -> None:
    old = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".old-"))
    with suppress(FileNotFoundError):  # there was none yet
        os.replace(folder, old / "cache")
    try:
        os.replace(fresh, folder)
    finally:
        shutil.rmtree(old, ignore_errors=True)
        shutil.rmtree(fresh, ignore_errors=True)
