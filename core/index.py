"""The index of one space, kept beside the database as a cache; made from SQLite when it lacks, is damaged or stale."""

import json
import logging
import os
import shutil
import tempfile
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from core.heard import Levels
from core.store.db import Store
from core.store.spaces import Space, all_vectors, digest
from core.store.vectors import INDEXES, VectorIndex

log = logging.getLogger(__name__)

FORMAT = 2  # of the cache; another one is thrown away
DAMAGED = (OSError, ValueError, KeyError, TypeError, EOFError, BadZipFile)  # what reading half a file may raise
WORTH_WRITING = 0.05  # a cache that lacks less than this share is brought up to date in memory only


@dataclass(frozen=True, slots=True)
class SpaceIndex:
    """Two indexes over a space: one vector per sound, and one per window. Row numbers are the ids inside of both.

    heard: uint8 (521, n_sounds), what the ears heard in each sound (`core.heard`), a column per row of `by_sound`.
    Never changed once made: a search may run in it while the next one is made.
    """

    space: Space
    sounds: NDArray[np.int64]
    by_sound: VectorIndex
    chunk_sounds: NDArray[np.int64]
    chunk_indexes: NDArray[np.int64]
    by_chunk: VectorIndex
    heard: Levels
    last_row: int = 0


def load_index(store: Store, space: Space, backend: str, held: SpaceIndex | None = None) -> SpaceIndex:
    """The index of a space as the database has it now; from the one that is held if it is of the same space."""
    folder = store.folder / "cache" / f"{space.fingerprint.name}-{space.id}-{backend}"
    if held is None or (held.space.id, held.space.fingerprint) != (space.id, space.fingerprint):
        try:
            held = _read(store, folder, space, backend)
        except DAMAGED as problem:
            log.info("index: %s is made again (%s)", folder.name, problem)
            held = None
    index = _make(store, space, backend) if held is None else _up_to_date(store, space, held)
    if held is None or len(index.sounds) > (1 + WORTH_WRITING) * len(held.sounds):
        _write(store, folder, index)
    return index


def _make(store: Store, space: Space, backend: str) -> SpaceIndex:
    with store.reading() as db:
        found = all_vectors(db, space)
    by_sound, by_chunk = INDEXES.load(backend)(), INDEXES.load(backend)()
    by_sound.build(found.vectors)
    by_chunk.build(found.chunks)
    heard = np.ascontiguousarray(found.heard.T)
    rows = (found.sounds, by_sound, found.chunk_sounds, found.chunk_indexes, by_chunk)
    return SpaceIndex(space, *rows, heard, found.last_row)


def _up_to_date(store: Store, space: Space, held: SpaceIndex) -> SpaceIndex:
    """The held index with the vectors that came since."""
    with store.reading() as db:
        more = all_vectors(db, space, after=held.last_row)
    if not len(more.sounds):
        return replace(held, space=space)
    return SpaceIndex(
        space,
        np.concatenate([held.sounds, more.sounds]),
        held.by_sound.extended(more.vectors),
        np.concatenate([held.chunk_sounds, more.chunk_sounds]),
        np.concatenate([held.chunk_indexes, more.chunk_indexes]),
        held.by_chunk.extended(more.chunks),
        np.concatenate([held.heard, more.heard.T], axis=1),
        more.last_row,
    )


def _read(store: Store, folder: Path, space: Space, backend: str) -> SpaceIndex:
    note = json.loads((folder / "index.json").read_text())
    if note["format"] != FORMAT or note["fingerprint"] != space.fingerprint.as_dict():
        raise ValueError("it was made by another program or other ears")
    with store.reading() as db:
        if note["digest"] != digest(db, space, note["last_row"]):
            raise ValueError("it was made of other sounds")
    with (folder / "rows.npz").open("rb") as file, np.load(file, allow_pickle=False) as rows:
        sounds, chunk_sounds, chunk_indexes = rows["sounds"], rows["chunk_sounds"], rows["chunk_indexes"]
    by_sound, by_chunk = INDEXES.load(backend)(), INDEXES.load(backend)()
    by_sound.load(folder / f"sounds{by_sound.suffix}")
    by_chunk.load(folder / f"chunks{by_chunk.suffix}")
    heard = np.load(folder / "heard.npy", mmap_mode="r", allow_pickle=False)
    if (len(by_sound), len(by_chunk), heard.shape[1]) != (len(sounds), len(chunk_sounds), len(sounds)):
        raise ValueError("its files do not belong together")
    return SpaceIndex(space, sounds, by_sound, chunk_sounds, chunk_indexes, by_chunk, heard, note["last_row"])


def _write(store: Store, folder: Path, index: SpaceIndex) -> None:
    """Writes a new folder and puts it in place in one step, so that no reader sees half of it.

    A cache that cannot be written (a full disk, a read-only folder) costs time on the next start and nothing else.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".new-"))
        index.by_sound.save(fresh / f"sounds{index.by_sound.suffix}")
        index.by_chunk.save(fresh / f"chunks{index.by_chunk.suffix}")
        np.save(fresh / "heard.npy", index.heard)
        np.savez(
            fresh / "rows.npz",
            sounds=index.sounds,
            chunk_sounds=index.chunk_sounds,
            chunk_indexes=index.chunk_indexes,
        )
        with store.reading() as db:
            made_of = digest(db, index.space, index.last_row)
        note = {"format": FORMAT, "fingerprint": index.space.fingerprint.as_dict()}
        note |= {"last_row": index.last_row, "digest": made_of}
        (fresh / "index.json").write_text(json.dumps(note))
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
