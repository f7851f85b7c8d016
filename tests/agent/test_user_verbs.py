"""The commands about who may log in."""

import io
import sys

import pytest

from agent.accounts import Accounts


@pytest.fixture
def password(monkeypatch):
    """Types a line at the command."""

    def type_(line: str) -> None:
        monkeypatch.setattr(sys, "stdin", io.StringIO(line))

    return type_


def test_somebody_is_let_in_listed_and_put_out(run, tmp_path, password):
    library = ("--library", tmp_path)
    assert run("user", "list", *library).out.startswith("Nobody: the chat is for this machine alone.")
    password("correct horse\n")
    assert run("user", "add", "Ada", *library).out == "Ada can log in now\n"
    assert Accounts(tmp_path).proves("ada", "correct horse")
    assert run("user", "list", *library, "--json").document == {"users": ["ada"]}
    password("another horse\r\n")
    assert run("user", "add", "ada", *library, "--json").document == {"user": "ada", "new": False}
    assert Accounts(tmp_path).proves("ada", "another horse")
    assert run("user", "remove", "ADA", *library).code == 0
    assert run("user", "list", *library, "--json").document == {"users": []}


def test_what_cannot_be_is_told_in_a_sentence(run, tmp_path, password):
    password("short\n")
    done = run("user", "add", "ada", "--library", tmp_path)
    assert done.code == 1
    assert "a password has 8 to 1024 letters" in done.err
    password("")
    assert run("user", "add", "ada", "--library", tmp_path).code == 1, "no password at all"
    done = run("user", "remove", "ada", "--library", tmp_path)
    assert done.code == 1
    assert "no account is called 'ada'" in done.err


def test_the_chat_is_opened_to_others_only_with_accounts(run, tmp_path):
    for given in (("--host", "0.0.0.0"), ("--url", "https://sounds.example.org")):
        done = run("chat", *given, "--port", 0, "--library", tmp_path)
        assert done.code == 1
        assert "add an account with: earshot user add NAME" in done.err
