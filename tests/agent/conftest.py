"""Fixtures of the tests of the agent."""

import json
import sys
from dataclasses import dataclass

import pytest

from agent import cli


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
