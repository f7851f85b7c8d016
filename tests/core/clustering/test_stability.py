"""A group that comes back whichever sounds are drawn is stable; a line through a cloud is not."""

import numpy as np
import pytest

from core.clustering import METHODS, group
from core.clustering.stability import best_jaccard, beyond_chance, stability
from tests.contracts.test_clustering_methods import blobs, unit


@pytest.mark.parametrize("method", METHODS.names())
def test_plain_groups_always_come_back(method: str) -> None:
    vectors, _ = blobs()
    labels = group(vectors, 5, method).labels
    assert stability(vectors, labels, method) == pytest.approx(np.ones(5), abs=0.02)


def test_parts_of_a_cloud_do_not_come_back_and_a_group_beside_it_does() -> None:
    rng = np.random.default_rng(0)
    cloud = np.eye(16)[0] + rng.normal(0, 0.15, (120, 16))
    beside = np.eye(16)[1] + rng.normal(0, 0.02, (30, 16))
    vectors = unit(np.concatenate([cloud, beside]))
    labels = np.append(np.arange(120) % 3, [3] * 30)  # three parts of the cloud that no one can tell apart
    found = stability(vectors, labels, "kmeans")
    assert found[:3].max() < 0.5
    assert found[3] > 0.95


def test_the_best_jaccard_is_of_what_two_groups_have_in_common() -> None:
    before = np.array([0, 0, 0, 1, 1, -1])
    after = np.array([0, 0, 1, 1, 1, 0])
    # 0 has two of three in common with 0, which holds a third that is in no group before: 2 of 4. 1 has both: 2 of 3.
    assert best_jaccard(before, after, 2) == pytest.approx(np.array([2 / 4, 2 / 3]))
    assert np.isnan(best_jaccard(before, after, 3)[2])  # it has no members there
    assert best_jaccard(before, np.full(6, -1), 2).tolist() == [0, 0]


def test_of_one_group_of_all_nothing_is_measured_and_no_group_has_no_figure() -> None:
    vectors, _ = blobs()
    assert np.isnan(stability(vectors, np.zeros(len(vectors), np.int64))).tolist() == [True]
    assert stability(vectors, np.full(len(vectors), -1)).tolist() == []


def test_a_group_of_what_cannot_be_heard_is_not_measured() -> None:
    vectors, labels = blobs()
    found = stability(np.concatenate([vectors, 0 * vectors[:3]]), np.append(labels, [5] * 3))
    assert np.isnan(found).tolist() == [False] * 5 + [True]


@pytest.mark.parametrize("sizes", [(19, 1), (95, 5), (50, 50), (60, 20, 20)])
def test_labels_without_any_order_come_to_nearly_nothing_however_large_a_group(sizes: tuple[int, ...]) -> None:
    rng, before = np.random.default_rng(0), np.repeat(np.arange(len(sizes)), sizes)
    shuffled = [rng.permutation(before) for _ in range(100)]
    found = np.mean([beyond_chance(before, after, len(sizes), rng) for after in shuffled], axis=0)
    assert found.max() < 0.15
    plain = np.mean([best_jaccard(before, after, len(sizes)) for after in shuffled], axis=0)
    assert sizes[0] < 90 or plain[0] > 0.85, "which the plain figure takes for a very stable group"
    assert beyond_chance(before, before, len(sizes), rng).tolist() == [1.0] * len(sizes)


@pytest.mark.parametrize("method", METHODS.names())
def test_a_line_between_equal_sounds_is_as_good_as_any_other(method: str) -> None:
    equal = unit(np.ones((20, 8)))
    assert stability(equal, np.array([0] * 19 + [1]), method).tolist() == [0, 0]
    vectors, labels = blobs()
    twins = np.concatenate([vectors, np.repeat(vectors[labels == 0][:1], 3, axis=0)])
    found = stability(twins, np.append(labels, [5] * 3), method)
    assert found[5] == 0, "its vectors are also in the first"
    assert found[1:5].min() > 0.85


def test_the_same_seed_gives_the_same_figures() -> None:
    vectors = unit(np.random.default_rng(2).normal(size=(60, 8)))
    labels = group(vectors, 4).labels
    assert stability(vectors, labels, seed=1).tolist() == stability(vectors, labels, seed=1).tolist()


def test_small_groups_of_a_large_library_are_among_those_that_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.clustering.stability.SAMPLE", 60)
    vectors, labels = blobs((400, 300, 12))
    assert stability(vectors, labels) == pytest.approx(np.ones(3), abs=0.02)
