"""What is heard when, in a conversation with the embedded model."""

from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage

from agent.llm.embedded.model import answer
from tests.agent.llm.conversations import after, used
from tests.agent.llm.test_conversation import TOOLS as KNOWN

TOOLS = [*KNOWN, {"type": "function", "function": {"name": "hear_events", "parameters": {}}}]
VIDEO = "a3fa9c2d1"
ATTACHED = f'[attached {VIDEO} "clip.mp4"]'


def timeline(**edits: Any) -> dict[str, Any]:
    events = [
        {"start_s": 0.0, "end_s": 4.0, "label": "Music", "score": 0.9},
        {"start_s": 65.0, "end_s": 70.5, "label": "Bark", "score": 0.8},
        {"start_s": 80.0, "end_s": 81.0, "label": "Bark", "score": 0.8},
    ]
    return {"kind": "timeline", "sound": VIDEO, "name": "the attached sound", "duration_s": 90.0, "events": events, "hidden": 0, "edits": edits}  # fmt: skip  # noqa: E501


def shown(**edits: Any) -> list[BaseMessage]:
    return used(f"subtitle this\n{ATTACHED}", "hear_events", {"sound": VIDEO}, timeline(**edits))


def call(messages: list[BaseMessage], said: str) -> dict[str, Any] | None:
    """The arguments by which what is heard is asked for; None if it is not."""
    calls = answer([*messages, HumanMessage(said)], TOOLS).tool_calls
    return calls[0]["args"] if [each["name"] for each in calls] == ["hear_events"] else None


@pytest.mark.parametrize(
    "said",
    [
        "subtitle this video with what is heard",
        "subtitle this",
        "please make subtitles for it",
        "I need an srt for this clip",
        "what is heard in here, and when?",
        "show me a timeline",
        "which sound events are in this?",
    ],
)
def test_a_video_that_came_with_the_message_is_listened_to(said):
    assert call([], f"{said}\n{ATTACHED}") == {"sound": VIDEO}


def test_a_sound_that_was_found_is_meant_by_its_place_or_number():
    assert call(after("hits"), "make subtitles for number 2") == {"sound": "57"}
    assert call(after("hits"), "show the timeline of sound 412") == {"sound": "412"}
    assert call(after("looked"), "what is heard in it, and when?") == {"sound": "57"}


def test_without_any_sound_it_asks_which():
    back = answer([HumanMessage("make subtitles")], TOOLS)
    assert back.tool_calls == []
    assert back.text.startswith("Of which sound or video?")


@pytest.mark.parametrize(
    ("said", "edits"),
    [
        ("only the animals", {"only": ["animals"]}),
        ("just the dog and the rain please", {"only": ["dog", "rain"]}),
        ("from 0:40", {"start_s": 40.0}),
        ("from 0:40 to 1:20", {"start_s": 40.0, "end_s": 80.0}),
        ("only from second 5 to 12 s", {"start_s": 5.0, "end_s": 12.0}),
        ("until 2 minutes", {"end_s": 120.0}),
        ("call it rain, not noise", {"rename": {"noise": "rain"}}),
        ("rename bark to Rex", {"rename": {"bark": "rex"}}),
        ("without the music", {"without": ["music"]}),
        ("leave out music and speech", {"without": ["music", "speech"]}),
        ("only the animals from 0:40", {"only": ["animals"], "start_s": 40.0}),
        ("when does the dog bark?", {"only": ["dog bark"]}),
    ],
)
def test_what_a_person_wants_different_goes_on_from_the_timeline(said, edits):
    assert call(shown(), said) == {"sound": VIDEO, **edits}


def test_changes_pile_up_until_everything_is_wanted_again():
    before = shown(only=["animals"], rename={"noise": "rain"})
    kept = {"sound": VIDEO, "only": ["animals"]}
    assert call(before, "call the bark Rex") == {**kept, "rename": {"noise": "rain", "bark": "rex"}}
    assert call(before, "from 0:10") == {**kept, "rename": {"noise": "rain"}, "start_s": 10.0}
    assert call(before, "everything again") == {"sound": VIDEO}


@pytest.mark.parametrize(
    "said", ["find rain", "cluster my sounds into 4 groups", "thanks", "how much speech is in here?"]
)
def test_other_wishes_are_no_changes_of_it(said):
    assert call(shown(), said) is None


def test_once_something_else_was_shown_only_means_that():
    later = [*shown(), *after("hits")]
    assert call(later, "only the short ones") is None


def test_it_is_told_by_kind_with_its_moments_and_by_the_name_that_the_person_gave():
    asked = [HumanMessage(f"subtitle this\n{ATTACHED}")]
    made = answer(asked, TOOLS)
    result = used("", "hear_events", {}, timeline())[2].model_copy(update={"tool_call_id": made.tool_calls[0]["id"]})
    said = answer([*asked, made, result], TOOLS)
    assert isinstance(said, AIMessage)
    assert said.text == (
        "This is heard in “clip.mp4”, 1 min 30 s:\n\n- Music: 0:00 to 0:04\n- Bark: 1:05 to 1:10, 1:20 to 1:21"
    )


# --- saved ------------------------------------------------------------------------------------------------------------

SAVES = [*TOOLS, {"type": "function", "function": {"name": "save_subtitles", "parameters": {}}}]


def saved(messages: list[BaseMessage], said: str) -> dict[str, Any] | None:
    """The arguments by which subtitles are saved; None if they are not."""
    calls = answer([*messages, HumanMessage(said)], SAVES).tool_calls
    return calls[0]["args"] if [each["name"] for each in calls] == ["save_subtitles"] else None


@pytest.mark.parametrize(
    ("said", "form"),
    [
        ("save the subtitles", None),
        ("save these subtitles please", None),
        ("could you export the subtitles?", None),
        ("export the subtitles as vtt", "vtt"),
        ("save them as webvtt", "vtt"),
        ("download the srt", None),
        ("speichere die Untertitel", None),
        ("kannst du die Untertitel speichern?", None),
        ("exportiere die Untertitel als vtt", "vtt"),
    ],
)
def test_subtitles_are_saved_as_they_were_shown_last(said, form):
    edits = {"only": ["dogs"], "rename": {"noise": "rain"}}
    wanted = {"sound": VIDEO, "name": "clip", **edits} | ({"format": form} if form else {})
    assert saved(shown(**edits), said) == wanted


def test_they_can_be_saved_again_in_another_form():
    done = used("save the subtitles", "save_subtitles", {"sound": VIDEO}, {"kind": "export", "form": "srt", "files": 1})
    wanted = {"sound": VIDEO, "name": "clip", "format": "vtt", "only": ["dogs"]}
    assert saved([*shown(only=["dogs"]), *done], "save them as vtt") == wanted
    undone = used("undo", "export", {"undo": True}, {"kind": "export_undone", "removed": 1})
    assert saved([*shown(only=["dogs"]), *done, *undone], "save the subtitles as vtt") == wanted


def test_those_of_another_sound_are_saved_whole_and_of_none_it_asks():
    assert saved(after("hits"), "save the subtitles of number 2") == {"sound": "57", "name": "tin roof"}
    assert saved([], "save the subtitles") is None
    assert saved(after("hits"), "export these") is None
