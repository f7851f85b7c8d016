"""The file that chats are kept in: its schema, and one transaction at a time."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from sqlite_utils import Database, Migrations

from core.errors import EarshotError, LibraryVersionError
from core.store.db import BUSY_S, Store

FILE = "history.db"
SCHEMA_VERSION = 1  # the number of the last step; kept in SQLite's user_version

schema = Migrations("history")
Answer = TypeVar("Answer")


@schema(name="001_chats")
def _chats(db: Database) -> None:
    """A thread is a person's; its steps and elements are shown in the order in which they came."""
    users = {"id": str, "identifier": str, "created_at": str, "metadata": str}
    db.create_table("users", users, pk="id", not_null={"identifier"}).create_index(["identifier"], unique=True)
    threads = {"id": str, "user_id": str, "name": str, "created_at": str, "updated_at": str}
    db.create_table("threads", threads, pk="id", foreign_keys=[("user_id", "users", "id")]).create_index(
        ["user_id", "updated_at"]
    )
    steps = {"position": int, "id": str, "thread_id": str, "type": str, "output": str, "open": int, "record": str}
    elements = {"position": int, "id": str, "thread_id": str, "for_id": str, "type": str, "name": str}
    for name, columns in (("steps", steps), ("elements", elements | {"url": str, "props": str})):
        table = db.create_table(name, columns, pk="position", foreign_keys=[("thread_id", "threads", "id")])
        table.create_index(["id"], unique=True)
        table.create_index(["thread_id"])


def transaction(folder: Path, work: Callable[[Database], Answer]) -> Answer:
    """What `work` answers; all that it writes is kept, or nothing. Makes the file on first use.

    Raises EarshotError if the file is damaged, LibraryVersionError if a newer program wrote it.
    """
    Store(folder).make_folder()
    path = folder / FILE
    connection = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None)
    try:
        db = Database(connection)
        _upgrade(db, path)
        return _at_once(db, work)
    except sqlite3.DatabaseError as damage:
        if type(damage) is not sqlite3.DatabaseError:
            raise  # such as a full disk; the file itself is sound
        raise EarshotError(f"{path} is damaged ({damage}); put it aside, and new chats are kept anew") from damage
    finally:
        connection.close()


def _at_once(db: Database, work: Callable[[Database], Answer]) -> Answer:
    db.conn.execute("PRAGMA synchronous = NORMAL")
    db.conn.execute("BEGIN IMMEDIATE")
    try:
        answer = work(db)
    except BaseException:
        db.conn.rollback()
        raise
    db.conn.commit()
    return answer


def _upgrade(db: Database, path: Path) -> None:
    known = int(db.execute("PRAGMA user_version").fetchone()[0])
    if known > SCHEMA_VERSION:
        raise LibraryVersionError(f"{path} was written by a newer Earshot; upgrade Earshot to open it")
    if known < SCHEMA_VERSION:
        db.enable_wal()
        schema.apply(db)
        db.conn.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
