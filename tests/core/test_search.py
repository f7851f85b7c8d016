"""Ranking: by likeness against brute force, by words against real full-text search, and both lists fused by hand."""

import sqlite3
from collections.abc import Iterator, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.embedding.base import Fingerprint
from core.heard import N_CLASSES
from core.index import SpaceIndex
from core.search import best_chunk, best_chunks, by_sound, fused, words_query
from core.store.spaces import Space
from core.store.vectors import INDEXES

DIM = 6
ALL = set(range(10_000))


def unit(row: np.ndarray) -> np.ndarray:
    return (row / (np.linalg.norm(row) or 1)).astype(np.float32)


def index_of(sounds: dict[int, np.ndarray], backend: str = "exact") -> SpaceIndex:
    """The index of sounds by id, each given by its windows (n_windows, DIM) of norm 1 or zero."""
    ids = sorted(sounds)
    by_mean, by_window = INDEXES.load(backend)(), INDEXES.load(backend)()
    by_mean.build(np.stack([unit(sounds[each].mean(axis=0)) for each in ids]))
    by_window.build(np.concatenate([sounds[each] for each in ids]))
    counts = [len(sounds[each]) for each in ids]
    positions = np.concatenate([np.arange(count) for count in counts])
    space = Space(1, Fingerprint("toy", "1", "none", DIM, 8000, 1.0, 0.5), 0)
    heard = np.zeros((N_CLASSES, len(ids)), np.uint8)
    return SpaceIndex(space, np.array(ids), by_mean, np.repeat(ids, counts), positions, by_window, heard)


def random_sounds(seed: int, n: int = 40) -> dict[int, np.ndarray]:
    rng = np.random.default_rng(seed)
    counts = rng.integers(1, 9, n)
    return {
        int(10 * number + 3): np.stack([unit(row) for row in rng.normal(size=(count, DIM))])
        for number, count in enumerate(counts)
    }


def brute_force(sounds: dict[int, np.ndarray], query: np.ndarray, allowed: set[int]) -> list[tuple[int, float, int]]:
    """(sound, score, best window), best first: the larger cosine of the mean and of the best window."""
    found = []
    for each in sorted(sounds.keys() & allowed):
        windows = [float(window @ query) for window in sounds[each]]
        whole = float(unit(sounds[each].mean(axis=0)) @ query)
        found.append((each, max(whole, *windows), int(np.argmax(windows))))
    return sorted(found, key=lambda match: -match[1])


# --- by likeness ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("backend", INDEXES.names())
@pytest.mark.parametrize("seed", range(4))
def test_sounds_are_ranked_as_by_brute_force(backend: str, seed: int) -> None:
    sounds = random_sounds(seed)
    index = index_of(sounds, backend)
    query = unit(np.random.default_rng(100 + seed).normal(size=DIM))
    for k in (1, 3, 10, 40, 60):
        for allowed in (ALL, set(list(sounds)[::3]), {13}):
            expected = brute_force(sounds, query, allowed)[:k]
            matches = by_sound(index, query[None], k, allowed)
            assert [(match.sound_id, match.chunk) for match in matches] == [
                (each, chunk) for each, _, chunk in expected
            ]
            assert [match.score for match in matches] == pytest.approx([score for _, score, _ in expected], abs=1e-6)


def test_a_query_of_several_windows_is_their_mean() -> None:
    sounds = random_sounds(0)
    windows = np.stack([unit(row) for row in np.random.default_rng(5).normal(size=(3, DIM))])
    expected = brute_force(sounds, unit(windows.mean(axis=0)), ALL)
    assert [match.sound_id for match in by_sound(index_of(sounds), windows, 5, ALL)] == [e[0] for e in expected[:5]]


def test_one_moment_of_a_long_recording_is_found() -> None:
    axes = np.eye(DIM, dtype=np.float32)
    recording = np.tile(axes[0], (500, 1))
    recording[321] = axes[1]
    sounds = {7: recording, 8: np.stack([unit(axes[1] + axes[2])]), 9: axes[3:4]}
    best = by_sound(index_of(sounds), axes[1:2], 1, ALL)[0]
    assert (best.sound_id, best.chunk) == (7, 321)
    assert best.score == pytest.approx(1)


