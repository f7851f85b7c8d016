"""What a person sees when Mistral fails, at each way it can: the real agent, over a server on this machine."""

import logging
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langgraph.checkpoint.memory import InMemorySaver

from agent.context import AgentContext
from agent.events import TOO_LONG, ApprovalAsked, Event, Notice, TextDelta, ToolFinished, ToolStarted
from agent.graph import build_agent
from agent.llm.base import connect
from agent.llm.transport import RetryTransport
from agent.turn import take_turn
from core.library import Library
from core.settings import Settings
from tests.agent.mistral_server import KEY, MistralServer, Reply, calls, fails, mistral, refusal, says

SEARCH = ("search_by_text", '{"text": "kick", "k": 4}')
AWAY = "The embedded one takes this turn; your next message goes to the chat model."


@dataclass
class Seen:
    """What a person saw of a turn."""

    texts: list[str]
    notices: list[str]
    steps: list[str]
    failed: list[str]
    asked: list[Any]
    events: list[Event] = field(repr=False, default_factory=list)


class Talk:
    """A thread with Mistral, which waits for nothing."""

    def __init__(self, library: Library, server: MistralServer, read_s: float) -> None:
        self.server = server
        settings = Settings(mistral_api_key=f" {KEY}\n", mistral_base_url=server.url, _env_file=None)
        self.waited: list[float] = []
        self.model: Any = connect(settings)
        transport: Any = self.model.async_client._transport
        assert isinstance(transport, RetryTransport)
        transport.sleep = self._note_wait
        self.model.async_client.timeout = httpx.Timeout(10, read=read_s)
        self.agent = build_agent(library, self.model, InMemorySaver())

    async def say(self, text: str, context: AgentContext | None = None, **more: Any) -> Seen:
        events = [event async for event in take_turn(self.agent, "thread", text, context=context, **more)]
        texts: dict[str, str] = {}
        for event in events:
            if isinstance(event, TextDelta):
                texts[event.message_id] = texts.get(event.message_id, "") + event.text
        return Seen(
            [each.strip() for each in texts.values() if each.strip()],
            [event.text for event in events if isinstance(event, Notice)],
            list(dict.fromkeys(event.name for event in events if isinstance(event, ToolStarted))),
            [event.text for event in events if isinstance(event, ToolFinished) and event.failed],
            [each for event in events if isinstance(event, ApprovalAsked) for each in event.requests],
            events,
        )

    async def _note_wait(self, seconds: float) -> None:
        self.waited.append(seconds)


@asynccontextmanager
async def talking(library: Library, *replies: Reply) -> AsyncIterator[Talk]:
    """A talk with a server that has these replies."""
    with mistral(*replies) as server:
        stalls = any(reply.end == "stall" for reply in replies)
        talk = Talk(library, server, read_s=1.5 if stalls else 30)  # a busy machine is no failure of the server
        try:
            yield talk
        finally:
            await talk.model.async_client.aclose()
            talk.model.client.close()


@pytest.fixture(autouse=True)
def nothing_is_leaked(caplog):
    """No log line of anybody, at any level, holds the key, the address or what the server wrote."""
    caplog.set_level(logging.DEBUG)
    yield
    for record in caplog.get_records("call"):
        line = record.getMessage() + str(record.exc_info or "")
        assert not [each for each in (KEY, "127.0.0.1", "secret of the server") if each in line], record.name


def sees_no_secret(seen: Seen) -> None:
    for text in [*seen.texts, *seen.notices, *seen.failed]:
        assert KEY not in text
        assert "127.0.0.1" not in text
        assert "secret of the server" not in text
        assert "Traceback" not in text


async def test_a_turn_over_the_wire_is_a_call_its_answer_and_a_text(demo_library):
    async with talking(demo_library, calls(SEARCH), says("Four kicks.")) as talk:
        seen = await talk.say("find kicks")

    assert (seen.texts, seen.steps, seen.notices) == (["Four kicks."], ["search_by_text"], [])
    first, second = talk.server.requests
    assert first["model"] == "mistral-small-latest"
    assert (first["stream"], first["temperature"]) == (True, 0.1)
    assert {tool["function"]["name"] for tool in first["tools"]} >= {"search_by_text", "cluster", "export"}
    assert [message["role"] for message in second["messages"]] == ["system", "user", "assistant", "tool"]
    assert talk.server.authorizations == [f"Bearer {KEY}"] * 2, "stripped of its blanks"


