"""How good spaces are, against examples that were worked out by hand and against the plain way to count."""

import numpy as np
import pytest

from core import measures
from core.errors import UnsupportedError
from core.measures import (
    SpaceSounds,
    agreement,
    compare_by_agreement,
    compare_by_labels,
    neighbours,
    recognition,
    retrieval,
    stability,
)
from core.training.scoring import quality


def directions(*degrees: float) -> np.ndarray:
    """Vectors in a plane; the nearest is the one at the smallest angle."""
    angles = np.deg2rad(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def unit(vectors: np.ndarray) -> np.ndarray:
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def random_space(n: int, dim: int = 16, seed: int = 0) -> np.ndarray:
    return unit(np.random.default_rng(seed).normal(size=(n, dim)))


def classes(n: int, n_classes: int, noise: float, seed: int, dim: int = 16) -> tuple[np.ndarray, list[str]]:
    """Vectors around one centre for each class, and their labels."""
    draws = np.random.default_rng(seed)
    label = np.arange(n) % n_classes
    centres = np.random.default_rng(99).normal(size=(n_classes, dim))
    return unit(centres[label] + noise * draws.normal(size=(n, dim))), [f"class {each}" for each in label]


def sources(n: int) -> list[str]:
    return [f"recording {number}" for number in range(n)]


def space(name: str, vectors: np.ndarray, **more) -> SpaceSounds:
    return SpaceSounds(name, len(vectors), vectors, **more)


def by_labels(vectors: np.ndarray, labels: str, of: str | None = None):
    """The one row of one space."""
    (row,) = compare_by_labels([space("ears", vectors)], list(labels), list(of or "123456789"[: len(labels)])).rows
    return row


# --- with labels ------------------------------------------------------------------------------------------------------


def test_two_classes_that_lie_apart_score_one() -> None:
    row = by_labels(directions(0, 5, 10, 90, 95, 100), "aaabbb")
    assert (row.map, row.top1, row.v_measure) == (1.0, 1.0, pytest.approx(1.0))
    assert (row.rank, row.dim, row.sounds, row.behind, row.agreement) == (1, 2, 6, None, None)


def test_retrieval_of_two_classes_that_overlap() -> None:
    row = by_labels(directions(0, 30, 20, 90), "aabb")
    # 0: b20 a30 -> 1/2; 30: b20 a0 -> 1/2; 20: a30 a0 b90 -> 1/3; 90: a30 b20 -> 1/2
    assert row.map == pytest.approx((1 / 2 + 1 / 2 + 1 / 3 + 1 / 2) / 4)
    assert row.top1 == 0.0


def test_a_neighbour_from_the_same_recording_is_no_neighbour() -> None:
    vectors = directions(0, 1, 10, 20)
    # alone: 0 finds a1 b10 a20; 1 finds a0 b10 a20; 20 finds b10 a1 a0
    assert by_labels(vectors, "aaba", "1234").map == pytest.approx((5 / 6 + 5 / 6 + (1 / 2 + 2 / 3) / 2) / 3)
    assert by_labels(vectors, "aaba", "1234").top1 == pytest.approx(2 / 3)
    # 0 and 1 are of one recording: both find b10 a20
    assert by_labels(vectors, "aaba", "1134").map == pytest.approx((1 / 2 + 1 / 2 + (1 / 2 + 2 / 3) / 2) / 3)
    assert by_labels(vectors, "aaba", "1134").top1 == 0.0


def test_sounds_that_are_equally_near_give_nothing_away_by_their_order() -> None:
    """Ears that hear no difference score what chance does: three of five others are relevant to a, one of five to b."""
    same = np.ones((6, 2), np.float32) / np.sqrt(2, dtype=np.float32)
    compared = compare_by_labels([space("deaf", same)], list("aaaabb"), list("123456"))
    assert compared.rows[0].map == pytest.approx((4 * 3 / 5 + 2 * 1 / 5) / 6)
    assert compared.rows[0].map == compared.chance
    assert compared.rows[0].top1 == compared.chance


def test_it_is_what_the_plain_way_to_count_says() -> None:
    vectors, labels = classes(90, 5, 1.5, seed=3)
    groups = [f"recording {number // 2}" for number in range(90)]
    expected = quality(vectors, labels, groups)
    (row,) = compare_by_labels([space("ears", vectors)], labels, groups).rows
    assert row.map == pytest.approx(expected.map, abs=1e-6)
    assert row.top1 == pytest.approx(expected.top1)
    assert row.v_measure == pytest.approx(expected.v)


def test_blocks_change_nothing(monkeypatch) -> None:
    vectors, labels = classes(40, 4, 1.0, seed=1)
    spaces = [space("ears", vectors), space("others", random_space(40))]
    whole = compare_by_labels(spaces, labels, sources(40)), compare_by_agreement(spaces)
    monkeypatch.setattr(measures, "BLOCK", 100)
    assert (compare_by_labels(spaces, labels, sources(40)), compare_by_agreement(spaces)) == whole


@pytest.mark.parametrize("wrong", ["one vector", "every cosine"])
def test_a_planted_wrong_sign_is_seen(wrong, monkeypatch) -> None:
    vectors = directions(0, 5, 10, 90, 95, 100)
    if wrong == "one vector":
        vectors[1] *= -1
    else:
        cosines = measures._cosines
        monkeypatch.setattr(measures, "_cosines", lambda *of: ((places, -block) for places, block in cosines(*of)))
    assert by_labels(vectors, "aaabbb").map < 0.8


def test_spaces_are_ranked_by_map_and_a_random_one_is_told_apart() -> None:
    good, labels = classes(60, 4, 0.3, seed=1)
    fair, _ = classes(60, 4, 1.5, seed=2)
    ranked = compare_by_labels(
        [space("random", random_space(60)), space("fair", fair), space("good", good)], labels, sources(60)
    )
    assert [(row.space, row.rank) for row in ranked.rows] == [("good", 1), ("fair", 2), ("random", 3)]
    assert [row.told_apart for row in ranked.rows] == [None, True, True]
    assert (ranked.ranked_by, ranked.labelled, ranked.sounds, ranked.labels) == ("map", True, 60, 4)
    assert ranked.rows[2].map == pytest.approx(ranked.chance, abs=0.1)
    for row in ranked.rows[1:]:
        assert row.behind[0] < ranked.rows[0].map - row.map < row.behind[1]
    assert ranked.note == "good is the best of them for these sounds, by more than chance."


def test_equal_spaces_share_a_rank_and_are_not_told_apart() -> None:
    vectors, labels = classes(40, 4, 1.0, seed=1)
    ranked = compare_by_labels([space("one", vectors), space("other", vectors)], labels, sources(40))
    assert [(row.rank, row.behind, row.told_apart) for row in ranked.rows] == [(1, None, None), (1, (0.0, 0.0), False)]
    assert "these 40 sounds do not tell it apart from other" in ranked.note


def test_a_few_recordings_are_never_believed() -> None:
    vectors, labels = classes(40, 4, 0.1, seed=1)
    few = [f"recording {number % 9}" for number in range(40)]
    ranked = compare_by_labels([space("good", vectors), space("random", random_space(40))], labels, few)
    assert ranked.rows[1].told_apart is False


def weighted_map(vectors: np.ndarray, labels: np.ndarray, weights: np.ndarray) -> float:
    """The mAP if a sound counted as often as its weight says, both as a query and among what is found."""
    cosines = vectors @ vectors.T
    total = 0.0
    for query in range(len(vectors)):
        others = np.arange(len(vectors)) != query
        relevant = others & (labels == labels[query])
        nearer = (cosines[query] >= cosines[query][relevant][:, None]) & others  # than each relevant one
        precision = (nearer & relevant) @ weights / (nearer @ weights)
        total += weights[query] * (precision * weights[relevant]).sum() / weights[relevant].sum()
    return total / weights.sum()


def test_the_influence_of_a_sound_is_how_the_map_changes_with_its_weight() -> None:
    vectors, names = classes(20, 3, 1.5, seed=4)
    label = np.unique(names, return_inverse=True)[1]
    found = retrieval(vectors, label, np.arange(20), np.arange(20))
    step, numeric = 1e-5, []
    for sound in range(20):
        more, less = np.ones(20), np.ones(20)
        more[sound], less[sound] = 1 + step, 1 - step
        numeric.append((weighted_map(vectors, label, more) - weighted_map(vectors, label, less)) / (2 * step))
    assert found.map == pytest.approx(weighted_map(vectors, label, np.ones(20)))
    assert found.influence == pytest.approx(np.array(numeric), abs=1e-6)
    assert found.influence.sum() == pytest.approx(0, abs=1e-12)


def test_equally_good_ears_are_seldom_told_apart() -> None:
    """Of 95 intervals in 100 the true difference, which is none here, lies inside; drawing queries alone: 3 in 4."""
    outside, n_trials = 0, 80
    label = np.arange(40) % 8
    for trial in range(n_trials):
        one, other = (
            retrieval(classes(40, 8, 1.0, seed=2 * trial + ears)[0], label, np.arange(40), np.arange(40))
            for ears in (0, 1)
        )
        low, high = measures._interval(one, other, np.arange(40), seed=trial)
        outside += not low <= 0 <= high
    assert outside <= 0.13 * n_trials


def test_the_same_seed_gives_the_same_comparison_and_another_other_draws() -> None:
    vectors, labels = classes(40, 4, 1.0, seed=1)
    spaces = [space("ears", vectors), space("others", classes(40, 4, 1.0, seed=2)[0])]
    once, again, other = (compare_by_labels(spaces, labels, sources(40), seed) for seed in (5, 5, 6))
    assert once == again
    assert once.rows[1].behind != other.rows[1].behind
    assert once.rows[1].map == other.rows[1].map
    assert compare_by_agreement(spaces, 5) == compare_by_agreement(spaces, 5)


def test_where_nothing_can_be_found_it_says_so() -> None:
    with pytest.raises(UnsupportedError, match="no label has sounds of two recordings"):
        compare_by_labels([space("ears", directions(0, 1, 2))], list("abb"), list("122"))


# --- without labels ---------------------------------------------------------------------------------------------------


def test_neighbours_are_the_nearest_others() -> None:
    found = neighbours(directions(0, 10, 40, 90), np.array([0, 2, 3]), 2, seed=0)
    assert [set(row) for row in found.tolist()] == [{1, 2}, {0, 1}, {2, 1}]


def test_agreement_is_the_share_of_common_neighbours_above_chance() -> None:
    one, same, other = np.array([[1, 2], [0, 2]]), np.array([[2, 1], [2, 0]]), np.array([[1, 3], [3, 4]])
    assert agreement(one, [same], n=6) == 1.0
    # one of four is shared; by chance two of five others are
    assert agreement(one, [other], n=6) == pytest.approx((1 / 4 - 2 / 5) / (1 - 2 / 5))
    assert agreement(one, [same, other], n=6) == pytest.approx((5 / 8 - 2 / 5) / (1 - 2 / 5))


def test_random_ears_agree_by_chance_and_so_do_those_that_hear_no_difference() -> None:
    same = np.ones((200, 2), np.float32) / np.sqrt(2, dtype=np.float32)
    for vectors in ((random_space(200, seed=1), random_space(200, seed=2)), (same, same)):
        found = [neighbours(each, np.arange(200), 10, seed) for seed, each in enumerate(vectors)]
        assert agreement(found[0], found[1:], 200) == pytest.approx(0, abs=0.03)


def test_recognition_is_one_over_the_place_of_a_sounds_other_half() -> None:
    first, second = directions(0, 50, 90), directions(10, 80, 85)
    # 0 finds 10 first; 50 finds 80 (30 away) before 85 and 10; 90 finds 85 first
    assert recognition(first, second) == 1.0
    # 0 finds its 85 last; 50 finds its 80 first; 90 finds 85 and 80 before its 10
    assert recognition(first, second[[2, 1, 0]]) == pytest.approx((1 / 3 + 1 + 1 / 3) / 3)
    assert recognition(np.ones((4, 1), np.float32), np.ones((4, 1), np.float32)) == 1 / 4
    assert recognition(first * [[1], [0], [1]], second) == pytest.approx(2 / 3), "silence is not found"


def test_groups_that_lie_apart_are_stable_and_others_are_not() -> None:
    apart, _ = classes(80, 2, 0.05, seed=1)
    assert stability(apart[:8]) == 1.0, "eight are grouped into two"
    assert stability(apart) > stability(random_space(80)) + 0.2
    assert stability(random_space(72)) < 0.3
    assert stability(np.ones((72, 2), np.float32)) == 0.0, "one group of all is no grouping"


def test_spaces_without_labels_are_ranked_by_their_mean_rank() -> None:
    apart, near = (classes(72, 6, noise, seed=1)[0] for noise in (0.1, 0.2))
    chance = random_space(72)
    halves = [(each, np.roll(each, 36, axis=0)) for each in (apart, near, chance)]
    compared = compare_by_agreement(
        [
            space("chance", chance, halves=halves[2]),
            space("apart", apart, halves=(apart, apart)),
            space("near", near, halves=halves[1]),
        ]
    )
    assert [row.space for row in compared.rows] == ["apart", "near", "chance"]
    assert compared.rows[2].rank == 3
    assert compared.rows[0].recognition == 1.0
    assert (compared.ranked_by, compared.labelled, compared.sounds, compared.labels) == ("mean_rank", False, 72, 0)
    assert compared.rows[0].mean_rank < compared.rows[2].mean_rank
    assert compared.rows[0].map is None
    assert "No label says which ears are right" in compared.note


def test_what_was_not_measured_ranks_nobody() -> None:
    vectors = classes(72, 6, 0.1, seed=1)[0]
    compared = compare_by_agreement([space("ears", vectors), space("same", vectors)])
    assert [(row.rank, row.mean_rank, row.recognition) for row in compared.rows] == [(1, 1.5, None)] * 2
    assert "Too few sounds are long enough" in compared.note
    assert "Of two spaces agreement tells nothing" in compared.note


def test_too_few_sounds_are_refused() -> None:
    with pytest.raises(UnsupportedError, match="9 sounds that all ears have heard are too few to compare; add sounds"):
        compare_by_agreement([space("ears", random_space(9)), space("others", random_space(9))])


# --- many sounds ------------------------------------------------------------------------------------------------------


def test_of_many_sounds_some_are_asked_and_it_says_so(monkeypatch) -> None:
    monkeypatch.setattr(measures, "QUERIES", 300)
    vectors, labels = classes(20_000, 20, 1.0, seed=1)
    spaces = [space("random", random_space(20_000)), space("ears", vectors)]
    ranked = compare_by_labels(spaces, labels, sources(20_000))
    assert [row.space for row in ranked.rows] == ["ears", "random"]
    assert ranked.rows[1].map == pytest.approx(ranked.chance, abs=0.01)
    assert (ranked.sounds, ranked.queries, ranked.rows[1].told_apart) == (20_000, 300, True)
    assert ranked.note.endswith("Measured with 300 of 20000 sounds, drawn by chance.")
    compared = compare_by_agreement(spaces)
    assert (compared.sounds, compared.queries) == (20_000, 300)
    assert compared.rows[0].agreement == pytest.approx(0, abs=0.01)


def test_a_sample_of_the_queries_comes_near_to_all_of_them(monkeypatch) -> None:
    vectors, labels = classes(600, 6, 2.0, seed=1)
    spaces = [space("ears", vectors), space("others", classes(600, 6, 2.5, seed=2)[0])]
    whole = compare_by_labels(spaces, labels, sources(600))
    monkeypatch.setattr(measures, "QUERIES", 150)
    sampled = compare_by_labels(spaces, labels, sources(600))
    for one, other in zip(whole.rows, sampled.rows, strict=True):
        assert one.map == pytest.approx(other.map, abs=0.03)
    assert np.ptp(sampled.rows[1].behind) > np.ptp(whole.rows[1].behind), "fewer queries are less sure"
