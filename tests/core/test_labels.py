"""Labels from tables and folders, and what is said of those that cannot be used."""

from pathlib import Path

import pytest

from core.errors import EarshotError, NotFoundError
from core.labels import Labelled, read_labels


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Empty files by the names of sounds: labels are read without hearing anything."""
    for name in (
        "rain/a.wav",
        "rain/b.ogg",
        "wind/c.flac",
        "wind/strong/d.wav",
        "e.wav",
        "rain/notes.txt",
        "rain/.f.wav",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


def table(folder: Path, *lines: str) -> Path:
    path = folder / "table.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def short(sounds: list[Labelled], folder: Path) -> list[tuple[str, str]]:
    return [(sound.path.relative_to(folder).as_posix(), sound.label) for sound in sounds]


def test_a_folder_names_what_is_in_it(folder: Path) -> None:
    sounds = read_labels(folder)
    assert short(sounds, folder) == [
        ("rain/a.wav", "rain"),
        ("rain/b.ogg", "rain"),
        ("wind/c.flac", "wind"),
        ("wind/strong/d.wav", "wind"),
    ]
    assert all(sound.source == str(sound.path) for sound in sounds)


def test_a_folder_may_be_named_from_where_one_stands(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder / "rain")
    assert short(read_labels(Path("..")), folder) == short(read_labels(folder), folder)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_table_names_files_from_where_it_stands(folder: Path, delimiter: str) -> None:
    lines = ("file|note|Category|src_file", "rain/a.wav|x|rain|7", "wind/c.flac|y|wind|")
    sounds = read_labels(table(folder, *(line.replace("|", delimiter) for line in lines)))
    assert short(sounds, folder) == [("rain/a.wav", "rain"), ("wind/c.flac", "wind")]
    assert [sound.source for sound in sounds] == ["7", str(folder / "wind/c.flac")]


def test_paths_may_begin_elsewhere_or_be_whole(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    lines = ("path,label", "a.wav,rain", f"{folder / 'wind/c.flac'},wind")
    assert len(read_labels(table(elsewhere, *lines), folder=folder / "rain")) == 2


def test_one_of_several_columns_can_be_chosen_and_a_row_without_it_is_left_out(folder: Path) -> None:
    where = table(folder, "path,label,Mood", "rain/a.wav,rain,calm", "rain/b.ogg,rain,", "wind/c.flac,wind,wild")
    assert [sound.label for sound in read_labels(where)] == ["rain", "rain", "wind"]
    assert [sound.label for sound in read_labels(where, column="mood")] == ["calm", "wild"]


def test_a_spreadsheets_mark_and_a_row_that_comes_twice_do_no_harm(folder: Path) -> None:
    where = table(folder, "\ufeffpath,label", "rain/a.wav,rain", "rain/a.wav, rain ", "", "wind/c.flac,wind", "short")
    assert [sound.label for sound in read_labels(where)] == ["rain", "wind"]


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (("label", "rain"), "no column of files"),
        (("path,mood", "rain/a.wav,calm"), "no column of labels .*its columns are path, mood"),
        (("path,label", "rain/a.wav,rain"), "only the label 'rain'.*at least two"),
        (("path,label",), "no labelled sound"),
        (("",), "is empty"),
        (("path,label", "rain/a.wav,rain", "rain/a.wav,wind"), r"a\.wav both 'rain' and 'wind'"),
    ],
)
def test_a_table_that_cannot_be_used_is_told_why(folder: Path, lines: tuple[str, ...], told: str) -> None:
    with pytest.raises(EarshotError, match=told):
        read_labels(table(folder, *lines))


def test_a_column_that_is_not_there_is_named(folder: Path) -> None:
    with pytest.raises(EarshotError, match="no column 'mood'; its columns are path, label"):
        read_labels(table(folder, "path,label", "rain/a.wav,rain"), column="mood")
    with pytest.raises(EarshotError, match="has no column 'mood'"):
        read_labels(folder, column="mood")


def test_what_is_not_there_is_named(folder: Path) -> None:
    with pytest.raises(NotFoundError, match=r"rain/z\.wav"):
        read_labels(table(folder, "path,label", "rain/a.wav,rain", "rain/z.wav,wind"))
    with pytest.raises(NotFoundError, match="nowhere"):
        read_labels(folder / "nowhere")


def test_a_table_of_another_encoding_is_told_how_to_be_saved(folder: Path) -> None:
    path = folder / "latin.csv"
    path.write_bytes("path,label\nrain/a.wav,Geräusch\n".encode("latin-1"))
    with pytest.raises(EarshotError, match="UTF-8"):
        read_labels(path)
