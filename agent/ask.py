"""Turns in the terminal: the same agent as the page's, with its memory in the same place."""

import asyncio
import re
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agent.context import AgentContext
from agent.events import ApprovalAsked, Event, Notice, TextDelta, ToolFinished, ToolStarted
from agent.graph import build_agent
from agent.llm.base import connect
from agent.memory import chats_of
from agent.turn import take_turn
from core.errors import UnsupportedError
from core.library import Library

THREAD = re.compile(r"[A-Za-z0-9_-]{1,64}")

_WITH_SOUNDS = {"hits", "count", "selection", "sounds", "cluster", "clustering"}


@dataclass(slots=True)
class Answer:
    """What came of a turn. `sounds` are the ids that tools returned, in order of appearance.

    asked: the questions that it waits with, {"name", "args", "description"}.
    """

    thread: str
    text: str = ""
    tool_calls: list[dict[str, Any]] = field(default_factory=list)
    sounds: list[int] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)
    _called: set[str] = field(default_factory=set)
    _message_id: str = ""

    def add(self, event: Event) -> None:
        """Takes one event in."""
        match event:
            case TextDelta():
                between = "\n\n" if self.text and event.message_id != self._message_id else ""
                self.text, self._message_id = self.text + between + event.text, event.message_id
            case Notice():
                self.text = f"{self.text}\n\n{event.text}".strip()
            case ToolStarted() if event.call_id not in self._called:
                self._called.add(event.call_id)
                self.tool_calls.append({"name": event.name, "args": event.args})
            case ToolFinished():
                named = [sound_id for sound_id in sound_ids(event.artifact) if sound_id not in self.sounds]
                self.sounds += dict.fromkeys(named)
            case ApprovalAsked():
                self.asked = event.requests


class Conversation:
    """A thread with the agent, one message after the other."""

    def __init__(self, library: Library, agent: Any, thread: str) -> None:
        self.thread = thread
        self._library = library
        self._agent = agent

    async def say(
        self, text: str, attachments: Sequence[Path] = (), watch: Callable[[Event], None] = lambda _: None
    ) -> Answer:
        """The answer to one message. If it is open, with questions in `asked`, `decide` goes on with it.

        watch: hears every event as it comes. A turn that is cancelled ends its tool after what that is at.
        """
        attached = [self._library.attach(path, path.name) for path in attachments]
        return await self._take(Answer(self.thread), watch, text=text, attachments=attached)

    async def decide(
        self, answer: Answer, decisions: Sequence[bool], watch: Callable[[Event], None] = lambda _: None
    ) -> Answer:
        """The same answer after the person said yes or no to each of its questions."""
        answer.asked = []
        return await self._take(answer, watch, resume=[_decision(yes) for yes in decisions])

    async def _take(self, answer: Answer, watch: Callable[[Event], None], text: str = "", **more: Any) -> Answer:
        context = AgentContext()
        try:
            async for event in take_turn(self._agent, self.thread, text, context=context, **more):
                answer.add(event)
                watch(event)
        except asyncio.CancelledError:
            context.cancelled.set()
            raise
        return answer


@asynccontextmanager
async def conversation(library: Library, thread: str | None = None) -> AsyncIterator[Conversation]:
    """A conversation in a thread, or in a new one. Raises UnsupportedError for a name that no thread can have."""
    thread = thread or new_thread()
    if not THREAD.fullmatch(thread):
        raise UnsupportedError(f"no thread can be called {thread!r}; use up to 64 letters, digits, - and _")
    async with chats_of(library.folder) as chats:
        yield Conversation(library, build_agent(library, connect(library.settings), chats), thread)


def new_thread() -> str:
    """A name for a new thread."""
    return uuid.uuid4().hex[:8]


def sound_ids(artifact: dict[str, Any] | None) -> list[int]:
    """The sounds that a tool's artifact names."""
    if not artifact or artifact.get("kind") not in _WITH_SOUNDS:  # in others "sounds" may be a number
        return []
    cards = [*artifact.get("hits", []), *artifact.get("sounds", [])]
    clusters = artifact.get("clusters", [])
    cards += [card for cluster in [artifact, *clusters] for card in cluster.get("exemplars", [])]
    return [card["id"] for card in cards]


def _decision(approved: bool) -> dict[str, Any]:
    return {"type": "approve"} if approved else {"type": "reject", "message": "The person did not approve."}
