"""Sounds that an answer names become players."""

import re

import pytest

from agent.players import with_players


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("The nearest is sound 170.", "The nearest is sound [170](/library/audio/170)."),
        (
            "Sound 7, “a.wav” (0.99) at 5.0 s: a bell",
            "Sound [7](/library/audio/7#t=5), “a.wav” (0.99) at 5.0 s: a bell",
        ),
        ("Sound 3 barks at 1:05 and later.", "Sound [3](/library/audio/3#t=65) barks at 1:05 and later."),
        ("Sound 3 barks at 1:00:05.", "Sound [3](/library/audio/3#t=3605) barks at 1:00:05."),
        ("Hear #3 from second 12.", "Hear #[3](/library/audio/3#t=12) from second 12."),
        ("Sounds 1, 2 and 3.", "Sounds [1](/library/audio/1), [2](/library/audio/2) and [3](/library/audio/3)."),
        ("Sound 1. Another begins at 4 s.", "Sound [1](/library/audio/1). Another begins at 4 s."),
        ("Sound 1 and sound 2 at 4 s", "Sound [1](/library/audio/1) and sound [2](/library/audio/2#t=4) at 4 s"),
        ("The chunk 412:7 is bright.", "The chunk [412:7](/library/audio/412) is bright."),
        ("See [12].", "See [12](/library/audio/12)."),
        ("Der Klang 5 ab 2 Sekunden", "Der Klang [5](/library/audio/5#t=2) ab 2 Sekunden"),
    ],
)
def test_the_number_of_a_sound_is_a_link_to_its_second(said, shown):
    assert with_players(said) == shown


@pytest.mark.parametrize(
    "said",
    [
        "I found 10 sounds for “rain”.",
        "Group 3 of clustering 2 holds 12 sounds.",
        "Sounds 3 s long, from 20 Hz to 12:30.",
        "The file “sound 12.wav” is short.",
        "Run `show sound 12` to see.",
        "```\nsound 12\n```",
        "[sound 12](/library/audio/12#t=3)",
        "",
    ],
)
def test_what_names_no_sound_stays_as_it_is(said):
    assert with_players(said) == said


def test_a_text_is_linked_once():
    once = with_players("Sounds 1 and 2, then sound 3 at 4 s.")
    assert with_players(once) == once
    assert len(re.findall(r"\]\(/library/audio/", once)) == 3
