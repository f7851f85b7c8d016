"""The embedded chat model: LangChain's interface around the planner and the phrasing."""

import asyncio
import hashlib
import json
import re
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool

from agent.llm.embedded import replies
from agent.llm.embedded.asked import Asked
from agent.llm.embedded.caveats import caveat
from agent.llm.embedded.phrasing import phrase
from agent.llm.embedded.planner import plan
from agent.llm.embedded.plans import Call, Plan
from agent.llm.embedded.turn import ASKED, read_turn
from agent.origin import EMBEDDED_MARK

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


class EmbeddedChatModel(BaseChatModel):
    """A chat model with no key, no download and no network: it parses what is said and phrases what the tools find.

    It calls only tools that are bound to it and reads only the person's messages for meaning. The same messages give
    the same answer, call ids included.
    """

    @property
    def _llm_type(self) -> str:
        return "earshot-embedded"

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | None = None,  # noqa: ARG002  # the interface has it; which tool fits is this model's own reading
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """The model with the tools it may call."""
        return self.bind(tools=[convert_to_openai_tool(tool) for tool in tools], **kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,  # noqa: ARG002
        run_manager: CallbackManagerForLLMRun | None = None,  # noqa: ARG002
        **kwargs: Any,
    ) -> ChatResult:
        message = answer(messages, kwargs.get("tools"))
        message.response_metadata |= EMBEDDED_MARK
        return ChatResult(generations=[ChatGeneration(message=message)])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,  # noqa: ARG002
        run_manager: CallbackManagerForLLMRun | None = None,  # noqa: ARG002
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        yield from _pieces(answer(messages, kwargs.get("tools")))

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,  # noqa: ARG002
        run_manager: AsyncCallbackManagerForLLMRun | None = None,  # noqa: ARG002
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        for piece in _pieces(answer(messages, kwargs.get("tools"))):
            yield piece
            await asyncio.sleep(0)  # lets a screen draw between two words


def answer(messages: Sequence[BaseMessage], tools: Sequence[dict[str, Any]] | None) -> AIMessage:
    """The next message of a conversation. tools: the bound tools as OpenAI functions; None binds none."""
    turn = read_turn(messages)
    if not turn.results:
        return _message(plan(turn), messages, tools)
    made = [call for message in messages if isinstance(message, AIMessage) for call in message.tool_calls]
    asked = Asked(question=turn.wording.words, names=turn.memory.called)
    said = phrase(turn.answers or turn.results, {call["id"] or "": call["args"] for call in made}, asked)
    return AIMessage(f"{caveat(turn)} {said}".strip())


def _message(step: Plan, messages: Sequence[BaseMessage], tools: Sequence[dict[str, Any]] | None) -> AIMessage:
    bound = {tool["function"]["name"] for tool in tools or []}
    if any(call.name not in bound for call in step.calls):
        return AIMessage(replies.NO_TOOL)
    if not step.calls:
        return AIMessage(step.text, additional_kwargs={ASKED: step.intent} if step.asked else {})
    calls = [
        {"name": call.name, "args": call.args, "id": call_id(messages, call, place), "type": "tool_call"}
        for place, call in enumerate(step.calls)
    ]
    return AIMessage("", tool_calls=calls)


def call_id(messages: Sequence[BaseMessage], call: Call, place: int) -> str:
    """Nine letters and digits, as Mistral demands: the same for the same conversation, new for each call in it."""
    before = [made["id"] for message in messages if isinstance(message, AIMessage) for made in message.tool_calls]
    said = json.dumps([len(messages), before, call.name, call.args, place], sort_keys=True, default=str)
    number = int.from_bytes(hashlib.blake2b(said.encode(), digest_size=8).digest(), "big")
    return "".join(_ALPHABET[number // len(_ALPHABET) ** place % len(_ALPHABET)] for place in range(9))


def _pieces(message: AIMessage) -> Iterator[ChatGenerationChunk]:
    """A message in word-sized chunks, its tool calls whole in the last one."""
    *words, last = re.findall(r"\s*\S+\s*", message.text) or [""]
    for word in words:
        yield ChatGenerationChunk(message=AIMessageChunk(content=word, response_metadata=EMBEDDED_MARK))
    calls = [
        tool_call_chunk(name=call["name"], args=json.dumps(call["args"]), id=call["id"], index=place)
        for place, call in enumerate(message.tool_calls)
    ]
    chunk = AIMessageChunk(
        content=last,
        tool_call_chunks=calls,
        additional_kwargs=message.additional_kwargs,
        response_metadata=EMBEDDED_MARK,
        chunk_position="last",
    )
    yield ChatGenerationChunk(message=chunk)
