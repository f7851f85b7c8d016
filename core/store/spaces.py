"""Spaces and their vectors: rows in, arrays out. Every function works inside a transaction of the caller."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlite_utils import Database

from core.embedding import Embedder
from core.embedding.base import Fingerprint, pooled_groups
from core.errors import NotFoundError
from core.heard import N_CLASSES, Levels, pack, unpack, whole
from core.records import Vectors

_IS_THERE = "EXISTS (SELECT 1 FROM files f WHERE f.sound_id = vectors.sound_id AND f.missing = 0)"
# The id of a space that was dropped is never given again: a cache in another process may still be of that one.
_NEWEST = "(SELECT coalesce(max(id), 0) FROM spaces)"
_DROPPED = "(SELECT coalesce(max(CAST(value AS INTEGER)), 0) FROM facts WHERE key = 'dropped_space')"


@dataclass(frozen=True, slots=True)
class Space:
    """One embedder's vectors. `revision` changes whenever any of them does."""

    id: int
    fingerprint: Fingerprint
    revision: int


@dataclass(frozen=True, slots=True)
class SpaceVectors:
    """Vectors of a space. sounds: int64 (n_sounds,) ids; vectors: float32 (n_sounds, dim), one per sound.

    chunk_sounds, chunk_indexes: int64 (n_chunks,); chunks: float32 (n_chunks, dim), one per window.
    heard: uint8 (n_sounds, 521), what the ears heard in each sound (`core.heard`); zeros where they name no classes.
    last_row: the row of the newest; vectors are never changed, only added, so what came later has a higher row.
    """

    sounds: NDArray[np.int64]
    vectors: Vectors
    chunk_sounds: NDArray[np.int64]
    chunk_indexes: NDArray[np.int64]
    chunks: Vectors
    heard: Levels
    last_row: int


def put_space(db: Database, embedder: Embedder) -> Space:
    """The space of an embedder, made on first use."""
    fingerprint = embedder.fingerprint()
    found = _find(db, fingerprint)
    if found is None:
        free = db.execute(f"SELECT 1 + max({_NEWEST}, {_DROPPED})").fetchone()[0]
        db.table("spaces").insert({"id": free} | fingerprint.as_dict() | {"revision": 0})
        found = _find(db, fingerprint)
    assert found is not None, "the space was inserted in this transaction"
    return found


def find_space(db: Database, name: str, present: Fingerprint | None = None) -> Space:
    """The space of an embedder by its name; of several versions, the one that knows the most sounds that are there.

    So an upgrade of the ears hides nothing: the new space takes over when an ingest has brought it up to date. Among
    equals it is the one of the ears that are `present`, then the newest. Raises NotFoundError with the names there are.
    """
    spaces = list_spaces(db)
    named = [space for space in spaces if space.fingerprint.name == name]
    if not named:
        names = ", ".join(sorted({space.fingerprint.name for space in spaces})) or "none yet"
        raise NotFoundError(f"no sound was heard with the ears {name!r}; spaces of this library: {names}")
    if len(named) == 1:
        return named[0]
    counts = count_sounds(db)
    return max(named, key=lambda space: (counts.get(space.id, 0), space.fingerprint == present, space.id))


def telling_space(db: Database, name: str, present: Fingerprint | None = None) -> Space | None:
    """The space that holds what was heard, so that sounds can be found by it: of the named embedder if one of its does.

    Of its versions the one that `find_space` finds comes first, then the newest, as it does among other embedders. None
    where no ears have named a class.
    """
    spaces = list_spaces(db)
    named = any(space.fingerprint.name == name for space in spaces)
    answering = find_space(db, name, present) if named else None
    order = sorted(spaces, key=lambda space: (space.fingerprint.name != name, space != answering, -space.id))
    query = "SELECT EXISTS (SELECT 1 FROM vectors WHERE space_id = ? AND heard_whole IS NOT NULL)"
    return next((space for space in order if db.execute(query, [space.id]).fetchone()[0]), None)


