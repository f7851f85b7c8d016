"""The folder that Chainlit takes as its root: fresh, private, and never in the checkout."""

import json
import os
import stat
import sys
import tomllib
from pathlib import Path

import pytest

from agent.files import UI, prepare_page, read_secret, welcome_page

CHECKOUT = Path(__file__).parents[2]
VARIABLES = ("CHAINLIT_APP_ROOT", "CHAINLIT_AUTH_SECRET", "CHAINLIT_COOKIE_SAMESITE", "CHAINLIT_AUTH_COOKIE_NAME")


@pytest.fixture
def prepare(tmp_path, monkeypatch):
    """prepare_page on a temporary folder, with the environment and locks put back at the end."""
    for name in VARIABLES:
        monkeypatch.setenv(name, "")
    monkeypatch.delitem(sys.modules, "chainlit.config", raising=False)
    pages = []

    def call(*origins):
        pages.append(prepare_page(tmp_path / "page", origins))
        return pages[-1]

    yield call
    for page in pages:
        page.close()


def test_chainlit_is_told_the_folder_and_the_secret(prepare, tmp_path):
    page = prepare()
    assert os.environ["CHAINLIT_APP_ROOT"] == str(page.root)
    assert os.environ["CHAINLIT_AUTH_SECRET"] == (tmp_path / "page" / "secret").read_text()
    assert os.environ["CHAINLIT_COOKIE_SAMESITE"] == "strict"


def test_only_the_given_origins_may_call(prepare):
    config = tomllib.loads((prepare("http://localhost:1").root / ".chainlit" / "config.toml").read_text())
    assert config["project"]["allow_origins"] == ["http://localhost:1"]


def test_the_page_runs_no_html_of_strangers_and_no_foreign_servers(prepare):
    config = tomllib.loads((prepare().root / ".chainlit" / "config.toml").read_text())
    assert config["features"]["unsafe_allow_html"] is False
    assert config["features"]["edit_message"] is False
    assert config["features"]["mcp"]["enabled"] is False
    assert config["features"]["spontaneous_file_upload"]["max_size_mb"] == 200


def test_all_that_the_page_shows_is_laid_out(prepare):
    root = prepare().root
    elements = sorted(file.name for file in (root / "public" / "elements").iterdir())
    assert elements == sorted(file.name for file in (UI / "elements").glob("*.jsx"))
    assert (root / "chainlit.md").read_text() == welcome_page().read_text()
    assert json.loads((root / "public" / "theme.json").read_text())["custom_fonts"] == []


def test_our_words_lie_over_those_of_chainlit(prepare):
    words = json.loads((prepare().root / ".chainlit" / "translations" / "en-US.json").read_text())
    assert words["chat"]["input"]["placeholder"] == "Ask for a sound, or attach one…"
    assert words["chat"]["input"]["actions"]["send"]  # not ours


def test_uploads_of_an_earlier_run_are_removed_and_the_secret_is_kept(prepare, tmp_path):
    first = prepare()
    secret = (tmp_path / "page" / "secret").read_text()
    first.lock.release()
    (first.root / ".files" / "old").mkdir(parents=True)
    again = prepare()
    assert again.root == first.root
    assert not (again.root / ".files").exists()
    assert (tmp_path / "page" / "secret").read_text() == secret


def test_a_second_chat_does_not_touch_the_uploads_of_the_first(prepare):
    first = prepare()
    (first.root / ".files" / "mine").mkdir(parents=True)
    second = prepare()
    assert second.root != first.root
    assert (first.root / ".files" / "mine").is_dir()


def test_the_secret_is_long_stable_and_for_its_owner_only(tmp_path):
    path = tmp_path / "secret"
    secret = read_secret(path)
    assert len(secret) == 64
    assert read_secret(path) == secret
    path.chmod(0o644)
    assert read_secret(path) == secret
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_an_empty_secret_is_made_anew(tmp_path):
    path = tmp_path / "secret"
    path.write_text("")
    assert len(read_secret(path)) == 64


def test_it_is_a_mistake_to_come_after_chainlit(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "chainlit.config", object())  # type: ignore[arg-type]
    with pytest.raises(AssertionError, match="imported before"):
        prepare_page(tmp_path)


def test_the_welcome_is_the_one_at_the_top_of_the_checkout():
    assert welcome_page() == CHECKOUT / "chainlit.md"
