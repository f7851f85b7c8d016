"""Where a setting comes from, what it may be, and that a key is never shown."""

import os
from pathlib import Path

import pytest
from pydantic import ValidationError

from core.settings import Settings

KEY = "sk-very-secret-0123456789"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_an_argument_beats_the_environment_that_beats_the_file_that_beats_the_default(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert Settings().port == 8000
    (here / ".env").write_text("EARSHOT_PORT=8001\nSOMETHING_ELSE=1\n")
    assert Settings().port == 8001
    monkeypatch.setenv("EARSHOT_PORT", "8002")
    assert Settings().port == 8002
    assert Settings(port=8003).port == 8003


@pytest.mark.parametrize("name", ["MISTRAL_API_KEY", "EARSHOT_MISTRAL_API_KEY"])
def test_the_key_is_read_from_either_name_in_the_environment_and_the_file(
    name: str, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert Settings().mistral_api_key is None
    (here / ".env").write_text(f"{name}=from-file\n")
    assert revealed(Settings()) == "from-file"
    monkeypatch.setenv(name, KEY)
    assert revealed(Settings()) == KEY
    assert revealed(Settings(mistral_api_key="from-argument")) == "from-argument"


def revealed(settings: Settings) -> str:
    assert settings.mistral_api_key is not None
    return settings.mistral_api_key.get_secret_value()


def test_the_key_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MISTRAL_API_KEY", KEY)
    settings = Settings()
    shown = f"{settings!r} {settings} {settings.model_dump()} {settings.model_dump_json()}"
    assert "mistral_api_key" in shown
    assert KEY not in shown
    assert KEY not in f"{settings.mistral_api_key!r} {settings.mistral_api_key}"


def test_a_wrong_value_does_not_show_the_key_either(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MISTRAL_API_KEY", KEY)
    monkeypatch.setenv("EARSHOT_PORT", "many")
    with pytest.raises(ValidationError) as caught:
        Settings()
    assert KEY not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"), [("PORT", "70000"), ("PORT", "x"), ("WORKERS", "-1"), ("LOCK_WAIT_S", "-2")]
)
def test_a_value_out_of_range_is_refused(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"EARSHOT_{name}", value)
    with pytest.raises(ValidationError, match=name.lower()):
        Settings()


def test_folders_are_absolute_and_the_home_is_spelled_out(here: Path) -> None:
    settings = Settings(library=Path("sounds"), exports=Path("~/out"))
    assert settings.library == here / "sounds"
    assert settings.exports == Path(os.environ["HOME"]) / "out"


def test_defaults_stay_out_of_the_working_directory(here: Path) -> None:
    settings = Settings()
    assert not settings.library.is_relative_to(here)
    assert settings.library.is_relative_to(os.environ["HOME"])
    assert (settings.embedder, settings.captioner, settings.model) == ("builtin", "builtin", "")
    assert settings.host == "127.0.0.1"
    assert list(here.iterdir()) == []


def test_no_workers_means_one_per_processor() -> None:
    assert Settings(workers=0).n_workers == os.cpu_count()
    assert Settings(workers=3).n_workers == 3