def count_waiting(db: Database, present: Fingerprint) -> tuple[int, int]:
    """How many sounds that are there only other versions of the present ears heard, and how many any version heard."""
    versions = [space for space in list_spaces(db) if space.fingerprint.name == present.name]
    if all(space.fingerprint == present for space in versions):
        return 0, 0
    query = f"SELECT sound_id FROM vectors WHERE space_id = ? AND {_IS_THERE}"  # noqa: S608  our own words
    heard = {space: {row[0] for row in db.execute(query, [space.id])} for space in versions}
    known = [sounds for space, sounds in heard.items() if space.fingerprint == present]
    total = set().union(*heard.values())
    return len(total.difference(*known)), len(total)


def list_spaces(db: Database) -> list[Space]:
    """All spaces, oldest first."""
    return [_space(row) for row in db.query("SELECT * FROM spaces ORDER BY id")]


def chosen(db: Database) -> str:
    """The name of the ears that the library is used with, as a person chose; empty if nobody did."""
    row = db.execute("SELECT value FROM facts WHERE key = 'ears'").fetchone()
    return str(row[0]) if row else ""


def choose(db: Database, name: str) -> None:
    """Says which ears the library is used with from now on; an empty name leaves it to the settings again."""
    db.execute("DELETE FROM facts WHERE key = 'ears'")
    if name:
        db.table("facts").insert({"key": "ears", "value": name})


def count_sounds(db: Database) -> dict[int, int]:
    """How many of the sounds that are there each space holds, by its id."""
    query = f"SELECT space_id, count(*) FROM vectors WHERE {_IS_THERE} GROUP BY space_id"  # noqa: S608  our own words
    return dict(db.execute(query).fetchall())


def drop_space(db: Database, space: Space) -> list[int]:
    """Deletes a space with its vectors and the clusterings made in it, whose ids come back; all else is left."""
    made_in = "SELECT id FROM clusterings WHERE space_id = ?"
    clusterings = [row[0] for row in db.execute(f"{made_in} ORDER BY id", [space.id])]
    for table in ("members", "clusters"):
        db.execute(f"DELETE FROM {table} WHERE clustering_id IN ({made_in})", [space.id])  # noqa: S608  our own names
    for table in ("clusterings", "layouts", "vectors"):
        db.execute(f"DELETE FROM {table} WHERE space_id = ?", [space.id])  # noqa: S608  our own names
    highest = db.execute(f"SELECT max({_NEWEST}, {_DROPPED})").fetchone()[0]
    db.execute("DELETE FROM spaces WHERE id = ?", [space.id])
    db.execute("INSERT OR REPLACE INTO facts VALUES ('dropped_space', ?)", [str(highest)])
    if clusterings:  # their ids are in manifests and in chats, so they are not given again either
        before = db.execute(
            "SELECT max(CAST(value AS INTEGER)) FROM facts WHERE key = 'dropped_clustering'"
        ).fetchone()[0]
        highest = max(before or 0, *clusterings)
        db.execute("INSERT OR REPLACE INTO facts VALUES ('dropped_clustering', ?)", [str(highest)])
    return clusterings


def heard_ids(db: Database, space: Space) -> set[int]:
    """The sounds that have vectors in a space."""
    return {row[0] for row in db.execute("SELECT sound_id FROM vectors WHERE space_id = ?", [space.id])}


def put_vectors(
    db: Database, space: Space, sound_id: int, vectors: NDArray[np.float16], heard: Levels | None = None
) -> None:
    """Adds the windows of one sound, float16 (n_windows, dim), and what was heard in them, uint8 (n_windows, 521)."""
    assert vectors.shape[1:] == (space.fingerprint.dim,), "vectors belong to the space of their embedder"
    row = {"space_id": space.id, "sound_id": sound_id, "n_windows": len(vectors), "data": vectors.tobytes()}
    if heard is not None and heard.any():
        assert heard.shape == (len(vectors), N_CLASSES), "what was heard is of the same windows"
        row |= {"heard": pack(heard), "heard_whole": pack(whole(heard))}
    db.table("vectors").insert(row)


def touch(db: Database, space: Space) -> None:
    """Says that vectors of the space changed: every cache made before is stale."""
    db.execute("UPDATE spaces SET revision = revision + 1 WHERE id = ?", [space.id])


