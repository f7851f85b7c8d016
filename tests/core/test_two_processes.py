"""Two processes at one library: one may write at a time, and everybody may read meanwhile."""

import json
import os
import re

import pytest

from core.errors import LibraryBusyError
from core.library import Library
from core.settings import Settings
from core.store.db import Store
from tests.runs import cli, cli_json, count_files, start_cli, tiny_wav, tiny_wavs, wait_until

N_SOUNDS = 160


def test_searches_go_on_while_another_process_adds_sounds_and_their_answers_only_grow(tmp_path):
    folder, library = tiny_wavs(tmp_path / "pebbles", N_SOUNDS), Library(tmp_path / "library")
    process = start_cli("ingest", folder, "--library", library.folder)
    wait_until(lambda: count_files(library.folder))
    counted = []
    while process.poll() is None:
        hits = library.search_by_audio("1", k=N_SOUNDS)
        assert (hits[0].id, hits[0].score) == (1, pytest.approx(1.0, abs=1e-6))
        counted += [len(hits), len(library.search_by_text("pebbles", k=N_SOUNDS)), library.overview()["files"]]
    process.communicate()

    assert process.returncode == 0
    assert counted == sorted(counted)
    assert counted[0] < N_SOUNDS, "the first search came before the end of the run"
    assert len(library.search_by_audio("1", k=N_SOUNDS)) == N_SOUNDS


def test_a_library_that_is_held_in_memory_knows_what_another_process_added(tmp_path):
    library = Library(tmp_path / "library")
    tiny_wav(tmp_path / "first.wav", 1)
    cli_json("ingest", tmp_path / "first.wav", "--library", library.folder)
    assert [hit.id for hit in library.search_by_audio("1")] == [1]

    tiny_wav(tmp_path / "second.wav", 2)
    cli_json("ingest", tmp_path / "second.wav", "--library", library.folder)
    assert [hit.id for hit in library.search_by_audio("1")] == [1, 2]
    assert [hit.id for hit in library.search_by_text("second")] == [2]


def test_a_second_writer_waits_and_then_goes_on(tmp_path, monkeypatch):
    monkeypatch.setenv("EARSHOT_LOCK_WAIT_S", "20")
    folder = tmp_path / "library"
    with Store(folder).locked("ingest", 0):
        second = start_cli("ingest", tiny_wav(tmp_path / "one.wav"), "--library", folder, "--json")
        with pytest.raises(AssertionError, match=r"waited 1\.5 s"):
            wait_until(lambda: count_files(folder) or second.poll() is not None, patience_s=1.5)
    out, _ = second.communicate()

    assert json.loads(out)["indexed"] == 1
    assert not (folder / "writer.json").exists()


def test_a_second_writer_that_has_waited_long_enough_says_who_holds_the_library(tmp_path, monkeypatch):
    monkeypatch.setenv("EARSHOT_LOCK_WAIT_S", "0.1")
    folder = tmp_path / "library"
    with Store(folder).locked("ingest", 0):
        second = cli("ingest", tiny_wav(tmp_path / "one.wav"), "--library", folder, "--json")

    assert second.returncode == 1
    told = rf"is being written by process {os.getpid()} \(ingest, since \d\d:\d\d:\d\d\); wait for it to end or stop it"
    assert re.search(told, second.stderr), second.stderr
    assert re.search(told, json.loads(second.stdout)["error"])
    assert count_files(folder) == 0


def test_the_lock_is_free_after_an_error_and_names_its_next_holder(tmp_path):
    store = Store(tmp_path / "library")
    with pytest.raises(ZeroDivisionError), store.locked("ingest", 0):
        _ = 1 / 0

    with store.locked("export", 0), pytest.raises(LibraryBusyError, match=r"\(export, since"), store.locked("x", 0):
        pytest.fail("two writers at once")


def test_a_searcher_does_not_wait_for_the_writers_lock(tmp_path):
    settings = Settings(library=tmp_path / "library", lock_wait_s=0, workers=1)
    library = Library(settings.library, settings)
    list(library.ingest([tiny_wav(tmp_path / "one.wav")]))
    with Store(library.folder).locked("ingest", 0):
        assert [hit.id for hit in library.search_by_audio("1")] == [1]
