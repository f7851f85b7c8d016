"""What an ingest makes of a folder: every file is told apart, counted once, and ends as the right rows."""

import hashlib
import os
import shutil

import numpy as np
import pytest

from core import ingest as ingest_module
from core.errors import LibraryBusyError, NotFoundError
from core.library import Library
from core.listening import Asked
from core.records import Progress
from core.settings import Settings
from tests.core.ingesting import counts, files, in_this_process, number_of_sounds, present, run, skips
from tests.runs import WORKERS_ARE_SEEN, kill_worker_at, rows, tiny_wav, tiny_wavs

# What a file is


@in_this_process
def test_a_new_file_becomes_a_sound_with_all_its_rows(library, folder):
    report = run(library, folder)

    assert counts(report) == {"found": 3, "indexed": 3}
    assert report.seconds_of_audio == pytest.approx(0.3)
    assert files(library) == {"a.wav": (1, 0), "b.wav": (2, 0), "c.wav": (3, 0)}
    assert number_of_sounds(library) == 3
    held = rows(library.folder, "SELECT sha256, duration_s, sample_rate_hz, channels, codec FROM sounds WHERE id = 1")
    digest = hashlib.sha256((folder / "a.wav").read_bytes()).hexdigest()
    assert held == [(digest, 0.1, 8000, 1, "pcm_s16le")]


@in_this_process
def test_a_file_that_is_as_it_was_is_not_read_again(library, folder, monkeypatch):
    run(library, folder)
    before = rows(library.folder, "SELECT * FROM files")
    monkeypatch.setattr(ingest_module, "_hash", lambda path: pytest.fail(f"{path} was read"))

    assert counts(run(library, folder)) == {"found": 3, "unchanged": 3}
    assert rows(library.folder, "SELECT * FROM files") == before


@in_this_process
def test_a_file_that_was_only_touched_is_unchanged_and_not_heard_again(library, folder, monkeypatch):
    run(library, folder)
    os.utime(folder / "a.wav", ns=(5, 5))
    monkeypatch.setattr(ingest_module.ListenerPool, "submit", lambda self, path: pytest.fail(f"{path} was heard"))

    assert counts(run(library, folder)) == {"found": 3, "unchanged": 3}
    assert rows(library.folder, "SELECT mtime_ns FROM files WHERE id = 1") == [(5,)]


@in_this_process
def test_a_changed_file_is_another_sound_and_the_old_one_goes_out_of_sight(library, folder):
    run(library, folder)
    tiny_wav(folder / "a.wav", seed=7, seconds=0.2)

    assert counts(run(library, folder)) == {"found": 3, "indexed": 1, "unchanged": 2, "changed": 1}
    assert files(library) == {"a.wav": (4, 0), "b.wav": (2, 0), "c.wav": (3, 0)}
    assert number_of_sounds(library) == 4, "what was heard once is kept"
    assert library.overview()["sounds"] == 3
    with pytest.raises(NotFoundError, match="the file of sound 1 is gone"):
        library.audio_path(1)


@in_this_process
def test_a_moved_file_keeps_its_row_and_is_not_heard_again(library, folder, monkeypatch):
    run(library, folder)
    (folder / "deep").mkdir()
    (folder / "a.wav").rename(folder / "deep" / "renamed.wav")
    monkeypatch.setattr(ingest_module.ListenerPool, "submit", lambda self, path: pytest.fail(f"{path} was heard"))

    assert counts(run(library, folder)) == {"found": 3, "unchanged": 3, "moved": 1}
    moved = rows(library.folder, "SELECT id, path, sound_id FROM files WHERE id = 1")
    assert moved == [(1, str(folder / "deep" / "renamed.wav"), 1)]
    assert [hit.id for hit in library.search_by_text("renamed")] == [1]
    assert library.search_by_text("a.wav") == [], "the name it had finds it no more"


@in_this_process
def test_a_copy_is_a_second_file_of_the_same_sound(library, folder):
    run(library, folder)
    shutil.copy2(folder / "a.wav", folder / "copy.wav")

    assert counts(run(library, folder)) == {"found": 4, "indexed": 1, "unchanged": 3, "copies": 1}
    assert (files(library)["a.wav"], files(library)["copy.wav"]) == ((1, 0), (1, 0))
    assert number_of_sounds(library) == 3


