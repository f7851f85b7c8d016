"""Groups: none empty, the largest first, the same again, and as many as there plainly are."""

import numpy as np
import pytest

from core.clustering import group
from core.errors import UnsupportedError
from tests.contracts.test_clustering_methods import blobs, unit


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


@pytest.mark.parametrize("n", [2, 3, 4, 5, 6, 9])
def test_few_sounds_can_be_grouped(n: int) -> None:
    vectors = unit(np.random.default_rng(4).normal(size=(n, 64)))
    assert 1 <= group(vectors, None).k <= max(1, n // 3)
    assert group(vectors, n).k == n


def test_silence_belongs_to_no_group_and_leaves_the_others_as_they_are() -> None:
    vectors, _ = blobs()
    with_silence = np.insert(vectors, [0, 50], 0, axis=0)  # two silent sounds, at 0 and 51
    grouping = group(with_silence, None)
    assert grouping.labels[[0, 51]].tolist() == [-1, -1]
    assert grouping.typicality[[0, 51]].tolist() == [0, 0]
    assert np.array_equal(np.delete(grouping.labels, [0, 51]), group(vectors, None).labels)


def test_more_groups_than_sounds_that_can_be_heard_are_refused() -> None:
    vectors = np.zeros((10, 4), np.float32)
    vectors[:3] = np.eye(4)[:3]
    with pytest.raises(UnsupportedError, match="only 3 of the 10 sounds can be heard"):
        group(vectors, 4)
    with pytest.raises(UnsupportedError, match="only 0 of the 7 sounds"):
        group(vectors[3:], None)
