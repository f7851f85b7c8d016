"""What no pattern reads, read leniently: each kind of wish, what was shown before it, and what must not be read so."""

import re
from typing import Any

import pytest
from langchain_core.messages import BaseMessage, HumanMessage

from agent.llm.embedded.lenient.changing import groups_said, title
from agent.llm.embedded.lenient.copying import export
from agent.llm.embedded.lenient.finding import is_loose, says_too_much
from agent.llm.embedded.lenient.lengths import bounds
from agent.llm.embedded.lenient.likely import likely, spoken
from agent.llm.embedded.lenient.places import place, point
from agent.llm.embedded.lenient.steps import STEPS, TOOLS
from agent.llm.embedded.lenient.topics import (
    enumerated,
    joined,
    means_nothing,
    parted,
    topic,
    topics,
    without_empty,
    without_trailing,
)
from agent.llm.embedded.model import answer
from agent.llm.embedded.plans import call
from agent.llm.embedded.turn import Turn, read_turn
from agent.llm.embedded.wants import shipped
from tests.agent.llm.conversations import saying, used
from tests.agent.llm.test_subtitling import shown

NAMES = (
    "ingest search_by_audio search_by_text cluster summarize_cluster get_metadata export show_map describe_selection"
    " versions edit_clusters hear_events save_subtitles find_moments ears compare_ears count_sounds"
).split()
TOOLS_GIVEN = [{"type": "function", "function": {"name": name, "parameters": {}}} for name in NAMES]
CHANGING = {"ingest", "edit_clusters", "export", "save_subtitles"}


def turn(text: str, setting: str = "") -> Turn:
    return read_turn(saying(text, setting))


def done(messages: list[BaseMessage]) -> list[tuple[str, dict[str, Any]]]:
    return [(each["name"], each["args"]) for each in answer(messages, TOOLS_GIVEN).tool_calls]


def counted() -> list[BaseMessage]:
    return used("how many have rain?", "count_sounds", {"heard": ["Rain"]}, {"kind": "counts", "n": 5, "of": 300})


def sounds_pointed_at(text: str) -> list[str]:
    """Of the five hits 412, 57, 3, 900 and 18."""
    said = turn(text, "hits")
    point(said)
    return said.memory.sounds(said.slots.refs)


# --- places -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "sounds"),
    [
        ("1st + 3rd please", ["412", "3"]),
        ("the second, the fourth", ["57", "900"]),
        ("all but the first", ["57", "3", "900", "18"]),
        ("everything except the first and the third", ["57", "900", "18"]),
        ("ditch the second, i take the rest", ["412", "3", "900", "18"]),
        ("ditch the first, i take the rest", ["57", "3", "900", "18"]),
        ("the top two", ["412", "57"]),
        ("the bottom two", ["900", "18"]),
        ("the top one", ["412"]),
    ],
)
def test_places_are_read_however_they_are_put(text, sounds):
    assert sounds_pointed_at(text) == sounds


def test_all_but_one_are_copied_and_not_that_one():
    ((name, args),) = done(saying("copy all but the first into a folder", "hits"))
    assert (name, args["sounds"]) == ("export", ["57", "3", "900", "18"])


@pytest.mark.parametrize("text", ["the first 3 seconds", "all but rain", "a second of silence", "on top of a roof"])
def test_what_is_no_place_points_at_nothing(text):
    assert len(sounds_pointed_at(text)) <= 1


def test_an_ordinal_is_a_place_from_one_and_the_last_is_counted_from_the_end():
    assert [place(nth) for nth in ("first", "third", "top", "last")] == [1, 3, 1, -1]


# --- lengths ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("nothing past 600 ms", {"max_s": 0.6}),
        ("anything past 2 s may go", {"max_s": 2.0}),
        ("0.4 s or more", {"min_s": 0.4}),
        ("3 s tops", {"max_s": 3.0}),
        ("anything beyond 2 minutes", {"min_s": 120.0}),
        ("drop what is below 250 milliseconds", {"min_s": 0.25}),
        ("thunder within 10 s", {"max_s": 10.0}),
        ("not exceeding 4 s", {"max_s": 4.0}),
    ],
)
def test_lengths_are_read_wherever_they_stand(text, allowed):
    assert bounds(turn(text)) == allowed