def count_windows(db: Database, space: Space, sound_id: int) -> int:
    """How many windows of a sound are known in a space; 0 if it was not heard there."""
    query = "SELECT n_windows FROM vectors WHERE space_id = ? AND sound_id = ?"
    row = db.execute(query, [space.id, sound_id]).fetchone()
    return int(row[0]) if row else 0


def get_vectors(db: Database, space: Space, sound_id: int) -> Vectors:
    """The windows of one sound as unit rows, float32 (n_windows, dim). Raises NotFoundError if it was not heard."""
    query = "SELECT data FROM vectors WHERE space_id = ? AND sound_id = ?"
    row = db.execute(query, [space.id, sound_id]).fetchone()
    if row is None:
        raise NotFoundError(f"sound {sound_id} was not heard with the ears {space.fingerprint.name!r}; ingest it again")
    return _decode(row[0], space.fingerprint.dim)


def heard_windows(db: Database, space: Space, sound_ids: Sequence[int]) -> dict[int, Levels]:
    """What was heard in the windows of some sounds, uint8 (n_windows, 521) each, of those in which anything was."""
    query = "SELECT heard FROM vectors WHERE space_id = ? AND sound_id = ? AND heard IS NOT NULL"
    found = ((sound_id, db.execute(query, [space.id, sound_id]).fetchone()) for sound_id in sound_ids)
    return {sound_id: unpack(row[0]) for sound_id, row in found if row}


def all_vectors(db: Database, space: Space, after: int = 0) -> SpaceVectors:
    """The vectors of a space that were added after a row, in the order they came, zero rows (silence) included."""
    dim = space.fingerprint.dim
    columns = "rowid, sound_id, n_windows, data, heard_whole"
    query = f"SELECT {columns} FROM vectors WHERE space_id = ? AND rowid > ? ORDER BY rowid"  # noqa: S608  our own names
    rows = db.execute(query, [space.id, after]).fetchall()
    sounds = np.array([row[1] for row in rows], np.int64)
    counts = np.array([row[2] for row in rows], np.int64)
    chunks = _decode(b"".join(row[3] for row in rows), dim)
    starts = np.cumsum(counts) - counts
    indexes = np.arange(len(chunks)) - np.repeat(starts, counts)
    last_row = rows[-1][0] if rows else after
    heard = np.zeros((len(rows), N_CLASSES), np.uint8)
    for place, row in enumerate(rows):
        if row[4] is not None:
            heard[place] = unpack(row[4])[0]
    vectors, chunk_sounds = pooled_groups(chunks, counts), np.repeat(sounds, counts)
    return SpaceVectors(sounds, vectors, chunk_sounds, indexes, chunks, heard, last_row)


def digest(db: Database, space: Space, last_row: int) -> str:
    """A hash of which sounds a space holds up to a row, in order; a cache made of others is not a cache of this."""
    query = (
        "SELECT s.sha256 FROM vectors v JOIN sounds s ON s.id = v.sound_id"
        " WHERE v.space_id = ? AND v.rowid <= ? ORDER BY v.rowid"
    )
    hashed = hashlib.sha256()
    for (sha256,) in db.execute(query, [space.id, last_row]):
        hashed.update(sha256.encode())
    return hashed.hexdigest()


def _decode(data: bytes, dim: int) -> Vectors:
    """float16 rounds a unit vector to a length that is off by up to a thousandth; here it is a unit vector again."""
    rows = np.frombuffer(data, np.float16).astype(np.float32).reshape(-1, dim)
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return (rows / np.where(norms > 0, norms, 1)).astype(np.float32)


def _find(db: Database, fingerprint: Fingerprint) -> Space | None:
    names = fingerprint.as_dict()
    where = " AND ".join(f"{column} = :{column}" for column in names)
    row = next(db.query(f"SELECT * FROM spaces WHERE {where}", names), None)  # noqa: S608  columns of our own record
    return _space(row) if row else None


def _space(row: dict[str, object]) -> Space:
    values = dict(row)
    space_id, revision = values.pop("id"), values.pop("revision")
    return Space(int(str(space_id)), Fingerprint(**values), int(str(revision)))  # type: ignore[arg-type]
