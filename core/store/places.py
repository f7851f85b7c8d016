"""Where sounds lie, where they were found, and where exports went: inside a transaction of the caller."""

import json
import os
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sqlite_utils import Database

from core.store.ids import can_be_id
from core.store.sounds import CHUNK, known_files

MOST_EXPORTS = 50
ROOTS, EXPORTS = "roots", "exports"  # in the table of facts, as JSON lists


@dataclass(frozen=True, slots=True)
class HeldFile:
    """A file that held a sound when it was last looked at."""

    path: str
    size_bytes: int
    mtime_ns: int


@dataclass(slots=True)
class HeldSound:
    """A sound with its files that are not missing, in order of path."""

    sha256: str
    files: list[HeldFile] = field(default_factory=list)


def held_sounds(db: Database, sound_ids: Sequence[int]) -> dict[int, HeldSound]:
    """Some sounds by id, with the files that hold them; an id that is not known is not in it."""
    found: dict[int, HeldSound] = {}
    for start in range(0, len(sound_ids), CHUNK):
        ids = [int(each) for each in sound_ids[start : start + CHUNK] if can_be_id(int(each))]
        rows = db.execute(
            "SELECT s.id, s.sha256, f.path, f.size_bytes, f.mtime_ns FROM sounds s"  # noqa: S608  only question marks
            " LEFT JOIN files f ON f.sound_id = s.id AND f.missing = 0"
            f" WHERE s.id IN ({','.join('?' * len(ids))}) ORDER BY f.path",
            ids,
        )
        for sound_id, sha256, path, size_bytes, mtime_ns in rows:
            sound = found.setdefault(sound_id, HeldSound(sha256))
            if path is not None:
                sound.files.append(HeldFile(path, size_bytes, mtime_ns))
    return found


def add_roots(db: Database, folders: Iterable[Path]) -> None:
    """Remembers the folders that sounds are looked for in.

    A library that has remembered none yet counts all folders that hold its sounds, for want of a better knowledge.
    """
    known = _list(db, ROOTS)
    if known is None:
        known = sorted({os.path.dirname(path) for path in known_files(db)})
    _put(db, ROOTS, list(dict.fromkeys([*known, *map(str, folders)])))


def roots(db: Database) -> list[str]:
    """The folders that the library looks for sounds in, and that hold one now; an ingest looks into all below them."""
    paths = sorted(path for path, file in known_files(db).items() if not file.missing)
    remembered = _list(db, ROOTS)
    if remembered is None:
        return sorted({os.path.dirname(path) for path in paths})
    return [folder for folder in remembered if _holds_one(paths, folder)]


def folders_with_sounds(db: Database) -> list[str]:
    """The folders that hold a known file themselves."""
    return sorted({os.path.dirname(path) for path, file in known_files(db).items() if not file.missing})


def add_export(db: Database, manifest: str) -> None:
    """Remembers the manifest of an export as the latest."""
    others = [each for each in exports(db) if each != manifest]
    _put(db, EXPORTS, [*others, manifest][-MOST_EXPORTS:])


def exports(db: Database) -> list[str]:
    """The manifests of the exports that are remembered, the latest last."""
    return _list(db, EXPORTS) or []


def _holds_one(paths: list[str], folder: str) -> bool:
    """Whether one of some sorted paths lies in a folder."""
    start = folder.rstrip(os.sep) + os.sep
    at = bisect_left(paths, start)
    return at < len(paths) and paths[at].startswith(start)


def _list(db: Database, key: str) -> list[str] | None:
    row = db.execute("SELECT value FROM facts WHERE key = ?", [key]).fetchone()
    return None if row is None else [str(each) for each in json.loads(row[0])]


def _put(db: Database, key: str, values: list[str]) -> None:
    db.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", [key, json.dumps(values, ensure_ascii=False)])
