"""What ships is what the card says: the same files, the same scores on synthesised sounds, small, and without torch."""

import json
import tomllib
from pathlib import Path

import pytest

from core.embedding.builtin import BuiltinEmbedder
from core.heard import COMMONNESS
from core.training.card import CARD, FILES, hashes, score_synthesised

ROOT = Path(__file__).parents[2]
MOST_BYTES = 20_000_000
APART = 0.02  # another processor may sum in another order, and two near neighbours change places


def test_the_files_are_those_of_the_card() -> None:
    card = json.loads(CARD.read_text(encoding="utf-8"))
    assert (card["version"], card["files"]) == (BuiltinEmbedder.version, hashes())


def test_how_common_classes_are_was_counted_with_these_ears() -> None:
    assert json.loads(COMMONNESS.read_text(encoding="utf-8"))["ears"] == BuiltinEmbedder().weights_hash()


def test_they_score_on_synthesised_sounds_what_the_card_says(tmp_path: Path) -> None:
    expected = json.loads(CARD.read_text(encoding="utf-8"))["synthesised"]
    scores = score_synthesised(tmp_path).as_dict()
    for kind, numbers in expected.items():
        assert scores[kind] == pytest.approx(numbers, abs=APART)


def test_weights_and_words_are_small() -> None:
    assert sum(file.stat().st_size for file in FILES) < MOST_BYTES
    assert sum(file.stat().st_size for file in CARD.parent.rglob("*") if file.is_file()) < MOST_BYTES


def test_the_base_install_asks_for_no_torch() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    assert not [name for name in needed if name.startswith(("torch", "transformers", "onnx>", "onnx="))]
