"""Fixtures of the tests of the core."""

from collections.abc import Callable
from pathlib import Path

import pytest

from core import workers
from core.listening import Listener


class ListenerInThisProcess:
    """A pool without processes: hears each file when its result is asked for, by the same steps as a worker."""

    listener = Listener()

    def __init__(self, *_: object) -> None:
        pass

    def __enter__(self) -> "ListenerInThisProcess":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def submit(self, path: Path) -> Callable[[], workers.Result]:
        return lambda: workers._listen(self.listener, path)


@pytest.fixture
def heard_here(monkeypatch) -> None:
    """Tests about rows hear in this process: starting another one takes most of a second."""
    monkeypatch.setattr("core.ingest.ListenerPool", ListenerInThisProcess)