@pytest.mark.parametrize("text", ["rain over a lake", "5 of them", "under the bridge", "group 3", "two more"])
def test_what_is_no_length_allows_all(text):
    assert bounds(turn(text)) == {}


# --- titles and names of folders --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "called"),
    [
        ("the second pile is better known as Night Rain", "Night Rain"),
        ("call the third one Storm and Sky, please", "Storm and Sky"),
        ('2 = "soft pads"', "soft pads"),
        ("gruppe 2 soll Küchengeräusche heißen", "Küchengeräusche"),
        ("rename 3", ""),
        (f"call 3 {'x' * 61}", ""),
    ],
)
def test_a_title_is_taken_as_it_was_written(text, called):
    assert title(turn(text, "titled")) == called


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("copy them to a folder called Night Takes", "Night Takes"),
        ("copy them, the folder named big drums please", "big drums"),
        ("kopiere sie, der ordner heißt Nachtaufnahmen", "Nachtaufnahmen"),
        ("copy them to a folder Drums", "Drums"),
    ],
)
def test_a_folder_is_called_as_was_said(text, name):
    assert export(turn(text, "titled")).calls[0].args["name"] == name


@pytest.mark.parametrize("text", ["copy them to a folder please", "copy them to the folder for me"])
def test_a_folder_that_has_no_name_gets_none(text):
    assert export(turn(text, "titled")).calls[0].args.get("name", "") == ""


@pytest.mark.parametrize(
    ("text", "left"),
    [("Night Rain, please!", "Night Rain"), ('"Sky" from now on', "Sky"), ("Thanks Giving", "Thanks Giving")],
)
def test_a_courtesy_after_a_title_is_no_part_of_it(text, left):
    assert without_trailing(text) == left


# --- what it is about -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "kept", "left"),
    [
        ("do you have thunder, but without any rain", "thunder", "rain"),
        ("rain and thunder but no wind and no birds please", "rain and thunder", "wind, birds"),
        ("might i trouble you for a church bell in the distance", "church bell in the distance", ""),
        ("finde regen auf einem blechdach", "rain on a tin roof", ""),
        ("what can you do?", "", ""),
    ],
)
def test_what_is_looked_for_and_what_is_left_out(text, kept, left):
    assert parted(turn(text)) == (kept, left)


def test_a_message_that_says_too_little_is_about_nothing():
    assert topic(turn("more of those please")) == ""
    assert topics(turn("où est la pluie sur le toit ?")) == []  # the models know English and German


@pytest.mark.parametrize("words", ["the ones", "some sounds", "eine aufnahme", "secnds", ""])
def test_small_words_mean_nothing(words):
    assert means_nothing(words)


def test_a_sound_means_something():
    assert not means_nothing("rain")


def test_small_pieces_are_put_together_and_taken_apart():
    assert joined("Weather and Sky", [(0, 7), (12, 15)]) == [(0, 15)]
    assert joined("Weather or Sky", [(0, 7), (11, 14)]) == [(0, 7), (11, 14)]
    assert enumerated("the dogs, a cat and rain") == ["dogs", "cat", "rain"]
    assert enumerated("sandstorm") == ["sandstorm"]
    assert without_empty({"text": "", "k": 0, "without": [], "only": ["dog"]}) == {"only": ["dog"]}


def test_a_search_for_words_that_only_ask_says_too_much():
    text = "would you be so kind as to find rain"
    assert says_too_much(turn(text), call("words", "search_by_text", text="would kind rain"))
    assert not says_too_much(turn(text), call("words", "search_by_text", text="rain"))


@pytest.mark.parametrize(
    ("text", "loose"), [("find rain", False), ("finde regen", True), ("rain. no wind", True), ("a b " * 6, True)]
)
def test_long_sentences_several_and_those_of_other_languages_are_read_loosely(text, loose):
    assert is_loose(turn(text)) is loose


# --- groups -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "groups"),
    [("1st + 3rd into one", [1, 3]), ("groups 2 and 5", [2, 5]), ("the last one", [6]), ("rain on a roof", [])],
)
def test_numbers_and_places_are_those_of_groups(text, groups):
    assert groups_said(turn(text, "titled"), several=True) == groups


