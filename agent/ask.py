"""One turn in the terminal: the same agent as the page's, with its memory in the same place."""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agent.events import ApprovalAsked, Event, Notice, TextDelta, ToolFinished, ToolStarted
from agent.graph import build_agent
from agent.llm.base import connect
from agent.memory import chats_of
from agent.turn import take_turn
from core.library import Library

_WITH_SOUNDS = {"hits", "selection", "sounds", "cluster", "clustering"}


@dataclass(slots=True)
class Answer:
    """What came of a turn. `sounds` are the ids that tools returned, in order of appearance."""

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


async def ask_once(
    library: Library,
    text: str,
    attachments: Sequence[Path],
    thread: str | None,
    approve: Callable[[dict[str, Any]], bool] | None,
) -> Answer:
    """The answer to one message. `approve` decides on what writes outside the library; without it, nothing does."""
    attached = [library.attach(path, path.name) for path in attachments]
    answer = Answer(thread or uuid.uuid4().hex[:8])
    async with chats_of(library.folder) as chats:
        agent = build_agent(library, connect(library.settings), chats)
        resume = None
        while True:
            async for event in take_turn(agent, answer.thread, text, attached, resume=resume):
                answer.add(event)
            if not answer.asked:
                return answer
            resume = [_decision(approve is not None and approve(request)) for request in answer.asked]
            answer.asked = []


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
