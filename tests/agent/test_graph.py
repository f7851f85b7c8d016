"""Turns of the real agent with a model that follows a script: whatever happens in one, the next one works."""

import asyncio
import re
from collections.abc import Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

from agent.context import AgentContext
from agent.events import ApprovalAsked, Event, Notice, TextDelta, ToolFinished, ToolProgress, ToolStarted
from agent.graph import MODEL_CALLS_PER_TURN, build_agent
from agent.llm.embedded.attachments import Attached, split_attachments
from agent.repair import NOT_RUN
from agent.turn import take_turn, with_attachments
from core.attachments import Attachment
from core.export.records import readable_size
from core.library import Library
from tests.agent.scripted import ScriptedChatModel, call, says
from tests.runs import ListenerInThisProcess, rows, tiny_wavs


@pytest.fixture(autouse=True)
def heard_here(monkeypatch) -> None:
    monkeypatch.setattr("core.ingest.ListenerPool", ListenerInThisProcess)


class Talk:
    """One thread with an agent that follows a script."""

    def __init__(self, library: Library, *script: AIMessage, memory=None) -> None:
        self.model = ScriptedChatModel(script=list(script))
        self.agent = build_agent(library, self.model, memory or InMemorySaver())

    async def say(self, text: str = "", *, on: Callable[[Event], None] = lambda event: None, **more) -> list[Event]:
        events = []
        async for event in take_turn(self.agent, "thread", text, **more):
            events.append(event)
            on(event)
        return events

    @property
    def last_shown(self) -> list:
        """What the model was shown last, without the system prompt."""
        return self.model.shown[-1][1:]


def text_of(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta)).strip()


def of_kind(events: list[Event], kind: type) -> list:
    return [event for event in events if isinstance(event, kind)]


def answered(messages: list) -> bool:
    """Whether each call is followed by its answers at once."""
    waiting: list[str] = []
    for message in messages:
        if isinstance(message, ToolMessage):
            if not waiting or waiting.pop(0) != message.tool_call_id:
                return False
        elif waiting:
            return False
        elif isinstance(message, AIMessage):
            waiting = [each["id"] for each in message.tool_calls]
    return not waiting


SEARCH = says("", call("search_by_text", text="kick", k=9))
KICKS = {9, 10, 11, 12}  # in the order of the paths of the demo folder
EXPORT = says("", call("export", "e1", sounds=["9", "10"], name="kicks"))


async def test_a_turn_is_a_call_its_answer_and_a_text(demo_library):
    talk = Talk(demo_library, SEARCH, says("Four kicks, such as 9."))
    events = await talk.say("find kicks")

    started, finished = of_kind(events, ToolStarted), of_kind(events, ToolFinished)
    assert started == [ToolStarted("call-1", "search_by_text", {"text": "kick", "k": 9})]
    assert (finished[0].call_id, finished[0].name, finished[0].failed) == ("call-1", "search_by_text", False)
    assert {hit["id"] for hit in finished[0].artifact["hits"][:4]} == KICKS
    assert text_of(events) == "Four kicks, such as 9."
    assert len({event.message_id for event in of_kind(events, TextDelta)}) == 1
    assert talk.last_shown[0] == HumanMessage("find kicks", id=talk.last_shown[0].id)


async def test_attached_sounds_are_named_to_the_model_by_their_ids(demo_library):
    talk = Talk(demo_library, says("Heard."))
    attached = [Attachment("a3fa9c2d1", 'my "snare"\n.wav', Path("x")), Attachment("a00000001", "b.wav", Path("y"))]
    await talk.say("like these?", attachments=attached)

    assert talk.last_shown[0].text.splitlines() == [
        "like these?",
        r'[attached a3fa9c2d1 "my \"snare\"\n.wav"]',
        '[attached a00000001 "b.wav"]',
    ]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("n" * 56 + ".wav", "n" * 56 + ".wav"),
        ("n" * 57 + ".wav", "n" * 55 + "….wav"),
        ('"' * 200 + ".flac", '"' * 54 + "….flac"),
        ("n" * 100, "n" * 59 + "…"),
        ("n." + "e" * 100, "n." + "e" * 47 + "…" + "e" * 10),
    ],
)
def test_a_long_name_of_an_attached_sound_is_shortened_and_still_read(name, told):
    message = with_attachments("like this", [Attachment("a3fa9c2d1", name, Path("x"))])

    assert len(told) <= 60
    assert split_attachments(message) == ("like this", [Attached("a3fa9c2d1", told)])