@pytest.mark.parametrize(
    ("text", "setting", "args"),
    [
        ("1st + 3rd into one please", "titled", {"change": "merge", "clusters": [1, 3]}),
        ("teile gruppe 4 in drei", "titled", {"change": "split", "clusters": [4], "k": 3}),
        ("kick 9 out of there", "opened", {"change": "move", "clusters": [0], "sounds": ["9"]}),
        ("gruppe 2 soll Wellen heißen", "titled", {"change": "rename", "clusters": [2], "title": "Wellen"}),
    ],
)  # fmt: skip
def test_groups_are_changed(text, setting, args):
    assert done(saying(text, setting)) == [("edit_clusters", {**args, "clustering": 3})]


# --- the same words after something else ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "step"),
    [
        (shown, ("hear_events", {"sound": "a3fa9c2d1", "only": ["dogs"]})),
        (counted, ("count_sounds", {"heard": ["dogs"]})),
        (list, ("search_by_text", {"text": "dogs"})),
    ],
)
def test_the_same_words_go_on_from_what_was_shown_last(before, step):
    assert done([*before(), HumanMessage("only the dogs please")]) == [step]


@pytest.mark.parametrize(
    ("text", "setting", "tool"),
    [
        ("as csv please", "titled", "export"),
        ("as csv instead please", "exported", "export"),
        ("now by brightness", "mapped", "show_map"),
        ("nothing past 600 ms please", "hits", "search_by_text"),
    ],
)
def test_what_is_said_briefly_is_read_by_what_was_shown(text, setting, tool):
    assert [name for name, _ in done(saying(text, setting))] == [tool]


@pytest.mark.parametrize(
    ("text", "edits"),
    [
        ("leave out the rain", {"without": ["rain"]}),
        ("write hound instead of dog", {"rename": {"dog": "hound"}}),
        ("where it says dog, put hound", {"rename": {"dog": "hound"}}),
    ],
)
def test_a_timeline_is_changed(text, edits):
    assert done([*shown(), HumanMessage(text)]) == [("hear_events", {"sound": "a3fa9c2d1", **edits})]


def test_what_there_is_nothing_for_is_less_likely():
    def score(setting: str) -> float:
        return next(each.score for each in likely(turn("put these two together", setting)) if each.name == "merge")

    assert score("titled") > score("")
    assert sum(each.score for each in likely(turn("put these two together"))) == pytest.approx(1.0)


def test_a_word_of_courtesy_alone_wants_nothing():
    assert [each.name for each in likely(turn("please"))] == ["fine"]


def test_slips_are_mended_before_the_models_read_and_names_are_not():
    assert spoken(turn("plaese gruop everything")) == "please group everything"
    assert spoken(turn("add /data/gruop")) == "add /data/gruop"


# --- other wishes -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "setting", "step"),
    [
        ("zeig mir eine karte, eingefärbt nach lautstärke", "", ("show_map", {"colour": "loudness"})),
        ("paint it by loudness", "mapped", ("show_map", {"colour": "loudness"})),
        ("where does a dog bark?", "", ("find_moments", {"text": "dog bark"})),
        ("thunder, nothing over 3 s", "", ("search_by_text", {"text": "thunder", "max_s": 3.0})),
        ("darker ones though", "hits", ("search_by_text", {"text": "rain dark", "k": 5})),
        ("tell me about the top two", "hits", ("get_metadata", {"sounds": ["412", "57"]})),
    ],
)
def test_wishes_in_passing(text, setting, step):
    assert done(saying(text, setting)) == [step]


@pytest.mark.parametrize(
    ("text", "setting"),
    [
        ("is 3 a good group?", "titled"),
        ("do you think these are any good?", "hits"),
        ("i want to know how an export works", ""),
        ("what is it that you would call a group?", "titled"),
        ("how come there are six of them?", "titled"),
        ("which of them is the longest?", "hits"),
        ("which folders do these come from?", "hits"),
    ],
)
def test_a_sentence_that_only_asks_changes_and_exports_nothing(text, setting):
    assert not {name for name, _ in done(saying(text, setting))} & CHANGING


def test_every_want_has_tools_or_only_talks():
    names = set(shipped().names)
    assert names >= TOOLS.keys() and names >= STEPS.keys()
    assert names - TOOLS.keys() == {"fine", "greeting", "help", "other", "refuse", "rude", "thanks"}
    assert all(re.fullmatch(r"\w+", tool) and tool in NAMES for tools in TOOLS.values() for tool in tools)
