"""Selections: what the page may send, what is kept, and what is said as the person."""

import pytest

from agent.selecting import LARGEST, SAYS, keep_selection
from core.errors import NotFoundError


@pytest.mark.parametrize(
    ("then", "said"),
    [
        ("what", "what is in selection 1?"),
        ("cluster", "cluster only selection 1"),
        ("export", "export selection 1"),
    ],
)
def test_sounds_are_kept_and_asked_about_by_the_number_of_the_selection(demo_library, then, said):
    assert keep_selection(demo_library, {"ids": [3, 1, 3, 2], "then": then}) == {"selection": 1, "say": said}
    assert demo_library.selection(1) == [3, 1, 2], "each once, in the order they came in"
    assert keep_selection(demo_library, {"ids": [5], "then": then})["selection"] == 2
    assert keep_selection(demo_library, {"ids": [3, 1, 2], "then": then})["selection"] == 1, "the same are no new one"
    assert demo_library.selection(1) == [3, 1, 2]


@pytest.mark.parametrize(
    "ids",
    [None, "1", {"1": 2}, [1, "2"], [1.0], [True], [[1]], [None], list(range(LARGEST + 1))],
    ids=lambda ids: str(ids)[:20],
)
def test_what_is_no_list_of_numbers_is_refused_in_a_sentence(demo_library, ids):
    answer = keep_selection(demo_library, {"ids": ids, "then": "what"})
    assert list(answer) == ["error"]
    assert "numbers of sounds" in answer["error"]


@pytest.mark.parametrize("then", [None, "", "delete", ["what"], "WHAT"])
def test_only_what_the_buttons_say_is_said(demo_library, then):
    assert list(keep_selection(demo_library, {"ids": [1], "then": then})) == ["error"]
    assert set(SAYS) == {"what", "cluster", "export"}


@pytest.mark.parametrize("ids", [[], [1, 999], [-1], [2**70]])
def test_sounds_that_do_not_exist_are_no_selection(demo_library, ids):
    answer = keep_selection(demo_library, {"ids": ids, "then": "what"})
    assert list(answer) == ["error"]
    with pytest.raises(NotFoundError, match="there is no selection 1; choose some sounds on a map first"):
        demo_library.selection(1)


def test_an_unknown_selection_names_the_newest_that_there_are(demo_library):
    for first, n in [(first, n) for n in (1, 2) for first in range(1, 14)][:25]:
        demo_library.keep_selection(list(range(first, first + n)))
    with pytest.raises(NotFoundError, match=r"there is no selection 26; known are 6, 7, .*, 25$"):
        demo_library.selection(26)