@in_this_process
def test_the_same_bytes_twice_in_one_run_are_one_sound_with_two_files(library, folder):
    shutil.copyfile(folder / "b.wav", folder / "z.wav")

    assert counts(run(library, folder)) == {"found": 4, "indexed": 4, "copies": 1}
    assert files(library)["b.wav"] == files(library)["z.wav"] == (2, 0)
    assert number_of_sounds(library) == 3


@in_this_process
def test_a_deleted_file_is_missing_and_its_sound_is_kept_out_of_sight(library, folder):
    run(library, folder)
    (folder / "b.wav").unlink()

    assert counts(run(library, folder)) == {"found": 2, "unchanged": 2, "missing": 1}
    assert files(library)["b.wav"] == (2, 1)
    assert number_of_sounds(library) == 3
    assert present(library) == {"a.wav", "c.wav"}
    assert counts(run(library, folder)) == {"found": 2, "unchanged": 2}, "it goes missing once"


@in_this_process
def test_a_sound_with_two_files_stays_in_sight_when_one_is_deleted(library, folder):
    shutil.copyfile(folder / "b.wav", folder / "z.wav")
    run(library, folder)
    (folder / "b.wav").unlink()
    run(library, folder)

    assert present(library) == {"a.wav", "c.wav", "z.wav"}
    assert library.audio_path(2) == folder / "z.wav"


@in_this_process
def test_a_file_that_returns_is_its_old_sound_again(library, folder, tmp_path):
    run(library, folder)
    shutil.move(folder / "b.wav", tmp_path / "elsewhere.wav")
    run(library, folder)
    shutil.move(tmp_path / "elsewhere.wav", folder / "b.wav")

    assert counts(run(library, folder)) == {"found": 3, "unchanged": 3}
    assert files(library)["b.wav"] == (2, 0)
    assert number_of_sounds(library) == 3


@in_this_process
def test_a_file_that_returns_under_another_name_was_moved(library, folder, tmp_path):
    run(library, folder)
    shutil.move(folder / "b.wav", tmp_path / "elsewhere.wav")
    run(library, folder)
    shutil.move(tmp_path / "elsewhere.wav", folder / "new.wav")

    assert counts(run(library, folder)) == {"found": 3, "unchanged": 3, "moved": 1}
    assert files(library) == {"a.wav": (1, 0), "new.wav": (2, 0), "c.wav": (3, 0)}


@in_this_process
def test_two_files_that_swap_their_names_swap_their_sounds(library, folder):
    run(library, folder)
    (folder / "a.wav").rename(folder / "t")
    (folder / "b.wav").rename(folder / "a.wav")
    (folder / "t").rename(folder / "b.wav")

    run(library, folder)

    assert files(library) == {"a.wav": (2, 0), "b.wav": (1, 0), "c.wav": (3, 0)}
    assert number_of_sounds(library) == 3


@in_this_process
def test_a_name_that_a_sound_lost_finds_it_no_more_even_if_another_file_holds_it(library, folder):
    shutil.copyfile(folder / "a.wav", folder / "thunder.wav")
    run(library, folder)
    tiny_wav(folder / "thunder.wav", seed=9, seconds=0.3)
    run(library, folder)

    assert [hit.id for hit in library.search_by_text("thunder")] == [4]


# The run


@in_this_process
def test_progress_counts_every_file_up_to_the_total(library, folder):
    (folder / "bad.wav").write_bytes(b"not a sound")

    assert list(library.ingest([folder])) == [
        Progress(1, 4, "a.wav"),
        Progress(2, 4, "b.wav"),
        Progress(3, 4, "bad.wav"),
        Progress(4, 4, "c.wav"),
    ]


@in_this_process
def test_originals_are_only_read(library, folder):
    (folder / "bad.wav").write_bytes(b"not a sound")

    def state() -> list[tuple[str, bytes, int, int]]:
        found = sorted(folder.iterdir())
        return [(each.name, each.read_bytes(), each.stat().st_mtime_ns, each.stat().st_mode) for each in found]

    before = state()
    run(library, folder)
    run(library, folder)
    assert state() == before


