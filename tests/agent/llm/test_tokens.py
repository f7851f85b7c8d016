"""A message as tokens: what is named exactly is one sign, everything else a word as it is compared."""

import pytest

from agent.llm.embedded.tokens import tokens


def seen(text: str) -> list[str]:
    return [token.seen for token in tokens(text)]


@pytest.mark.parametrize(
    ("text", "sign"),
    [
        ("/data/x", "<path>"), ("~/sounds", "<path>"), ("~", "<path>"), ("../takes", "<path>"), ("C:\\takes", "<path>"),
        ('"Night Rain"', "<quote>"), ("“Night Rain”", "<quote>"), ("„Große Glocke“", "<quote>"),
        ("«pluie»", "<quote>"), ("`rain`", "<quote>"), ("'night rain'", "<quote>"),
        ("kick_01.wav", "<file>"), ("roof.FLAC", "<file>"), ("drum_loop", "<file>"),
        ("a3fa9c2d1", "<sound>"), ("412:1", "<sound>"),
        ("1:02", "<time>"), ("1:00:02", "<time>"), ("0:03.5", "<time>"),
        ("1st", "<nth>"), ("22nd", "<nth>"),
        ("0.4", "<decimal>"), ("1,5", "<decimal>"),
        ("7", "<figure>"), ("412", "<number>"),
    ],
)  # fmt: skip
def test_what_is_named_exactly_is_one_sign(text, sign):
    assert seen(text) == [sign]
    assert seen(f"take {text} now") == ["take", sign, "now"]


def test_a_number_with_a_dot_is_an_ordinal_only_before_a_word():
    assert seen("die 3. gruppe") == ["die", "<nth>", "gruppe"]
    assert seen("it ended on 3.") == ["it", "ended", "on", "<figure>", "."]


def test_an_apostrophe_within_a_word_begins_no_quote():
    assert seen("the dog's bark isn't the cat's") == ["the", "dog's", "bark", "isn't", "the", "cat's"]
    assert seen("don’t") == seen("don't")


def test_a_word_with_a_slash_or_a_dot_in_it_is_no_file():
    assert seen("rain and/or wind") == ["rain", "and", "or", "wind"]
    assert seen("rain.then wind") == ["rain", ".", "then", "wind"]


def test_case_and_accents_make_no_difference():
    assert seen("Geräusche Größe CAFÉ") == ["geraeusche", "groesse", "cafe"] == seen("geraeusche groesse café")


def test_signs_are_tokens_and_no_words():
    found = tokens("rain, wind + 1st?")
    assert [token.seen for token in found] == ["rain", ",", "wind", "+", "<nth>", "?"]
    assert [token.is_word for token in found] == [True, False, True, False, False, False]


def test_places_lead_back_to_the_text():
    text = 'Große Glocke, "Night Rain" bei 1:02'
    assert [text[each.start : each.end] for each in tokens(text)] == [
        "Große", "Glocke", ",", '"Night Rain"', "bei", "1:02",
    ]  # fmt: skip


def test_nothing_has_no_tokens():
    assert tokens("") == tokens(" \n ") == []
