"""Turns in the terminal: the answer, what was called, which sounds were named, and memory in a thread."""

from typing import Any

import pytest

from agent.ask import Answer, conversation, sound_ids
from agent.events import ApprovalAsked, Notice, TextDelta, ToolFinished, ToolProgress, ToolStarted
from agent.memory import CHATS
from core.errors import AudioError, UnsupportedError
from core.library import Library
from tests.agent.scripted import ScriptedChatModel, call, says
from tests.runs import tiny_wav

CARDS = {"kind": "hits", "hits": [{"id": 4}, {"id": 2}, {"id": 4}]}


@pytest.fixture
def script(monkeypatch) -> list:
    """What the model will say."""
    lines: list = []
    monkeypatch.setattr("agent.ask.connect", lambda settings: ScriptedChatModel(script=lines))
    return lines


async def ask_once(library: Library, text: str, attachments: Any, thread: str | None, approve: Any) -> Answer:
    """The answer to one message of a conversation that is opened for it."""
    async with conversation(library, thread) as talk:
        answer = await talk.say(text, attachments)
        while answer.asked:
            answer = await talk.decide(answer, [approve is not None and approve(each) for each in answer.asked])
        return answer


def test_the_pieces_of_an_answer_are_joined_and_two_answers_kept_apart():
    answer = Answer("t")
    for event in (TextDelta("1", "Let me "), TextDelta("1", "see."), TextDelta("2", "Here."), Notice("The limit.")):
        answer.add(event)

    assert answer.text == "Let me see.\n\nHere.\n\nThe limit."


def test_a_call_that_is_told_again_after_an_approval_is_listed_once():
    answer = Answer("t")
    for call_id in ("1", "2", "1"):
        answer.add(ToolStarted(call_id, "export", {"n": call_id}))

    assert answer.tool_calls == [{"name": "export", "args": {"n": "1"}}, {"name": "export", "args": {"n": "2"}}]


def test_the_sounds_that_tools_returned_are_listed_once_in_order():
    answer = Answer("t")
    answer.add(ToolFinished("1", "search_by_text", "", CARDS, False))
    answer.add(ToolFinished("2", "get_metadata", "", None, True))
    answer.add(ToolProgress("3", 1, 2, "a.wav"))
    answer.add(ToolFinished("4", "get_metadata", "", {"kind": "sounds", "sounds": [{"id": 2}, {"id": 9}]}, False))

    assert answer.sounds == [4, 2, 9]


@pytest.mark.parametrize(
    ("artifact", "expected"),
    [
        (None, []),
        ({"kind": "overview", "sounds": 15}, []),
        ({"kind": "ingest", "found": 3, "skipped": [{"path": "x", "reason": "y"}]}, []),
        ({"kind": "export", "folder": "x", "files": 2, "sounds": 2}, []),
        ({"kind": "selection", "size": 40, "hits": [{"id": 7}]}, [7]),
        (CARDS, [4, 2, 4]),
        ({"kind": "sounds", "sounds": [{"id": 9}]}, [9]),
        ({"kind": "cluster", "members": [1, 2, 3], "exemplars": [{"id": 3}]}, [3]),
        ({"kind": "clustering", "clusters": [{"exemplars": [{"id": 1}]}, {"exemplars": [{"id": 2}]}]}, [1, 2]),
    ],
)
def test_the_sounds_of_every_kind_of_artifact_are_found(artifact, expected):
    assert sound_ids(artifact) == expected


async def test_a_question_is_answered_with_calls_and_sounds(demo_library, script):
    script += [says("", call("search_by_text", text="rain")), says("Three rains.")]
    answer = await ask_once(demo_library, "find rain", [], None, approve=None)

    assert answer.text.strip() == "Three rains."
    assert answer.tool_calls == [{"name": "search_by_text", "args": {"text": "rain"}}]
    assert sorted(answer.sounds) == [13, 14, 15]
    assert len(answer.thread) == 8


async def test_a_thread_is_remembered_in_the_librarys_folder(demo_library, script):
    script += [says("Hello, Ada."), says("You are Ada.")]
    first = await ask_once(demo_library, "I am Ada", [], None, approve=None)
    connected = []
    script_model = ScriptedChatModel(script=script)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("agent.ask.connect", lambda settings: connected.append(script_model) or script_model)
        again = await ask_once(demo_library, "who am I?", [], first.thread, approve=None)

    assert (demo_library.folder / CHATS).is_file()
    assert again.thread == first.thread
    assert [message.text.strip() for message in script_model.shown[0][1:]] == ["I am Ada", "Hello, Ada.", "who am I?"]


