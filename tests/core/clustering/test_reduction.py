"""Fewer numbers that keep what is different."""

import numpy as np
import pytest

from core.clustering.reduction import reduce
from tests.contracts.test_clustering_methods import unit


def test_what_lies_in_few_directions_keeps_its_distances() -> None:
    rng = np.random.default_rng(0)
    flat = (rng.normal(size=(140, 3)) @ rng.normal(size=(3, 50))).astype(np.float32)
    points = reduce(flat, seed=0)
    assert points.shape == (140, 16)
    assert points.dtype == np.float64
    before = np.linalg.norm(flat[:, None] - flat[None], axis=2)
    assert np.linalg.norm(points[:, None] - points[None], axis=2) == pytest.approx(before, abs=1e-4)


@pytest.mark.parametrize(("n", "dim", "expected"), [(2, 9, 1), (12, 9, 3), (40, 9, 5), (200, 9, 9), (200, 30, 16)])
def test_few_vectors_have_few_components(n: int, dim: int, expected: int) -> None:
    vectors = unit(np.random.default_rng(0).normal(size=(n, dim)))
    assert reduce(vectors, seed=0).shape == (n, expected)


def test_blocks_and_samples_give_what_the_whole_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = unit(np.eye(40)[np.arange(400) % 4] + np.random.default_rng(0).normal(0, 0.01, (400, 40)))
    whole = reduce(vectors, seed=0)
    monkeypatch.setattr("core.clustering.reduction.BLOCK", 1000)
    assert np.allclose(reduce(vectors, seed=0), whole, atol=1e-12)
    monkeypatch.setattr("core.clustering.reduction.SAMPLE", 200)
    part = reduce(vectors, seed=0)
    assert part.shape == whole.shape
    assert part[:4, :3] @ part[:4, :3].T == pytest.approx(whole[:4, :3] @ whole[:4, :3].T, abs=0.1)
