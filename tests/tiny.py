"""Tiny random checkpoints of the large models: `tests/tiny_NAME.py` makes that of the backend NAME."""

import importlib
import importlib.util
from functools import cache
from pathlib import Path

import pytest


def choose_tiny(name: str, folders: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Has the settings choose a tiny checkpoint for a backend; nothing for one that needs none.

    Skips the test where what makes and runs it is not installed.
    """
    if importlib.util.find_spec(f"tests.tiny_{name}") is None:
        return
    pytest.importorskip("torch", exc_type=ImportError)
    for key, value in _made(name, folders.getbasetemp() / f"tiny-{name}"):
        monkeypatch.setenv(f"EARSHOT_{key.upper()}", value)


@cache
def _made(name: str, folder: Path) -> tuple[tuple[str, str], ...]:
    folder.mkdir(exist_ok=True)
    settings = importlib.import_module(f"tests.tiny_{name}").make(folder)
    return tuple((key, str(value)) for key, value in settings.items())