@in_this_process
def test_a_run_that_is_closed_keeps_what_it_finished(library, tmp_path):
    folder = tiny_wavs(tmp_path / "sounds", 10)
    ingest = library.ingest([folder])
    steps = iter(ingest)
    assert [next(steps).done for _ in range(4)] == [1, 2, 3, 4]
    steps.close()

    assert (ingest.report.found, ingest.report.indexed) == (10, 4)
    assert len(files(library)) == number_of_sounds(library) == 4
    assert counts(run(library, folder)) == {"found": 10, "indexed": 6, "unchanged": 4}


@in_this_process
def test_a_run_that_was_closed_gives_the_lock_back(library, folder):
    steps = iter(library.ingest([folder]))
    next(steps)
    with pytest.raises(LibraryBusyError, match="is being written by process"):
        run(library, folder)
    steps.close()

    assert run(library, folder).found == 3


@in_this_process
def test_a_batch_is_written_whole_or_not_at_all(library, folder, monkeypatch):
    """The disk gets full at the third sound: none of the batch stays, and the next run hears all of it."""
    put_vectors = ingest_module.spaces.put_vectors

    def full(db, space, sound_id, *heard):
        if sound_id == 3:
            raise OSError(28, "No space left on device")
        put_vectors(db, space, sound_id, *heard)

    with monkeypatch.context() as patch:
        patch.setattr(ingest_module.spaces, "put_vectors", full)
        with pytest.raises(OSError, match="No space left"):
            run(library, folder)
    assert number_of_sounds(library) == len(files(library)) == 0

    assert counts(run(library, folder)) == {"found": 3, "indexed": 3}


# Other processes


def test_the_same_bytes_give_the_same_vectors_in_another_library_and_with_any_number_of_workers(tmp_path):
    folder = tiny_wavs(tmp_path / "sounds", 12)
    tiny_wav(folder / "long.wav", seed=50, seconds=5.3)
    held = []
    for number, workers in enumerate((1, 3)):
        settings = Settings(library=tmp_path / f"library{number}", workers=workers)
        run(Library(settings.library, settings), folder)
        held.append(rows(settings.library, "SELECT sound_id, n_windows, data FROM vectors ORDER BY sound_id"))

    assert held[0] == held[1]
    assert len(held[0]) == 13
    assert [n_windows for _, n_windows, _ in held[0]] == [6] + [1] * 12, "windows of 1 s every 1 s over 5.3 s"
    assert np.frombuffer(held[0][0][2], np.float16).reshape(6, 160).any(axis=1).all()


@WORKERS_ARE_SEEN
def test_the_death_of_a_worker_costs_the_file_it_was_at_and_no_other(library, folder, caplog):
    """A long file keeps the worker busy until it is killed; another process hears the rest."""
    tiny_wav(folder / "a.wav", seed=3, seconds=600)

    with kill_worker_at(folder / "a.wav"):
        assert counts(run(library, folder)) == {"found": 3, "indexed": 2, "skipped": 1}

    assert files(library) == {"b.wav": (1, 0), "c.wav": (2, 0)}
    assert skips(library) == {"a.wav": "the process that heard it was killed, perhaps for want of memory; run again"}
    assert "listening to a.wav ended its process (exit code -9)" in caplog.text

    tiny_wav(folder / "a.wav", seed=3)
    assert counts(run(library, folder)) == {"found": 3, "indexed": 1, "unchanged": 2}


def test_a_mistake_of_the_program_costs_the_file_and_is_logged_whole(library, folder, monkeypatch, caplog):
    """The parent is made to ask for something that the worker can make nothing of."""
    monkeypatch.setattr(ingest_module.Ingest, "_lacking", lambda self, path, sound_id: Asked(path, True, None))
    ingest = library.ingest([folder])
    list(ingest)

    assert counts(ingest.report) == {"found": 3, "skipped": 3}
    assert set(skips(library).values()) == {"could not be analysed (TypeError); please report this"}
    assert "listening to a.wav failed: Traceback" in caplog.text
