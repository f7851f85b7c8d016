"""Groups: none empty, the largest first, the same again, and as many as there plainly are."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as run_with
from hypothesis import strategies as st

from core.clustering import METHODS, group
from core.errors import UnknownNameError, UnsupportedError

SIZES = (40, 30, 20, 15, 12)


def unit(rows: np.ndarray) -> np.ndarray:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def blobs(sizes: tuple[int, ...] = SIZES, spread: float = 0.05, dim: int = 16) -> tuple[np.ndarray, np.ndarray]:
    """Unit vectors around as many axes as there are sizes, in a mixed order, and the axis of each."""
    rng = np.random.default_rng(0)
    truth = rng.permutation(np.repeat(np.arange(len(sizes)), sizes))
    return unit(np.eye(dim)[truth] + rng.normal(0, spread, (len(truth), dim))), truth


def test_bic_finds_five_well_separated_groups() -> None:
    vectors, truth = blobs()
    grouping = group(vectors, None)
    assert grouping.k == 5
    assert np.array_equal(grouping.labels, truth)  # the axes are in order of size already
    assert dict(grouping.bic)[5] == min(bic for _, bic in grouping.bic)
    assert {4, 5, 6} <= dict(grouping.bic).keys()  # its neighbours were tried
    assert [k for k, _ in grouping.bic] == sorted(dict(grouping.bic))


def test_bic_finds_one_group_where_there_is_one() -> None:
    vectors, _ = blobs((60,))
    assert group(vectors, None).k == 1


@pytest.mark.parametrize("method", METHODS)
def test_a_forced_number_is_kept_and_plain_groups_are_found(method: str) -> None:
    vectors, truth = blobs()
    grouping = group(vectors, 5, method)
    assert np.array_equal(grouping.labels, truth)
    assert grouping.bic == []


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("k", [1, 2, 7, 20, 39, 40])
def test_no_group_is_empty_and_the_largest_comes_first(method: str, k: int) -> None:
    vectors = unit(np.random.default_rng(1).normal(size=(40, 8)))
    labels = group(vectors, k, method).labels
    sizes = np.bincount(labels, minlength=k)
    assert len(sizes) == k
    assert sizes.min() >= 1
    assert sizes.tolist() == sorted(sizes, reverse=True)


@pytest.mark.parametrize("method", METHODS)
@given(data=st.data())
@run_with(max_examples=12)
def test_twins_and_silence_do_not_empty_a_group(method: str, data: st.DataObject) -> None:
    rows = data.draw(st.lists(st.sampled_from([(1, 0), (0, 1), (0, 0)]), min_size=2, max_size=12))
    k = data.draw(st.integers(1, len(rows)))
    labels = group(np.array(rows, np.float32), k, method).labels
    assert len(np.unique(labels)) == k


@pytest.mark.parametrize("method", METHODS)
def test_the_same_seed_gives_the_same_groups(method: str) -> None:
    vectors = unit(np.random.default_rng(2).normal(size=(60, 8)))
    first, again = (group(vectors, 6, method, seed=3) for _ in range(2))
    assert np.array_equal(first.labels, again.labels)
    assert np.array_equal(first.typicality, again.typicality)
    others = [group(vectors, 6, method, seed=seed).labels for seed in range(4, 8)]
    assert any(not np.array_equal(first.labels, other) for other in others)


def test_typicality_is_the_cosine_with_the_mean_of_the_group() -> None:
    vectors = np.array([[1, 0], [0.8, 0.6], [-1, 0], [-1, 0]], np.float32)
    grouping = group(vectors, 2, "kmeans")
    assert grouping.labels[0] == grouping.labels[1] != grouping.labels[2] == grouping.labels[3]
    # The mean of the first two is (0.9, 0.3): its cosine with each is 0.9 / sqrt(0.9).
    assert grouping.typicality == pytest.approx(np.array([0.948683, 0.948683, 1, 1]), abs=1e-6)


def test_groups_of_one_size_come_in_order_of_their_first_member() -> None:
    vectors, _ = blobs((10, 10, 10))
    labels = group(vectors, 3).labels
    assert [int(np.flatnonzero(labels == g)[0]) for g in range(3)] == sorted(
        int(np.flatnonzero(labels == g)[0]) for g in range(3)
    )


@pytest.mark.parametrize(
    ("n", "k", "method", "error", "reason"),
    [
        (10, 3, "dbscan", UnknownNameError, "gmm, kmeans"),
        (10, None, "kmeans", UnsupportedError, "give one"),
        (1, None, "gmm", UnsupportedError, "1 sounds cannot be grouped"),
        (0, 2, "gmm", UnsupportedError, "0 sounds"),
        (10, 11, "gmm", UnsupportedError, "ask for 1 to 10"),
        (10, 0, "kmeans", UnsupportedError, "ask for 1 to 10"),
        (10, -3, "gmm", UnsupportedError, "ask for 1 to 10"),
    ],
)
def test_what_cannot_be_grouped_is_said(
    n: int, k: int | None, method: str, error: type[Exception], reason: str
) -> None:
    with pytest.raises(error, match=reason):
        group(np.eye(max(n, 1), 4, dtype=np.float32)[:n], k, method)


@pytest.mark.parametrize("n", [2, 3, 4, 5, 6, 9])
def test_few_sounds_can_be_grouped(n: int) -> None:
    vectors = unit(np.random.default_rng(4).normal(size=(n, 64)))
    assert 1 <= group(vectors, None).k <= max(1, n // 3)
    assert group(vectors, n).k == n
