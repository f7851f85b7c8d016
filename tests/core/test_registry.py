"""Backends are found by the name of their file, loaded when they are asked for, and explained when they cannot be."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.captioning import CAPTIONERS
from core.embedding import EMBEDDERS
from core.errors import MissingDependencyError, UnknownNameError
from core.registry import Registry
from core.store.vectors import INDEXES


@pytest.fixture
def shapes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An importable package of two backends, `round` and `square`."""
    package = tmp_path / "toy_shapes"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "base.py").write_text("raise RuntimeError('never imported by itself')")
    (package / "_drawing.py").touch()
    (package / "square.py").write_text("class Square: corners = 4\nBACKEND = Square")
    (package / "round.py").write_text("class Round: corners = 0\nBACKEND = Round")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield package
    for name in [name for name in sys.modules if name.startswith("toy_shapes")]:
        del sys.modules[name]


def registry() -> Registry[type]:
    return Registry("toy_shapes", "shape", extra="drawing")


def test_the_names_are_those_of_the_files_sorted(shapes: Path) -> None:
    assert registry().names() == ["round", "square"]


def test_listing_names_imports_none_of_them(shapes: Path) -> None:
    (shapes / "broken.py").write_text("raise RuntimeError('imported')")
    assert registry().names() == ["broken", "round", "square"]
    assert not {"toy_shapes.broken", "toy_shapes.square"} & sys.modules.keys()


def test_a_name_loads_its_class(shapes: Path) -> None:
    assert registry().load("square").corners == 4
    assert registry().load("round").corners == 0
    assert "toy_shapes.base" not in sys.modules


def test_a_new_file_is_there_at_once(shapes: Path) -> None:
    shapes_before = registry().names()
    (shapes / "star.py").write_text("class Star: corners = 5\nBACKEND = Star")
    assert registry().names() == sorted([*shapes_before, "star"])
    assert registry().load("star").corners == 5


@pytest.mark.parametrize("name", ["triangle", "", "base", "_drawing", "../square", "Square"])
def test_an_unknown_name_lists_the_known_ones(shapes: Path, name: str) -> None:
    with pytest.raises(UnknownNameError, match="round, square") as caught:
        registry().load(name)
    assert str(caught.value).startswith(f"no shape is called {name!r}")


def test_a_missing_library_says_how_to_install_it(shapes: Path) -> None:
    (shapes / "fractal.py").write_text("import a_library_that_nobody_has.part")
    with pytest.raises(MissingDependencyError, match="a_library_that_nobody_has") as caught:
        registry().load("fractal")
    assert "pip install 'earshot[drawing]'" in str(caught.value)


def test_a_mistake_of_ours_is_not_taken_for_a_missing_library(shapes: Path) -> None:
    (shapes / "wrong.py").write_text("import core.no_such_module")
    with pytest.raises(ModuleNotFoundError, match=r"core\.no_such_module"):
        registry().load("wrong")


def test_the_embedded_defaults_are_there() -> None:
    assert "builtin" in EMBEDDERS.names()
    assert "builtin" in CAPTIONERS.names()
    assert {"exact", "faiss"} <= set(INDEXES.names())
