"""Looks after an installation: what is set and from where, whether the library is sound, and how to mend it."""

import platform
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from agent.accounts import Accounts
from agent.sources import runnable, sources
from core.embedding import EMBEDDERS, make_embedder
from core.errors import EarshotError
from core.library import Library
from core.records import Record
from core.settings import Settings
from core.store.db import Store
from core.store.sounds import present_ids
from core.store.spaces import heard_ids, list_spaces

FREE_BYTES_WANTED = 500_000_000


@dataclass(frozen=True, slots=True)
class Finding(Record):
    """One thing that was looked at. `detail` says what was found and, if it is not ok, what to do."""

    name: str
    ok: bool
    detail: str


def examine(library: Library, *, fix: bool = False) -> list[Finding]:
    """Everything worth a look. With `fix`, the index cache is made again from the database."""
    findings = [
        Finding("program", True, f"earshot{_version()}, Python {platform.python_version()}"),
        *_settings(library.settings),
        _look("ears", lambda: _ears(library)),
        _look("chat model", lambda: _chat_model(library.settings)),
        _look("chat page", lambda: _page(library)),
        _look("disk", lambda: _disk(library)),
    ]
    if not Store(library.folder).exists():
        return [
            *findings,
            Finding("library", True, f"none yet in {library.folder}; add sounds with: earshot ingest FOLDER"),
        ]
    if fix:
        shutil.rmtree(library.folder / "cache", ignore_errors=True)
    return [
        *findings,
        _look("database", lambda: _database(library)),
        _look("sounds", lambda: _sounds(library)),
        _look("heard by", lambda: _heard_by(library)),
        _look("index", lambda: _index(library)),
    ]


def _look(name: str, check: Callable[[], str]) -> Finding:
    try:
        return Finding(name, True, check())
    except (EarshotError, OSError, sqlite3.OperationalError) as problem:
        return Finding(name, False, str(problem))
    except sqlite3.DatabaseError as damage:
        return Finding(name, False, f"earshot.db is damaged ({damage}); put it aside and ingest your folders again")


def _page(library: Library) -> str:
    from agent.guard import Address

    settings, names = library.settings, Accounts(library.folder).names()
    address = Address(settings.host, settings.port, settings.url, has_login=bool(names))
    who = f"{len(names)} accounts may log in" if len(names) > 1 else "1 account may log in"
    return f"{address.origins[0]}; {who if names else 'for this machine alone, without a login'}"


def _version() -> str:
    try:
        return f" {version('earshot')}"
    except PackageNotFoundError:
        return ", not installed but run from its source"


def _settings(settings: Settings) -> Iterator[Finding]:
    for name, source in sources(settings).items():
        yield Finding(f"setting {name}", True, f"{getattr(settings, name)} ({source})")


def _ears(library: Library) -> str:
    try:
        name = library.ears.chosen()
    except (EarshotError, sqlite3.DatabaseError):  # which the check of the database tells
        name = library.settings.embedder
    fingerprint = make_embedder(name, library.settings).fingerprint()
    others = ", ".join(name for name in EMBEDDERS.names() if name != fingerprint.name) or "none"
    return f"{fingerprint.name} {fingerprint.version}, {fingerprint.dim} numbers; others known: {others}"


def _chat_model(settings: Settings) -> str:
    from agent.llm.base import chosen_name, connect

    connect(settings)
    return f"{chosen_name(settings)} can be used"


def _disk(library: Library) -> str:
    folder = next(each for each in [library.folder, *library.folder.parents] if each.exists())
    free = shutil.disk_usage(folder).free
    if free < FREE_BYTES_WANTED:
        raise EarshotError(f"only {free / 1e6:.0f} MB free in {folder}; make room before you add sounds")
    return f"{free / 1e9:.0f} GB free in {folder}"


def _database(library: Library) -> str:
    with Store(library.folder).reading() as db:
        state = db.execute("PRAGMA quick_check").fetchone()[0]
    if state != "ok":
        raise EarshotError(f"earshot.db is damaged ({state}); put it aside and ingest your folders again")
    return f"{Store(library.folder).path} is sound"


def _sounds(library: Library) -> str:
    overview = library.overview()
    return f"{overview['sounds']} sounds in {overview['files']} files, {overview['skipped']} skipped"


def _heard_by(library: Library) -> str:
    """Which ears heard the sounds. Raises EarshotError with what to do if they are older than those of today."""
    if note := library.note():
        raise EarshotError(runnable(note, library.folder))
    with Store(library.folder).reading() as db:
        here = present_ids(db)
        known = {space.fingerprint: len(heard_ids(db, space) & here) for space in list_spaces(db)}
    name = library.ears.chosen()
    present = library.ears.present(name)
    if not here or not any(known.values()):
        return "no sound yet"
    assert present is not None, "the note says so of ears that cannot be used here"
    if known.get(present):
        part = f" ({known[present]} of {len(here)} sounds)" if known[present] < len(here) else ""
        return f"{name}, the ears of today{part}"
    said = ", ".join(f"{each.name} {each.version}" for each, n_sounds in known.items() if n_sounds)
    return f"{said}; not by {present.name} {present.version}, the ears of the settings"


def _index(library: Library) -> str:
    if not library.overview()["sounds"]:
        return "nothing to index"
    library.load_index()
    return "fits the database"
