"""Names as queries: which sounds a name stands for, and that the search is not told the names."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from core.errors import NotFoundError
from core.store import sounds
from core.store.db import Store
from core.training.names import measure, nameless, queries, words_of_name


@pytest.mark.parametrize(
    ("name", "words"),
    [("syn_brass_2b.wav", "syn brass"), ("GlassBreak.ogg", "glass break"), ("take-017.flac", "take"), ("7.wav", "")],
)
def test_a_name_is_its_words(name: str, words: str) -> None:
    assert words_of_name(Path("drums") / name) == words


def test_all_sounds_of_a_name_are_relevant_wherever_they_lie() -> None:
    paths = {3: ["/a/dog_1.wav"], 5: ["/b/Dog.ogg", "/b/copy.ogg"], 8: ["/a/cat.wav"], 9: ["/b/bird.wav"]}
    asked = queries(paths, Path("/a"), 10, 0)
    found = {text: asked.sounds[row].tolist() for text, row in zip(asked.texts, asked.relevant, strict=True)}
    assert found == {"dog": [3, 5], "cat": [8]}


def test_the_same_seed_asks_the_same() -> None:
    paths = {number: [f"/a/{letter * 3}.wav"] for number, letter in enumerate("bcdefghijklm")}
    first, again, other = (queries(paths, Path("/a"), 5, seed).texts for seed in (0, 0, 1))
    assert len(set(first)) == 5
    assert first == again != other


def test_the_copy_knows_no_names_and_the_library_is_left_as_it_is(heard_once: Path, tmp_path: Path) -> None:
    library = shutil.copytree(heard_once, tmp_path / "library")
    before = (library / "earshot.db").read_bytes()
    with nameless(library) as (copy, paths):
        assert len(paths) == 15
        with Store(copy.folder).reading() as db:
            assert sounds.matching(db, "names : kick") == set()
    with Store(library).reading() as db:
        assert len(sounds.matching(db, "names : kick")) == 4
    assert (library / "earshot.db").read_bytes() == before


def test_names_find_their_sounds_better_than_chance(heard_once: Path, demo_folder: Path) -> None:
    report = measure(heard_once, demo_folder)
    assert (report.queries, report.sounds, report.understood) == (4, 15, 1.0)
    assert report.by_ear.mrr > report.by_chance.mrr
    assert report.by_search.mrr > report.by_chance.mrr
    assert np.isclose(report.by_chance.at_10, 10 / 15)


def test_a_library_without_the_folder_is_told(heard_once: Path, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="ingest that folder first"):
        measure(heard_once, tmp_path)
    with pytest.raises(NotFoundError, match="there is no library"):
        measure(tmp_path / "nowhere", tmp_path)
