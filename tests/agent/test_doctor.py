"""What the doctor looks at, and what it says when something is amiss. It never fails itself."""

import os
import shlex
import shutil
import sqlite3
from pathlib import Path

import pytest

from agent import doctor
from agent.accounts import Accounts
from agent.doctor import Finding, examine
from agent.sources import read_settings
from core.embedding.builtin import BuiltinEmbedder
from core.library import Library
from core.registry import Registry
from core.settings import Settings
from core.store.migrations import SCHEMA_VERSION
from tests.older import older_library
from tests.runs import ListenerInThisProcess, tiny_wavs


def found(library: Library, *, fix: bool = False) -> dict[str, Finding]:
    return {finding.name: finding for finding in examine(library, fix=fix)}


def bad(library: Library) -> dict[str, str]:
    return {name: finding.detail for name, finding in found(library).items() if not finding.ok}


def test_all_is_well_with_a_library_that_was_just_filled(demo_library):
    findings = found(demo_library)

    assert bad(demo_library) == {}
    assert findings["sounds"].detail == "15 sounds in 15 files, 0 skipped"
    assert findings["index"].detail == "fits the database"
    assert findings["ears"].detail.startswith("builtin ears-1, 160 numbers")
    assert findings["heard by"].detail == "builtin, the ears of today"
    assert findings["chat model"].detail == "embedded can be used"
    assert findings["chat page"].detail == "http://127.0.0.1:8000; for this machine alone, without a login"


def test_who_may_log_in_is_counted_and_a_page_that_could_not_be_opened_is_told(demo_library):
    Accounts(demo_library.folder).put("ada", "correct horse")
    assert found(demo_library)["chat page"].detail == "http://127.0.0.1:8000; 1 account may log in"
    Accounts(demo_library.folder).remove("ada")
    demo_library.settings.host = "192.168.1.5"
    assert "add an account with: earshot user add NAME" in bad(demo_library)["chat page"]


def test_where_there_is_no_library_yet_that_is_said_and_none_is_made(library):
    findings = found(library)

    assert bad(library) == {}
    assert findings["library"].detail == f"none yet in {library.folder}; add sounds with: earshot ingest FOLDER"
    assert not library.folder.exists()


def test_every_setting_is_told_with_where_it_comes_from(tmp_path, monkeypatch):
    monkeypatch.setenv("earshot_port", "8123")
    monkeypatch.setenv("EARSHOT_MODEL", "")
    monkeypatch.setenv("EARSHOT_LIBRARY", "/another")
    (tmp_path / ".env").write_text("EARSHOT_HOST=localhost\nEARSHOT_PORT=1\nMISTRAL_API_KEY=sk-secret\n")
    monkeypatch.chdir(tmp_path)
    given = read_settings(tmp_path / "library").model_copy(update={"lock_wait_s": 1.0})
    findings = found(Library(settings=given))

    assert findings["setting port"].detail == "8123 (environment)"
    assert findings["setting host"].detail == "localhost (.env)"
    assert findings["setting mistral_api_key"].detail == "********** (.env)"
    assert findings["setting model"].detail == " (default)"
    assert findings["setting library"].detail == f"{tmp_path / 'library'} (argument)"
    assert findings["setting lock_wait_s"].detail == "1.0 (argument)"
    assert findings["setting embedder"].detail == "builtin (default)"
    assert {f"setting {name}" for name in Settings.model_fields} <= set(findings)


def test_a_key_is_never_shown(tmp_path, monkeypatch):
    monkeypatch.setenv("MISTRAL_API_KEY", "sk-very-secret-0123456789")
    findings = examine(Library(settings=Settings(library=tmp_path / "library")))
    assert not [finding for finding in findings if "secret" in finding.detail]
    assert "********** (environment)" in [finding.detail for finding in findings]


