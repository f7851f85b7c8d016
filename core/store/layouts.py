"""Layouts of maps and what a map shows of its sounds. Every function works inside a transaction of the caller.

A space has at most two rows in `layouts`: the first holds the places that were made together, the second those of
sounds that were put among them later.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlite_utils import Database

from core.store.spaces import Space

DESCRIPTORS = ("brightness_hz", "loudness_lufs", "pitch_hz", "tempo_bpm", "noisiness")


@dataclass(frozen=True, slots=True)
class Layout:
    """The places of a space's sounds. sounds: int64 (n,) ids; points: float32 (n, 2), x and y from 0 to 1.

    n_made: how many of them, the first ones, were laid out together; the rest was placed later.
    """

    seed: int
    sounds: NDArray[np.int64]
    points: NDArray[np.float32]
    n_made: int


def get_layout(db: Database, space: Space) -> Layout | None:
    """The layout that is kept of a space; None if none was made."""
    query = "SELECT seed, sounds, points FROM layouts WHERE space_id = ? ORDER BY id"
    rows = db.execute(query, [space.id]).fetchall()
    if not rows:
        return None
    sounds = [np.frombuffer(row[1], np.int64) for row in rows]
    points = [np.frombuffer(row[2], np.float32).reshape(-1, 2) for row in rows]
    return Layout(rows[0][0], np.concatenate(sounds), np.concatenate(points), len(sounds[0]))


def put_layout(db: Database, space: Space, layout: Layout) -> None:
    """Keeps a layout in place of any before it."""
    db.execute("DELETE FROM layouts WHERE space_id = ?", [space.id])
    now, made = datetime.now(UTC).isoformat(timespec="seconds"), layout.n_made
    for part in (slice(None, made), slice(made, None))[: 1 + (made < len(layout.sounds))]:
        row = {
            "space_id": space.id,
            "seed": layout.seed,
            "sounds": layout.sounds[part].astype(np.int64).tobytes(),
            "points": layout.points[part].astype(np.float32).tobytes(),
            "created_at": now,
        }
        db.table("layouts").insert(row, pk="id")


def ids_on_map(db: Database, space: Space) -> NDArray[np.int64]:
    """The sounds that are there and were heard in a space, in order."""
    query = (
        "SELECT sound_id FROM vectors v WHERE space_id = ?"
        " AND EXISTS (SELECT 1 FROM files f WHERE f.sound_id = v.sound_id AND f.missing = 0) ORDER BY sound_id"
    )
    return np.array([row[0] for row in db.execute(query, [space.id])], np.int64)


def shown(db: Database, space: Space) -> dict[str, Sequence[Any]]:
    """What a map shows of the sounds of `ids_on_map`, one entry each: id, path, caption, domain, duration_s, numbers.

    The numbers are those of DESCRIPTORS; None where a sound has none.
    """
    columns = ("id", "path", "caption", "domain", "duration_s", *DESCRIPTORS)
    numbers = ", ".join(f"d.{name}" for name in DESCRIPTORS)
    query = (
        "SELECT s.id,"  # noqa: S608  our own names
        " (SELECT path FROM files f WHERE f.sound_id = s.id AND f.missing = 0 ORDER BY path LIMIT 1),"
        " (SELECT text FROM captions c WHERE c.sound_id = s.id ORDER BY captioner = 'builtin', captioner LIMIT 1),"
        f" d.domain, s.duration_s, {numbers}"
        " FROM vectors v JOIN sounds s ON s.id = v.sound_id LEFT JOIN descriptors d ON d.sound_id = s.id"
        " WHERE v.space_id = ?"
        " AND EXISTS (SELECT 1 FROM files f WHERE f.sound_id = s.id AND f.missing = 0) ORDER BY s.id"
    )
    rows = db.execute(query, [space.id]).fetchall()
    return dict(zip(columns, zip(*rows, strict=True), strict=True)) if rows else dict.fromkeys(columns, ())
