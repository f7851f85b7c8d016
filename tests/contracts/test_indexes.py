"""What every vector index promises: the ids and scores of brute force, written here once more and independently."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import MissingDependencyError, UnknownNameError
from core.store.vectors import INDEXES, METRICS, Nearest, VectorIndex

SHAPES = pytest.mark.parametrize(("n", "dim"), [(1, 3), (5, 2), (300, 64)])


@pytest.fixture(params=INDEXES.names(), scope="module")
def backend(request: pytest.FixtureRequest) -> type[VectorIndex]:
    try:
        return INDEXES.load(request.param)
    except MissingDependencyError as missing:
        pytest.skip(str(missing))


@pytest.fixture(params=METRICS, scope="module")
def metric(request: pytest.FixtureRequest) -> str:
    return request.param


# --- the oracle -------------------------------------------------------------------------------------------------------


def likeness(metric: str, a: Sequence[float], b: Sequence[float]) -> float | None:
    """How alike two vectors are, in plain arithmetic; None where one of them is silence."""
    if metric == "euclidean":
        return -math.dist(a, b)
    product = math.fsum(x * y for x, y in zip(a, b, strict=True))
    if metric == "dot":
        return product
    norms = math.hypot(*a) * math.hypot(*b)
    return product / norms if norms else None


def check_search(
    index: VectorIndex, vectors: np.ndarray, query: np.ndarray, k: int, allowed: Sequence[int] | None = None
) -> Nearest:
    """Searches, and asserts that the answer is the one that comparing with every vector gives."""
    given = None if allowed is None else np.array(allowed, np.int64)
    found = index.search(query, k, given)
    ids = range(len(vectors)) if allowed is None else allowed
    scores = {each: likeness(index.metric, query.tolist(), vectors[each].tolist()) for each in ids}
    heard = {each: score for each, score in scores.items() if score is not None}
    best = sorted(heard.values(), reverse=True)[: max(0, k)]
    assert len(found.ids) == len(found.scores) == len(best)
    assert found.scores.tolist() == pytest.approx(best, abs=2e-6, rel=2e-6)
    assert [heard[each] for each in found.ids.tolist()] == pytest.approx(best, abs=2e-6, rel=2e-6)
    order = [(-score, each) for score, each in zip(found.scores.tolist(), found.ids.tolist(), strict=True)]
    assert order == sorted(set(order))
    return found


def built(backend: type[VectorIndex], metric: str, vectors: np.ndarray) -> VectorIndex:
    index = backend(metric)  # type: ignore[arg-type]
    index.build(vectors)
    return index


def some_vectors(n: int, dim: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, dim)).astype(np.float32)


# --- equal to brute force ---------------------------------------------------------------------------------------------


@SHAPES
def test_it_equals_brute_force(backend: type[VectorIndex], metric: str, n: int, dim: int) -> None:
    vectors = some_vectors(n, dim)
    index = built(backend, metric, vectors)
    assert (len(index), index.dim) == (n, dim)
    for query in (*some_vectors(3, dim, seed=1), vectors[n // 2]):
        for k in (1, 7, n, n + 50):
            check_search(index, vectors, query, k)


def test_it_equals_brute_force_among_the_allowed(backend: type[VectorIndex], metric: str) -> None:
    vectors = some_vectors(200, 16)
    index = built(backend, metric, vectors)
    for allowed in ([], [7], [199, 3, 50], list(range(0, 200, 2)), list(range(200))):
        check_search(index, vectors, vectors[3], 10, allowed)


@given(data=st.data())
def test_it_equals_brute_force_on_any_small_whole_numbers(
    backend: type[VectorIndex], metric: str, data: st.DataObject
) -> None:
    dim = data.draw(st.integers(1, 4))
    row = st.lists(st.integers(-2, 2), min_size=dim, max_size=dim)
    vectors = np.array(data.draw(st.lists(row, min_size=1, max_size=40)), np.float32)
    query = np.array(data.draw(row.filter(any)), np.float32)
    allowed = data.draw(st.none() | st.lists(st.sampled_from(range(len(vectors))), unique=True))
    check_search(built(backend, metric, vectors), vectors, query, data.draw(st.integers(1, 45)), allowed)


def test_scores_can_be_worked_out_by_hand(backend: type[VectorIndex]) -> None:
    vectors = np.array([[3, 4], [0, 2], [-3, -4], [6, 8]], np.float32)
    query = np.array([1, 0], np.float32)
    expected = {
        "dot": ([3, 0, 1, 2], [6, 3, 0, -3]),
        "cosine": ([0, 3, 1, 2], [0.6, 0.6, 0, -0.6]),
        "euclidean": ([1, 0, 2, 3], [-math.sqrt(5), -math.sqrt(20), -math.sqrt(32), -math.sqrt(89)]),
    }
    for metric, (ids, scores) in expected.items():
        found = built(backend, metric, vectors).search(query, 4)
        assert found.ids.tolist() == ids
        assert found.scores == pytest.approx(np.array(scores), abs=1e-6)


@pytest.mark.parametrize("n_twins", [2, 40, 500])
def test_equal_scores_come_in_order_of_id(backend: type[VectorIndex], metric: str, n_twins: int) -> None:
    vectors = np.concatenate([some_vectors(30, 8), np.tile(some_vectors(1, 8, seed=5), (n_twins, 1))])
    found = check_search(built(backend, metric, vectors), vectors, vectors[30], 2)
    if metric != "dot":  # a longer vector may have a larger product than a twin
        assert found.ids.tolist() == [30, 31]
    allowed = list(range(len(vectors) - 1, 29, -1))
    assert built(backend, metric, vectors).search(vectors[30], 2, np.array(allowed)).ids.tolist() == [30, 31]


def test_silence_is_like_nothing_even_where_all_else_is_unlike(backend: type[VectorIndex]) -> None:
    sounds = -np.abs(some_vectors(5, 8))
    vectors = np.concatenate([np.zeros((100, 8), np.float32), sounds])
    found = check_search(built(backend, "cosine", vectors), vectors, np.ones(8, np.float32), 5)
    assert sorted(found.ids.tolist()) == [100, 101, 102, 103, 104]
    assert (found.scores < 0).all()


def test_only_silence_gives_nothing(backend: type[VectorIndex]) -> None:
    vectors = np.zeros((30, 4), np.float32)
    assert not len(built(backend, "cosine", vectors).search(np.ones(4, np.float32), 5).ids)


def test_the_length_of_a_vector_does_not_count_for_the_cosine(backend: type[VectorIndex]) -> None:
    vectors = some_vectors(50, 8)
    long = vectors * np.float32(2) ** np.arange(-10, 40, dtype=np.float32)[:, None]
    plain = built(backend, "cosine", vectors).search(vectors[3], 50)
    scaled = built(backend, "cosine", long).search(vectors[3] * 1024, 50)
    assert scaled.ids.tolist() == plain.ids.tolist()
    assert scaled.scores == pytest.approx(plain.scores, abs=1e-6)
    assert plain.scores[0] == pytest.approx(1, abs=1e-6)


def test_an_empty_index_finds_nothing(backend: type[VectorIndex], metric: str) -> None:
    index = built(backend, metric, np.zeros((0, 4), np.float32))
    assert len(index) == 0
    assert len(index.search(np.ones(4, np.float32), 5).ids) == 0


@pytest.mark.parametrize("k", [0, -1])
def test_no_results_asked_for_are_none_given(backend: type[VectorIndex], metric: str, k: int) -> None:
    assert len(built(backend, metric, some_vectors(5, 4)).search(np.ones(4, np.float32), k).ids) == 0


@pytest.mark.parametrize("shape", [(3,), (5,), (1, 4)])
def test_a_query_of_another_length_is_refused(backend: type[VectorIndex], metric: str, shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="4 numbers"):
        built(backend, metric, some_vectors(5, 4)).search(np.ones(shape, np.float32), 1)


def test_an_unknown_metric_is_refused_with_the_known_ones(backend: type[VectorIndex]) -> None:
    with pytest.raises(UnknownNameError, match="cosine, dot, euclidean"):
        backend("manhattan")  # type: ignore[arg-type]


def test_it_bears_the_name_of_its_file(backend: type[VectorIndex]) -> None:
    assert backend.name == backend.__module__.rpartition(".")[2]
    assert 0 < backend.recall <= 1


def test_an_extended_index_is_one_that_was_built_of_all(backend: type[VectorIndex], metric: str) -> None:
    vectors = some_vectors(90, 8)
    vectors[[5, 60]] = 0
    first = built(backend, metric, vectors[:40])
    before = first.search(vectors[70], 50)
    longer = first.extended(vectors[40:41]).extended(vectors[41:41]).extended(vectors[41:])
    assert (len(first), len(longer)) == (40, 90)
    for query in (vectors[70], vectors[3]):
        check_search(longer, vectors, query, 95)
        whole, grown = built(backend, metric, vectors).search(query, 20), longer.search(query, 20)
        assert np.array_equal(whole.ids, grown.ids)
        assert np.array_equal(whole.scores, grown.scores)
    after = first.search(vectors[70], 50)
    assert np.array_equal(before.ids, after.ids)
    assert np.array_equal(before.scores, after.scores)


def test_an_empty_index_can_be_extended(backend: type[VectorIndex], metric: str) -> None:
    vectors = some_vectors(20, 8)
    index = built(backend, metric, vectors[:0]).extended(vectors)
    check_search(index, vectors, vectors[3], 5)


# --- files ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [0, 1, 100])
def test_saving_and_loading_changes_nothing(backend: type[VectorIndex], metric: str, n: int, tmp_path: Path) -> None:
    vectors = some_vectors(n, 8)
    index, again = built(backend, metric, vectors), backend(metric)  # type: ignore[arg-type]
    path = tmp_path / f"index{backend.suffix}"
    index.save(path)
    again.load(path)
    assert (len(again), again.dim) == (n, 8)
    for query in some_vectors(3, 8, seed=1):
        before, after = index.search(query, 20), again.search(query, 20)
        assert np.array_equal(before.ids, after.ids)
        assert np.array_equal(before.scores, after.scores)


@pytest.mark.parametrize("damage", ["absent", "empty", "first bytes", "half", "garbage", "text"])
def test_a_damaged_file_is_refused(backend: type[VectorIndex], metric: str, damage: str, tmp_path: Path) -> None:
    path = tmp_path / f"index{backend.suffix}"
    index = built(backend, metric, some_vectors(100, 8))
    index.save(path)
    data = path.read_bytes()
    contents = {
        "empty": b"",
        "first bytes": data[:10],
        "half": data[: len(data) // 2],
        "garbage": np.random.default_rng(0).bytes(len(data)),
        "text": b"not an index\n",
    }
    path.unlink() if damage == "absent" else path.write_bytes(contents[damage])
    with pytest.raises((ValueError, OSError)):
        backend(metric).load(path)  # type: ignore[arg-type]


# --- the oracle itself ------------------------------------------------------------------------------------------------


def test_a_planted_wrong_sign_is_caught(
    backend: type[VectorIndex], metric: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    vectors = some_vectors(200, 8)
    index = built(backend, metric, vectors)
    check_search(index, vectors, vectors[0], 5)
    with monkeypatch.context() as patch:
        nearest = backend._candidates
        patch.setattr(backend, "_candidates", lambda self, query, n, allowed: nearest(self, -query, n, allowed))
        with pytest.raises(AssertionError):
            check_search(index, vectors, vectors[0], 5)
    with monkeypatch.context() as patch:
        from core.store.vectors import base

        right = base.score
        patch.setattr(base, "score", lambda query, rows, name: -right(query, rows, name))
        with pytest.raises(AssertionError):
            check_search(index, vectors, vectors[0], 5)


def test_an_index_that_was_extended_is_the_one_built_at_once_and_the_old_one_stays(
    backend: type[VectorIndex], metric: str
) -> None:
    vectors = np.random.default_rng(3).normal(size=(60, 5)).astype(np.float32)
    old, whole = backend(metric), backend(metric)
    old.build(vectors[:40])
    whole.build(vectors)
    grown = old.extended(vectors[40:])
    for query in vectors[::7]:
        assert grown.search(query, 12).ids.tolist() == whole.search(query, 12).ids.tolist()
        assert grown.search(query, 12).scores.tolist() == whole.search(query, 12).scores.tolist()
    assert (len(old), len(grown)) == (40, 60)


def test_scores_of_named_vectors_are_those_of_the_search(backend: type[VectorIndex], metric: str) -> None:
    vectors = np.random.default_rng(4).normal(size=(30, 5)).astype(np.float32)
    index = backend(metric)
    index.build(vectors)
    nearest = index.search(vectors[3], 30)
    assert index.scores(vectors[3], nearest.ids).tolist() == nearest.scores.tolist()
