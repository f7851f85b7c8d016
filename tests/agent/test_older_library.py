"""A library of the earlier ears at every door: each answer of its space says so, and never in the way of the answer."""

import json
import shlex
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from agent.cli import app
from core.library import Library
from tests.older import older_library
from tests.runs import ListenerInThisProcess
from tools import build_tools

NOTE = (
    "all 4 sounds were heard by older ears only (builtin signal-1), which answer until those of today know as many;"
    " bring them up to date with: earshot ingest"
)


@pytest.fixture(autouse=True)
def heard_here(monkeypatch) -> None:
    monkeypatch.setattr("core.ingest.ListenerPool", ListenerInThisProcess)


@pytest.fixture
def folder(tmp_path, demo_folder) -> Path:
    return Path(shutil.copytree(demo_folder / "hand_bell", tmp_path / "bells"))


@pytest.fixture
def older(settings, folder) -> Library:
    return older_library(settings, folder)


def earshot(library: Library, *args: object) -> Result:
    return CliRunner().invoke(app, [*map(str, args), "--library", str(library.folder)])


def named(library: Library) -> str:
    """The note with the library's folder in its command, which would bring another one up to date without it."""
    return f"{NOTE} --library {shlex.quote(str(library.folder))}"


def tool(library: Library, name: str, **args: object) -> tuple[str, dict]:
    """What a tool answers: the text for the model and the artifact for the screen."""
    (chosen,) = (each for each in build_tools(library) if each.name == name)
    message = chosen.invoke({"type": "tool_call", "id": "1", "name": name, "args": args})
    return message.text, message.artifact


VERBS = [["search", "bell"], ["search", "--like", "2"], ["search", "bell", "--like", "2"], ["show", "2"]]
VERBS += [["cluster", "-k", "2"]]


@pytest.mark.parametrize("args", VERBS)
def test_a_command_answers_and_says_on_stderr_that_older_ears_did(older, args):
    told = earshot(older, *args, "--json")

    assert (told.exit_code, told.stderr) == (0, f"note: {named(older)}\n")
    known = {"hits", "sounds", "clustering", "k", "method", "clusters", "outliers", "change"}
    assert set(json.loads(told.stdout)) <= known
    assert told.stdout.count("\n") == 1
    plain = earshot(older, *args)
    assert NOTE not in plain.stdout
    assert plain.stderr == f"note: {named(older)}\n"


@pytest.mark.parametrize("args", VERBS)
def test_a_command_says_nothing_of_it_once_the_library_is_up_to_date(older, args):
    assert earshot(older, "ingest").stderr.strip() == ""
    assert earshot(older, *args).stderr == ""


def test_the_command_it_names_brings_that_library_up_to_date(older):
    said = earshot(older, "show", "1").stderr
    command = shlex.split(said.rpartition(": ")[2])
    assert command[:2] == ["earshot", "ingest"]

    assert CliRunner().invoke(app, command[1:]).exit_code == 0
    assert older.note() == ""


def test_for_the_library_that_is_taken_without_a_folder_the_command_names_none(older, monkeypatch):
    monkeypatch.setenv("EARSHOT_LIBRARY", str(older.folder))
    for args in (["show", "1"], ["show", "1", "--library", str(older.folder)]):
        assert CliRunner().invoke(app, args).stderr == f"note: {NOTE}\n"
    bad = [check for check in json.loads(earshot(older, "doctor", "--json").stdout)["checks"] if not check["ok"]]
    assert [check["detail"] for check in bad] == [NOTE]


def test_a_file_cannot_be_compared_until_then_and_can_after(older, folder):
    file = folder / "hand_bell_3.wav"
    refused = earshot(older, "search", "--like", file, "--json")
    sentence = (
        "the sounds were heard by older ears (builtin signal-1), and nothing new can be compared with them;"
        f" bring them up to date with: earshot ingest --library {shlex.quote(str(older.folder))}"
    )
    assert (refused.exit_code, json.loads(refused.stdout)) == (1, {"error": sentence})
    assert refused.stderr == f"earshot: {sentence}\n"

    earshot(older, "ingest")
    assert json.loads(earshot(older, "search", "--like", file, "-k", "1", "--json").stdout)["hits"][0]["id"] == 4


def test_the_doctor_is_not_content_until_then(older):
    sick = earshot(older, "doctor", "--json")
    assert sick.exit_code == 1
    bad = [check for check in json.loads(sick.stdout)["checks"] if not check["ok"]]
    assert bad == [{"name": "heard by", "ok": False, "detail": named(older)}]

    earshot(older, "ingest")
    assert earshot(older, "doctor").exit_code == 0


def test_ingest_tells_how_many_were_heard_again(older):
    done = earshot(older, "ingest")
    assert (done.exit_code, done.stderr.strip()) == (0, "")
    assert done.stdout.splitlines()[:2] == ["found 4 = indexed 4 + unchanged 0 + skipped 0", "of these: 4 heard again"]


def test_ingest_of_a_part_says_what_is_left(older, folder):
    done = earshot(older, "ingest", folder / "hand_bell_0.wav", "--json")
    document = json.loads(done.stdout)
    assert (document["found"], document["indexed"], document["unchanged"]) == (1, 1, 0)
    assert done.stderr.strip() == f"note: {named(older).replace('all 4', '3 of 4')}"


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("search_by_text", {"text": "bell"}),
        ("search_by_text", {"text": "zebra"}),
        ("search_by_audio", {"sound": "2"}),
        ("cluster", {"k": 2}),
        ("get_metadata", {}),
    ],
)
def test_a_tool_tells_the_model_and_the_screen_until_then(older, name, args):
    text, artifact = tool(older, name, **args)
    assert text.splitlines()[-1] == f'Tell the person: "{NOTE}"'
    assert artifact["note"] == NOTE

    told, _ = tool(older, "ingest")
    assert told.startswith("found 4 = indexed 4 (4 heard again) + unchanged 0 + skipped 0;")
    text, artifact = tool(older, name, **args)
    assert "Tell the person" not in text
    assert "note" not in artifact


def test_the_chat_says_so_and_what_to_do(older, folder):
    sentence = f"{NOTE[0].upper()}{NOTE[1:]}."
    for question in ("how many sounds are there?", "find bell"):
        answer = json.loads(earshot(older, "ask", question, "--json").stdout)["answer"]
        assert answer.splitlines()[-1] == sentence
    refused = json.loads(
        earshot(older, "ask", "more like this", "--attach", folder / "hand_bell_0.wav", "--json").stdout
    )
    assert refused["answer"].endswith("bring them up to date with: earshot ingest.")

    again = json.loads(earshot(older, "ask", f"add the sounds in {folder}", "--json").stdout)["answer"]
    assert again.startswith("No new files: 4 found = 4 indexed + 0 unchanged + 0 skipped;")
    assert again.endswith("Also 4 known and heard again.")
    assert NOTE[4:] not in json.loads(earshot(older, "ask", "find bell", "--json").stdout)["answer"]
