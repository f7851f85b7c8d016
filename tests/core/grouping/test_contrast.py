"""What is said to set a group apart is what clearly differs, with numbers that can be worked out by hand."""

import numpy as np
import pytest

from core.grouping.contrast import apart
from core.grouping.name_check import auc

INSIDE = np.array([True] * 4 + [False] * 4)
NO_WORDS = [frozenset[str]()] * 8


def told(numbers: dict[str, list[float]], words: list[frozenset[str]] = NO_WORDS) -> str:
    arrays = {name: np.array(values) for name, values in numbers.items()}
    return apart(arrays, words, INSIDE, ~INSIDE, ["Rain", "Wind"])


def test_the_number_that_differs_is_told_with_both_medians() -> None:
    assert told({"duration_s": [0.2, 0.3, 0.3, 0.4, 2, 3, 3, 4], "loudness_lufs": [-20.0] * 8}) == (
        "Shorter (0.3 s against 3.0 s) than “Rain” and “Wind”."
    )


def test_the_two_that_differ_most_are_told_most_first() -> None:
    numbers = {
        "duration_s": [1.0, 1, 1, 5, 4, 6, 6, 6],  # AUC: 5 is above 4, so 1 of 16 pairs: 0.0625
        "brightness_hz": [4000.0] * 4 + [500.0] * 4,  # AUC 1
        "pitch_hz": [100.0] * 4 + [200.0] * 4,  # AUC 0, as far from a half; after brightness in the alphabet
    }
    assert told(numbers).startswith("Brighter (4.0 kHz against 500 Hz) and lower (100 Hz against 200 Hz) than")


def test_what_hardly_differs_or_hardly_any_sound_has_is_not_told() -> None:
    hardly = {"duration_s": [1.0, 2, 3, 4, 1, 2, 3, 5]}
    few_have_it = {"pitch_hz": [400.0, np.nan, np.nan, np.nan, 100, 100, 100, 100]}
    assert told(hardly | few_have_it) == ""


def test_a_word_of_most_sounds_that_the_neighbours_lack_is_told_with_its_shares() -> None:
    words = [frozenset({"dog", "loud"})] * 3 + [frozenset({"loud"})] + [frozenset({"loud"})] * 4
    assert told({}, words) == "“dog” is said of 75 % of them, and of none of those."
    everywhere = [frozenset({"dog"})] * 4 + [frozenset({"dog"})] + [frozenset()] * 3
    assert told({}, everywhere) == ""
    all_of_them = [frozenset({"dog"})] * 4 + [frozenset()] * 4
    assert told({}, all_of_them) == "“dog” is said of all of them, and of none of those."


def test_the_auc_counts_pairs_and_halves_ties() -> None:
    # 3 is above 1 and 2; the 2 inside is above 1 and ties with 2: (2 + 1.5) / 4
    assert auc(np.array([3.0, 2, 1, 2]), np.array([True, True, False, False])) == pytest.approx(0.875)
    assert auc(np.zeros(5), np.array([True, False, False, True, False])) == 0.5
