"""Fixtures of the tests of the core."""

import pytest

from tests.runs import ListenerInThisProcess


@pytest.fixture
def heard_here(monkeypatch) -> None:
    """Tests about rows hear in this process: starting another one takes most of a second."""
    monkeypatch.setattr("core.ingest.ListenerPool", ListenerInThisProcess)
