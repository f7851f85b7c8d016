"""Selections by hand: some sounds under a number. Every function works inside a transaction of the caller."""

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
from sqlite_utils import Database

from core.errors import NotFoundError, UnsupportedError
from core.store.ids import can_be_id

LARGEST = 100_000
SHOWN = 20  # of the numbers that there are


def checked(db: Database, ids: Sequence[int]) -> list[int]:
    """The same sounds, each once.

    Raises UnsupportedError for none or more than LARGEST, NotFoundError that names a sound that does not exist.
    """
    chosen = list(dict.fromkeys(ids))
    if not chosen:
        raise UnsupportedError("the selection is empty; choose at least one sound")
    if len(chosen) > LARGEST:
        raise UnsupportedError(f"{len(chosen)} sounds are too many for one selection; choose at most {LARGEST}")
    known = {row[0] for row in db.execute("SELECT id FROM sounds")}
    unknown = next((each for each in chosen if each not in known), None)
    if unknown is not None:
        raise NotFoundError(f"there is no sound {unknown}; look at the map again")
    return chosen


def put_selection(db: Database, ids: Sequence[int]) -> int:
    """Keeps some sounds, in the order given; returns the number of the selection, the one that these have already."""
    chosen = np.asarray(ids, np.int64).tobytes()
    kept = db.execute("SELECT id FROM selections WHERE sounds = ? ORDER BY id DESC LIMIT 1", [chosen]).fetchone()
    if kept is not None:
        return int(kept[0])
    row = {"sounds": chosen, "created_at": datetime.now(UTC).isoformat(timespec="seconds")}
    return int(str(db.table("selections").insert(row).last_pk))


def get_selection(db: Database, selection_id: int) -> list[int]:
    """The sounds of a selection, in the order they were given. Raises NotFoundError with the newest that there are."""
    query = "SELECT sounds FROM selections WHERE id = ?"
    row = db.execute(query, [selection_id]).fetchone() if can_be_id(selection_id) else None
    if row is not None:
        ids: list[int] = np.frombuffer(row[0], np.int64).tolist()
        return ids
    newest = [str(each[0]) for each in db.execute("SELECT id FROM selections ORDER BY id DESC LIMIT ?", [SHOWN])]
    known = f"known are {', '.join(reversed(newest))}" if newest else "choose some sounds on a map first"
    raise NotFoundError(f"there is no selection {selection_id}; {known}")
