"""A chat model that stops in the middle of a story until a file is there: a test decides how long an answer takes."""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from langchain_core.messages import AIMessageChunk, BaseMessage, HumanMessage
from langchain_core.outputs import ChatGenerationChunk

from agent.llm.embedded import EmbeddedChatModel

STORY = ["It rained all day. ", "In the evening ", "it stopped. ", "Nobody ", "heard it."]
HELD_BEFORE = "it stopped. "


class HeldChatModel(EmbeddedChatModel):
    """Answers "a story" with one of five pieces, held after two of them; all else as the embedded model does.

    The story goes on when there is a file `go on` in the folder that the program was given.
    """

    async def _astream(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        said = [message.text for message in messages if isinstance(message, HumanMessage)]
        if not said[-1].startswith("a story"):
            async for chunk in super()._astream(messages, *args, **kwargs):
                yield chunk
            return
        for piece in STORY:
            while piece == HELD_BEFORE and not (Path(sys.argv[1]) / "go on").exists():
                await asyncio.sleep(0.02)
            last = "last" if piece == STORY[-1] else None
            yield ChatGenerationChunk(message=AIMessageChunk(piece, chunk_position=last))
