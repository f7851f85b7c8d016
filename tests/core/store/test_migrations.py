"""The schema: a new library, one that was made step by step, and one that many open at once end alike."""

import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from sqlite_utils import Database

from core.store import db as db_module
from core.store.db import Store
from core.store.migrations import SCHEMA_VERSION, schema
from tests.older import OLD_SCHEMA, dump, older_library
from tests.runs import CHECKOUT, tiny_wavs

STEPS = ["001_sounds", "002_spaces", "003_words", "004_clusterings"]
TABLES = {
    *("sounds", "files", "spaces", "vectors", "tags", "captions", "descriptors"),
    *("clusterings", "clusters", "members", "skips", "facts", "words", "layouts", "selections"),
}


def names() -> list[str]:
    return [step.name for step in schema.pending(Database(memory=True))]


def shape(path: Path) -> list[tuple[str, str]]:
    """Name and SQL of every table and index, but for the notes about the steps themselves."""
    with closing(sqlite3.connect(path)) as connection:
        query = "SELECT name, sql FROM sqlite_master WHERE name NOT LIKE '%sqlite_%' ORDER BY name"
        return connection.execute(query).fetchall()


def version(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("PRAGMA user_version").fetchone()[0]


def opened(store: Store) -> Store:
    with store.writing():
        return store


def test_the_steps_are_numbered_and_the_schema_version_is_the_number_of_the_last():
    assert names()[: len(STEPS)] == STEPS, "a step that has landed keeps its name and place"
    assert [int(name[:3]) for name in names()] == list(range(1, SCHEMA_VERSION + 1))


def test_a_new_library_has_every_table_and_the_newest_version(store):
    opened(store)

    assert {name for name, _ in shape(store.path)} >= TABLES
    assert version(store.path) == SCHEMA_VERSION
    with store.reading() as db:
        assert db.execute("PRAGMA journal_mode").fetchone()[0] == "wal"


@pytest.mark.parametrize("n_steps", range(SCHEMA_VERSION))
def test_a_library_of_any_older_version_is_brought_to_the_same_shape_and_keeps_its_rows(store, tmp_path, n_steps):
    store.folder.mkdir()
    with closing(sqlite3.connect(store.path, isolation_level=None)) as connection:
        if n_steps:
            schema.apply(Database(connection), stop_before=[*names(), None][n_steps])
            connection.execute("INSERT INTO facts VALUES ('made', 'long ago')")
            connection.execute(f"PRAGMA user_version = {n_steps}")
    opened(store)

    assert shape(store.path) == shape(opened(Store(tmp_path / "fresh")).path)
    assert version(store.path) == SCHEMA_VERSION
    with store.reading() as db:
        made = list(db["facts"].rows_where("key = 'made'"))
        assert made == ([{"key": "made", "value": "long ago"}] if n_steps else [])


def test_a_step_that_fails_leaves_the_library_as_it_was(store, monkeypatch):
    store.folder.mkdir()
    with closing(sqlite3.connect(store.path, isolation_level=None)) as connection:
        schema.apply(Database(connection), stop_before="003_words")
        connection.execute("PRAGMA user_version = 2")
        connection.execute("CREATE TABLE captions (x)")  # stands in the way of step 3, after it made the tags
    before = shape(store.path)

    with pytest.raises(sqlite3.OperationalError, match="captions"):
        opened(store)
    assert shape(store.path) == before
    assert version(store.path) == 2


def test_threads_that_open_a_new_library_at_once_make_it_once(tmp_path):
    for attempt in range(5):
        store = Store(tmp_path / str(attempt))
        with ThreadPoolExecutor(8) as threads:
            list(threads.map(opened, [store] * 8))
        assert {name for name, _ in shape(store.path)} >= TABLES


def open_in_processes(folder: Path, count: int) -> list[str]:
    """What several processes that open a library at once say on stderr."""
    script = "from pathlib import Path; from core.store.db import Store\nwith Store(Path({!r})).writing(): pass"
    command = [sys.executable, "-c", script.format(str(folder))]
    processes = [subprocess.Popen(command, cwd=CHECKOUT, stderr=subprocess.PIPE, text=True) for _ in range(count)]
    return [process.communicate()[1] for process in processes]


def test_processes_that_open_a_new_library_at_once_make_it_once(store):
    assert open_in_processes(store.folder, 4) == [""] * 4
    assert version(store.path) == SCHEMA_VERSION


def test_processes_that_open_an_older_library_at_once_bring_it_up_to_date_once(settings, tmp_path):
    library = older_library(settings, tiny_wavs(tmp_path / "sounds", 2))
    path, before = library.folder / "earshot.db", dump(library)
    assert version(path) == OLD_SCHEMA

    assert open_in_processes(library.folder, 4) == [""] * 4
    assert version(path) == SCHEMA_VERSION
    after = dump(library)
    assert [after.pop("vectors"), after] == [
        [row | {"heard": None, "heard_whole": None} for row in before.pop("vectors")],
        before,
    ]
    assert shape(path) == shape(opened(Store(tmp_path / "fresh")).path)


def test_an_open_library_is_not_migrated_again(store, monkeypatch):
    opened(store)
    monkeypatch.setattr(db_module.schema, "apply", lambda db: pytest.fail("it was migrated again"))
    opened(store)
