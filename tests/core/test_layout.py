"""Places for vectors: the same each time, near where they are alike, and none that moves when others come."""

import tracemalloc

import numpy as np
import pytest
from sklearn.manifold import trustworthiness

from core import layout
from core.layout import fitted_rows, lay_out, normalised, place, shaping
from core.seriation import sorted_by_likeness
from tests.mapped import DIM, heaps

HEAPS = heaps(6, 20)
IDS = np.arange(1, len(HEAPS) + 1)


@pytest.fixture(scope="module")
def points():
    return lay_out(HEAPS, IDS)


def test_the_same_vectors_and_seed_give_the_same_places_bit_for_bit(points):
    assert np.array_equal(lay_out(HEAPS, IDS), points)
    assert not np.array_equal(lay_out(HEAPS, IDS, seed=1), points)


def test_neighbours_on_the_map_are_neighbours_in_the_space(points):
    assert trustworthiness(HEAPS, points, n_neighbors=10, metric="cosine") > 0.9
    shuffled = np.random.default_rng(0).permutation(points)
    assert trustworthiness(HEAPS, shuffled, n_neighbors=10, metric="cosine") < 0.6


def test_places_lie_within_the_unit_square_with_one_scale_for_both_axes(points):
    assert points.dtype == np.float32 and points.min() >= 0 and points.max() <= 1
    wide = normalised(np.array([[0.0, 0.0], [4.0, 0.0], [0.0, 1.0], [4.0, 1.0]]))
    width, height = np.ptp(wide, axis=0)
    assert width == pytest.approx(1 - 2 * layout.MARGIN) and width / height == pytest.approx(4, rel=1e-3)
    assert (wide[:, 1].min() + wide[:, 1].max()) / 2 == pytest.approx(0.5)


def test_one_far_place_does_not_cost_all_others_their_room():
    many = np.random.default_rng(0).uniform(0, 1, (400, 2))
    drawn = normalised(np.vstack([many, [[50.0, 0.5]]]))
    assert np.ptp(drawn[:-1, 0]) > 0.5, "a plain scale would leave them a fiftieth of the width"
    assert drawn[-1, 0] == drawn[:, 0].max()


@pytest.mark.parametrize("n", [1, 2, 3, 5, 14])
def test_a_few_vectors_have_places_of_their_own_without_umap(n, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "umap.umap_", None)
    few = lay_out(HEAPS[:n], IDS[:n])
    assert np.isfinite(few).all() and few.min() >= 0 and few.max() <= 1
    assert len(np.unique(few, axis=0)) == n


def test_equal_vectors_do_not_lie_on_one_spot():
    for n in (4, 20):
        equal = np.repeat(HEAPS[:1], n, axis=0)
        assert len(np.unique(lay_out(equal, IDS[:n]), axis=0)) == n


def test_silence_lies_below_all_that_is_heard_and_never_moves(points):
    with_silence = np.vstack([HEAPS, np.zeros((2, DIM), np.float32)])
    ids = np.append(IDS, [500, 501])
    laid = lay_out(with_silence, ids)
    assert np.array_equal(laid[: len(HEAPS)], points)
    assert laid[-2:, 1].max() < points[:, 1].min()
    assert np.array_equal(place(np.zeros((1, DIM), np.float32), np.array([500]), HEAPS, points), laid[-2:-1])
    assert np.isfinite(lay_out(np.zeros((3, DIM), np.float32), IDS[:3])).all()


def test_a_twin_is_put_beside_its_twin(points):
    placed = place(HEAPS[[7, 55]], np.array([900, 901]), HEAPS, points)
    apart = np.linalg.norm(placed - points[[7, 55]], axis=1)
    assert (apart > 0).all() and (apart < 0.02).all()


