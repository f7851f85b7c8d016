"""Strangers' text on pictures: nothing in it is a formula, and nothing warns."""

import pytest

from core.plots.text import MISSING, drawable, wrapped

CANNOT = "\U0001f941"  # a drum: no font of words has it


def test_what_can_be_drawn_stays_as_it_is():
    assert drawable("Größe, “ñandú” & $1^2_3$ <b>", 80) == "Größe, “ñandú” & $1^2_3$ <b>"


def test_what_cannot_be_drawn_becomes_one_box():
    assert drawable(f"drums {CANNOT}{CANNOT} {CANNOT} loud", 40) == f"drums {MISSING} loud"
    assert drawable("a\u200d\ufe0fb\x00c\n\td", 40) == "a b c d"
    assert drawable("", 10) == ""


def test_a_long_text_is_shortened_to_its_limit():
    assert drawable("Footsteps on gravel", 10) == "Footsteps…"
    assert all(len(drawable("word " * 40, limit)) <= limit for limit in range(2, 60))


@pytest.mark.parametrize("text", ["Piano, plucked string instrument, pitched", "x" * 200, "a b " * 60, ""])
def test_a_text_is_wrapped_into_lines_that_are_short_enough(text):
    lines = wrapped(text, 22, 2).split("\n")
    assert len(lines) <= 2 and max(map(len, lines)) <= 22


def test_lines_are_about_equally_long():
    assert wrapped("Wind instrument, sustained", 22, 2) == "Wind instrument,\nsustained"
    assert wrapped("Short", 22, 2) == "Short"
