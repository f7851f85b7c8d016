"""Mistral's models over their API, so that no failure of the network is taken for an answer.

LangChain's class completes arguments that were cut off and takes a stream that broke for a whole one; here calls are
held back until the stream has ended as it should, and are read strictly.
"""

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.messages.tool import ToolCallChunk, tool_call_chunk
from langchain_core.outputs import ChatGenerationChunk
from langchain_mistralai import ChatMistralAI
from pydantic import SecretStr

from agent.llm.explain import CutOffError
from agent.llm.ordering import accepted
from agent.llm.transport import async_client, sync_client
from core.errors import EarshotError
from core.settings import Settings

MOST_TOKENS = 4096  # of an answer
UNREADABLE = "unreadable"  # in place of arguments that are no JSON object: LangChain completes whatever begins as one


def connect(settings: Settings) -> BaseChatModel:
    """The Mistral model that `settings.model` names as "mistralai:NAME", else that of `settings.mistral_model`.

    Raises EarshotError, without the key in it, if no usable key is set.
    """
    key = usable_key(settings.mistral_api_key)
    url = settings.mistral_base_url
    headers = {
        "Content-Type": "application/json",
        "Accept": "application/json",
        "Authorization": f"Bearer {key.get_secret_value()}",
    }
    return Mistral(
        model_name=settings.model.partition(":")[2] or settings.mistral_model,
        api_key=key,
        base_url=url,
        temperature=0.1,
        max_tokens=MOST_TOKENS,
        max_retries=1,  # the transport tries again, and only before anything was said
        client=sync_client(url, headers),
        async_client=async_client(url, headers),
    )


def usable_key(key: SecretStr | None) -> SecretStr:
    """The key without blanks around it; blanks or line ends inside it would send it into error texts and logs."""
    stripped = key.get_secret_value().strip() if key else ""
    if not stripped:
        raise EarshotError("no Mistral key is set; set MISTRAL_API_KEY in the environment and start again")
    if not stripped.isascii() or not stripped.isprintable() or " " in stripped:
        raise EarshotError(
            "the Mistral key holds a blank, a line end or another sign that keys do not have; "
            "copy it again into MISTRAL_API_KEY"
        )
    return SecretStr(stripped)


class Mistral(ChatMistralAI):
    """LangChain's class, with messages in the order that is accepted and streams that are checked at their end."""

    def _create_message_dicts(
        self, messages: list[BaseMessage], stop: list[str] | None
    ) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        return super()._create_message_dicts(accepted(messages), stop)

    def _stream(self, *args: Any, **kwargs: Any) -> Iterator[ChatGenerationChunk]:
        held = _Held()
        for chunk in super()._stream(*args, **kwargs):
            yield held.without_calls(chunk)
        yield held.end()

    async def _astream(self, *args: Any, **kwargs: Any) -> AsyncIterator[ChatGenerationChunk]:
        held = _Held()
        async for chunk in super()._astream(*args, **kwargs):
            yield held.without_calls(chunk)
        yield held.end()


class _Held:
    """What is held back of a stream until it has ended: its calls."""

    def __init__(self) -> None:
        self._pieces: list[ToolCallChunk] = []
        self._ended = False

    def without_calls(self, chunk: ChatGenerationChunk) -> ChatGenerationChunk:
        """The chunk without the pieces of calls in it."""
        message = chunk.message
        assert isinstance(message, AIMessageChunk), "Mistral streams what an assistant says"
        self._ended = self._ended or bool(message.response_metadata.get("finish_reason"))
        self._pieces += message.tool_call_chunks
        rest = AIMessageChunk(
            message.content,
            usage_metadata=message.usage_metadata,
            response_metadata=message.response_metadata,
        )
        return ChatGenerationChunk(message=rest)

    def end(self) -> ChatGenerationChunk:
        """The calls; those whose arguments are no JSON object become invalid ones.

        Raises CutOffError for a stream that said no reason why it ended.
        """
        if not self._ended:
            raise CutOffError("the answer broke off")
        calls = [call if _is_object(call["args"]) else call | {"args": UNREADABLE} for call in self._calls()]
        return ChatGenerationChunk(message=AIMessageChunk("", tool_call_chunks=calls, chunk_position="last"))

    def _calls(self) -> list[ToolCallChunk]:
        """Whole calls from their pieces: a piece belongs to the call of its index, one without an index to the last."""
        calls: dict[int, ToolCallChunk] = {}
        for piece in self._pieces:
            index = piece["index"] if piece["index"] is not None else len(calls) - (0 if piece["name"] else 1)
            before = calls.get(index)
            calls[index] = tool_call_chunk(
                name=(before and before["name"]) or piece["name"],
                args=((before and before["args"]) or "") + (piece["args"] or ""),
                id=(before and before["id"]) or piece["id"],
                index=index,
            )
        return list(calls.values())


def _is_object(text: str | None) -> bool:
    try:
        return isinstance(json.loads(text or "{}"), dict)
    except ValueError:
        return False
