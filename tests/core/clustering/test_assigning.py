"""New sounds go to the group of their neighbours, or to none."""

import numpy as np
import pytest

from core.clustering.assigning import assign
from tests.contracts.test_clustering_methods import blobs, unit


def test_a_sound_goes_where_its_nearest_members_are() -> None:
    vectors, truth = blobs()
    found = assign(vectors[60:], vectors[:60], truth[:60] + 1).clusters
    assert np.array_equal(found[found > 0], truth[60:][found > 0] + 1)
    assert (found > 0).mean() > 0.85  # a few lie further out than nearly all members


def test_what_is_far_from_all_members_belongs_to_none() -> None:
    vectors, truth = blobs()
    elsewhere = np.eye(16, dtype=np.float32)[[10, 11]]  # the groups lie along the axes 0 to 4
    found = assign(elsewhere, vectors, truth + 1)
    assert found.clusters.tolist() == [0, 0]
    assert found.typicality.tolist() == [0, 0]


def test_silence_belongs_to_none_and_silent_members_do_not_vote() -> None:
    vectors, truth = blobs()
    silent = np.zeros((3, 16), np.float32)
    assert assign(silent, vectors, truth + 1).clusters.tolist() == [0, 0, 0]
    found = assign(vectors[:5], np.concatenate([vectors, silent]), np.append(truth + 1, [1, 2, 3]))
    assert np.array_equal(found.clusters, truth[:5] + 1)


def test_what_lies_among_members_of_none_belongs_to_none() -> None:
    vectors, truth = blobs()
    clusters = np.where(truth == 2, 0, truth + 1)
    assert (assign(vectors, vectors, clusters).clusters == clusters).all()


def test_typicality_is_the_cosine_with_the_mean_of_the_members() -> None:
    members = np.array([[1, 0], [0.8, 0.6]], np.float32)
    found = assign(np.array([[0.8, 0.6]], np.float32), members, np.array([7, 7]))
    assert found.clusters.tolist() == [7]
    assert found.typicality == pytest.approx(np.array([0.948683]), abs=1e-6)  # the mean is (0.9, 0.3)


def test_a_twin_of_a_member_that_is_alone_in_its_group_joins_it() -> None:
    vectors, truth = blobs()
    alone = unit(np.eye(16)[[12]])
    members, clusters = np.concatenate([vectors, alone, alone]), np.append(truth + 1, [9, 9])
    assert assign(alone, members, clusters).clusters.tolist() == [9]


def test_no_new_sounds_and_no_groups_are_no_error() -> None:
    vectors, truth = blobs()
    assert assign(vectors[:0], vectors, truth + 1).clusters.shape == (0,)
    assert assign(vectors[:2], vectors[:0], truth[:0]).clusters.tolist() == [0, 0]
    assert assign(vectors[:2], vectors, np.zeros(len(vectors), np.int64)).clusters.tolist() == [0, 0]


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors, truth = blobs()
    whole = assign(vectors[60:], vectors[:60], truth[:60] + 1)
    monkeypatch.setattr("core.clustering.assigning.BLOCK", 100)
    parts = assign(vectors[60:], vectors[:60], truth[:60] + 1)
    assert np.array_equal(whole.clusters, parts.clusters)
    assert parts.typicality == pytest.approx(whole.typicality, abs=1e-6)