async def test_the_model_is_told_its_rules_and_never_where_files_lie(demo_library, demo_folder):
    talk = Talk(demo_library, SEARCH, says("Done."))
    await talk.say("find kicks")

    assert talk.model.shown[0][0].text.startswith("You are Earshot")
    assert str(demo_folder) not in repr([message.content for message in talk.model.shown[-1]])


async def test_a_model_that_calls_for_ever_is_ended_with_a_notice(demo_library):
    script = [says("", call("search_by_text", f"c{number}", text="kick")) for number in range(MODEL_CALLS_PER_TURN)]
    talk = Talk(demo_library, *script, says("Here I am again."))
    events = await talk.say("find kicks")

    assert len(of_kind(events, ToolFinished)) == MODEL_CALLS_PER_TURN == len(talk.model.shown)
    (notice,) = of_kind(events, Notice)
    assert f"({MODEL_CALLS_PER_TURN}/{MODEL_CALLS_PER_TURN})" in notice.text
    assert text_of(await talk.say("and now?")) == "Here I am again.", "the limit is one of the turn"


async def test_a_known_problem_goes_to_the_model_and_the_turn_goes_on(demo_library):
    talk = Talk(demo_library, says("", call("get_metadata", sounds=["77"])), says("There is no 77."))
    events = await talk.say("what is 77?")

    (failed,) = of_kind(events, ToolFinished)
    assert (failed.failed, failed.artifact) == (True, None)
    assert failed.text == "there is no sound 77; search for one"
    assert text_of(events) == "There is no 77."


async def test_a_mistake_of_the_program_is_an_apology_with_a_log_id_and_the_turn_goes_on(
    demo_library, monkeypatch, caplog
):
    def broken(*_, **__):
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr(demo_library, "search_by_text", broken)
    talk = Talk(demo_library, SEARCH, says("Sorry."))
    events = await talk.say("find kicks")

    (failed,) = of_kind(events, ToolFinished)
    told = re.fullmatch(
        r"This tool failed by a mistake of the program \(ZeroDivisionError, log id ([0-9a-f]{8})\). Do not retry.",
        failed.text,
    )
    assert failed.failed
    assert f"tool search_by_text failed, log id {told[1]}" in caplog.text
    assert "secret detail" in caplog.text
    assert text_of(events) == "Sorry."


async def test_arguments_that_do_not_fit_are_told_to_the_model(demo_library):
    talk = Talk(demo_library, says("", call("search_by_text", text="kick", k="many")), SEARCH, says("Done."))
    events = await talk.say("find kicks")

    first, second = of_kind(events, ToolFinished)
    assert first.failed
    assert "k" in first.text
    assert not second.failed
    assert text_of(events) == "Done."


@pytest.mark.parametrize("number", [2**63, 2**70, -(2**70)])
async def test_a_number_that_no_checkpoint_can_hold_reaches_the_tool_and_is_told_to_the_model(demo_library, number):
    demo_library.groups.make(2)
    called = says("", call("summarize_cluster", cluster=1, clustering=number))
    events = await Talk(demo_library, called, says("There is none.")).say("what is in it?")

    (failed,) = of_kind(events, ToolFinished)
    assert (failed.failed, failed.text) == (True, f"there is no clustering {number}; known are: 1")
    assert text_of(events) == "There is none."


async def test_an_export_of_a_number_that_no_clustering_can_have_is_asked_about_in_a_sentence(demo_library):
    demo_library.groups.make(2)
    talk = Talk(demo_library, says("", call("export", "e1", clustering=2**63)), says("There is none."))
    (asked,) = of_kind(await talk.say("export it"), ApprovalAsked)
    told = f"there is no clustering {2**63}; known are: 1"
    assert asked.requests[0]["description"] == f"This cannot be done: {told}. Let it try anyway?"
    (failed,) = of_kind(await talk.say(resume=[{"type": "approve"}]), ToolFinished)
    assert failed.failed
    assert not demo_library.settings.exports.exists()


async def test_an_unknown_tool_is_told_to_the_model(demo_library):
    talk = Talk(demo_library, says("", call("delete_everything")), says("I cannot."))
    events = await talk.say("delete all")

    assert "delete_everything" in talk.last_shown[-1].text
    assert text_of(events) == "I cannot."


