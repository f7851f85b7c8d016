"""An ingest that is killed with `kill -9`, at any point, and then run again ends in the rows of one that was not."""

import os
import random
import signal
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from core.library import Library
from tests.runs import (
    WORKERS_ARE_SEEN,
    alive,
    cli_json,
    count_files,
    descendants,
    rows,
    start_cli,
    tiny_wav,
    tiny_wavs,
    wait_until,
)

N_SOUNDS = 150  # two full batches and a rest: core.ingest.BATCH is 64
N_FILES = N_SOUNDS + 3
CHAINS, KILLS_PER_CHAIN = 4, 3

TABLES = ("captions", "descriptors", "facts", "files", "skips", "sounds", "spaces", "tags", "vectors", "words")
# The revisions of the library (the one fact) and of a space count commits. A killed run has its commits at other files,
# so the numbers differ; what they count, the sounds and vectors, must not.
NOT_COMPARED = {("spaces", "revision"), ("facts", "value")}


def all_rows(library: Path) -> dict[str, list[tuple]]:
    """Every row of every table that an ingest writes, with all columns, in the order of the first ones."""
    found = {}
    with closing(sqlite3.connect(library / "earshot.db")) as connection:
        for table in TABLES:
            columns = [column[1] for column in connection.execute(f"PRAGMA table_info({table})")]
            chosen = [column for column in columns if (table, column) not in NOT_COMPARED]
            first = "rowid, " if table == "words" else ""
            query = f"SELECT {first}{', '.join(chosen)} FROM {table} ORDER BY 1, 2, 3"
            found[table] = connection.execute(query if len(chosen) > 2 else query.replace(", 2, 3", "")).fetchall()
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """150 sounds, copies of some of them in a sub-folder, and files that hold no sound."""
    folder = tmp_path_factory.mktemp("sounds")
    tiny_wavs(folder, N_SOUNDS)
    for number in (3, 60, 110):  # copies lie in other batches than what they are copies of
        tiny_wav(folder / "zz copies" / f"again_{number}.wav", number, seconds=0.05 + 0.01 * (number % 16))
    for name in ("aa.wav", "s0635.wav", "s140.5.wav"):
        (folder / name).write_bytes(b"no sound in here")
    return folder


@pytest.fixture(scope="module")
def uninterrupted(folder, tmp_path_factory) -> dict[str, list[tuple]]:
    library = tmp_path_factory.mktemp("uninterrupted")
    report = cli_json("ingest", folder, "--library", library)
    assert (report["found"], report["indexed"], len(report["skipped"])) == (N_FILES + 3, N_FILES, 3)
    return all_rows(library)


def test_an_uninterrupted_run_holds_every_file_once(uninterrupted):
    counts = {table: len(found) for table, found in uninterrupted.items()}
    expected = {"sounds": N_SOUNDS, "files": N_FILES, "vectors": N_SOUNDS, "captions": N_SOUNDS}
    expected |= {"descriptors": N_SOUNDS, "words": N_SOUNDS, "skips": 3, "spaces": 1}
    assert counts | expected == counts
    assert counts["tags"] >= N_SOUNDS


@WORKERS_ARE_SEEN
@pytest.mark.parametrize("chain", range(CHAINS))
def test_a_run_that_was_killed_and_run_again_ends_in_the_same_rows(chain, folder, uninterrupted, tmp_path, monkeypatch):
    """Each run goes on where the one before was killed: the first one at a random time, the others at a random file."""
    monkeypatch.setenv("EARSHOT_WORKERS", str(1 + chain % 2))  # the run that is never killed has one per processor
    dice = random.Random(chain)
    library = tmp_path / "library"
    committed = 0
    for kill in range(KILLS_PER_CHAIN):
        if kill == 0 and chain % 2:
            done = start_and_kill(folder, library, time.sleep, dice.uniform(0.2, 2.0))
        else:
            after = min(committed + dice.randrange(N_SOUNDS // KILLS_PER_CHAIN), N_FILES)
            done = start_and_kill(folder, library, wait_for_files, library, after, dice.uniform(0, 0.1))
        assert done or count_files(library) == N_FILES, "it was killed, or it had come to its end"
        assert count_files(library) >= committed, "what was committed is kept"
        committed = count_files(library)

    report = cli_json("ingest", folder, "--library", library)

    assert (report["unchanged"], report["indexed"]) == (committed, N_FILES - committed)
    assert all_rows(library) == uninterrupted


def start_and_kill(folder: Path, library: Path, wait: Callable[..., None], *args: Any) -> bool:
    """Begins an ingest and kills it after a wait; whether it was still running. No worker lives on after it."""
    process = start_cli("ingest", folder, "--library", library)
    try:
        wait(*args)
        workers = descendants(process.pid)
    finally:
        process.kill()
        process.communicate()
    wait_until(lambda: not any(map(alive, workers)))
    return process.returncode == -signal.SIGKILL


def wait_for_files(library: Path, count: int, then_s: float) -> None:
    wait_until(lambda: count_files(library) >= count)
    time.sleep(then_s)


@WORKERS_ARE_SEEN
def test_the_lock_of_a_killed_run_ends_with_it(folder, tmp_path):
    library = tmp_path / "library"
    process = start_cli("ingest", folder, "--library", library)
    try:
        wait_until((library / "writer.json").exists)
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()

    ingest = Library(library).ingest([tiny_wav(tmp_path / "one.wav")])
    list(ingest)
    assert ingest.report.indexed == 1
    assert rows(library, "PRAGMA integrity_check") == [("ok",)]