def test_a_program_that_is_not_installed_is_told_as_it_is(library, monkeypatch):
    """From a checkout without an installation there is no version to read."""
    from importlib.metadata import PackageNotFoundError

    def not_installed(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(doctor, "version", not_installed)
    assert found(library)["program"].detail.startswith("earshot, not installed but run from its source, Python 3.")


@pytest.mark.parametrize(
    ("changed", "name", "told"),
    [
        ({"embedder": "nobody"}, "ears", "no embedder is called 'nobody'; known are autoencoder, builtin"),
        ({"model": "gpt"}, "chat model", "chat model 'gpt' has no provider; write embedded, or provider:model"),
    ],
)
def test_a_wrong_setting_is_told_and_the_rest_is_still_looked_at(settings, changed, name, told):
    library = Library(settings.library, settings.model_copy(update=changed))
    assert told in bad(library)[name]
    assert "library" in found(library)


def test_a_damaged_database_is_told_with_what_to_do(demo_library):
    for suffix in ("-wal", "-shm"):
        (demo_library.folder / f"earshot.db{suffix}").unlink(missing_ok=True)
    database = demo_library.folder / "earshot.db"
    data = bytearray(database.read_bytes())
    data[4096:] = os.urandom(len(data) - 4096)
    database.write_bytes(data)

    told = bad(demo_library)
    assert "put it aside and ingest your folders again" in told["database"]
    assert {"sounds", "index"} <= set(found(demo_library)), (
        "what hangs on it is looked at too, and does not end the doctor"
    )


def test_a_file_that_is_no_database_is_told_with_what_to_do(library):
    library.folder.mkdir()
    (library.folder / "earshot.db").write_bytes(b"not a database" * 1000)

    assert "put it aside and ingest your folders again" in bad(library)["database"]


def test_a_library_of_a_newer_program_is_told_with_what_to_do(demo_library):
    connection = sqlite3.connect(demo_library.folder / "earshot.db")
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    connection.close()

    assert bad(demo_library)["database"].endswith("upgrade Earshot to open it")


def test_a_library_that_older_ears_heard_is_told_with_what_to_do(tmp_path, settings):
    library = older_library(settings, tiny_wavs(tmp_path / "sounds", 2))

    assert bad(library) == {
        "heard by": "all 2 sounds were heard by older ears only (builtin signal-1), which answer until those of today"
        f" know as many; bring them up to date with: earshot ingest --library {shlex.quote(str(library.folder))}"
    }


def test_ears_that_cannot_be_used_are_not_called_those_of_today(demo_library):
    asked = demo_library.settings.model_copy(update={"embedder": "nobody"})
    told = found(Library(demo_library.folder, asked))

    assert told["heard by"].detail.startswith("the ears 'nobody' cannot hear here: no embedder is called 'nobody'")
    assert not told["heard by"].ok and not told["ears"].ok


def test_ears_that_heard_nothing_here_are_not_called_those_of_today(demo_library, monkeypatch):
    load, other = Registry.load, type("Other", (BuiltinEmbedder,), {"name": "other", "version": "2"})
    monkeypatch.setattr(Registry, "load", lambda self, name: other if name == "other" else load(self, name))
    library = Library(demo_library.folder, demo_library.settings.model_copy(update={"embedder": "other"}))
    told = found(library)["heard by"].detail
    assert told == "builtin ears-1; not by other 2, the ears of the settings"

    monkeypatch.setattr("core.ingest.ListenerPool", ListenerInThisProcess)
    list(library.ingest([Path(library.cards([1])[0]["path"])]))
    assert found(library)["heard by"].detail == "other, the ears of today (1 of 15 sounds)"


def test_where_no_sound_was_heard_yet_no_ears_are_told(library, tmp_path):
    (tmp_path / "none").mkdir()
    list(library.ingest([tmp_path / "none"]))
    assert found(library)["heard by"].detail == "no sound yet"


def test_little_room_on_the_disk_is_told(demo_library, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: shutil._ntuple_diskusage(10**9, 10**9 - 10**6, 10**6))
    assert "only 1 MB free" in bad(demo_library)["disk"]


def test_fix_makes_a_damaged_index_again(demo_library):
    demo_library.load_index()
    (cache,) = (demo_library.folder / "cache").iterdir()
    before = {file.name: file.stat().st_size for file in cache.iterdir()}
    for file in cache.iterdir():
        file.write_bytes(b"garbage")

    assert bad(Library(demo_library.folder, demo_library.settings)) == {}
    assert found(demo_library, fix=True)["index"].ok
    fresh = Library(demo_library.folder, demo_library.settings)
    assert found(fresh, fix=True)["index"].detail == "fits the database"
    assert {file.name: file.stat().st_size for file in cache.iterdir()} == before
    assert len(fresh.search_by_audio("9")) == 10
