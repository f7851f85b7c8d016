"""The database file: transactions are whole, readers never wait, and there is one writer of sounds at a time."""

import sqlite3
import threading
from contextlib import closing

import pytest
from sqlite_utils import Database

from core.errors import EarshotError, LibraryBusyError, LibraryVersionError, NotFoundError
from core.store.db import Store
from core.store.migrations import SCHEMA_VERSION


def facts(store: Store) -> dict[str, str]:
    with store.reading() as db:
        return dict(db.execute("SELECT key, value FROM facts WHERE key != 'library'").fetchall())


def test_nothing_is_made_by_asking(store):
    with pytest.raises(NotFoundError, match=r"there is no library in .*; add sounds with: earshot ingest FOLDER"):
        facts(store)
    assert not store.exists()
    assert not store.folder.exists()


def test_the_first_write_makes_the_library(store):
    with store.writing() as db:
        db.table("facts").insert({"key": "a", "value": "1"})

    assert store.exists()
    assert facts(store) == {"a": "1"}


def test_a_failing_write_leaves_nothing_of_itself(store):
    with store.writing() as db:
        db.table("facts").insert({"key": "a", "value": "1"})
    with pytest.raises(ZeroDivisionError), store.writing() as db:
        db.table("facts").insert({"key": "b", "value": "2"})
        db.execute("UPDATE facts SET value = 'changed' WHERE key = 'a'")
        db.table("facts").insert_all({"key": f"c{number}", "value": ""} for number in range(300))
        _ = 1 / 0

    assert facts(store) == {"a": "1"}


def test_ctrl_c_within_a_write_leaves_nothing_of_it(store):
    with pytest.raises(KeyboardInterrupt), store.writing() as db:
        db.table("facts").insert({"key": "b", "value": "2"})
        raise KeyboardInterrupt

    assert facts(store) == {}


def test_a_reader_sees_the_state_before_a_write_until_it_is_committed(store):
    with store.writing() as db:
        db.table("facts").insert({"key": "a", "value": "1"})
    with store.writing() as db:
        db.execute("UPDATE facts SET value = '2' WHERE key = 'a'")
        assert facts(store) == {"a": "1"}

    assert facts(store) == {"a": "2"}


def test_writers_in_many_threads_lose_nothing(store):
    def add() -> None:
        for _ in range(20):
            with store.writing() as db:
                db.execute("INSERT INTO facts VALUES ('n', '1') ON CONFLICT (key) DO UPDATE SET value = value + 1")

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert facts(store) == {"n": "80"}


def test_a_row_must_belong_to_a_sound_that_exists(store):
    with pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"), store.writing() as db:
        db.table("captions").insert({"sound_id": 7, "captioner": "x", "text": "y"})


def test_a_database_of_a_newer_program_is_refused_and_left_as_it_is(store):
    with store.writing() as db:
        db.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    before = store.path.read_bytes()

    told = rf"was written by a newer Earshot \(schema {SCHEMA_VERSION + 1}, this one knows {SCHEMA_VERSION}\);"
    with pytest.raises(LibraryVersionError, match=told + " upgrade Earshot to open it"):
        facts(store)
    with pytest.raises(LibraryVersionError), store.writing():
        pytest.fail("it was opened")
    assert store.path.read_bytes() == before


def test_a_newer_program_that_upgrades_the_file_meanwhile_is_not_written_over(store, monkeypatch):
    with store.writing() as db:
        db.execute("PRAGMA user_version = 4")
    enable_wal = Database.enable_wal

    def overtaken(db: Database) -> None:
        """By now the old version was read, and nothing is locked yet."""
        enable_wal(db)
        with closing(sqlite3.connect(store.path)) as other:
            other.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")

    monkeypatch.setattr(Database, "enable_wal", overtaken)
    for _ in range(2):
        with pytest.raises(LibraryVersionError, match="upgrade Earshot to open it"):
            facts(store)


def test_a_file_that_is_no_database_is_told_in_a_sentence_and_left_as_it_is(store):
    store.folder.mkdir()
    store.path.write_bytes(b"not a database" * 1000)

    with pytest.raises(
        EarshotError, match=r"earshot\.db is damaged \(file is not a database\); put it aside and ingest"
    ):
        facts(store)
    assert store.path.read_bytes() == b"not a database" * 1000


def test_one_writer_of_sounds_at_a_time(store):
    with store.locked("ingest", 0), pytest.raises(LibraryBusyError), store.locked("ingest", 0):
        pytest.fail("two writers at once")
    with store.locked("ingest", 0):
        assert (store.folder / "writer.json").exists()
    assert not (store.folder / "writer.json").exists()


def test_a_holder_that_left_no_readable_note_is_told_without_a_name(store):
    with store.locked("ingest", 0):
        (store.folder / "writer.json").write_text("{ half")
        with pytest.raises(LibraryBusyError, match="is being written by another process; wait"), store.locked("x", 0):
            pytest.fail("two writers at once")
