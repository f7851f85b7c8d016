"""Questions after moments, in a conversation with the embedded model."""

from typing import Any

import pytest
from langchain_core.messages import BaseMessage, HumanMessage

from agent.grounding.checking import Checked, checked
from agent.grounding.known import known_from
from agent.llm.embedded.model import answer
from agent.players import with_players
from tests.agent.llm.conversations import after, used
from tests.agent.llm.test_conversation import TOOLS as KNOWN
from tests.agent.llm.test_subtitling import ATTACHED, shown

NAMES = ("hear_events", "find_moments", "count_sounds")
TOOLS = [*KNOWN, *({"type": "function", "function": {"name": name, "parameters": {}}} for name in NAMES)]


def moments(**more: Any) -> dict[str, Any]:
    hits = [
        {"id": 170, "name": "street.wav", "start_s": 10.0, "end_s": 11.0, "score": 0.91, "label": "Bark"},
        {"id": 57, "name": "a `b`.wav", "start_s": 76.1, "end_s": 76.7, "score": 0.69, "label": "Dog"},
    ]
    hits = [{**hit, "duration_s": 120.0} for hit in hits]
    counts = {"total": 2, "sure": 1, "listened": 28, "older": 0, "of": 301, "likely": 0, "skipped": 0}
    return {"kind": "moments", "title": "Moments with “dog”", "text": "dog", "hits": hits, **counts, **more}


def called(messages: list[BaseMessage], said: str) -> tuple[str, dict[str, Any]] | None:
    calls = answer([*messages, HumanMessage(said)], TOOLS).tool_calls
    return (calls[0]["name"], calls[0]["args"]) if calls else None


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ("where does a dog bark in my recordings?", "dog bark"),
        ("when do I hear thunder?", "thunder"),
        ("at which moments is there speech", "speech"),
        ("At what times do dogs bark?", "dogs bark"),
        ("wo bellt ein Hund in meinen Aufnahmen?", "dog barks"),
        ("wann höre ich Donner?", "thunder"),
        ("an welchen Stellen wird gesprochen?", "speech"),
        ("où un chien aboie dans mes enregistrements ?", "dog barks"),
        ("¿dónde ladra un perro en mis grabaciones?", "dog barks"),
        ("where does it rain", "rain"),
        ("show me every moment where a bell rings", "bell rings"),
        ("find all moments with rain in my library", "rain"),
        ("in which recordings and when does a baby cry?", "baby cry"),
        ("where can I hear birds in my recordings?", "birds"),
        ("when is the siren?", "siren"),
        ("where in my archive is thundr?", "thunder"),
    ],
)
def test_a_question_after_moments_asks_the_whole_library(said, text):
    assert called([], said) == ("find_moments", {"text": text})


@pytest.mark.parametrize(
    "said",
    [
        "where are my sounds stored?",
        "where is the kick drum file?",
        "when was this recorded?",
        "when did I add this folder?",
        "where do these come from?",
        "where is sound 12?",
        "where is the rain group?",
        "where do the new sounds belong?",
        "where is it?",
    ],
)
def test_where_something_lies_is_another_question(said):
    step = called(after("hits"), said)
    assert step is None or step[0] != "find_moments"


def test_of_one_sound_that_sound_is_asked():
    assert called(shown(), "when does the dog bark?") == ("hear_events", {"sound": "a3fa9c2d1", "only": ["dog bark"]})
    assert called([], f"when does the dog bark?\n{ATTACHED}") == (
        "hear_events",
        {"sound": "a3fa9c2d1", "only": ["dog bark"]},
    )
    assert called(shown(), "when does the dog bark in my recordings?") == ("find_moments", {"text": "dog bark"})


def said_of(artifact: dict[str, Any]) -> str:
    return str(answer(used("where does a dog bark?", "find_moments", {"text": "dog"}, artifact)[:3], TOOLS).content)


def test_the_answer_names_each_sound_with_its_second_and_what_was_listened_to():
    assert said_of(moments()) == (
        "I heard “dog” at 2 moments, the first surely, the others perhaps:\n\n"
        "1. sound 170, “street.wav”, at 10.0 s: Bark (0.91)\n"
        "2. sound 57, “a \\`b\\`.wav”, at 76.1 s: Dog (0.69)\n\n"
        "Listened to 28 of 301 sounds so far. Say “listen to the rest” to hear them all; "
        "in a terminal, `earshot moments --listen` does."
    )
    assert "All 301 sounds were listened to." in said_of(moments(listened=301))
    assert "; 4 of the others may well hold it, ask again to go on with those" in said_of(moments(likely=4))
    assert said_of(moments(hits=[], total=0, sure=0)).startswith("I heard “dog” at no moment of what was listened to")
    assert "at 9 moments; the best 2 of them:" in said_of(moments(total=9, sure=5))
    assert "at 2 moments, perhaps:" in said_of(moments(sure=0))


def test_what_is_said_passes_the_check_of_answers_and_plays_from_its_second():
    text = said_of(moments())
    known = known_from(used("where does a dog bark?", "find_moments", {"text": "dog"}, moments()))
    assert checked(text, known) == Checked(text, mended=False)
    assert "sound [170](/library/audio/170#t=10)" in with_players(text)
    assert "sound [57](/library/audio/57#t=76.1)" in with_players(text)


@pytest.mark.parametrize("said", ["listen to the rest", "please listen to all of them", "ok, listen to everything"])
def test_the_rest_is_listened_to_when_a_person_says_so(said):
    before = used("where does a dog bark?", "find_moments", {"text": "dog"}, moments())
    assert called(before, said) == ("find_moments", {"text": "dog", "listen_to_all": True})
    step = called(after("hits"), said)
    assert step is None or step[0] != "find_moments"


def test_the_moments_are_a_list_that_can_be_pointed_at():
    before = used("where does a dog bark?", "find_moments", {"text": "dog"}, moments())
    assert called(before, "more like number 2") == ("search_by_audio", {"sound": "57"})
