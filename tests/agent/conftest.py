"""Fixtures of the tests of the agent."""

import json
import os
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from agent import cli
from agent.files import prepare_page


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str

    @property
    def document(self) -> dict:
        """What --json printed; fails if it is not one document on one line."""
        assert self.out.endswith("\n")
        assert self.out.count("\n") == 1
        return json.loads(self.out)


@pytest.fixture(scope="session")
def with_chainlit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Chainlit can be imported: it was told a folder of its own, and has warned of what it depends on."""
    before = dict(os.environ)
    page = prepare_page(tmp_path_factory.mktemp("page"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import chainlit.data
        import chainlit.emitter  # noqa: F401
    os.environ.clear()
    os.environ.update(before)
    yield
    page.close()


@pytest.fixture
def run(monkeypatch, capsys):
    """The command in this process, by the way the installed program takes."""

    def run(*args: object) -> Done:
        monkeypatch.setattr(sys, "argv", ["earshot", *map(str, args)])
        code = 0
        try:
            cli.main()
        except SystemExit as end:
            code = end.code or 0
        captured = capsys.readouterr()
        return Done(code, captured.out, captured.err)

    return run
