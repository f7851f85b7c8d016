"""Keeps a conversation whole: every tool call has an answer, and no broken call is run.

A Stop in the middle of a tool, a crash, or a new message while an approval is open leave calls without answers; models
that check the order then refuse the thread for good. A call with unreadable or cut-off arguments must not run half. A
number that no checkpoint can hold would end the turn; as text it reaches the tool, which says that it knows none such.
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

from langchain.agents.middleware import AgentMiddleware, AgentState, ModelRequest, ModelResponse, hook_config
from langchain_core.messages import AIMessage, AnyMessage, ToolCall, ToolMessage
from langgraph.types import Command

from agent.context import AgentContext, current_call
from agent.origin import was_cut_off

NOT_RUN = "This call was not run: the turn ended before it. Call again if it is still wanted."
LARGEST = 2**63 - 1  # what msgpack, which writes the checkpoints, and SQLite have in common

Request: TypeAlias = ModelRequest[AgentContext]
Response: TypeAlias = ModelResponse[Any]


class RepairMiddleware(AgentMiddleware[Any, AgentContext, Any]):
    """Shows the model a paired conversation, mends what cannot be stored, and answers calls that cannot be run."""

    def wrap_model_call(self, request: Request, handler: Callable[[Request], Response]) -> Response:
        """Pairs the messages of a synchronous call."""
        return _storable(handler(request.override(messages=paired(request.messages))))

    async def awrap_model_call(self, request: Request, handler: Callable[[Request], Awaitable[Response]]) -> Response:
        """Pairs the messages of an asynchronous call."""
        return _storable(await handler(request.override(messages=paired(request.messages))))

    @hook_config(can_jump_to=["model"])
    def after_model(self, state: AgentState[Any], runtime: Any) -> dict[str, Any] | None:  # noqa: ARG002  the hook's form
        """Sends the model back with an error for each call that is unreadable or was cut off."""
        last = state["messages"][-1]
        if not isinstance(last, AIMessage):
            return None
        refusals = _refusals(last)
        return {"messages": refusals, "jump_to": "model"} if refusals else None


class CallNameMiddleware(AgentMiddleware[Any, AgentContext, Any]):
    """Lets a tool's reports say which call they belong to."""

    def wrap_tool_call(
        self, request: Any, handler: Callable[[Any], ToolMessage | Command[Any]]
    ) -> ToolMessage | Command[Any]:
        """Names the call for the time of a synchronous tool."""
        current_call.set(request.tool_call["id"])
        return handler(request)

    async def awrap_tool_call(
        self, request: Any, handler: Callable[[Any], Awaitable[ToolMessage | Command[Any]]]
    ) -> ToolMessage | Command[Any]:
        """Names the call for the time of an asynchronous tool; the thread it runs in inherits the name."""
        current_call.set(request.tool_call["id"])
        return await handler(request)


def paired(messages: Sequence[AnyMessage]) -> list[AnyMessage]:
    """The same conversation with each tool call answered right after it, if need be by saying that it was not run.

    Answers to calls that nobody made are left out.
    """
    answers = _answers(messages)
    whole: list[AnyMessage] = []
    for position, message in enumerate(messages):
        if isinstance(message, ToolMessage):
            continue
        whole.append(message)
        if isinstance(message, AIMessage):
            mine = answers.get(position, {})
            whole += [mine.get(call["id"] or "", _not_run(call)) for call in message.tool_calls]
            whole += [mine[call["id"] or ""] for call in message.invalid_tool_calls if (call["id"] or "") in mine]
    return whole


def with_small_numbers(value: Any) -> Any:
    """The same arguments with whole numbers beyond 64 bits as text, at any depth."""
    if isinstance(value, dict):
        return {key: with_small_numbers(each) for key, each in value.items()}
    if isinstance(value, list):
        return [with_small_numbers(each) for each in value]
    if isinstance(value, int) and abs(value) > LARGEST:
        return str(value)
    return value


def _storable(response: Response) -> Response:
    return replace(response, result=[_with_small_numbers(message) for message in response.result])


def _with_small_numbers(message: Any) -> Any:
    if not isinstance(message, AIMessage) or not message.tool_calls:
        return message
    calls = [call | {"args": with_small_numbers(call["args"])} for call in message.tool_calls]
    content = with_small_numbers(message.content)
    if calls == message.tool_calls and content == message.content:
        return message
    return message.model_copy(update={"tool_calls": calls, "content": content})


def _answers(messages: Sequence[AnyMessage]) -> dict[int, dict[str, ToolMessage]]:
    """The answers to each message's calls, by its position and the call's id.

    Some models number their calls anew in every turn: an answer belongs to the last message before it with such a call.
    """
    caller: dict[str, int] = {}
    answers: dict[int, dict[str, ToolMessage]] = defaultdict(dict)
    for position, message in enumerate(messages):
        if isinstance(message, AIMessage):
            calls = [*message.tool_calls, *message.invalid_tool_calls]
            caller |= {call["id"] or "": position for call in calls}
        elif isinstance(message, ToolMessage) and message.tool_call_id in caller:
            answers[caller[message.tool_call_id]][message.tool_call_id] = message
    return answers


def _not_run(call: ToolCall) -> ToolMessage:
    return ToolMessage(NOT_RUN, tool_call_id=call["id"] or "", name=call["name"], status="error")


def _refusals(message: AIMessage) -> list[ToolMessage]:
    broken = [(call["id"], call["name"], "its arguments are not valid JSON") for call in message.invalid_tool_calls]
    calls = [(call["id"], call["name"], "the answer was cut off") for call in message.tool_calls]
    if was_cut_off(message):
        broken += calls
    elif broken:  # the sound calls beside a broken one wait for it: the model repeats all of them
        broken += [(call_id, name, "another call beside it was broken") for call_id, name, _ in calls]
    return [
        ToolMessage(f"This call was not run: {why}. Call again.", tool_call_id=call_id or "", name=name, status="error")
        for call_id, name, why in broken
    ]
