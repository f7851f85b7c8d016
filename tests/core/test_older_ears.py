"""A library of the earlier ears opens, says that it is older, and an ingest brings it up to date and loses nothing."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from core.errors import NotFoundError, UnsupportedError
from core.library import Library
from core.store.migrations import SCHEMA_VERSION
from tests.core.ingesting import counts, in_this_process, run
from tests.older import OLD_SCHEMA, dump, older_library, version
from tests.runs import rows, tiny_wav, tiny_wavs

pytestmark = in_this_process

N = 6  # sounds; one of them lies in two files
NEXT = "bring them up to date with: earshot ingest"
ALL_OLD = (
    "all 6 sounds were heard by older ears only (builtin signal-1), which answer until those of today know as many"
)


@pytest.fixture
def folder(tmp_path, demo_folder) -> Path:
    """Six sounds, a copy of the first and a file that holds none."""
    folder = tmp_path / "sounds"
    for name in ("hand_bell/hand_bell_0", "hand_bell/hand_bell_1", "kick/kick_0", "kick/kick_1", "rain/rain_0"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(demo_folder / f"{name}.wav", folder / f"{name}.wav")
    tiny_wav(folder / "noise.wav", seed=1, seconds=3.4)
    shutil.copy2(folder / "hand_bell" / "hand_bell_0.wav", folder / "zz copy.wav")
    (folder / "text.wav").write_bytes(b"no sound")
    return folder


@pytest.fixture
def older(settings, folder) -> Library:
    """What the older program made of the folder, with a caption by another captioner."""
    library = older_library(settings, folder)
    with closing(sqlite3.connect(library.folder / "earshot.db")) as connection, connection:
        connection.execute("INSERT INTO captions VALUES (1, 'person', 'The bell of my school')")
    return library


def ingest(library: Library, *paths: Path, steps: int | None = None) -> dict[str, int]:
    """An ingest of some folders, or of all that is known; with `steps`, one that ends after as many files."""
    run = library.ingest(paths)
    for progress in run:
        if progress.done == steps:
            break
    return counts(run.report)


def without(found: list[dict[str, Any]], *columns: str) -> list[dict[str, Any]]:
    return [{key: value for key, value in row.items() if key not in columns} for row in found]


# Until then


def test_it_opens_and_keeps_every_row(older):
    before = dump(older)
    assert version(older) == OLD_SCHEMA
    assert "heard" not in before["vectors"][0]

    assert older.overview()["sounds"] == N

    after = dump(older)
    assert version(older) == SCHEMA_VERSION
    assert {row["heard"] for row in after["vectors"]} == {row["heard_whole"] for row in after["vectors"]} == {None}
    for table, kept in before.items():
        assert [{column: row[column] for column in kept[0]} for row in after[table]] == kept, table


def test_it_says_that_its_ears_are_older_and_what_to_do(older):
    assert older.note() == older.note("builtin") == f"{ALL_OLD}; {NEXT}"


def test_it_says_so_of_a_single_sound_too(settings, tmp_path):
    library = older_library(settings, tiny_wav(tmp_path / "one" / "a.wav").parent)
    assert library.note().startswith("its one sound was heard by older ears only (builtin signal-1), which answer")


def test_nothing_is_said_of_an_empty_library_or_of_none_and_ears_that_are_not_here_are_told(library, older):
    library.folder.rename(library.folder.with_name("older"))
    assert library.note() == ""
    list(library.ingest([tiny_wav(library.folder.with_name("a.wav"))]))
    assert library.note() == ""
    assert library.note("nobody").startswith("the ears 'nobody' cannot hear here: no embedder is called 'nobody'")


def test_its_sounds_are_still_found_by_likeness_and_by_words(older):
    best = older.search_by_audio("5", k=3)

    assert (best[0].id, best[0].score) == (5, pytest.approx(1, abs=1e-3))
    assert older.load_index().space.fingerprint.version == "signal-1"
    assert {Path(hit.path).stem for hit in older.search_by_text("kick")} == {"kick_0", "kick_1"}
    assert older.sounds(["5:1"])[0] | {"chunk": 1, "start_s": 1.0, "end_s": 3.0} == older.sounds(["5:1"])[0]


def test_what_needs_the_older_ears_is_refused_with_what_to_do(older, folder):
    told = rf"older ears \(builtin signal-1\), and nothing new can be compared with them; {NEXT}"
    for args in ({"source": folder / "noise.wav"}, {"source": "5", "start_s": 1.0}):
        with pytest.raises(UnsupportedError, match=told):
            older.search_by_audio(**args)
    with pytest.raises(UnsupportedError, match=told):
        older.search_by_both("rain", folder / "noise.wav")


# Brought up to date


def test_an_ingest_without_paths_hears_all_of_it_again(older):
    assert ingest(older) == {"found": 7, "indexed": 6, "unchanged": 1, "again": 6}
    assert older.note() == ""
    assert ingest(older) == {"found": 7, "unchanged": 7}


def test_an_ingest_of_the_folder_does_too_and_tells_its_skips(older, folder):
    report = run(older, folder)

    assert counts(report) == {"found": 8, "indexed": 6, "unchanged": 1, "skipped": 1, "again": 6}
    assert report.seconds_of_audio == pytest.approx(
        sum(sound["duration_s"] for sound in older.sounds([*"123456"])), abs=0.01
    )
    assert older.note() == ""


def test_nothing_is_lost(older):
    older.overview()
    before = dump(older)
    ingest(older)
    after = dump(older)

    old_vectors = [row for row in after["vectors"] if row["space_id"] == 1]
    assert old_vectors == before["vectors"]
    for table in ("sounds", "files", "skips", "clusterings", "clusters", "members"):
        assert after[table] == before[table], table
    assert without(after["spaces"][:1], "revision") == without(before["spaces"], "revision")
    for table in ("descriptors", "words"):
        assert [row.get("id") for row in after[table]] == [row.get("id") for row in before[table]]
    assert [row for row in after["captions"] if row["captioner"] == "person"] == [
        {"sound_id": 1, "captioner": "person", "text": "The bell of my school"}
    ]
    assert len(after["captions"]) == len(before["captions"]) == N + 1
    assert [hit.id for hit in older.search_by_text("school")] == [1]


def test_its_clusterings_are_kept_and_can_still_be_asked_about(older):
    before = [older.groups.all(), *(older.groups.summary(1, cluster) for cluster in (1, 2))]
    assert len(before[0]) == 1
    ingest(older)

    assert [older.groups.all(), *(older.groups.summary(1, cluster) for cluster in (1, 2))] == before
    assert older.groups.make(2).clustering == 2


def test_what_is_known_of_each_sound_is_what_a_new_library_knows(older, settings, folder):
    """Nothing that the older ears said of it is left over: no tag, no caption, no domain, no word."""
    with closing(sqlite3.connect(older.folder / "earshot.db")) as connection, connection:
        connection.execute("DELETE FROM captions WHERE captioner = 'person'")
        connection.execute("INSERT INTO tags SELECT id, 'Foghorn', 0.9, 'builtin' FROM sounds")
        connection.execute("UPDATE words SET tags = tags || ', Foghorn'")
    assert len(older.search_by_text("foghorn")) == N
    ingest(older)
    fresh = Library(settings=settings.model_copy(update={"library": settings.library.with_name("fresh")}))
    run(fresh, folder)

    was, is_now = dump(fresh), dump(older)
    for table in ("tags", "captions", "descriptors", "words"):
        assert is_now[table] == was[table], table
    vectors = "SELECT sound_id, n_windows, data, heard, heard_whole FROM vectors WHERE space_id = ? ORDER BY 1"
    assert rows(older.folder, vectors, 2) == rows(fresh.folder, vectors, 1)
    assert {row["domain"] for row in was["descriptors"]} != {"effect"}, "the older ears called all of them effects"


def test_the_new_space_answers_then(older, folder):
    older.search_by_audio("5")
    ingest(older)

    assert older.load_index().space.fingerprint.version == "ears-1"
    best = older.search_by_audio(folder / "rain" / "rain_0.wav", k=1)[0]
    assert (Path(best.path).name, best.score) == ("rain_0.wav", pytest.approx(1, abs=1e-3))
    assert older.sounds(["5"])[0]["n_chunks"] == 4, "3.4 s in windows of 1 s every 1 s"


# On the way


def test_half_way_the_older_ears_answer_and_it_says_so(older):
    ingest(older, steps=5)

    assert older.load_index().space.fingerprint.version == "signal-1"
    assert len(older.search_by_audio("1")) == N
    older_ears = "heard by older ears only (builtin signal-1), which answer until those of today know as many"
    assert older.note() == f"1 of 6 sounds were {older_ears}; {NEXT}"


@pytest.fixture
def overtaken(older, tmp_path) -> Library:
    """Four of the six sounds were heard again, and three new ones were added: the new space knows more."""
    ingest(older, steps=4)
    tiny_wavs(tmp_path / "new", 3)
    assert ingest(older, tmp_path / "new") == {"found": 3, "indexed": 3}
    return older


def test_where_the_new_ears_know_more_they_answer_and_it_says_what_they_lack(overtaken):
    assert overtaken.load_index().space.fingerprint.version == "ears-1"
    assert len(overtaken.search_by_audio("1")) == 7
    today = "and those of today (builtin ears-1) answer without them"
    assert overtaken.note() == f"2 of 9 sounds were heard by older ears only, {today}; {NEXT}"

    ingest(overtaken)
    assert (overtaken.note(), len(overtaken.search_by_audio("1"))) == ("", 9)


def test_a_sound_that_the_ears_that_answer_have_not_heard_is_told_with_what_to_do(overtaken):
    assert overtaken.sounds(["6"])[0]["n_chunks"] == 0
    for ask in (overtaken.sounds, lambda ids: overtaken.search_by_audio(ids[0])):
        with pytest.raises(NotFoundError, match="ingest it again"):
            ask(["6:0"])


def test_one_that_was_stopped_goes_on_and_ends_in_the_same_rows(older, tmp_path):
    shutil.copytree(older.folder, tmp_path / "whole")
    whole = Library(tmp_path / "whole", older.settings)
    ingest(whole)

    assert ingest(older, steps=3) == {"found": 7, "indexed": 3, "again": 3}
    assert ingest(older) == {"found": 7, "indexed": 3, "unchanged": 4, "again": 3}
    expected, found = dump(whole), dump(older)
    for table in set(expected) - {"facts", "spaces"}:  # these count the commits
        assert found[table] == expected[table], table


# What cannot be heard again


def test_a_sound_whose_file_is_gone_keeps_its_rows_and_holds_nothing_up(older, folder):
    older.overview()
    before = dump(older)
    for name in ("hand_bell_1", "kick_0", "kick_1", "rain_0"):
        next(folder.rglob(f"{name}.wav")).unlink()

    assert ingest(older) == {"found": 3, "indexed": 2, "unchanged": 1, "missing": 4, "again": 2}
    assert (older.note(), older.load_index().space.fingerprint.version) == ("", "ears-1")
    after = dump(older)
    gone = {row["sound_id"] for row in after["files"] if row["missing"]}
    assert len(gone) == 4
    for table in ("vectors", "tags", "captions", "descriptors"):
        kept, left = ([row for row in found[table] if row["sound_id"] in gone] for found in (before, after))
        assert left == kept, table
    assert [row for row in after["vectors"] if row["space_id"] == 1] == before["vectors"]


def test_a_folder_that_is_not_there_is_told_and_its_sounds_wait_for_it(older, folder):
    away = folder.with_name("another drive")
    (folder / "kick").rename(away)

    report = run(older)

    assert counts(report) == {"found": 6, "indexed": 4, "unchanged": 1, "skipped": 1, "again": 4}
    assert report.skipped[0].path == str(folder / "kick")
    assert "connect its drive, or ingest the folder that holds its sounds now" in report.skipped[0].reason
    assert rows(older.folder, "SELECT count(*) FROM files WHERE missing") == [(0,)]
    assert older.note().startswith("2 of 6 sounds were heard by older ears only (builtin signal-1)")

    away.rename(folder / "kick")
    assert counts(run(older)) == {"found": 7, "indexed": 2, "unchanged": 5, "again": 2}
    assert older.note() == ""
    assert [Path(path).name for (path,) in rows(older.folder, "SELECT path FROM skips")] == ["text.wav"]


def test_a_folder_that_is_not_there_is_forgotten_when_all_its_sounds_were_found_elsewhere(older, folder):
    kicks, bells = folder / "kick", folder / "hand_bell"
    for each in (kicks, bells):
        each.rename(folder.with_name(f"moved {each.name}"))

    def left() -> list[str]:
        return [path for (path,) in rows(older.folder, "SELECT path FROM skips ORDER BY path") if "text" not in path]

    assert counts(run(older))["skipped"] == 2
    assert left() == [str(bells), str(kicks)]
    moved = folder.with_name("moved kick")
    apart = (moved / "kick_1.wav").rename(folder.with_name("kick_1.wav"))
    run(older, moved)
    assert left() == [str(bells), str(kicks)], "one kick is still to be found"
    run(older, apart)
    assert left() == [str(bells)]
    run(older, folder.with_name("moved hand_bell"))
    assert left() == []
    assert older.overview()["skipped"] == 1


def test_a_folder_that_moved_counts_as_heard_again_and_as_moved(older, folder):
    moved = folder.rename(folder.with_name("moved"))

    report = counts(run(older, moved))
    assert report == {"found": 8, "indexed": 6, "unchanged": 1, "skipped": 1, "again": 6, "moved": 7}
    assert older.note() == ""
    assert ingest(older) == {"found": 7, "unchanged": 7}


def test_without_paths_there_must_be_something_that_is_known(library, tmp_path):
    with pytest.raises(NotFoundError, match="add sounds with: earshot ingest FOLDER"):
        ingest(library)
    (tmp_path / "empty").mkdir()
    run(library, tmp_path / "empty")
    with pytest.raises(NotFoundError, match=r"no sound is known in .* yet; add some with: earshot ingest FOLDER"):
        ingest(library)
