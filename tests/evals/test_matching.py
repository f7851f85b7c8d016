"""Arguments are compared as conversations.toml says."""

from typing import Any

import pytest

from tests.evals.matching import args_fit, matches


@pytest.mark.parametrize(
    ("wanted", "found", "fits"),
    [
        ("*", "x", True),
        ("*", "", False),
        ("*", None, False),
        ("*", [], False),
        ("*", 0.5, True),
        ("-", None, True),
        ("-", 3, False),
        ("~dog|hund", "barking dogs", True),
        ("~dog", None, False),
        ("Rain", "rain", True),
        ("Rain", "rains", False),
        ([2, 5], [5, 2], True),
        (["3"], [3], True),
        ([2], [2, 3], False),
        (2.0, 2, True),
        (True, True, True),
        (5, None, False),
        ({"not": "~wind"}, "rain", True),
        ({"not": "~wind"}, "wind and rain", False),
        ({"not": "-"}, 3, True),
        ({"not": 8}, 8, False),
    ],
)
def test_arguments_are_compared(wanted: Any, found: Any, fits: bool) -> None:
    assert matches(wanted, found) == fits


@pytest.mark.parametrize(
    ("wanted", "found", "fits"),
    [
        ("#2", "30", True),
        ("#2", "30:4", True),
        ("#2", "20", False),
        ("#last", "40", True),
        ("#9", "#9", True),  # a place that is not there fits nothing that a tool would take
        ("#9", "40", False),
        (["#1", "#3"], ["40", "20"], True),
        (["#1", "#3"], ["20", "30"], False),
    ],
)
def test_a_place_stands_for_the_sound_that_was_shown_there(wanted: Any, found: Any, fits: bool) -> None:
    assert matches(wanted, found, [20, 30, 40]) == fits


def test_one_of_several_tables_has_to_fit_one_of_several_calls_as_a_whole():
    wanted = [{"domain": "music"}, {"heard": ["music"], "min_s": 2}]
    assert args_fit(wanted, [{"domain": "music"}])
    assert args_fit(wanted, [{}, {"heard": ["music"], "min_s": 2.0}])
    assert not args_fit(wanted, [{"heard": ["music"]}, {"min_s": 2}])
