"""What an ingest makes of a folder: every file is told apart, counted once, and ends as the right rows."""

import hashlib
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from core import ingest as ingest_module
from core.errors import LibraryBusyError, NotFoundError, UnknownNameError
from core.library import Library
from core.records import IngestReport, Progress
from core.settings import Settings
from tests.runs import WORKERS_ARE_SEEN, kill_worker_at, rows, tiny_wav, tiny_wavs

in_this_process = pytest.mark.usefixtures("heard_here")


@pytest.fixture
def folder(tmp_path) -> Path:
    """a.wav, b.wav and c.wav: three sounds."""
    for seed, name in enumerate("abc"):
        tiny_wav(tmp_path / "sounds" / f"{name}.wav", seed)
    return tmp_path / "sounds"


def run(library: Library, *paths: Path) -> IngestReport:
    """One ingest to its end; what it tells adds up, whatever it met."""
    ingest = library.ingest(paths)
    list(ingest)
    report = ingest.report
    assert report.found == report.indexed + report.unchanged + len(report.skipped)
    return report


def counts(report: IngestReport) -> dict[str, int]:
    """The counts that are not zero."""
    counted = {key: value for key, value in report.as_dict().items() if isinstance(value, int)}
    counted["skipped"] = len(report.skipped)
    return {key: value for key, value in counted.items() if value}


def files(library: Library) -> dict[str, tuple[int, int]]:
    """Sound and `missing` of every file, by name."""
    found = rows(library.folder, "SELECT path, sound_id, missing FROM files")
    return {Path(path).name: (sound, missing) for path, sound, missing in found}


def skips(library: Library) -> dict[str, str]:
    return {Path(path).name: reason for path, reason in rows(library.folder, "SELECT path, reason FROM skips")}


def number_of_sounds(library: Library) -> int:
    (sounds, vectors, words, captions) = (
        rows(library.folder, f"SELECT count(*) FROM {table}")[0][0]
        for table in ("sounds", "vectors", "words", "captions")
    )
    assert sounds == vectors == words == captions, "a sound is whole or is not there"
    return sounds


def present(library: Library) -> set[str]:
    """Names of the sounds that a search may show."""
    hits = library.search_by_audio(library.audio_path(1) if files(library) else Path(), k=100)
    return {Path(hit.path).name for hit in hits}


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


# What cannot be heard


@in_this_process
def test_a_file_without_sound_is_skipped_with_its_reason_and_the_others_are_indexed(library, folder):
    (folder / "bad.wav").write_bytes(b"not a sound")
    (folder / "empty.mp3").write_bytes(b"")

    report = run(library, folder)

    assert counts(report) == {"found": 5, "indexed": 3, "skipped": 2}
    assert skips(library) == {
        "bad.wav": "is not a sound or video file that can be read; convert it or remove it",
        "empty.mp3": "is empty (0 bytes); copy it again or remove it",
    }
    assert {Path(skip.path).name: skip.reason for skip in report.skipped} == skips(library)


@in_this_process
def test_a_file_that_turns_into_garbage_goes_out_of_sight_and_is_skipped(library, folder):
    run(library, folder)
    (folder / "b.wav").write_bytes(b"spoilt")

    assert counts(run(library, folder)) == {"found": 3, "unchanged": 2, "skipped": 1}
    assert list(skips(library)) == ["b.wav"]
    assert files(library)["b.wav"] == (2, 1)
    assert present(library) == {"a.wav", "c.wav"}


@in_this_process
def test_a_skipped_file_that_is_mended_is_indexed_and_skipped_no_more(library, folder):
    (folder / "d.wav").write_bytes(b"not yet")
    run(library, folder)
    tiny_wav(folder / "d.wav", seed=5)

    assert counts(run(library, folder)) == {"found": 4, "indexed": 1, "unchanged": 3}
    assert skips(library) == {}
    assert files(library)["d.wav"] == (4, 0)


@in_this_process
def test_a_skipped_file_is_looked_at_again_in_every_run(library, folder):
    (folder / "d.wav").write_bytes(b"not a sound")

    assert [counts(run(library, folder))["skipped"] for _ in range(2)] == [1, 1]


@in_this_process
def test_a_known_sound_that_moves_onto_a_skipped_file_ends_the_skip(library, folder):
    (folder / "d.wav").write_bytes(b"not a sound")
    run(library, folder)
    (folder / "a.wav").replace(folder / "d.wav")

    assert counts(run(library, folder)) == {"found": 3, "unchanged": 3, "moved": 1}
    assert skips(library) == {}
    assert library.overview()["skipped"] == 0


