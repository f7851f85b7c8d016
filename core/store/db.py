"""One SQLite file as the memory of a library: who may write when, and how rows become records and back.

Knows nothing of decoding, of models or of indexes. Every operation opens its own connection, so that any thread and any
process may read while one writes (WAL).
"""

import json
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout
from sqlite_utils import Database

from core.errors import EarshotError, LibraryBusyError, LibraryVersionError, NotFoundError
from core.store.migrations import SCHEMA_VERSION, schema

BUSY_S = 30.0  # how long a statement waits for another connection's transaction


class Store:
    """The database in a library's folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "earshot.db"

    def exists(self) -> bool:
        """Whether anything was ever written here."""
        return self.path.exists()

    def make_folder(self) -> None:
        """The folder is there after this. Raises EarshotError with the reason if it cannot be made."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as problem:
            what = f"{self.folder} cannot hold a library ({problem.strerror})"
            raise EarshotError(f"{what}; choose another folder with: --library DIR") from problem

    @contextmanager
    def reading(self) -> Iterator[Database]:
        """A connection for queries. Raises NotFoundError where there is no library yet."""
        if not self.exists():
            raise NotFoundError(f"there is no library in {self.folder}; add sounds with: earshot ingest FOLDER")
        with self._connected() as db:
            yield db

    @contextmanager
    def writing(self) -> Iterator[Database]:
        """One transaction: all of it is kept or nothing. Makes the library on first use."""
        self.make_folder()
        with self._connected() as db:
            db.conn.execute("BEGIN IMMEDIATE")
            try:
                yield db
            except BaseException:
                db.conn.rollback()
                raise
            db.conn.commit()

    @contextmanager
    def locked(self, purpose: str, wait_s: float) -> Iterator[None]:
        """The right to change which sounds the library holds, while the block runs; one process has it at a time.

        The lock is the operating system's and ends with the process, also with a killed one. Raises LibraryBusyError
        that names the holder if it is not free within `wait_s`.
        """
        self.make_folder()
        lock = FileLock(self.folder / "writer.lock")
        note = self.folder / "writer.json"
        try:
            lock.acquire(timeout=wait_s)
        except Timeout as busy:
            raise LibraryBusyError(f"{self.folder} {_holder(note)}; wait for it to end or stop it") from busy
        try:
            note.write_text(json.dumps({"pid": os.getpid(), "purpose": purpose, "since": time.strftime("%H:%M:%S")}))
            yield
            note.unlink(missing_ok=True)
        finally:
            lock.release()

    @contextmanager
    def _connected(self) -> Iterator[Database]:
        connection = sqlite3.connect(self.path, timeout=BUSY_S, isolation_level=None)
        db = Database(connection)
        try:
            self._open(db)
            yield db
        finally:
            connection.close()

    def _open(self, db: Database) -> None:
        """The first look into the file, which may be no database at all."""
        try:
            db.conn.execute("PRAGMA foreign_keys = ON")
            db.conn.execute("PRAGMA synchronous = NORMAL")
            self._upgrade(db)
        except sqlite3.OperationalError:
            raise  # such as a full disk; the file itself is sound
        except sqlite3.DatabaseError as damage:
            what = f"{self.path} is damaged ({damage})"
            raise EarshotError(f"{what}; put it aside and ingest your folders again") from damage

    def _upgrade(self, db: Database) -> None:
        """Brings the schema up to date; two processes that both try do it once."""
        if self._is_up_to_date(db):
            return
        db.enable_wal()
        db.conn.execute("BEGIN IMMEDIATE")
        try:
            if not self._is_up_to_date(db):  # another process may have been first, even a newer program
                schema.apply(db)
                db.conn.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        except BaseException:
            db.conn.rollback()
            raise
        db.conn.commit()

    def _is_up_to_date(self, db: Database) -> bool:
        known = int(db.execute("PRAGMA user_version").fetchone()[0])
        if known > SCHEMA_VERSION:
            what = f"{self.folder} was written by a newer Earshot (schema {known}, this one knows {SCHEMA_VERSION})"
            raise LibraryVersionError(f"{what}; upgrade Earshot to open it")
        return known == SCHEMA_VERSION


def _holder(note: Path) -> str:
    try:
        held = json.loads(note.read_text())
    except (OSError, ValueError):
        return "is being written by another process"
    return f"is being written by process {held['pid']} ({held['purpose']}, since {held['since']})"
