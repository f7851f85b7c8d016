"""Groups that look alike lie far from each other, and no two look the same before all looks are taken."""

import numpy as np

from core.looks import HUES, Mark, apart, in_turn


def ring(n: int, each: int = 3) -> tuple[list[int], np.ndarray]:
    """Groups 1 to n on a circle, of equal size."""
    turns = 2 * np.pi * np.arange(n) / n
    places = 0.5 + 0.4 * np.stack([np.cos(turns), np.sin(turns)], axis=1)
    return np.repeat(np.arange(1, n + 1), each).tolist(), np.repeat(places, each, axis=0)


def test_eight_groups_are_discs_of_eight_hues_by_size():
    groups = [1] * 2 + [2] * 9 + [0] * 20 + [7] * 4
    marks = apart(groups, np.random.default_rng(0).uniform(size=(len(groups), 2)))
    assert marks == {1: Mark(2, 0), 2: Mark(0, 0), 7: Mark(1, 0)}, "the largest first, and 0 is no group"
    assert {mark.shape for mark in apart(*ring(8)).values()} == {0}


def test_a_hue_comes_again_far_away_and_with_another_shape():
    groups, places = ring(16)
    marks = apart(groups, places)
    assert len(set(marks.values())) == 16
    middles = {number: places[groups.index(number)] for number in marks}
    pairs = [(a, b) for a in marks for b in marks if a < b and marks[a].hue == marks[b].hue]
    assert len(pairs) == 8
    assert all({marks[a].shape, marks[b].shape} == {0, 1} for a, b in pairs)
    distances = [float(np.hypot(*(middles[a] - middles[b]))) for a, b in pairs]
    assert np.mean(distances) > 0.6 and min(distances) > 0.3, (
        "neighbours on the circle are 0.16 apart, the farthest 0.8"
    )


def test_a_few_far_members_do_not_move_a_group():
    groups, places = ring(16, each=5)
    far = np.zeros((16, 2))
    assert apart([*groups, *range(1, 17)], np.vstack([places, far])) == apart(groups, places)


def test_without_sounds_there_are_no_marks_and_without_places_hues_come_in_turn():
    assert apart([], np.zeros((0, 2))) == apart([0, 0], np.zeros((2, 2))) == {}
    assert [in_turn(number) for number in (1, 8, 9)] == [Mark(0, 0), Mark(7, 0), Mark(0, 1)]
    assert HUES == 8