# Calls that must not run


async def test_a_call_that_was_cut_off_is_not_run_and_the_model_may_call_again(demo_library):
    cut = says("", call("cluster", "c1", k=2), response_metadata={"finish_reason": "length"})
    talk = Talk(demo_library, cut, SEARCH, says("Done."))
    events = await talk.say("go")

    assert demo_library.groups.all() == []
    assert talk.model.shown[1][-1].text == "This call was not run: the answer was cut off. Call again."
    assert text_of(events) == "Done."


async def test_a_call_that_cannot_be_read_is_answered_and_the_model_may_call_again(demo_library):
    bad = {"name": "cluster", "args": '{"k": ', "id": "c1", "error": "no JSON", "type": "invalid_tool_call"}
    talk = Talk(demo_library, says("", invalid_tool_calls=[bad]), SEARCH, says("Done."))
    talk.model.disable_streaming = True  # LangChain takes what can be read of a call that comes in pieces
    events = await talk.say("go")

    assert "its arguments are not valid JSON" in talk.model.shown[1][-1].text
    assert text_of(events) == "Done."


async def test_an_export_that_was_cut_off_is_not_put_to_the_person(demo_library):
    cut = EXPORT.model_copy(update={"response_metadata": {"finish_reason": "length"}})
    talk = Talk(demo_library, cut, says("Nothing was copied."))
    events = await talk.say("export the kicks")

    assert of_kind(events, ApprovalAsked) == []
    assert talk.last_shown[-1].text == "This call was not run: the answer was cut off. Call again."
    assert text_of(events) == "Nothing was copied."
    assert not demo_library.settings.exports.exists()


async def test_an_export_beside_a_call_that_cannot_be_read_is_not_put_to_the_person(demo_library):
    bad = {"name": "cluster", "args": '{"k": ', "id": "c1", "error": "no JSON", "type": "invalid_tool_call"}
    beside = EXPORT.model_copy(update={"invalid_tool_calls": [bad]})
    talk = Talk(demo_library, beside, EXPORT, says("Copied."))
    talk.model.disable_streaming = True
    (asked,) = of_kind(await talk.say("export the kicks"), ApprovalAsked)

    assert len(talk.model.shown) == 2, "it is asked about once the model has called again"
    assert {message.tool_call_id for message in talk.last_shown[-2:]} == {"c1", "e1"}
    assert len(asked.requests) == 1
    assert text_of(await talk.say(resume=[{"type": "approve"}])) == "Copied."


async def test_a_model_whose_answers_are_always_cut_off_is_ended_with_a_notice(demo_library):
    cut = [
        says("", call("search_by_text", f"c{n}", text="kick"), response_metadata={"finish_reason": "length"})
        for n in range(MODEL_CALLS_PER_TURN)
    ]
    events = await Talk(demo_library, *cut).say("find kicks")

    (notice,) = of_kind(events, Notice)
    assert f"({MODEL_CALLS_PER_TURN}/{MODEL_CALLS_PER_TURN})" in notice.text


# Approval


@pytest.mark.parametrize(
    ("args", "asked"),
    [
        (
            {"sounds": ["9"]},
            "Copy 1 sound (SIZE) into a new folder “sounds” under EXPORTS? It would write kick_0.wav.",
        ),
        (
            {"sounds": ["1", "5", "9", "13"], "name": "[x](http://y)"},
            "Copy 4 sounds (SIZE) into a new folder “x (http y)” under EXPORTS?"
            " It would write closed_hat_0.wav, hand_bell_0.wav, kick_0.wav and 1 more.",
        ),
        (
            {"clustering": 1, "clusters": [1], "link": "hard", "name": "../low"},
            "Make hard links to 4 sounds of 1 group of clustering 1 into a new folder “low” under EXPORTS?"
            " It would write clusters/cluster-1/NAME, clusters/cluster-1/NAME, clusters/cluster-1/NAME and 1 more.",
        ),
        (
            {"sounds": ["9", "10"], "clustering": 1, "format": "jsonl"},
            "Write 1 jsonl list of 15 sounds of 4 groups of clustering 1 (SIZE) into a new folder “clustering 1” under"
            " EXPORTS? It would write sounds.jsonl.",
        ),
        ({"clustering": 3}, "This cannot be done: there is no clustering 3; known are: 1. Let it try anyway?"),
        (
            {},
            "This cannot be done: there is nothing to export; name some sounds or a clustering. Let it try anyway?",
        ),
        (
            {"sounds": "9", "clustering": ["*"], "name": 5},
            "This cannot be done: what the chat model asked for cannot be read. Let it try anyway?",
        ),
        (
            {"undo": True},
            "This cannot be done: nothing was exported from this library that is still there; export something first."
            " Let it try anyway?",
        ),
    ],
)
async def test_the_person_is_told_what_an_export_would_write(demo_library, args, asked):
    """The figures are the library's own; of the model's words the question shows the name alone."""
    demo_library.groups.make(4)
    talk = Talk(demo_library, says("", call("export", "e1", **args)))
    (waiting,) = of_kind(await talk.say("export"), ApprovalAsked)

    told = waiting.requests[0]["description"].replace(str(demo_library.settings.exports), "EXPORTS")
    told = re.sub(r"\(\d+(\.\d)? k?B\)", "(SIZE)", re.sub(r"(cluster-\d)/[\w.]+", r"\1/NAME", told))
    assert told == asked
    assert not demo_library.settings.exports.exists()


