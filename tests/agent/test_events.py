"""From recorded parts of a graph's stream to records."""

import pytest
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage, ToolMessage
from langgraph.types import Interrupt

from agent.events import ApprovalAsked, Notice, TextDelta, ToolFinished, ToolProgress, ToolStarted, read_part
from tests.agent.scripted import call, says


def events(kind: str, data: object) -> list:
    return list(read_part({"type": kind, "ns": (), "data": data}))


def message(given, node: str = "model") -> list:
    return events("messages", (given, {"langgraph_node": node}))


def update(node: str, *messages) -> list:
    return events("updates", {node: {"messages": list(messages)}})


def test_pieces_of_an_answer_are_its_text():
    assert message(AIMessageChunk("Hel", id="m1")) == [TextDelta("m1", "Hel")]
    assert message(AIMessageChunk([{"type": "text", "text": "lo "}], id="m1")) == [TextDelta("m1", "lo ")]
    assert message(AIMessage("At once.", id="m2")) == [TextDelta("m2", "At once.")]


@pytest.mark.parametrize(
    ("given", "node"),
    [
        (AIMessageChunk("", id="m1"), "model"),
        (AIMessageChunk("a model inside of a tool", id="m1"), "tools"),
        (ToolMessage("told by its update", tool_call_id="1"), "tools"),
        (HumanMessage("x"), "model"),
    ],
)
def test_what_is_no_answer_is_no_text(given, node):
    assert message(given, node) == []


def test_a_call_is_started_when_the_model_made_it():
    started = update("model", says("Let me see.", call("cluster", "1", k=8), call("export", "2")))
    assert started == [ToolStarted("1", "cluster", {"k": 8}), ToolStarted("2", "export", {})]


def test_a_tool_is_finished_with_its_text_and_its_artifact():
    done = ToolMessage("8 clusters", tool_call_id="1", name="cluster", artifact={"kind": "clustering"})
    assert update("tools", done) == [ToolFinished("1", "cluster", "8 clusters", {"kind": "clustering"}, False)]


def test_a_tool_that_failed_has_no_artifact():
    failed = ToolMessage("there is no sound 7", tool_call_id="1", name="export", status="error")
    assert update("tools", failed) == [ToolFinished("1", "export", "there is no sound 7", None, True)]


def test_how_far_a_tool_is_is_told_as_it_is():
    data = {"call_id": "1", "done": 3, "total": 9, "label": "a.wav"}
    assert events("custom", data) == [ToolProgress("1", 3, 9, "a.wav")]


def test_an_interrupt_asks_for_every_request_in_order():
    requests = [{"name": "export", "args": {"sounds": ["1"]}, "description": "Copy?"}, {"name": "export", "args": {}}]
    asked = Interrupt(value={"action_requests": requests, "review_configs": []}, id="i1")

    assert events("updates", {"__interrupt__": (asked,)}) == [
        ApprovalAsked([requests[0], {"name": "export", "args": {}, "description": ""}])
    ]


def test_what_the_program_says_itself_is_a_notice():
    limit = AIMessage("Model call limits exceeded: run limit (8/8)")
    assert update("ModelCallLimitMiddleware.before_model", limit) == [Notice(limit.text)]
    assert update("model", limit) == [], "an answer was told while it was written"


def test_a_node_that_changed_nothing_tells_nothing():
    assert events("updates", {"RepairMiddleware.after_model": None, "other": {}}) == []
    assert events("updates", {"other": {"messages": [HumanMessage("x")]}}) == []
