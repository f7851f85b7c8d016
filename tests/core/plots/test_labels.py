"""Names of groups never touch each other and stay within the picture."""

import numpy as np
import pytest

from core.plots.labels import spread_out

BOUNDS = (0.0, 0.0, 1500.0, 1000.0)


def touching(middles: np.ndarray, sizes: np.ndarray) -> int:
    apart = np.abs(middles[:, None] - middles[None])
    near = (apart < (sizes[:, None] + sizes[None]) / 2).all(axis=-1)
    return int((near.sum() - len(middles)) // 2)


@pytest.mark.parametrize("n", [1, 12, 40])
def test_names_do_not_touch_even_if_all_groups_lie_on_one_spot(n):
    rng = np.random.default_rng(0)
    sizes = np.column_stack([rng.uniform(80, 220, n), np.full(n, 36.0)])
    for anchors in (rng.uniform([0, 0], [1500, 1000], (n, 2)), np.full((n, 2), [700.0, 500.0])):
        spots = spread_out(anchors, sizes, rng.uniform([0, 0], [1500, 1000], (4000, 2)), BOUNDS)
        assert spots.found.all()
        assert touching(spots.middles, sizes) == 0
        assert (spots.middles - sizes / 2 >= 0).all() and (spots.middles + sizes / 2 <= [1500, 1000]).all()


def test_a_name_goes_where_it_covers_nothing():
    crowd = np.random.default_rng(0).uniform([600, 400], [900, 600], (3000, 2))
    spots = spread_out(np.array([[750.0, 590.0]]), np.array([[120.0, 30.0]]), crowd, BOUNDS)
    (x, y), inside = spots.middles[0], crowd
    covered = (np.abs(inside - [x, y]) < [60, 15]).all(axis=1).sum()
    assert covered < 60 and np.hypot(x - 750, y - 590) < 150


def test_what_finds_no_room_is_left_out():
    n = 30
    spots = spread_out(np.full((n, 2), 50.0), np.full((n, 2), [90.0, 30.0]), np.empty((0, 2)), (0.0, 0.0, 100.0, 100.0))
    assert 1 <= spots.found.sum() <= 3
    kept = spots.middles[spots.found]
    assert touching(kept, np.full((len(kept), 2), [90.0, 30.0])) == 0
