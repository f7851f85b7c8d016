"""A chat model that says what a test wrote down for it, and remembers what it was shown."""

from collections.abc import Iterator, Sequence
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from pydantic import Field


def call(name: str, call_id: str = "call-1", /, **args: Any) -> dict[str, Any]:
    return {"name": name, "args": args, "id": call_id, "type": "tool_call"}


def says(text: str = "", *calls: dict[str, Any], **more: Any) -> AIMessage:
    return AIMessage(text, tool_calls=list(calls), **more)


class ScriptedChatModel(BaseChatModel):
    """Gives the messages of its script one after the other; a script that is used up is a failing test."""

    script: list[AIMessage]
    shown: list[list[BaseMessage]] = Field(default_factory=list)
    """The messages of every call, in order."""

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(self, tools: Sequence[Any], **_: Any) -> Runnable[Any, Any]:
        return self

    def _next(self, messages: list[BaseMessage]) -> AIMessage:
        assert self.script, f"the script ends, and the model is asked once more: {messages[-1]}"
        self.shown.append(messages)
        return self.script.pop(0).model_copy()

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **_: Any,
    ) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=self._next(messages))])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **_: Any,
    ) -> Iterator[ChatGenerationChunk]:
        """Word by word, as real models do."""
        message = self._next(messages)
        for word in message.text.split(" ") if message.text else []:
            yield ChatGenerationChunk(message=AIMessageChunk(f"{word} "))
        whole = AIMessageChunk(
            "",
            tool_calls=message.tool_calls,
            invalid_tool_calls=message.invalid_tool_calls,
            response_metadata=message.response_metadata,
            chunk_position="last",
        )
        yield ChatGenerationChunk(message=whole)