def test_a_new_one_lies_in_the_heap_of_its_kind(points):
    rng = np.random.default_rng(3)
    new = HEAPS[::20] + 0.05 * rng.normal(size=(6, DIM)).astype(np.float32)
    new /= np.linalg.norm(new, axis=1, keepdims=True)
    placed = place(new, np.arange(900, 906), HEAPS, points)
    nearest = np.linalg.norm(placed[:, None] - points[None], axis=-1).argmin(axis=1)
    assert (nearest // 20).tolist() == [0, 1, 2, 3, 4, 5]


def test_of_more_than_it_can_fit_a_sample_is_laid_out_and_the_rest_put_among_it(monkeypatch):
    monkeypatch.setattr(layout, "MOST_FITTED", 90)
    told = []
    points = lay_out(HEAPS, IDS, report=told.append)
    assert len(fitted_rows(HEAPS, 0)) == 90
    assert len(np.unique(points, axis=0)) == len(HEAPS)
    assert trustworthiness(HEAPS, points, n_neighbors=10, metric="cosine") > 0.9
    assert (told[-1].done, told[-1].total) == (120, 120)


def test_among_more_than_it_can_fit_a_sample_says_where_new_ones_go(points, monkeypatch):
    twins, ids = HEAPS[::20], np.arange(900, 906)
    whole = place(twins, ids, HEAPS, points)
    monkeypatch.setattr(layout, "MOST_FITTED", 60)
    placed = place(twins, ids, HEAPS, points)
    assert np.array_equal(place(twins, ids, HEAPS, points), placed)
    assert not np.array_equal(placed, whole), "some neighbours are not in the sample"
    nearest = np.linalg.norm(placed[:, None] - points[None], axis=-1).argmin(axis=1)
    assert (nearest // 20).tolist() == [0, 1, 2, 3, 4, 5], "and yet each is in its heap"


def test_what_it_takes_to_place_new_ones_does_not_grow_with_the_known_ones():
    new, ids = heaps(1, 1_000), np.arange(1_000)

    def peak_mb(n_known: int) -> float:
        known, places = np.tile(HEAPS, (n_known // 120, 1)), np.full((n_known, 2), 0.5, np.float32)
        tracemalloc.start()
        place(new, ids, known, places)
        peak = tracemalloc.get_traced_memory()[1] / 1e6
        tracemalloc.stop()
        return peak

    few, many = peak_mb(24_000), peak_mb(120_000)
    assert many < 100, "a block of rows against all of them takes 1,450 MB"
    assert many < 1.2 * few


def test_the_way_to_a_map_ends_at_the_map(points):
    moments = shaping(HEAPS, IDS, 0, 12)
    epochs = [moment.epoch for moment in moments]
    assert epochs[0] == 0 and epochs[-1] == layout.EPOCHS_SMALL and epochs == sorted(set(epochs))
    assert np.array_equal(normalised(moments[-1].places), points)
    assert trustworthiness(HEAPS, moments[0].places) < trustworthiness(HEAPS, moments[-1].places)


def test_the_plane_of_discriminants_tells_groups_apart_that_the_largest_spread_hides():
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(200, 5)).astype(np.float32) * [9, 1, 0.2, 0.1, 0.1]
    groups = np.repeat([1, 2], 100)
    rows[:, 1] *= 0.1
    rows[groups == 2, 1] += 1
    plane = layout.discriminant_plane(rows, groups)
    gap = plane[groups == 2, 0].mean() - plane[groups == 1, 0].mean()
    assert abs(gap) > 5, "a unit is the standard deviation within groups: 1 / 0.1"
    assert plane[groups == 1].std() < 3


def test_the_plane_of_nothing_holds_nothing():
    assert layout.discriminant_plane(HEAPS[:0], np.zeros(0, np.int64)).shape == (0, 2)
    assert layout.discriminant_plane(HEAPS[:1], np.ones(1, np.int64)).tolist() == [[0, 0]]


def test_on_the_line_neighbours_are_alike():
    circle = np.linspace(0, 3, 50)
    rows = np.column_stack([np.cos(circle), np.sin(circle)]).astype(np.float32)
    shuffle = np.random.default_rng(0).permutation(50)
    order = shuffle[sorted_by_likeness(rows[shuffle])]
    assert order.tolist() in (list(range(50)), list(range(49, -1, -1)))
    kinds = np.arange(120)[sorted_by_likeness(HEAPS)] // 20
    assert (np.diff(kinds) != 0).sum() <= 8, "of six heaps each comes once, or nearly"
    assert sorted(sorted_by_likeness(np.repeat(HEAPS[:1], 9, axis=0)).tolist()) == list(range(9))
