"""The index on disk is a cache: whatever happens to it, answers stay the same."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from core.index import FORMAT
from core.library import Library
from core.records import Hit
from core.settings import Settings
from core.store.vectors import INDEXES
from tests.sounds import sine, write_sound

BACKENDS = pytest.mark.parametrize("backend", INDEXES.names())


def answers(settings: Settings, backend: str) -> list[list[Hit]]:
    """What a library that was just opened says to a few questions."""
    library = Library(settings.library, settings.model_copy(update={"index": backend}))
    return [library.search_by_audio(str(sound_id), k=6) for sound_id in (1, 7, 13)]


def cache_of(settings: Settings, backend: str) -> Path:
    folders = [folder for folder in (settings.library / "cache").iterdir() if folder.name.endswith(backend)]
    assert len(folders) == 1
    return folders[0]


@BACKENDS
def test_the_cache_is_used_and_left_alone(demo_library: Library, settings: Settings, backend: str) -> None:
    before = answers(settings, backend)
    files = {file: file.stat().st_mtime_ns for file in cache_of(settings, backend).iterdir()}
    assert len(files) == 5
    assert answers(settings, backend) == before
    assert {file: file.stat().st_mtime_ns for file in cache_of(settings, backend).iterdir()} == files
    assert [file.name for file in (settings.library / "cache").iterdir() if file.name.startswith(".")] == []


def test_every_backend_gives_the_same_answers(demo_library: Library, settings: Settings) -> None:
    given = [answers(settings, backend) for backend in INDEXES.names()]
    assert all(each == given[0] for each in given[1:])
    assert len(given[0][0]) == 6


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda data: b"",
    "first bytes": lambda data: data[:7],
    "half": lambda data: data[: len(data) // 2],
    "text": lambda data: b"nothing of the kind\n",
    "list": lambda data: b"[]",
    "zeros": lambda data: bytes(len(data)),
}


@BACKENDS
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_changes_no_answer(demo_library: Library, settings: Settings, backend: str, damage: str) -> None:
    before = answers(settings, backend)
    names = sorted(file.name for file in cache_of(settings, backend).iterdir())
    for name in names:
        file = cache_of(settings, backend) / name
        file.write_bytes(DAMAGES[damage](file.read_bytes()))
        assert answers(settings, backend) == before, name
        note = json.loads((cache_of(settings, backend) / "index.json").read_text())
        assert note["format"] == FORMAT  # it was made again


@BACKENDS
def test_a_deleted_file_or_folder_changes_no_answer(demo_library: Library, settings: Settings, backend: str) -> None:
    before = answers(settings, backend)
    for name in sorted(file.name for file in cache_of(settings, backend).iterdir()):
        (cache_of(settings, backend) / name).unlink()
        assert answers(settings, backend) == before, name
    shutil.rmtree(settings.library / "cache")
    assert answers(settings, backend) == before


@BACKENDS
def test_an_old_cache_is_not_taken_for_a_new_one(
    demo_library: Library, settings: Settings, backend: str, tmp_path: Path
) -> None:
    answers(settings, backend)
    shutil.copytree(settings.library / "cache", tmp_path / "old")
    new = write_sound(tmp_path / "more" / "tone.wav", sine(440, 1))
    list(demo_library.ingest([new]))
    shutil.rmtree(settings.library / "cache")
    shutil.copytree(tmp_path / "old", settings.library / "cache")
    library = Library(settings.library, settings.model_copy(update={"index": backend}))
    assert library.search_by_audio(new, k=1)[0].path == str(new)


@BACKENDS
def test_an_open_library_that_sees_what_another_one_added_answers_as_a_new_one(
    demo_library: Library, settings: Settings, backend: str, tmp_path: Path
) -> None:
    held = Library(settings.library, settings.model_copy(update={"index": backend}))
    assert len(held.search_by_audio("1", k=99)) == 15
    new = [write_sound(tmp_path / "more" / f"{hz}.wav", sine(hz, 2.5)) for hz in (440, 880)]
    list(Library(settings.library, settings).ingest(new))
    given = [held.search_by_audio(source, k=99) for source in ("1", "16:1", new[1])]
    assert [len(hits) for hits in given] == [17, 17, 17]
    assert (given[1][0].id, given[2][0].path) == (16, str(new[1]))
    shutil.rmtree(settings.library / "cache")
    fresh = Library(settings.library, settings.model_copy(update={"index": backend}))
    assert [fresh.search_by_audio(source, k=99) for source in ("1", "16:1", new[1])] == given


def test_an_index_of_another_format_is_made_again(demo_library: Library, settings: Settings) -> None:
    before = answers(settings, "exact")
    note = cache_of(settings, "exact") / "index.json"
    note.write_text(json.dumps(json.loads(note.read_text()) | {"format": 99}))
    assert answers(settings, "exact") == before
    assert json.loads(note.read_text())["format"] == FORMAT


def test_a_cache_that_cannot_be_written_costs_no_answer(demo_library: Library, settings: Settings) -> None:
    before = answers(settings, "exact")
    shutil.rmtree(settings.library / "cache")
    (settings.library / "cache").write_text("in the way")
    assert answers(settings, "exact") == before


@BACKENDS
def test_a_library_that_was_replaced_is_not_answered_from_the_old_one(
    demo_library: Library, settings: Settings, backend: str, tmp_path: Path
) -> None:
    library = Library(settings.library, settings.model_copy(update={"index": backend}))
    assert len(library.search_by_audio("1", k=99)) == 15
    for name in ("earshot.db", "earshot.db-wal", "earshot.db-shm"):
        (settings.library / name).unlink(missing_ok=True)
    for number, hz in enumerate((200, 400, 800)):
        write_sound(tmp_path / "others" / f"{number}.wav", sine(hz, 1))
    list(Library(settings.library, settings).ingest([tmp_path / "others"]))
    assert [hit.id for hit in library.search_by_audio("1", k=1)] == [1]
    assert len(library.search_by_audio("1", k=99)) == 3
    assert library.search_by_audio("1", k=1)[0].score == pytest.approx(1)
