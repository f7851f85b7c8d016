"""Texts against the classes, with the words that ship: what is understood, what is not, and how words are read."""

import json
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import words
from core.ontology import audioset
from core.training.words import MORE_WORDS, importance, reduced, vocabulary
from core.words import FOLDER, WordVectors, parts_of, read_vectors, shipped_names, shipped_vectors, understand, words_of

MOST_BYTES = 4_000_000


def meant(text: str) -> list[str]:
    """The class that each part of a text means most."""
    return [audioset().names[row.argmax()] for row in understand(text)]


# --- what a text means ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("dog", "Dog"),
        ("hounds", "Dog"),
        ("a dog barking", "Bark"),
        ("Glass breaking!", "Shatter"),
        ("heavy metal", "Heavy metal"),
        ("metal", "Clang"),
        ("kick drum", "Bass drum"),
        ("closed hat", "Hi-hat"),
        ("hihats", "Hi-hat"),
        ("grand piano", "Piano"),
        ("alto sax", "Saxophone"),
        ("rain on a tin roof", "Rain on surface"),
        ("church bells", "Church bell"),
        ("bow and arrow", "Arrow"),
        ("drum and bass", "Drum and bass"),
        ("rock and roll", "Rock and roll"),
        ("someone knocking at the door", "Knock"),
        ("waterdrip", "Drip"),
        ("footsteps on gravel", "Walk, footsteps"),
        ("a police siren", "Police car (siren)"),
        ("man talking", "Speech"),
        ("applause from the audience", "Applause"),
        ("short metallic hit", "Clang"),
        ("animals", "Animal"),
    ],
)
def test_a_text_means_the_class_a_person_would_say(text: str, name: str) -> None:
    assert meant(text) == [name]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a man speaking while a dog barks", ["Speech", "Bark"]),
        ("thunder, then rain", ["Thunder", "Rain"]),
        ("cow and sheep", ["Moo", "Sheep"]),
        ("birdsong over a river", ["Bird vocalization, bird call, bird song", "Stream"]),
        ("rain, no thunder", ["Rain"]),
        ("quarterly report and a trumpet", ["Trumpet"]),
    ],
)
def test_what_is_heard_together_has_a_part_each(text: str, names: list[str]) -> None:
    assert meant(text) == names


@pytest.mark.parametrize(
    "text",
    [
        "",
        "!?",
        "the sound of",
        "short",
        "very loud",
        "take 017",
        "xyzzy",
        "quarterly report",
        "democracy",
        "воробей",
        "犬",
    ],
)
def test_what_says_nothing_about_sounds_has_no_part(text: str) -> None:
    assert understand(text).shape == (0, len(audioset().names))


@given(st.text() | st.text(st.sampled_from("dog rain,;and thunder-\n")))
def test_any_text_gives_a_few_weights_that_sum_to_one_at_most(text: str) -> None:
    rows = understand(text)
    assert rows.dtype == np.float32
    assert rows.shape[1] == len(audioset().names)
    assert len(rows) <= words.MOST_PARTS
    assert np.all(rows >= 0)
    assert np.all(rows.sum(axis=1) <= 1.00001)
    assert np.all((rows > 0).sum(axis=1) <= words.MOST_CLASSES)


@pytest.mark.parametrize("text", ["a" * 100_000, "metalhit" * 10_000, "xyzzy, " * 20_000, "dog " * 20_000])
def test_a_long_text_is_read_in_no_time(text: str) -> None:
    understand("dog")  # reads the files
    began = time.perf_counter()
    assert len(understand(text)) <= words.MOST_PARTS
    assert time.perf_counter() - began < 2


def test_of_many_parts_the_first_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    assert meant(", ".join(["dog"] + ["xyzzy"] * 5 + ["thunder"])) == ["Dog"]
    encoded = []
    encode = WordVectors.encode
    monkeypatch.setattr(WordVectors, "encode", lambda self, texts: encoded.append(texts) or encode(self, texts))
    understand(", ".join(["dog", "rain"] * 500))
    assert len(encoded) <= words.MOST_PARTS + 1


def test_every_class_is_found_by_its_own_name() -> None:
    """By most of it, where a name stands within another: "Rattle" and "Rattle (instrument)"."""
    names = audioset().names
    first = sum(name in [names[row.argmax()] for row in understand(name)] for name in names)
    assert first >= 0.93 * len(names)


def test_a_surer_text_weighs_more() -> None:
    assert understand("thunder").sum() == pytest.approx(1, abs=1e-5)
    assert 0 < understand("cheetah chirrup").sum() < understand("horse neighing").sum()


def test_every_alias_belongs_to_a_class() -> None:
    aliases = words.read_aliases(FOLDER / words.ALIASES)
    assert set(aliases) <= set(audioset().names)
    assert all(alias == alias.strip().lower() and alias for names in aliases.values() for alias in names)


# --- words ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def toy() -> WordVectors:
    """Vectors of four words that can be added up by hand."""
    rows = {"dog": 1, "bark": 2, "metal": 3, "hit": 4}
    return WordVectors(rows, np.array([[0, 0], [3, 0], [0, 4], [1, 1], [2, 0]], np.float32))


