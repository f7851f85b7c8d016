"""From the stream of a graph to what a person sees happen. Pure: parts in, records out; knows no page, no terminal."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, ToolMessage

from agent.origin import is_embedded, was_cut_off

MODEL_NODE = "model"
TOO_LONG = "The chat model came to the end of what it may say at once. Say “go on” for the rest."


@dataclass(frozen=True, slots=True)
class TextDelta:
    """More text of an answer. A new `message_id` begins a new answer; `checked` if it names nothing that is unknown."""

    message_id: str
    text: str
    checked: bool = False


@dataclass(frozen=True, slots=True)
class ToolStarted:
    """The model called a tool. The same call is told again after an approval."""

    call_id: str
    name: str
    args: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ToolProgress:
    """How far a long tool is; `label` names what it just finished."""

    call_id: str
    done: int
    total: int
    label: str


@dataclass(frozen=True, slots=True)
class ToolFinished:
    """A tool answered: `text` to the model, `artifact` for the screen (None if it failed)."""

    call_id: str
    name: str
    text: str
    artifact: dict[str, Any] | None
    failed: bool


@dataclass(frozen=True, slots=True)
class ApprovalAsked:
    """The turn waits for decisions, one for each request: {"name", "args", "description"}."""

    requests: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Notice:
    """Something the program itself has to say, such as that a limit was reached."""

    text: str


Event: TypeAlias = TextDelta | ToolStarted | ToolProgress | ToolFinished | ApprovalAsked | Notice


def read_part(part: Mapping[str, Any]) -> Iterator[Event]:
    """The events in one part of a graph's stream (modes messages, updates and custom; stream version 2)."""
    match part["type"]:
        case "messages":
            yield from _read_message(*part["data"])
        case "custom":
            data = part["data"]
            yield Notice(data["notice"]) if "notice" in data else ToolProgress(**data)
        case "updates":
            for node, update in part["data"].items():
                yield from _read_update(node, update)


def _read_message(message: BaseMessage, metadata: Mapping[str, Any]) -> Iterator[Event]:
    """Text as it is written. Models that are called inside of tools are not the ones who answer."""
    if metadata.get("langgraph_node") != MODEL_NODE or not isinstance(message, AIMessage | AIMessageChunk):
        return
    if text := message.text:
        yield TextDelta(message.id or "", text, checked=is_embedded(message))


def _read_update(node: str, update: Any) -> Iterator[Event]:
    if node == "__interrupt__":
        yield ApprovalAsked([_request(each) for asked in update for each in asked.value["action_requests"]])
        return
    for message in (update or {}).get("messages", []):
        if isinstance(message, ToolMessage):
            yield _finished(message)
        elif isinstance(message, AIMessage):
            for call in message.tool_calls:
                yield ToolStarted(call["id"] or "", call["name"], call["args"])
            if node != MODEL_NODE and not message.tool_calls and message.text:
                yield Notice(message.text)
            elif was_cut_off(message) and not message.tool_calls:
                yield Notice(TOO_LONG)


def _finished(message: ToolMessage) -> ToolFinished:
    failed = message.status == "error"
    artifact = message.artifact if isinstance(message.artifact, dict) else None
    return ToolFinished(message.tool_call_id, message.name or "", message.text, artifact, failed)


def _request(request: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": request["name"], "args": request["args"], "description": request.get("description", "")}
