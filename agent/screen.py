"""One turn as the person sees it: text as it comes, a step for each tool, and at the end the cards of what was found.

Turns the records of events.py into Chainlit's objects. Knows nothing of graphs, models or sounds.
"""

import json
import time
from dataclasses import dataclass, field
from typing import Any

import chainlit as cl
from chainlit.utils import utc_now

from agent.cards import Card, card_for, progress_line
from agent.events import ApprovalAsked, Event, Notice, TextDelta, ToolFinished, ToolProgress, ToolStarted
from agent.repeats import Repeats

DRAW_EVERY_S = 0.15
APPROVAL_WAIT_S = 3600
WATCHED = {
    "ingest": "Looking for sounds…",
    "ears": "Looking at the ears…",
    "compare_ears": "Comparing…",
    "cluster": "Grouping…",
    "show_map": "Drawing the map…",
}
"""Tools that take long, and what is said before they tell how far they are: their step stands open while they run."""


@dataclass
class Screen:
    """Shows events in order. `asked` are the approvals that the turn waits for."""

    asked: list[dict[str, Any]] = field(default_factory=list)
    _message: cl.Message | None = None
    _message_id: str | None = None
    _steps: dict[str, cl.Step] = field(default_factory=dict)
    _cards: list[Card] = field(default_factory=list)
    _repeats: Repeats = field(default_factory=Repeats)
    _drawn_at_s: float = 0.0

    async def show(self, event: Event) -> None:
        """Puts one event on the page."""
        match event:
            case TextDelta():
                await self._write(event)
            case ToolStarted():
                await self._open_step(event)
            case ToolProgress():
                await self._draw_progress(event)
            case ToolFinished():
                await self._close_step(event)
            case ApprovalAsked():
                self.asked.extend(event.requests)
            case Notice():
                await cl.Message(content=event.text).send()

    async def finish(self) -> None:
        """Ends the text, and sets the cards under it."""
        cards, self._cards = self._cards, []
        if self._message is None and cards:
            self._message = cl.Message(content="")
        message = await self._end_message()
        if message is None:
            return
        for card in cards:  # one by one: sent together, their order would be left to chance
            element = cl.CustomElement(name=card.element, props=card.props, display="inline")
            await element.send(for_id=message.id)

    async def stop(self) -> None:
        """Closes what is open after the person pressed Stop."""
        for step in self._steps.values():
            if step.end is None:
                step.end = utc_now()
                step.output = f"{step.output}\n\nStopped. What was finished by then is kept.".strip()
                await step.update()
        await self.finish()

    async def _write(self, event: TextDelta) -> None:
        if event.message_id != self._message_id:
            await self._end_message()
        if self._message is None:
            self._message = cl.Message(content="")
            self._message_id = event.message_id
        await self._message.stream_token(self._repeats.feed(event.text))

    async def _end_message(self) -> cl.Message | None:
        message, self._message = self._message, None
        if message is not None:
            await message.stream_token(self._repeats.end())
            await message.send()
        return message

    async def _open_step(self, event: ToolStarted) -> None:
        if event.call_id in self._steps:  # told twice when a call was approved in between
            return
        watched = event.name in WATCHED
        run = cl.context.current_run
        step = cl.Step(
            name=event.name.replace("_", " "),
            type="tool",
            parent_id=run.id if run else None,
            default_open=watched,
            auto_collapse=watched,
            show_input=False if watched else "json",  # what is watched is the progress
        )
        step.start = utc_now()
        step.input = json.dumps(event.args, ensure_ascii=False, indent=1)
        step.output = WATCHED.get(event.name, "")
        self._steps[event.call_id] = step
        await step.send()

    async def _draw_progress(self, event: ToolProgress) -> None:
        step = self._steps.get(event.call_id)
        now_s = time.monotonic()
        if step is None or (event.done < event.total and now_s - self._drawn_at_s < DRAW_EVERY_S):
            return
        self._drawn_at_s = now_s
        step.output = progress_line(event.done, event.total, event.label)
        await step.update()

    async def _close_step(self, event: ToolFinished) -> None:
        step = self._steps.get(event.call_id)
        if step is not None:
            step.end = utc_now()
            step.is_error = event.failed
            step.output = event.text
            await step.update()
        card = None if event.failed else card_for(event.artifact)
        if card is not None and card not in self._cards:
            self._cards.append(card)
            self._repeats.add(card.names)


async def ask_approval(requests: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The person's decisions, one for each request; no answer within the hour counts as no."""
    return [await _ask(request) for request in requests]


async def _ask(request: dict[str, Any]) -> dict[str, Any]:
    actions = [
        cl.Action(name="approve", label="Go ahead", payload={"decision": "approve"}),
        cl.Action(name="reject", label="Not now", payload={"decision": "reject"}),
    ]
    question = str(request.get("description") or f"Run {request['name']}?")
    asked = cl.AskActionMessage(content=question, actions=actions, timeout=APPROVAL_WAIT_S)
    answer = await asked.send()
    approved = answer is not None and answer["payload"]["decision"] == "approve"
    asked.content = f"{question}\n\n**{'Go ahead' if approved else 'Not now'}**"  # the question stays readable
    await asked.update()
    if approved:
        return {"type": "approve"}
    return {"type": "reject", "message": "The person said no. Do not try again unless they ask for it."}
