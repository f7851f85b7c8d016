"""Mixtures and their BIC: numbers of groups that a person would say, with few members and with many."""

from collections.abc import Iterator

import numpy as np
import pytest
from scipy.stats import multivariate_t
from threadpoolctl import threadpool_limits

from core.clustering import mixture
from core.clustering.methods.gmm import GaussianMixtureMethod


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """As in `core.clustering.group`; more threads than processors make small sums slow."""
    with threadpool_limits(1):
        yield


def clouds(k: int, size: int, spread: float = 0.05, d: int = 8) -> tuple[np.ndarray, np.ndarray]:
    """Groups of one size around random places, and the group of each point."""
    rng = np.random.default_rng(1)
    truth = np.repeat(np.arange(k), size)
    return rng.normal(size=(k, d))[truth] + rng.normal(0, spread, (k * size, d)), truth


@pytest.mark.parametrize(("k", "size"), [(1, 100), (2, 60), (5, 8), (12, 5), (30, 6), (6, 100)])
def test_the_number_is_found_whether_groups_are_small_or_large(k: int, size: int) -> None:
    points, _ = clouds(k, size)
    found = GaussianMixtureMethod().fit(points, None, seed=0)
    assert len(np.unique(found.labels)) == k
    assert min(found.bic, key=lambda point: point[1])[0] == k


def test_long_and_round_groups_are_told_apart() -> None:
    rng = np.random.default_rng(0)
    long = rng.normal(size=(80, 3)) * [1.0, 0.03, 0.03]
    round_ = rng.normal(size=(80, 3)) * 0.03 + [0, 0.6, 0]
    labels = GaussianMixtureMethod().fit(np.concatenate([long, round_]), None, seed=0).labels
    assert len(np.unique(labels)) == 2
    assert len(np.unique(labels[:80])) == len(np.unique(labels[80:])) == 1


def test_narrow_groups_beside_a_wide_one_are_not_lost() -> None:
    rng = np.random.default_rng(0)
    narrow, _ = clouds(6, 8)
    wide = rng.normal(size=(60, 8)) * 0.3 + 2
    labels = GaussianMixtureMethod().fit(np.concatenate([narrow, wide]), None, seed=0).labels
    assert len(np.unique(labels)) == 7


def test_a_cloud_without_groups_is_one_group() -> None:
    for n in (30, 100, 500):
        points = np.random.default_rng(n).normal(size=(n, 16))
        assert set(GaussianMixtureMethod().fit(points, None, seed=0).labels) == {0}


def test_bic_of_one_group_is_its_evidence_under_the_prior(monkeypatch: pytest.MonkeyPatch) -> None:
    """The chain rule: each point by the Student distribution that the points before it predict (Murphy 2007, 9.2)."""
    monkeypatch.setattr(mixture, "FREEDOMS", (2,))
    monkeypatch.setattr(mixture, "FLOOR", 0.0)
    points = np.random.default_rng(3).normal(size=(6, 2)) * [1, 0.3]
    shared = np.diag([0.5, 0.2])
    total = np.cov(points.T)
    weight, degrees = 0.7 / np.trace(total), 5.0
    mean, scale, log_evidence = points.mean(axis=0), 2 * shared, 0.0
    for point in points:
        spread = scale * (weight + 1) / (weight * (degrees - 1))
        log_evidence += multivariate_t.logpdf(point, mean, spread, degrees - 1)
        off = point - mean
        scale = scale + weight / (weight + 1) * np.outer(off, off)
        mean, weight, degrees = mean + off / (weight + 1), weight + 1, degrees + 1
    assert mixture.bic(points, np.zeros(6, np.int64), shared) == pytest.approx(-2 * log_evidence, rel=1e-6)


def test_bic_of_labels_counts_how_likely_their_sizes_are() -> None:
    """Of a uniform prior on shares, sizes 2 and 2 of 4 have a chance of 1 / 5, shared by the 6 ways to label so."""
    points = np.array([[0.0], [0.01], [1.0], [1.01]])
    labels, shared = np.array([0, 0, 1, 1]), np.array([[1e-4]])
    both = mixture.bic(points, labels, shared)
    assert both < mixture.bic(points, np.array([0, 1, 0, 1]), shared)
    assert both == mixture.bic(points, labels + 7, shared)  # names of groups say nothing


def test_what_is_predicted_is_what_was_fitted_in_blocks_too(monkeypatch: pytest.MonkeyPatch) -> None:
    points, truth = clouds(5, 20)
    fitted = mixture.fit(points, 5, seed=0)
    assert fitted.n_groups == 5
    monkeypatch.setattr(mixture, "BLOCK", 200)
    monkeypatch.setattr(mixture, "ROWS", 30)
    assert np.array_equal(mixture.predict(fitted.mixture, points), fitted.labels)
    assert len({(label, kind) for label, kind in zip(fitted.labels.tolist(), truth.tolist(), strict=True)}) == 5


def test_all_points_of_a_large_library_are_put_into_groups_that_a_sample_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.clustering.methods.gmm.SAMPLE", 100)
    points, truth = clouds(4, 150)
    found = GaussianMixtureMethod().fit(points, None, seed=0)
    assert len(set(zip(found.labels.tolist(), truth.tolist(), strict=True))) == 4
    assert found.note == "BIC was compared on 100 of 600 sounds."


def test_twins_are_no_error_and_no_group_of_no_extent() -> None:
    points = np.zeros((20, 3))
    assert mixture.fit_from(points, np.zeros(20, np.int64), 1).labels.tolist() == [0] * 20
    points[10:] = 1.0
    assert len(np.unique(GaussianMixtureMethod().fit(points, None, seed=0).labels)) == 2