async def test_the_person_is_told_what_is_left_out_of_an_export(library, tmp_path):
    folder = tiny_wavs(tmp_path / "sounds", 2)
    list(library.ingest([folder]))
    (folder / "s000.wav").unlink()
    talk = Talk(library, says("", call("export", "e1", sounds=["1", "2"])))
    (asked,) = of_kind(await talk.say("export"), ApprovalAsked)
    assert asked.requests[0]["description"].endswith(
        "It would write s001.wav. 1 sound is left out, gone or changed since heard: s000.wav."
    )


async def test_an_export_is_taken_back_when_the_person_agrees(demo_library):
    exported = Path(demo_library.export([9, 10], name="kicks").folder)
    (exported / "kick_1.wav").write_bytes(b"mine")
    size = (exported / "kick_0.wav").stat().st_size
    talk = Talk(demo_library, says("", call("export", "e1", undo=True)), says("Taken back."))
    (asked,) = of_kind(await talk.say("undo the export"), ApprovalAsked)

    assert asked.requests[0]["description"] == (
        f"Take back the last export: remove 1 file ({readable_size(size)}) from {exported}? What was changed or added"
        " since stays: kick_1.wav."
    )
    assert (exported / "kick_0.wav").exists()
    await talk.say(resume=[{"type": "approve"}])
    assert [path.name for path in exported.iterdir()] == ["kick_1.wav"]


async def test_subtitles_are_saved_when_the_person_agrees_and_taken_back_like_any_export(demo_library):
    saving = call("save_subtitles", "s1", sound="13", name="../rain", only=["rain"])
    talk = Talk(
        demo_library, says("", saving), says("Saved."), says("", call("export", "e1", undo=True)), says("Gone.")
    )
    (asked,) = of_kind(await talk.say("save the subtitles"), ApprovalAsked)
    exports = demo_library.settings.exports
    assert asked.requests[0]["description"] == (
        f"Write the subtitles of sound 13 as srt, as you changed them, into a new folder “rain” under {exports}?"
        " It would write rain.srt."
    )
    assert not exports.exists()
    await talk.say(resume=[{"type": "approve"}])
    assert "[Rain" in (exports / "rain" / "rain.srt").read_text()
    (asked,) = of_kind(await talk.say("undo"), ApprovalAsked)
    assert asked.requests[0]["description"].startswith("Take back the last export: remove 1 file")
    await talk.say(resume=[{"type": "approve"}])
    assert not (exports / "rain").exists()


async def test_subtitles_of_a_sound_that_is_not_there_are_asked_about_in_a_sentence(demo_library):
    talk = Talk(demo_library, says("", call("save_subtitles", "s1", sound="999")), says("There is none."))
    (asked,) = of_kind(await talk.say("save the subtitles"), ApprovalAsked)
    assert asked.requests[0]["description"].startswith("This cannot be done: there is no sound 999")


AGREED_TO_ANOTHER = (
    "this is not what the person agreed to any more; nothing was done, call again and they are asked anew"
)


