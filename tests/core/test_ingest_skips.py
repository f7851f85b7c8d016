"""What an ingest looks into, what it skips, and that each skip has its true reason."""

import hashlib
import os
from pathlib import Path

import pytest

from core.errors import NotFoundError, UnknownNameError
from tests.core.ingesting import counts, files, in_this_process, present, run, skips
from tests.runs import rows, tiny_wav

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