@in_this_process
def test_a_skipped_file_that_is_deleted_is_forgotten(library, folder):
    (folder / "d.wav").write_bytes(b"not a sound")
    run(library, folder)
    (folder / "d.wav").unlink()
    run(library, folder)

    assert skips(library) == {}


@in_this_process
def test_copies_of_a_file_that_cannot_be_heard_are_all_skipped_with_its_reason(library, folder):
    for name in ("x.wav", "y.wav", "z.wav"):
        (folder / name).write_bytes(b"the same garbage")

    assert counts(run(library, folder)) == {"found": 6, "indexed": 3, "skipped": 3}
    assert len(set(skips(library).values())) == 1
    assert set(skips(library)) == {"x.wav", "y.wav", "z.wav"}


@in_this_process
def test_a_file_that_is_deleted_during_the_run_does_not_take_its_copy_along(library, folder):
    """The copy is there and whole: what befell the path it was first seen at is no reason to skip it."""
    for name in ("x.wav", "y.wav", "z.wav"):
        tiny_wav(folder / name, seed=8)
    steps = iter(library.ingest([folder]))
    next(steps)  # by now every file is hashed and waits to be heard
    (folder / "x.wav").unlink()
    assert [step.label for step in steps] == ["b.wav", "c.wav", "x.wav", "y.wav", "z.wav"]

    assert list(skips(library)) == ["x.wav"]
    assert files(library)["y.wav"] == files(library)["z.wav"] == (4, 0)


@in_this_process
def test_a_file_that_changes_during_the_run_is_not_taken_for_what_it_was(library, folder):
    """Else the new sound would be remembered under the hash of the old one, for good."""
    old = hashlib.sha256((folder / "c.wav").read_bytes()).hexdigest()
    steps = iter(library.ingest([folder]))
    next(steps)
    tiny_wav(folder / "c.wav", seed=9, seconds=0.3)
    list(steps)

    assert skips(library) == {"c.wav": "changed while it was being read; run again"}
    assert counts(run(library, folder)) == {"found": 3, "indexed": 1, "unchanged": 2}
    new = hashlib.sha256((folder / "c.wav").read_bytes()).hexdigest()
    hashes = dict(rows(library.folder, "SELECT sha256, duration_s FROM sounds"))
    assert hashes[new] == pytest.approx(0.3)
    assert old not in hashes


@in_this_process
def test_links_in_a_circle_and_pipes_are_skipped_and_hold_nothing_up(library, folder):
    (folder / "loop.wav").symlink_to(folder / "loop.wav")
    os.mkfifo(folder / "pipe.wav")

    assert counts(run(library, folder)) == {"found": 5, "indexed": 3, "skipped": 2}
    assert "Too many levels of symbolic links" in skips(library)["loop.wav"]
    assert skips(library)["pipe.wav"] == "is no regular file; name a sound file"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
@in_this_process
def test_a_file_that_may_not_be_read_is_skipped_with_that_reason(library, folder):
    (folder / "b.wav").chmod(0)

    assert counts(run(library, folder)) == {"found": 3, "indexed": 2, "skipped": 1}
    assert skips(library) == {"b.wav": "Permission denied; check its permissions and run again"}


# What is looked into


@in_this_process
def test_hidden_files_and_folders_and_other_endings_are_passed_over(library, folder):
    tiny_wav(folder / ".hidden.wav", 7)
    tiny_wav(folder / ".git" / "d.wav", 8)
    tiny_wav(folder / "d.txt", 9)
    tiny_wav(folder / "wav", 10)
    tiny_wav(folder / "LOUD.WAV", 11)
    (folder / "dangling.wav").symlink_to(folder / "nowhere.wav")

    assert counts(run(library, folder)) == {"found": 4, "indexed": 4}
    assert set(files(library)) == {"a.wav", "b.wav", "c.wav", "LOUD.WAV"}


@in_this_process
def test_a_file_that_is_named_itself_is_looked_into_whatever_its_ending(library, folder):
    named = tiny_wav(folder / "recording.xyz", 7)
    noted = folder / "notes.txt"
    noted.write_text("milk, eggs")

    assert counts(run(library, named, noted)) == {"found": 2, "indexed": 1, "skipped": 1}
    assert list(files(library)) == ["recording.xyz"]


@in_this_process
def test_a_file_that_is_found_twice_is_counted_once(library, folder):
    assert counts(run(library, folder, folder, folder / "a.wav")) == {"found": 3, "indexed": 3}


