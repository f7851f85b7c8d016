"""The libraries that a page can go to."""

import json
from pathlib import Path

from agent.shelf import MOST, SHELF, Shelf


def kept(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "earshot.db").touch()
    return folder


def test_the_open_library_comes_first_and_then_those_that_were_opened_last(tmp_path):
    shelf = Shelf(tmp_path)
    rain, bells, birds = [kept(tmp_path / name) for name in ("rain", "bells", "birds")]
    for folder in (rain, bells, birds, rain):
        shelf.put(folder)
    assert shelf.named(rain) == {"rain": rain, "birds": birds, "bells": bells}
    assert list(Shelf(tmp_path).named(bells)) == ["bells", "rain", "birds"]


def test_an_empty_library_is_named_while_it_is_open_and_one_that_is_gone_never(tmp_path):
    shelf = Shelf(tmp_path)
    rain, empty = kept(tmp_path / "rain"), tmp_path / "empty"
    for folder in (rain, empty, tmp_path / "gone"):
        shelf.put(folder)
    assert shelf.named(empty) == {"empty": empty, "rain": rain}
    assert shelf.named(rain) == {"rain": rain}


def test_libraries_of_one_name_are_told_apart_by_what_they_lie_in(tmp_path):
    shelf = Shelf(tmp_path)
    ada, bob = kept(tmp_path / "ada" / "library"), kept(tmp_path / "bob" / "library")
    deep = kept(tmp_path / "deep" / "bob" / "library")
    for folder in (ada, bob, deep):
        shelf.put(folder)
    assert shelf.named(ada) == {"library in ada": ada, str(deep): deep, str(bob): bob}


def test_what_cannot_be_read_is_begun_anew_and_told(tmp_path, caplog):
    rain = kept(tmp_path / "rain")
    for broken in ("{", "[1]", "3"):
        (tmp_path / SHELF).write_text(broken)
        shelf = Shelf(tmp_path)
        assert shelf.named(rain) == {"rain": rain}
        assert SHELF in caplog.text
        caplog.clear()
        shelf.put(rain)
        assert json.loads((tmp_path / SHELF).read_text()) == [str(rain)]


def test_a_shelf_that_cannot_be_written_is_told_in_the_log(tmp_path, caplog):
    (tmp_path / SHELF).mkdir()
    Shelf(tmp_path).put(kept(tmp_path / "rain"))
    assert "cannot be written" in caplog.text
    assert sorted(path.name for path in tmp_path.iterdir()) == [SHELF, "rain"]


def test_the_oldest_make_room(tmp_path):
    shelf = Shelf(tmp_path)
    folders = [kept(tmp_path / f"{number:02}") for number in range(MOST + 5)]
    for folder in folders:
        shelf.put(folder)
    assert list(shelf.named(folders[-1]).values()) == folders[:4:-1]