def test_a_long_recording_does_not_push_others_off_the_list() -> None:
    axes = np.eye(DIM, dtype=np.float32)
    sounds = {1: np.tile(axes[0], (1000, 1))} | {n: unit(axes[0] + 0.1 * n * axes[1])[None] for n in range(2, 8)}
    index = index_of(sounds)
    assert [match.sound_id for match in by_sound(index, axes[:1], 5, ALL)] == [1, 2, 3, 4, 5]
    assert [sound_id for sound_id, _ in best_chunks(index, axes[0], 5, ALL)] == [1, 2, 3, 4, 5]


def test_silence_finds_nothing_and_is_not_found() -> None:
    silent = np.zeros((2, DIM), np.float32)
    sounds = random_sounds(1, 5) | {1000: silent}
    index = index_of(sounds)
    assert by_sound(index, silent, 5, ALL) == []
    assert 1000 not in [match.sound_id for match in by_sound(index, sounds[13], 20, ALL)]
    assert best_chunk(index, sounds[13][0], 1000) == 0


@pytest.mark.parametrize("k", [0, -1])
def test_none_asked_for_none_found(k: int) -> None:
    sounds = random_sounds(1, 5)
    assert by_sound(index_of(sounds), sounds[13], k, ALL) == []


# --- both lists -------------------------------------------------------------------------------------------------------


def test_fusion_adds_one_over_sixty_plus_rank() -> None:
    scores = fused([[5, 2, 9], [9, 5]])
    assert scores == pytest.approx({5: 1 / 61 + 1 / 62, 2: 1 / 62, 9: 1 / 63 + 1 / 61})
    assert fused([]) == fused([[], []]) == {}


# --- by words ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def words() -> Iterator[sqlite3.Connection]:
    """A full-text table as the library has it."""
    connection = sqlite3.connect(":memory:")
    tokenizer = "porter unicode61 remove_diacritics 2"
    connection.execute(f"CREATE VIRTUAL TABLE words USING fts5(names, tags, captions, tokenize = '{tokenizer}')")
    rows = ["a dog barks twice", "thunder far away", "rain on a tin roof", "ñandú 909 kick"]
    connection.executemany("INSERT INTO words VALUES (?, '', '')", [(row,) for row in rows])
    yield connection
    connection.close()


def found(words: sqlite3.Connection, text: str) -> Sequence[int]:
    query = words_query(text)
    statement = "SELECT rowid FROM words WHERE words MATCH ? ORDER BY rowid"
    return [row[0] for row in words.execute(statement, [query])] if query else []


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("dog", [1]),
        ("Dogs barking!", [1]),
        ("thun", [2]),
        ("rain, no thunder", [2, 3]),
        ("nandu", [4]),
        ("909", [4]),
        ("sounds like a", []),
        ("on", []),
        ("", []),
        ("snow", []),
        ("NOT dog", [1]),
        ("dog AND thunder", [1, 2]),
        ("names:dog", [1]),
        ('"dog" NEAR(tin roof, 2)', [1, 3]),
        ("dog* ^rain -tin", [1, 3]),
        ("'); DROP TABLE words; --", []),
    ],
)
def test_each_word_may_match_and_no_operator_gets_through(
    words: sqlite3.Connection, text: str, rows: list[int]
) -> None:
    assert found(words, text) == rows


@given(st.text() | st.text(st.sampled_from("\"'*()^:-+ANDORT{}[]., \0\n\tdog")))
def test_any_text_makes_a_query_that_full_text_search_takes(words: sqlite3.Connection, text: str) -> None:
    assert len(found(words, text)) <= 4


@given(st.text(), st.sampled_from(["dog", "thunder", "tin", "909"]))
def test_a_word_is_found_whatever_stands_around_it(words: sqlite3.Connection, text: str, word: str) -> None:
    rows = {"dog": 1, "thunder": 2, "tin": 3, "909": 4}
    assert rows[word] in found(words, f"{text} {word} {text}")


def test_a_word_is_asked_for_once() -> None:
    assert words_query("Rain rain RAIN") == words_query("rain")
    assert words_query("of the sounds") == ""