async def test_a_yes_to_taking_one_export_back_is_none_to_another_that_was_made_meanwhile(demo_library):
    demo_library.export([9, 10], name="first")
    talk = Talk(demo_library, says("", call("export", "e1", undo=True)), says("Ask again."))
    await talk.say("undo the export")
    demo_library.export([1], name="second")
    (failed,) = of_kind(await talk.say(resume=[{"type": "approve"}]), ToolFinished)
    assert (failed.failed, failed.text) == (True, AGREED_TO_ANOTHER)
    assert sorted(path.name for path in demo_library.settings.exports.iterdir()) == ["first", "second"]


async def test_a_yes_to_what_cannot_be_done_is_none_to_what_can_be_done_by_then(demo_library):
    talk = Talk(demo_library, says("", call("export", "e1", undo=True)), says("Ask again."))
    (asked,) = of_kind(await talk.say("undo the export"), ApprovalAsked)
    assert asked.requests[0]["description"].startswith("This cannot be done: nothing was exported")
    exported = demo_library.export([9], name="first")
    (failed,) = of_kind(await talk.say(resume=[{"type": "approve"}]), ToolFinished)
    assert failed.text == AGREED_TO_ANOTHER
    assert Path(exported.manifest).exists()


async def test_a_yes_to_groups_is_none_to_those_of_a_newer_clustering(demo_library):
    demo_library.groups.make(4)
    talk = Talk(demo_library, says("", call("export", "e1", clusters=[1])), says("Ask again."))
    await talk.say("export cluster 1")
    demo_library.groups.make(2)
    (failed,) = of_kind(await talk.say(resume=[{"type": "approve"}]), ToolFinished)
    assert failed.text == AGREED_TO_ANOTHER
    assert not demo_library.settings.exports.exists()


async def test_a_yes_to_some_sounds_is_none_to_fewer(library, tmp_path):
    folder = tiny_wavs(tmp_path / "sounds", 2)
    list(library.ingest([folder]))
    talk = Talk(library, says("", call("export", "e1", sounds=["1", "2"])), says("Ask again."))
    await talk.say("export")
    (folder / "s000.wav").unlink()
    (failed,) = of_kind(await talk.say(resume=[{"type": "approve"}]), ToolFinished)
    assert failed.text == AGREED_TO_ANOTHER


async def test_a_yes_holds_where_the_new_folder_gets_a_number_meanwhile(demo_library):
    talk = Talk(demo_library, EXPORT, says("Copied."))
    await talk.say("export the kicks")
    demo_library.export([1], name="kicks")
    (done,) = of_kind(await talk.say(resume=[{"type": "approve"}]), ToolFinished)
    assert not done.failed
    assert sorted(path.name for path in demo_library.settings.exports.iterdir()) == ["kicks", "kicks (2)"]


async def test_a_question_that_fails_by_a_mistake_of_the_program_is_a_sentence(demo_library, monkeypatch, caplog):
    def broken(*_, **__):
        raise OverflowError("secret detail")

    monkeypatch.setattr(demo_library.exports, "plan", broken)
    (asked,) = of_kind(await Talk(demo_library, EXPORT).say("export the kicks"), ApprovalAsked)
    told = re.fullmatch(
        r"This cannot be done: the program made a mistake \(OverflowError, log id (\w{8})\). Let it try anyway\?",
        asked.requests[0]["description"],
    )
    assert f"log id {told[1]}" in caplog.text


async def test_an_export_waits_until_the_person_agrees(demo_library):
    talk = Talk(demo_library, EXPORT, says("Copied."))
    events = await talk.say("export the kicks")

    (asked,) = of_kind(events, ApprovalAsked)
    (request,) = asked.requests
    assert (request["name"], request["args"]) == ("export", {"sounds": ["9", "10"], "name": "kicks"})
    assert request["description"].startswith("Copy 2 sounds (")
    assert request["description"].endswith("It would write kick_0.wav and kick_1.wav.")
    assert of_kind(events, ToolFinished) == []
    assert not demo_library.settings.exports.exists()

    events = await talk.say(resume=[{"type": "approve"}])
    (done,) = of_kind(events, ToolFinished)
    assert (done.name, done.artifact["files"], done.failed) == ("export", 2, False)
    assert {path.name for path in (demo_library.settings.exports / "kicks").glob("*.wav")} == {
        "kick_0.wav",
        "kick_1.wav",
    }
    assert text_of(events) == "Copied."


