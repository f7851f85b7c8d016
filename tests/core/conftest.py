"""Fixtures of the tests of the core."""

from pathlib import Path

import pytest

from tests.runs import ListenerInThisProcess, tiny_wav


@pytest.fixture
def heard_here(monkeypatch) -> None:
    """Tests about rows hear in this process: starting another one takes most of a second."""
    monkeypatch.setattr("core.ingest.ListenerPool", ListenerInThisProcess)


@pytest.fixture
def folder(tmp_path) -> Path:
    """a.wav, b.wav and c.wav: three sounds."""
    for seed, name in enumerate("abc"):
        tiny_wav(tmp_path / "sounds" / f"{name}.wav", seed)
    return tmp_path / "sounds"
