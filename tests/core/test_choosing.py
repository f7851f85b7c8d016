"""Of the events of a file, those that a person wants to see."""

import pytest

from core.errors import NotFoundError
from core.events.choosing import chosen
from core.events.event import Event

HEARD = [
    Event(0.0, 4.0, "Music", 0.9),
    Event(1.0, 2.0, "Bark", 0.8),
    Event(3.0, 9.0, "Rain", 0.7),
    Event(5.0, 5.5, "Meow", 0.6),
    Event(6.0, 7.0, "Bark", 0.5),
]


def labels(events: list[Event]) -> list[str]:
    return [event.label for event in events]


def test_without_a_wish_all_is_shown():
    assert chosen(HEARD) == HEARD
    assert chosen([]) == []


def test_a_kind_holds_what_lies_under_it():
    assert labels(chosen(HEARD, only=["animals"])) == ["Bark", "Meow", "Bark"]
    assert labels(chosen(HEARD, only=["dogs", "rain"])) == ["Bark", "Rain", "Bark"]
    assert labels(chosen([Event(0, 1, "Speech", 1.0), *HEARD], only=["people talking"])) == ["Speech"]
    assert labels(chosen(HEARD, without=["animals"])) == ["Music", "Rain"]
    assert labels(chosen(HEARD, only=["animals"], without=["cats"])) == ["Bark", "Bark"]


def test_leaving_out_what_is_not_there_changes_nothing():
    assert chosen(HEARD, without=["trains"]) == HEARD


def test_a_stretch_cuts_what_reaches_into_it():
    assert chosen(HEARD, start_s=3.5, end_s=6.5) == [
        Event(3.5, 4.0, "Music", 0.9),
        Event(3.5, 6.5, "Rain", 0.7),
        Event(5.0, 5.5, "Meow", 0.6),
        Event(6.0, 6.5, "Bark", 0.5),
    ]
    assert chosen(HEARD, start_s=9.0) == []


def test_what_is_heard_is_called_as_the_person_wishes():
    renamed = chosen(HEARD, renamed={"bark": "my dog Rex", "rain": "a\nshower"})
    assert labels(renamed) == ["Music", "my dog Rex", "a shower", "Meow", "my dog Rex"]
    assert len(chosen(HEARD, renamed={"rain": "x" * 500})[2].label) == 40


@pytest.mark.parametrize("wish", [{"only": ["trains"]}, {"renamed": {"trains": "a tram"}}, {"only": ["qwxyz"]}])
def test_words_that_fit_nothing_are_told_with_what_is_heard(wish):
    with pytest.raises(NotFoundError, match="heard is: Bark, Meow, Music, Rain"):
        chosen(HEARD, **wish)