async def test_an_export_that_is_refused_does_not_happen_and_the_model_is_told(demo_library):
    talk = Talk(demo_library, EXPORT, says("All right, no copy."))
    await talk.say("export the kicks")
    events = await talk.say(resume=[{"type": "reject", "message": "Not now."}])

    assert not demo_library.settings.exports.exists()
    assert "Not now." in talk.last_shown[-1].text
    assert answered(talk.last_shown)
    assert text_of(events) == "All right, no copy."


async def test_a_new_message_while_an_approval_is_open_drops_the_call(demo_library):
    talk = Talk(demo_library, EXPORT, SEARCH, says("Four kicks."))
    await talk.say("export the kicks")
    events = await talk.say("no, find kicks")

    assert not demo_library.settings.exports.exists()
    assert text_of(events) == "Four kicks."
    assert [message.text for message in talk.model.shown[1][1:]] == ["export the kicks", "", NOT_RUN, "no, find kicks"]
    assert all(answered(shown[1:]) for shown in talk.model.shown)


async def test_each_of_two_exports_is_decided_on_its_own(demo_library):
    both = says("", call("export", "e1", sounds=["9"], name="one"), call("export", "e2", clustering=1, name="two"))
    demo_library.groups.make(2)
    talk = Talk(demo_library, both, says("Done."))
    (asked,) = of_kind(await talk.say("export both"), ApprovalAsked)
    events = await talk.say(resume=[{"type": "reject", "message": "no"}, {"type": "approve"}])

    first, second = (request["description"].partition(" under ")[0] for request in asked.requests)
    assert re.fullmatch(r"Copy 1 sound \(.*\) into a new folder “one”", first)
    assert re.fullmatch(r"Copy 15 sounds of 2 groups of clustering 1 \(.*\) into a new folder “two”", second)
    assert [path.name for path in demo_library.settings.exports.iterdir()] == ["two"]
    assert {event.call_id: event.failed for event in of_kind(events, ToolFinished)} == {"e1": True, "e2": False}


# Stop


def ingest_of(folder: Path) -> AIMessage:
    return says("", call("ingest", "i1", folder=str(folder)))


async def test_progress_is_told_with_the_call_it_belongs_to(library, tmp_path):
    folder = tiny_wavs(tmp_path / "sounds", 3)
    talk = Talk(library, ingest_of(folder), says("Three."))
    events = await talk.say(f"add {folder}")

    told = of_kind(events, ToolProgress)
    assert told == [ToolProgress("i1", number, 3, f"s{number - 1:03}.wav") for number in (1, 2, 3)]


async def test_stop_ends_an_ingest_with_what_is_finished_and_the_next_turn_works(library, tmp_path):
    talk = Talk(
        library, ingest_of(folder := tiny_wavs(tmp_path / "sounds", 30)), says("Stopped."), SEARCH, says("Nothing.")
    )
    context = AgentContext()

    def stop(event: Event) -> None:
        if isinstance(event, ToolProgress) and event.done == 3:
            context.cancelled.set()

    events = await talk.say(f"add {folder}", on=stop, context=context)
    (stopped,) = of_kind(events, ToolFinished)
    done = int(re.fullmatch(r"stopped after (\d+) of 30; what was finished is kept", stopped.text)[1])
    assert stopped.failed
    assert 3 < done < 30
    assert rows(library.folder, "SELECT count(*) FROM files") == [(done,)]

    assert text_of(await talk.say("find kicks")) == "Nothing."
    assert answered(talk.last_shown)


async def test_a_turn_that_is_dropped_in_the_middle_of_a_tool_leaves_a_thread_that_works(library, tmp_path):
    """The page closes the stream; the tool's thread is told by its context, as it cannot be stopped from outside."""
    talk = Talk(library, ingest_of(folder := tiny_wavs(tmp_path / "sounds", 30)), says("Hello."))
    context = AgentContext()
    stream = take_turn(talk.agent, "thread", f"add {folder}", context=context)
    async for event in stream:
        if isinstance(event, ToolProgress):
            break
    context.cancelled.set()
    await stream.aclose()

    assert text_of(await talk.say("hello")) == "Hello."
    assert answered(talk.last_shown)
    assert [type(message) for message in talk.last_shown] == [HumanMessage, AIMessage, ToolMessage, HumanMessage]