async def test_several_calls_at_once_are_run_and_answered(demo_library):
    both = calls(SEARCH, ("get_metadata", '{"sounds": ["1"]}'))
    async with talking(demo_library, both, says("Done.")) as talk:
        seen = await talk.say("find kicks, and what is 1?")
    assert seen.steps == ["search_by_text", "get_metadata"]
    assert [message["role"] for message in talk.server.requests[1]["messages"][-3:]] == ["assistant", "tool", "tool"]


FAILURES: dict[str, tuple[list[Reply], str]] = {
    "401": ([fails(401)], "it does not accept the key; check the key and start again"),
    "402": ([fails(402)], "the account has no credit left"),
    "403": ([fails(403)], "the key may not use this model; check the account"),
    "unknown model": (
        [fails(400, '{"message": "Invalid model: secret of the server"}')],
        "it refuses the request; check the name of the model in EARSHOT_MODEL",
    ),
    "404": ([fails(404)], "it does not know the model; check the name of the model in EARSHOT_MODEL"),
    "HTML": (
        [Reply(body="<html>secret of the server</html>", headers={"content-type": "text/html"})],
        "what came back is no answer of a chat model; a proxy or a login page may stand between",
    ),
    "broken event": (
        [Reply(body="data: {secret of the server\n\n", headers={"content-type": "text/event-stream"})],
        "what came back is no answer of a chat model; a proxy or a login page may stand between",
    ),
    "nothing in it": ([Reply(finish=None)], "its answer broke off"),
    "no choices": (
        [Reply(body='data: {"choices": []}\n\ndata: [DONE]\n\n', headers={"content-type": "text/event-stream"})],
        "its answer broke off",
    ),
    "stalls at once": ([Reply(end="stall")], "it did not answer in time"),
}


@pytest.mark.parametrize("failure", FAILURES)
async def test_when_it_fails_the_embedded_model_answers_and_says_why(demo_library, failure):
    replies, why = FAILURES[failure]
    async with talking(demo_library, *replies, says("Here again.")) as talk:
        seen = await talk.say("find kicks")
        assert seen.notices == [f"The chat model does not answer: {why}. {AWAY}"]
        assert seen.steps == ["search_by_text"], "the embedded model does the work"
        assert len(seen.texts) == 1
        assert "kick" in seen.texts[0]
        assert len(talk.server.requests) == 1, "it is not asked again in a turn in which it failed"
        sees_no_secret(seen)

        again = await talk.say("thanks")
        assert (again.texts, again.notices) == (["Here again."], [])


@pytest.mark.parametrize("status", [408, 429, 500, 501, 502, 503, 504, 520, 529])
async def test_what_may_pass_is_tried_again_before_anything_is_said(demo_library, status):
    async with talking(demo_library, fails(status), fails(status), says("Hello.")) as talk:
        seen = await talk.say("hello")
    assert (seen.texts, seen.notices) == (["Hello."], [])
    assert len(talk.waited) == 2
    assert 0.25 <= talk.waited[0] <= 0.5 <= talk.waited[1] <= 1.0


async def test_it_waits_as_long_as_it_is_told_to(demo_library):
    async with talking(demo_library, fails(429, retry_after="7"), says("Hello.")) as talk:
        assert (await talk.say("hello")).texts == ["Hello."]
    assert talk.waited == [7.0]


@pytest.mark.parametrize("asked", ["0", "-3", "nan", "Thu, 01 Jan 2015 00:00:00 GMT", "soon"])
async def test_a_server_that_asks_for_no_wait_is_not_pressed(demo_library, asked):
    refused = fails(429, retry_after=asked)
    async with talking(demo_library, refused, refused, says("Hello.")) as talk:
        assert (await talk.say("hello")).texts == ["Hello."]
    assert 0.25 <= talk.waited[0] <= 0.5 <= talk.waited[1] <= 1.0


async def test_it_waits_until_the_moment_that_it_is_told(demo_library):
    moment = format_datetime(datetime.now(UTC) + timedelta(seconds=20), usegmt=True)
    async with talking(demo_library, fails(503, retry_after=moment), says("Hello.")) as talk:
        assert (await talk.say("hello")).texts == ["Hello."]
    assert 10 < talk.waited[0] <= 20


