"""What is said to set a group apart is what clearly differs, with numbers that can be worked out by hand."""

import numpy as np
import pytest

from core.grouping.contrast import Side, apart, mentions, with_titles
from core.grouping.name_check import auc

NOTHING = [frozenset[str]()] * 4


def side(words: list[frozenset[str]] = NOTHING, **numbers: list[float]) -> Side:
    return Side({name: np.array(values) for name, values in numbers.items()}, words)


def test_the_number_that_differs_is_told_with_both_medians() -> None:
    own = side(duration_s=[0.2, 0.3, 0.3, 0.4], loudness_lufs=[-20.0] * 4)
    other = side(duration_s=[2.0, 3, 3, 4], loudness_lufs=[-20.0] * 4)
    assert apart(own, {3: other}) == "Shorter (0.3 s against 3.0 s) than {cluster 3}."


def test_the_two_that_differ_most_are_told_most_first() -> None:
    own = side(duration_s=[1.0, 1, 1, 5], brightness_hz=[4000.0] * 4, pitch_hz=[100.0] * 4)
    # length: 5 is above 4 alone, so 1 of 16 pairs: 0.0625; brightness: AUC 1; pitch: 0, as far from a half
    other = side(duration_s=[4.0, 6, 6, 6], brightness_hz=[500.0] * 4, pitch_hz=[200.0] * 4)
    assert (
        apart(own, {1: other})
        == "Brighter (4.0 kHz against 500 Hz) and lower (100 Hz against 200 Hz) than {cluster 1}."
    )


def test_a_number_is_told_beside_those_neighbours_only_that_it_holds_for() -> None:
    own, many, few = side(duration_s=[5.0] * 4), side(duration_s=[1.0] * 4), side(duration_s=[9.0] * 4)
    assert apart(own, {1: many, 2: many, 3: few}) == "Longer (5.0 s against 1.0 s) than {cluster 1} and {cluster 2}."


def test_what_is_the_same_when_it_is_spoken_is_not_told() -> None:
    assert apart(side(duration_s=[0.302] * 4), {1: side(duration_s=[0.301] * 4)}) == ""


def test_what_hardly_differs_or_hardly_any_sound_has_is_not_told() -> None:
    own = side(duration_s=[1.0, 2, 3, 4], pitch_hz=[400.0, np.nan, np.nan, np.nan])
    assert apart(own, {1: side(duration_s=[1.0, 2, 3, 5], pitch_hz=[100.0] * 4)}) == ""
    assert apart(own, {}) == ""


def test_a_word_of_most_sounds_that_the_neighbours_lack_is_told_with_its_shares() -> None:
    own = side([frozenset({"dog", "loud"})] * 3 + [frozenset({"loud"})])
    assert apart(own, {1: side([frozenset({"loud"})] * 4)}) == (
        "“dog” is said of 75 % of its sounds, and of none in the groups beside it."
    )
    assert apart(side([frozenset({"dog"})] * 4), {1: side([frozenset({"dog"}), *NOTHING[1:]])}) == ""  # 1 of 4 is much


def test_neighbours_are_called_what_they_are_called_when_it_is_read() -> None:
    text = "Longer than {cluster 1} and {cluster 12}."
    assert mentions(text) == {1, 12}
    assert with_titles(text, {1: "Rain"}) == "Longer than “Rain” and “cluster 12”."
    assert with_titles("no {braces} here", {}) == "no {braces} here"


def test_the_auc_counts_pairs_and_halves_ties() -> None:
    # 3 is above 1 and 2; the 2 inside is above 1 and ties with 2: (2 + 1.5) / 4
    assert auc(np.array([3.0, 2, 1, 2]), np.array([True, True, False, False])) == pytest.approx(0.875)
    assert auc(np.zeros(5), np.array([True, False, False, True, False])) == 0.5
