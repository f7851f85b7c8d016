"""The documents are true: the README's commands run, and what it lists is what there is."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from agent.cli import app
from core.settings import Settings

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("readme")


def run(arguments: list[str], place: Path) -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(place),
        "XDG_DATA_HOME": str(place / "data"),
        "PYTHONPATH": str(ROOT),
        "COLUMNS": "200",
    }
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=place,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_every_command_of_the_readme_runs_as_it_stands(place: Path) -> None:
    (commands,) = blocks("sh")
    for command in commands.strip().splitlines():
        words = shlex.split(command)
        assert words[0] == "earshot", command
        done = run(["-m", "agent.cli", *words[1:]], place)
        assert done.returncode == 0, f"{command}: {done.stderr}"
        assert done.stdout.strip(), f"{command} said nothing"


def test_the_python_of_the_readme_runs_as_it_stands(place: Path) -> None:
    (code,) = blocks("python")
    done = run(["-c", code], place)
    assert done.returncode == 0, done.stderr
    first, best, *_ = done.stdout.splitlines()
    assert first.endswith("sounds")
    assert "cowbell_04.wav" in best and "1.0" in best


def test_every_command_is_named_in_the_readme() -> None:
    for command in app.registered_commands:
        name = command.name or command.callback.__name__  # type: ignore[union-attr]
        assert f"earshot {name}" in README


def test_every_setting_is_in_the_readme_and_no_other() -> None:
    named = set(re.findall(r"EARSHOT_([A-Z0-9_]+)", README))
    assert named == {name.upper() for name in Settings.model_fields}


def test_every_link_and_picture_of_the_readme_exists() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        if not target.startswith("http"):
            assert (ROOT / target).exists(), target