async def test_it_does_not_wait_longer_than_a_person_would(demo_library):
    async with talking(demo_library, fails(429, retry_after="3600")) as talk:
        seen = await talk.say("hello")
    assert talk.waited == []
    assert seen.notices == [f"The chat model does not answer: it is asked too often just now; wait a minute. {AWAY}"]
    sees_no_secret(seen)


async def test_trouble_that_stays_is_told_when_the_budget_is_spent(demo_library):
    async with talking(demo_library, *[fails(503, retry_after="12")] * 2) as talk:
        spent = iter(range(0, 1000, 12))
        talk.model.async_client._transport.clock = lambda: float(next(spent))
        seen = await talk.say("hello")
    assert talk.waited == [12.0], "a second wait would end after more than 30 s"
    assert seen.notices[0].startswith(
        "The chat model does not answer: it has trouble of its own (503); try again later"
    )


async def test_a_connection_that_is_dropped_is_made_again(demo_library):
    async with talking(demo_library, Reply(end="drop"), says("Hello.")) as talk:
        assert (await talk.say("hello")).texts == ["Hello."]
    assert len(talk.waited) == 1


async def test_a_server_that_is_not_there_is_told(demo_library):
    async with talking(demo_library) as talk:
        talk.server.shutdown()
        talk.server.server_close()
        talk.model.async_client._transport.budget_s = 0
        seen = await talk.say("find kicks")
    assert seen.notices == [f"The chat model does not answer: it cannot be reached; check the network. {AWAY}"]
    assert "kick" in seen.texts[0]
    sees_no_secret(seen)


@pytest.mark.parametrize(
    ("end", "why"), [("cut", "the connection to it broke"), ("stall", "it did not answer in time")]
)
async def test_half_an_answer_stays_and_the_stand_in_begins_a_new_one(demo_library, end, why):
    async with talking(demo_library, says("There are four ki", end=end), says("Here again.")) as talk:
        seen = await talk.say("find kicks")
        assert seen.texts[0] == "There are four ki"
        assert len(seen.texts) == 2, "it is a message of its own"
        assert seen.notices == [f"The chat model does not answer: {why}. {AWAY}"]
        assert (await talk.say("go on")).texts == ["Here again."]


async def test_a_stream_that_says_no_reason_for_its_end_counts_as_broken(demo_library):
    async with talking(demo_library, says("There are four ki", finish=None)) as talk:
        seen = await talk.say("find kicks")
    assert seen.notices == [f"The chat model does not answer: its answer broke off. {AWAY}"]


@pytest.mark.parametrize("end", ["cut", "stall"])
async def test_a_call_in_a_stream_that_broke_is_not_run(demo_library, end):
    async with talking(demo_library, calls(("export", '{"sounds": ["1"]}'), end=end)) as talk:
        seen = await talk.say("what can you do?")
    assert seen.steps == []
    assert seen.asked == []
    assert len(seen.notices) == 1


@pytest.mark.parametrize("arguments", ['{"text": "kick", "k": 8', '{"text": ', "[8]", '"kick"', "text=kick", "null"])
async def test_a_call_with_unreadable_arguments_is_not_run_but_made_again(demo_library, arguments):
    async with talking(demo_library, calls(("search_by_text", arguments)), calls(SEARCH), says("Four kicks.")) as talk:
        seen = await talk.say("find kicks")
    assert seen.texts == ["Four kicks."]
    assert seen.notices == []
    assert sum(isinstance(event, ToolFinished) and not event.failed for event in seen.events) == 1
    assert "not valid JSON" in talk.server.requests[1]["messages"][-1]["content"]


async def test_a_call_that_was_cut_at_the_limit_is_not_run_but_made_again(demo_library):
    async with talking(demo_library, calls(SEARCH, finish="length"), calls(SEARCH), says("Four kicks.")) as talk:
        seen = await talk.say("find kicks")
    assert seen.texts == ["Four kicks."]
    assert sum(isinstance(event, ToolFinished) and not event.failed for event in seen.events) == 1


async def test_a_text_that_was_cut_at_the_limit_says_so(demo_library):
    async with talking(demo_library, says("There are many", finish="length")) as talk:
        seen = await talk.say("tell me everything")
    assert (seen.texts, seen.notices) == (["There are many"], [TOO_LONG])


