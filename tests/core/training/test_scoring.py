"""Scores against examples that were worked out by hand."""

from itertools import combinations

import numpy as np
import pytest

from core.training.scoring import average_precision, quality, recall, recall_by_chance, text_quality


def directions(*degrees: float) -> np.ndarray:
    """Vectors in a plane; the nearest is the one at the smallest angle."""
    angles = np.deg2rad(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def test_average_precision_is_the_mean_of_the_precisions_at_the_relevant_places() -> None:
    assert average_precision(np.array([True, False, True, False])) == pytest.approx((1 / 1 + 2 / 3) / 2)


def test_retrieval_of_two_classes_that_overlap() -> None:
    """Each sound's nearest neighbour is of the other class here."""
    scored = quality(directions(0, 30, 20, 90), ["a", "a", "b", "b"], ["1", "2", "3", "4"])
    # 0: b20 a30 -> 1/2; 30: b20 a0 -> 1/2; 20: a30 a0 b90 -> 1/3; 90: a30 b20 -> 1/2
    assert scored.map == pytest.approx((1 / 2 + 1 / 2 + 1 / 3 + 1 / 2) / 4)
    assert scored.top1 == 0.0


def test_classes_that_lie_apart_score_one_whatever_the_length_of_the_vectors() -> None:
    vectors = directions(0, 1, 90, 91) * np.array([[1], [7], [3], [0.1]], np.float32)
    scored = quality(vectors, ["a", "a", "b", "b"], ["1", "2", "3", "4"])
    assert (scored.map, scored.top1, scored.v) == (1.0, 1.0, pytest.approx(1.0))


def test_a_neighbour_from_the_same_recording_is_neither_right_nor_wrong() -> None:
    vectors, labels = directions(0, 0, 10, 20), ["a", "a", "b", "a"]
    alone = quality(vectors, labels, ["1", "2", "3", "4"])
    grouped = quality(vectors, labels, ["1", "1", "3", "4"])
    assert alone.top1 == pytest.approx(2 / 3)  # the two at 0 find each other, the one at 20 finds b
    assert grouped.top1 == 0.0  # all of them find b at 10 first
    assert grouped.map == pytest.approx((1 / 2 + 1 / 2 + (1 / 2 + 2 / 3) / 2) / 3)


def test_a_planted_wrong_sign_is_seen() -> None:
    vectors, labels = directions(0, 5, 10, 90, 95, 100), ["a", "a", "a", "b", "b", "b"]
    wrong = vectors * np.array([[1], [-1], [1], [1], [1], [1]], np.float32)
    assert quality(vectors, labels, list("123456")).map == 1.0
    assert quality(wrong, labels, list("123456")).map < 0.8


def test_texts_are_scored_by_class_and_sounds_go_to_the_text_that_fits_them_best() -> None:
    scores = np.array([[0.9, 0.5, 0.6, 0.1], [0.2, 0.3, 0.7, 0.8]], np.float32)
    scored = text_quality(scores, ["a", "a", "b", "b"], ["a", "b"])
    assert scored.map == pytest.approx(((1 + 2 / 3) / 2 + 1) / 2)  # a ranks a b a b; b ranks b b a a
    assert scored.accuracy == 1.0
    assert text_quality(scores[::-1], ["a", "a", "b", "b"], ["a", "b"]).accuracy == 0.0


def test_recall_counts_the_relevant_among_the_best_and_the_rank_of_the_first() -> None:
    scores = np.zeros((2, 40), np.float32)
    scores[0, :20] = np.arange(20, 0, -1)  # the first sound is the best, and so on
    scores[1] = np.arange(40, 0, -1)
    relevant = np.zeros((2, 40), bool)
    relevant[0, [1, 3, 12, 30]] = True  # two in the best 10, three found at all, the last one scores 0
    relevant[1, :20] = True  # the best 10 cannot hold more than 10 of these 20
    found = recall(scores, relevant)
    assert found.at_10 == pytest.approx((2 / 4 + 10 / 10) / 2)
    assert found.at_100 == pytest.approx((3 / 4 + 20 / 20) / 2)
    assert found.mrr == pytest.approx((1 / 2 + 1) / 2)


def test_what_scores_nothing_is_not_found() -> None:
    found = recall(np.zeros((1, 5), np.float32), np.ones((1, 5), bool))
    assert (found.at_10, found.at_100, found.mrr) == (0.0, 0.0, 0.0)


def test_equal_scores_find_as_much_as_chance_though_the_relevant_come_first_in_the_table() -> None:
    relevant = np.zeros((1, 1000), bool)
    relevant[0, :10] = True
    assert recall(np.ones((1, 1000), np.float32), relevant).at_10 < 0.3


def test_chance_is_the_mean_over_all_orders() -> None:
    n_sounds, n_relevant = 6, 2
    places = list(combinations(range(n_sounds), n_relevant))
    expected = np.mean([1 / (1 + min(each)) for each in places])
    assert recall_by_chance([n_relevant], n_sounds).mrr == pytest.approx(expected)
    assert recall_by_chance([3], 50).at_10 == pytest.approx(10 / 50)
    assert recall_by_chance([20], 50).at_10 == pytest.approx(20 / 50)
    assert recall_by_chance([3, 20], 50).at_100 == pytest.approx(1.0)