@in_this_process
def test_a_path_that_does_not_exist_changes_nothing(library, folder, tmp_path):
    with pytest.raises(NotFoundError, match=r"unplugged does not exist; check the path"):
        run(library, folder, tmp_path / "unplugged")
    assert not library.folder.exists()

    run(library, folder)
    folder.rename(tmp_path / "away")
    with pytest.raises(NotFoundError, match="sounds does not exist"):
        run(library, folder)
    assert files(library) == {"a.wav": (1, 0), "b.wav": (2, 0), "c.wav": (3, 0)}


@in_this_process
def test_an_emptied_folder_and_one_without_sounds_are_told_as_they_are(library, folder, tmp_path):
    (tmp_path / "none").mkdir()
    assert counts(run(library, tmp_path / "none")) == {}

    run(library, folder)
    for file in folder.iterdir():
        file.unlink()
    assert counts(run(library, folder)) == {"missing": 3}


@in_this_process
def test_files_outside_of_the_folders_of_a_run_are_left_as_they_are(library, folder, tmp_path):
    run(library, folder)
    (folder / "a.wav").unlink()
    other = tiny_wav(tmp_path / "sounds too" / "d.wav", 9).parent  # its path begins like that of the first folder

    assert counts(run(library, other)) == {"found": 1, "indexed": 1}
    assert files(library)["a.wav"] == (1, 0)


@in_this_process
def test_a_folder_that_is_itself_a_link_is_walked_and_links_below_it_are_not(library, folder, tmp_path):
    (tmp_path / "link").symlink_to(folder)
    (folder / "circle").symlink_to(folder)

    assert counts(run(library, tmp_path / "link")) == {"found": 3, "indexed": 3}
    assert rows(library.folder, "SELECT path FROM files WHERE id = 1") == [(str(tmp_path / "link" / "a.wav"),)]


@in_this_process
@pytest.mark.parametrize(
    "name", ["ñandú 声音 🎧.wav", 'it\'s "quoted" #1 & <b>.wav', "two\nlines.wav", "%s {0} \\.wav"]
)
def test_any_name_is_kept_as_it_is(library, folder, name):
    (folder / "a.wav").rename(folder / name)

    assert counts(run(library, folder)) == {"found": 3, "indexed": 3}
    assert name in files(library)
    assert library.audio_path(files(library)[name][0]) == folder / name
    assert counts(run(library, folder)) == {"found": 3, "unchanged": 3}


@in_this_process
def test_a_name_that_is_not_text_is_skipped_and_told_in_signs_that_can_be_printed(library, folder):
    tiny_wav(folder / "d.wav", 7).rename(os.fsdecode(os.fsencode(folder) + b"/caf\xe9.wav"))

    ingest = library.ingest([folder])
    labels = [step.label for step in ingest]

    assert counts(ingest.report) == {"found": 4, "indexed": 3, "skipped": 1}
    (skip,) = ingest.report.skipped
    assert skip.reason == "its name is not valid text; rename it"
    for shown in (*labels, skip.path):
        shown.encode()
    assert skips(library) == {"caf\\xe9.wav": skip.reason}
    assert counts(run(library, folder)) == {"found": 4, "unchanged": 3, "skipped": 1}


def test_an_unknown_embedder_or_captioner_is_refused_before_anything_is_written(library, folder):
    with pytest.raises(UnknownNameError, match=r"no embedder is called 'nobody'; known are .*builtin"):
        list(library.ingest([folder], embedder="nobody"))
    with pytest.raises(UnknownNameError, match="no captioner is called 'nobody'"):
        list(library.ingest([folder], captioner="nobody"))
    assert not library.folder.exists()


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

    def full(db, space, sound_id, vectors):
        if sound_id == 3:
            raise OSError(28, "No space left on device")
        put_vectors(db, space, sound_id, vectors)

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
    assert [n_windows for _, n_windows, _ in held[0]] == [5] + [1] * 12, "windows of 2 s every 1 s over 5.3 s"
    assert np.frombuffer(held[0][0][2], np.float16).reshape(5, 64).any(axis=1).all()


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
    """The parent is made to let a captioner pass that the worker then does not find."""
    monkeypatch.setattr(ingest_module.CAPTIONERS, "load", lambda name: None)
    ingest = library.ingest([folder], captioner="nobody")
    list(ingest)

    assert counts(ingest.report) == {"found": 3, "skipped": 3}
    assert set(skips(library).values()) == {"could not be analysed (UnknownNameError); please report this"}
    assert "listening to a.wav failed: Traceback" in caplog.text
    assert "no captioner is called 'nobody'" in caplog.text