async def test_arguments_in_pieces_are_put_together(demo_library):
    pieces = [
        {"content": "", "tool_calls": [{"id": "call00001", "index": 0, "function": {"name": name, "arguments": part}}]}
        for name, part in [("search_by_text", '{"text": '), ("", '"kick"'), ("", "}")]
    ]
    async with talking(demo_library, Reply(tuple(pieces), finish="tool_calls"), says("Four kicks.")) as talk:
        seen = await talk.say("find kicks")
    assert next(event.args for event in seen.events if isinstance(event, ToolStarted)) == {"text": "kick"}


async def test_if_it_fails_after_a_tool_the_stand_in_tells_what_the_tool_found(demo_library):
    async with talking(demo_library, calls(SEARCH), fails(401), says("Here again.")) as talk:
        seen = await talk.say("find kicks")
        assert seen.steps == ["search_by_text"]
        assert sum(isinstance(event, ToolFinished) for event in seen.events) == 1, "it is not done twice"
        assert "kick" in seen.texts[-1]
        assert (await talk.say("thanks")).texts == ["Here again."]


async def test_after_turns_of_the_stand_in_the_thread_is_in_an_order_that_is_accepted(demo_library):
    async with talking(demo_library, fails(401), fails(401), fails(401), says("Here again.")) as talk:
        for text in ("find kicks", "what is number 2?", "qwertz uiop"):
            assert len((await talk.say(text)).notices) == 1
        assert (await talk.say("hello")).texts == ["Here again."]
    assert refusal(talk.server.requests[-1]["messages"]) is None


async def test_a_message_while_an_approval_waits_leaves_a_thread_that_goes_on(demo_library):
    async with talking(
        demo_library, calls(("export", '{"sounds": ["9"], "name": "one"}')), says("As you like.")
    ) as talk:
        assert len((await talk.say("export 9")).asked) == 1
        seen = await talk.say("no, rather tell me a joke")
    assert seen.texts == ["As you like."]
    assert not demo_library.settings.exports.exists()


async def test_a_stop_in_the_middle_of_a_tool_leaves_a_thread_that_goes_on(demo_library, monkeypatch):
    stopped = threading.Event()
    stopped.set()
    async with talking(demo_library, calls(("cluster", "{}")), says("Stopped."), says("Hello.")) as talk:
        seen = await talk.say("group my sounds", AgentContext(cancelled=stopped))
        assert len(seen.failed) == 1
        assert "stopped" in seen.failed[0]
        assert (await talk.say("hello")).texts == ["Hello."]


async def test_calls_that_a_crash_left_without_answers_do_not_close_the_thread(demo_library):
    async with talking(demo_library, says("Hello.")) as talk:
        left = AIMessage("", tool_calls=[{"name": "cluster", "args": {}, "id": "left-over", "type": "tool_call"}])
        config = {"configurable": {"thread_id": "thread"}}
        await talk.agent.aupdate_state(config, {"messages": [HumanMessage("group them"), left]}, as_node="model")
        assert (await talk.say("hello")).texts == ["Hello."]
    roles = [message["role"] for message in talk.server.requests[0]["messages"]]
    assert roles == ["system", "user", "assistant", "tool", "assistant", "user"]


async def test_a_model_that_never_ends_is_ended(demo_library):
    async with talking(demo_library, *[calls(SEARCH)] * 8, says("Hello.")) as talk:
        seen = await talk.say("find kicks")
        assert len(seen.notices) == 1
        assert "limit" in seen.notices[0]
        assert (await talk.say("hello")).texts == ["Hello."]


async def test_a_model_that_never_writes_a_readable_call_is_ended(demo_library):
    async with talking(demo_library, *[calls(("search_by_text", "{bad"))] * 8, says("Hello.")) as talk:
        seen = await talk.say("find kicks")
        assert len(seen.notices) == 1
        assert "limit" in seen.notices[0]
        assert (await talk.say("hello")).texts == ["Hello."]


async def test_groups_are_named_over_the_same_wire(demo_library):
    """The namer calls without a stream, from the thread of a tool."""
    async with talking(demo_library, fails(500)) as talk:
        sleeps: list[float] = []
        sync: Any = talk.model.client._transport
        sync.sleep = sleeps.append
        talk.server.replies.append(says("Kicks it is."))
        answer = talk.model.bind_tools([]).invoke([HumanMessage("hello")])
    assert answer.text == "Kicks it is."
    assert len(sleeps) == 1


def test_tool_messages_alone_do_not_break_the_order():
    from agent.llm.ordering import accepted

    assert [type(each) for each in accepted([ToolMessage("x", tool_call_id="a")])] == [ToolMessage]