def test_a_text_is_the_mean_of_its_words_as_a_unit_vector(toy: WordVectors) -> None:
    encoded = toy.encode(["dog", "Dog BARK", "nothing known", ""])
    assert encoded == pytest.approx(np.array([[1, 0], [0.6, 0.8], [0, 0], [0, 0]]))
    assert toy.encode([]).shape == (0, 2)


@pytest.mark.parametrize(
    ("word", "rows"),
    [
        ("dog", [1]),
        ("dogs", [1]),
        ("barks", [2]),
        ("barking", [2]),
        ("barked", [2]),
        ("hitting", [4]),
        ("metalhit", [3, 4]),
        ("dogbarkmetal", [1, 2, 3]),
        ("metalx", []),
        ("do", []),
        ("metalhit" * 5, [3, 4] * 5),
        ("metalhit" * 6, []),  # longer than any word
    ],
)
def test_a_word_is_itself_or_a_form_or_made_of_others(toy: WordVectors, word: str, rows: list[int]) -> None:
    assert toy.rows_of(word) == rows


def test_words_are_small_letters_without_accents() -> None:
    assert words_of("Ñandú's 2 DOGS_bark-loud") == ["nandu", "s", "2", "dogs", "bark", "loud"]


def test_parts_are_cut_where_two_things_are_said_to_be_heard() -> None:
    assert parts_of("Rain on a roof, no thunder, and a dog") == ["rain on a roof", "a dog"]
    assert parts_of("a band playing") == ["a band playing"]


# --- the files --------------------------------------------------------------------------------------------------------


def test_the_files_are_small_and_hold_a_vector_for_every_word() -> None:
    held = shipped_vectors()
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < MOST_BYTES
    assert held.table.shape == (len(held.rows) + 1, 128)
    assert sorted(held.rows.values()) == list(range(1, len(held.rows) + 1))
    assert np.all(np.linalg.norm(held.table[1:], axis=1) > 0)
    assert not held.table[0].any()


def test_the_words_of_names_and_aliases_are_known() -> None:
    """Letters and numbers aside: the vocabulary is made of them."""
    texts = [*shipped_names().names, *MORE_WORDS.read_text().split()]
    asked = {word for text in texts for word in words_of(text) if len(word) > 2 and word.isalpha()}
    assert [word for word in sorted(asked) if word not in shipped_vectors().rows] == []


def test_the_folder_opens_in_model2vec_with_the_same_vectors() -> None:
    model2vec = pytest.importorskip(
        "model2vec", reason="model2vec is not installed; the program reads its format itself"
    )
    model = model2vec.StaticModel.from_pretrained(FOLDER)
    texts = ["dog", "Glass breaking", "a man speaking"]
    assert model.encode(texts) == pytest.approx(shipped_vectors().encode(texts), abs=1e-5)


# --- how they are made ------------------------------------------------------------------------------------------------


def test_the_vocabulary_is_of_whole_words_the_frequent_ones_first() -> None:
    tokens = ["[PAD]", "the", "##ing", "dog", "é", "a", "808", "1999", "bark"]
    assert vocabulary(tokens, ["Dog woofs", "a theremin 12"]) == ["the", "dog", "808", "bark", "theremin", "woofs"]


def test_reduction_keeps_what_tells_words_apart_and_drops_what_a_context_adds() -> None:
    rng = np.random.default_rng(0)
    told = rng.normal(size=(50, 6)).astype(np.float32)
    told /= np.linalg.norm(told - told.mean(axis=0), axis=1, keepdims=True)
    readings = [told + 5, told - 3]
    kept = reduced(readings, 6)
    centred = told - told.mean(axis=0)
    centred /= np.linalg.norm(centred, axis=1, keepdims=True)
    centred -= centred.mean(axis=0)
    assert kept @ kept.T == pytest.approx(4 * centred @ centred.T, abs=1e-4)
    assert np.array_equal(reduced(readings, 6), kept)


def test_a_rare_word_counts_more_than_a_common_one() -> None:
    weights = importance(1000)
    assert np.all(np.diff(weights) > 0)
    assert 0 < weights[0] < 0.5 < weights[-1] < 1


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    """The file is put together here by hand: a header of JSON, its length before it, the numbers after it."""
    table, weights = np.array([[0, 0], [127, 0], [0, -127]], np.int8), np.array([0, 0.5, 1], np.float32)
    header = json.dumps(
        {
            "__metadata__": {"made": "by hand"},
            "embeddings": {"dtype": "I8", "shape": [3, 2], "data_offsets": [0, 6]},
            "weights": {"dtype": "F32", "shape": [3], "data_offsets": [6, 18]},
        }
    ).encode()
    data = len(header).to_bytes(8, "little") + header + table.tobytes() + weights.tobytes()
    (tmp_path / words.VECTORS).write_bytes(data)
    (tmp_path / words.TOKENIZER).write_text(json.dumps({"model": {"vocab": {"[UNK]": 0, "dog": 1, "cat": 2}}}))
    held = read_vectors(tmp_path)
    assert held.rows == {"dog": 1, "cat": 2}
    assert held.table.tolist() == [[0, 0], [63.5, 0], [0, -127]]
