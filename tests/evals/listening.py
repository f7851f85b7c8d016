"""What a chat model said before anything was taken out of it, and what it took: heard through LangChain's callbacks."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from langchain_core.callbacks import AsyncCallbackHandler
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, LLMResult

from agent.events import MODEL_NODE

LETTERS_PER_TOKEN = 4  # where a model does not say how many tokens it took


@dataclass
class Heard:
    """Since the last turn began. answers: what the model said to the person, without what it was asked by tools."""

    tokens_in: int = 0
    tokens_out: int = 0
    answers: list[str] = field(default_factory=list)


class Listener(AsyncCallbackHandler):
    """Listens to a model that is given it as a callback."""

    def __init__(self) -> None:
        self.heard = Heard()
        self._calls: dict[UUID, tuple[int, bool]] = {}

    def begin(self) -> None:
        """A turn begins."""
        self.heard = Heard()

    async def on_chat_model_start(
        self,
        serialized: dict[str, Any],
        messages: list[list[BaseMessage]],
        *,
        run_id: UUID,
        metadata: dict[str, Any] | None = None,
        **_: Any,
    ) -> None:
        """The model is asked."""
        letters = sum(len(message.text) for each in messages for message in each)
        self._calls[run_id] = letters, (metadata or {}).get("langgraph_node") == MODEL_NODE

    async def on_llm_end(self, response: LLMResult, *, run_id: UUID, **_: Any) -> None:
        """The model has answered."""
        letters, to_person = self._calls.pop(run_id, (0, False))
        for message in _messages(response):
            told = message.usage_metadata
            self.heard.tokens_in += told["input_tokens"] if told else letters // LETTERS_PER_TOKEN
            self.heard.tokens_out += told["output_tokens"] if told else _letters(message) // LETTERS_PER_TOKEN
            if to_person and message.text:
                self.heard.answers.append(message.text)


def _messages(response: LLMResult) -> Sequence[AIMessage]:
    generations = [each for listed in response.generations for each in listed]
    return [
        each.message for each in generations if isinstance(each, ChatGeneration) and isinstance(each.message, AIMessage)
    ]


def _letters(message: AIMessage) -> int:
    return len(message.text) + sum(len(call["name"]) + len(str(call["args"])) for call in message.tool_calls)