async def test_what_writes_outside_the_library_is_asked_for_and_happens_once_approved(demo_library, script):
    script += [says("", call("export", sounds=["9"], name="one")), says("Copied.")]
    asked = []
    answer = await ask_once(demo_library, "export 9", [], None, approve=lambda request: asked.append(request) or True)

    assert [request["name"] for request in asked] == ["export"]
    assert (demo_library.settings.exports / "one" / "kick_0.wav").is_file()
    assert answer.text.strip() == "Copied."
    assert [each["name"] for each in answer.tool_calls] == ["export"]


@pytest.mark.parametrize("approve", [None, lambda request: False])
async def test_without_an_approval_nothing_is_written_outside_the_library(demo_library, script, approve):
    script += [says("", call("export", sounds=["9"])), says("All right.")]
    answer = await ask_once(demo_library, "export 9", [], None, approve=approve)

    assert not demo_library.settings.exports.exists()
    assert answer.text.strip() == "All right."


def test_what_is_asked_is_kept_until_it_is_decided():
    answer = Answer("t")
    answer.add(ApprovalAsked([{"name": "export", "args": {}, "description": "Copy?"}]))
    assert answer.asked == [{"name": "export", "args": {}, "description": "Copy?"}]


@pytest.mark.parametrize("thread", ["../t", "a b", "x" * 65, "ä", "a\n"])
async def test_a_thread_has_a_plain_name(demo_library, thread):
    with pytest.raises(UnsupportedError, match="no thread can be called"):
        await ask_once(demo_library, "hello", [], thread, None)


async def test_events_are_heard_as_they_come(demo_library, script):
    script += [says("", call("search_by_text", text="rain")), says("Three rains.")]
    heard: list[str] = []
    async with conversation(demo_library) as talk:
        await talk.say("find rain", watch=lambda event: heard.append(type(event).__name__))
    assert heard[:2] == ["ToolStarted", "ToolFinished"]
    assert set(heard[2:]) == {"TextDelta"}


async def test_an_attached_file_can_be_searched_from(demo_library, demo_folder):
    """With the embedded model, which reads the id of the attachment from the message."""
    rain = demo_folder / "rain" / "rain_0.wav"
    answer = await ask_once(demo_library, "find sounds like this", [rain], None, approve=None)

    assert [each["name"] for each in answer.tool_calls] == ["search_by_audio"]
    assert answer.sounds[0] == 13
    assert set(answer.sounds[:3]) == {13, 14, 15}


async def test_an_attached_file_without_sound_is_refused_before_anything_is_asked(demo_library, script, tmp_path):
    bad = tmp_path / "bad.wav"
    bad.write_bytes(b"no sound")
    with pytest.raises(AudioError, match=r"bad\.wav: is not a sound"):
        await ask_once(demo_library, "like this?", [tiny_wav(tmp_path / "a.wav"), bad], None, approve=None)


NINES = "9" * 23


@pytest.mark.parametrize(
    "said",
    [
        "what is in cluster 3 of clustering {}",
        "what is in selection {}?",
        "go back to {}",
        "merge 1 and {}",
        "split cluster 1 into {} parts",
        "cluster my sounds into {} groups",
        "move sound {} to cluster 1",
        "rename cluster {} to kicks",
        "export clustering {}",
        "what is {}?",
    ],
)
async def test_a_number_larger_than_any_is_told_as_unknown(demo_library, said):
    """With the embedded model."""
    demo_library.groups.make(2)
    for number in (NINES, "9" * 5000):
        answer = await ask_once(demo_library, said.format(number), [], None, approve=lambda _: True)
        assert answer.text.startswith("Nothing here has the number 99999999999999999999999")
        assert answer.tool_calls == []


@pytest.mark.parametrize("said", [f"find {NINES}", f"find {NINES} sounds", f"find sounds like {NINES}"])
async def test_a_number_larger_than_any_is_a_word_in_a_search(demo_library, said):
    answer = await ask_once(demo_library, said, [], None, approve=None)
    assert answer.text


async def test_an_empty_library_can_be_asked(library: Library):
    answer = await ask_once(library, "how many sounds do I have?", [], None, approve=None)

    assert [each["name"] for each in answer.tool_calls] == ["get_metadata"]
    assert answer.sounds == []
    assert answer.text
