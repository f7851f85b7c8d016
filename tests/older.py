"""A library as the program left it before it had ears of its own: its ears measured signals, its schema was the fourth.

Made by ears that are like those in all that a library knows of ears, and written to a database that the first four
steps of the schema made.
"""

import contextlib
import sqlite3
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from sqlite_utils import Database

from core import spectrum
from core.embedding.base import Embedder, Heard
from core.library import Library
from core.registry import Registry
from core.settings import Settings
from core.store.migrations import schema
from tests.runs import ListenerInThisProcess, rows

TABLES = "sounds files skips facts spaces vectors tags captions descriptors words clusterings clusters members".split()
OLD_SCHEMA = 4


class SignalEars(Embedder):
    """64 numbers of the spectrum of two seconds. They name no classes; the domains are put in by `older_library`."""

    name: ClassVar[str] = "builtin"
    version: ClassVar[str] = "signal-1"
    dim: ClassVar[int] = 64
    sample_rate_hz: ClassVar[int] = spectrum.RATE_HZ
    window_s: ClassVar[float] = 2.0
    hop_s: ClassVar[float] = 1.0

    def hear(self, clips):
        bands = [np.array_split(np.abs(np.fft.rfft(clip, 4096)), self.dim) for clip in clips]
        means = np.array([[band.mean() for band in each] for each in bands], np.float32)
        return Heard(means / np.linalg.norm(means, axis=1, keepdims=True), np.zeros((len(clips), 0), np.float32))

    def weights_hash(self) -> str:
        return "0123456789abcdef"


def older_library(settings: Settings, folder: Path) -> Library:
    """A library of the settings' folder that older ears filled with the sounds of another, and clustered once."""
    writing = settings.model_copy(update={"library": settings.library.with_name("as it was heard")})
    with pytest.MonkeyPatch.context() as patch:
        load = Registry.load
        patch.setattr(Registry, "load", lambda self, name: _older(self, name) or load(self, name))
        patch.setattr("core.ingest.ListenerPool", ListenerInThisProcess)
        library = Library(settings=writing)
        list(library.ingest([folder]))
        if library.overview()["sounds"] > 2:
            library.groups.make(2)
    settings.library.mkdir()
    with contextlib.closing(sqlite3.connect(settings.library / "earshot.db", isolation_level=None)) as connection:
        _write(Database(connection), writing.library)
    return Library(settings=settings)


def dump(library: Library) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table, as it stands in the file."""
    found = {}
    with contextlib.closing(sqlite3.connect(library.folder / "earshot.db")) as connection:
        connection.row_factory = sqlite3.Row
        for table in TABLES:
            chosen = "rowid AS id, *" if table == "words" else "*"
            found[table] = [dict(row) for row in connection.execute(f"SELECT {chosen} FROM {table} ORDER BY 1, 2")]
    return found


def version(library: Library) -> int:
    """The number of the schema that the file is in."""
    return rows(library.folder, "PRAGMA user_version")[0][0]


def _older(registry: Registry, name: str) -> type[Embedder] | None:
    return SignalEars if (registry.kind, name) == ("embedder", "builtin") else None


def _write(db: Database, heard: Path) -> None:
    """All rows of another database under the older schema, with what only the older program put in them."""
    db.enable_wal()
    schema.apply(db, stop_before="005_heard")
    db.execute("ATTACH ? AS heard", [str(heard / "earshot.db")])
    for table in TABLES:
        names = [column[1] for column in db.execute(f"PRAGMA table_info({table})")]
        columns = ", ".join(["rowid", *names] if table == "words" else names)
        db.execute(f"DELETE FROM {table}")
        db.execute(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM heard.{table}")
    db.execute("UPDATE descriptors SET domain = 'effect', domain_score = 0.75")
    db.execute(f"PRAGMA user_version = {OLD_SCHEMA}")