async def test_a_turn_whose_task_is_cancelled_leaves_a_thread_that_works(library, tmp_path):
    talk = Talk(library, ingest_of(folder := tiny_wavs(tmp_path / "sounds", 30)), says("Hello."))
    context, begun = AgentContext(), asyncio.Event()
    task = asyncio.create_task(
        talk.say(
            f"add {folder}", context=context, on=lambda event: begun.set() if isinstance(event, ToolProgress) else None
        )
    )
    await begun.wait()
    context.cancelled.set()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert text_of(await talk.say("hello")) == "Hello."
    assert answered(talk.last_shown)


# Memory


@asynccontextmanager
async def on_disk(path: Path):
    async with AsyncSqliteSaver.from_conn_string(str(path)) as memory:
        yield memory


async def test_a_thread_goes_on_after_a_restart_with_artifacts_and_all(demo_library, tmp_path):
    async with on_disk(tmp_path / "chats.db") as memory:
        talk = Talk(demo_library, SEARCH, says("Four kicks."), memory=memory)
        await talk.say("find kicks")
    async with on_disk(tmp_path / "chats.db") as memory:
        talk = Talk(demo_library, says("You asked for kicks."), memory=memory)
        await talk.say("what did I ask?")

    human, called, found, text, again = talk.last_shown
    assert [human.text, text.text.strip(), again.text] == ["find kicks", "Four kicks.", "what did I ask?"]
    assert called.tool_calls[0]["name"] == "search_by_text"
    assert {hit["id"] for hit in found.artifact["hits"][:4]} == KICKS


async def test_an_approval_survives_a_restart(demo_library, tmp_path):
    async with on_disk(tmp_path / "chats.db") as memory:
        await Talk(demo_library, EXPORT, memory=memory).say("export the kicks")
    async with on_disk(tmp_path / "chats.db") as memory:
        talk = Talk(demo_library, says("Copied."), memory=memory)
        events = await talk.say(resume=[{"type": "approve"}])

    assert of_kind(events, ToolFinished)[0].artifact["files"] == 2
    assert text_of(events) == "Copied."


async def test_threads_do_not_know_of_each_other(demo_library):
    talk = Talk(demo_library, says("Hello, Ada."), says("Hello."))
    await talk.say("I am Ada")
    async for _ in take_turn(talk.agent, "another thread", "who am I?"):
        pass

    assert [message.text for message in talk.last_shown] == ["who am I?"]


async def test_a_turn_without_memory_works_and_forgets(demo_library):
    model = ScriptedChatModel(script=[says("One."), says("Two.")])
    agent = build_agent(demo_library, model, None)
    for text in ("first", "second"):
        async for _ in take_turn(agent, "thread", text):
            pass

    assert [message.text for message in model.shown[-1][1:]] == ["second"]


async def test_whoever_wants_to_be_asked_before_every_change_is_asked_also_for_what_they_asked_for(
    demo_library, tmp_path
):
    tiny_wavs(tmp_path / "more", 2)
    before = demo_library.overview()["sounds"]
    talk = Talk(demo_library, says("", call("ingest", folder=str(tmp_path / "more"))), says("Done."))
    asked = await talk.say(f"add {tmp_path / 'more'}", context=AgentContext(asks_always=True))
    (question,) = of_kind(asked, ApprovalAsked)
    assert "You are asked before every change, as you wish. Shall it?" in str(question)
    assert demo_library.overview()["sounds"] == before
    await talk.say(resume=[{"type": "approve"}])  # also if they changed their mind about being asked meanwhile
    assert demo_library.overview()["sounds"] == before + 2


async def test_nobody_is_asked_for_what_they_asked_for_or_for_what_changes_nothing(demo_library, tmp_path):
    tiny_wavs(tmp_path / "more", 2)
    talk = Talk(
        demo_library, says("", call("ingest", folder=str(tmp_path / "more"))), says("Done."), SEARCH, says("Ok.")
    )
    assert of_kind(await talk.say(f"add {tmp_path / 'more'}"), ApprovalAsked) == []
    asked = await talk.say("find a kick", context=AgentContext(asks_always=True))
    assert of_kind(asked, ApprovalAsked) == []


async def test_whoever_chooses_the_embedded_model_is_answered_by_it_and_is_told_of_no_failure(demo_library):
    talk = Talk(demo_library)  # one more call would find no line in the script
    context = AgentContext()
    context.stood_in.set()
    events = await talk.say("find a kick", context=context)
    assert "I found" in text_of(events)
    assert of_kind(events, Notice) == []
    assert talk.model.shown == []
