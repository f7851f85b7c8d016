"""One turn as the person sees it: text as it comes, a step for each tool, and at the end the cards of what was found.

Turns the records of events.py into Chainlit's objects. Knows nothing of graphs, models or sounds.
"""

import json
import re
import time
from dataclasses import dataclass, field
from typing import Any

import chainlit as cl
from chainlit.data import get_data_layer
from chainlit.element import ElementDict
from chainlit.utils import utc_now

from agent.cards import Card, card_for, literal, progress_line
from agent.events import ApprovalAsked, Event, Notice, TextDelta, ToolFinished, ToolProgress, ToolStarted
from agent.pending import Pending
from agent.players import with_players
from agent.repeats import Repeats

DRAW_EVERY_S = 0.15
KEEP_EVERY_S = 0.5
WRITE_EVERY_S = 0.06
APPROVAL = "Approval"
SENTENCE_ENDS = re.compile(r"[.!?…:]\s|\n")
WATCHED = {
    "ingest": "Looking for sounds…",
    "ears": "Looking at the ears…",
    "compare_ears": "Comparing…",
    "cluster": "Grouping…",
    "show_map": "Drawing the map…",
    "hear_events": "Listening…",
    "find_moments": "Listening…",
    "save_subtitles": "Listening…",
}
"""Tools that take long, and what is said before they tell how far they are: their step stands open while they run."""


@dataclass
class Screen:
    """Shows events in order. `asks` tells whether the turn ended with a question to the person."""

    asks: bool = False
    _message: cl.Message | None = None
    _message_id: str | None = None
    _steps: dict[str, cl.Step] = field(default_factory=dict)
    _cards: list[Card] = field(default_factory=list)
    _repeats: Repeats = field(default_factory=Repeats)
    _drawn_at_s: float = 0.0
    _kept_at_s: float = 0.0
    _unshown: str = ""
    _written_at_s: float = 0.0

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
                self.asks = True
                await self._take_back_steps()
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

    @property
    def unfinished(self) -> dict[str, Any] | None:
        """The message that is being written, as far as it is; None if none is."""
        if self._message is None or not self._message.content:
            return None
        return dict(self._message.to_dict())

    async def _write(self, event: TextDelta) -> None:
        if event.message_id != self._message_id:
            await self._end_message()
        if self._message is None:
            self._message = cl.Message(content="", created_at=utc_now())
            self._message_id = event.message_id
        self._unshown += self._repeats.feed(event.text)
        now_s = time.monotonic()
        if now_s - self._written_at_s >= WRITE_EVERY_S:  # a page draws all of its cards anew for each piece of text
            self._written_at_s = now_s
            await self._show_text(self._message)

    async def _show_text(self, message: cl.Message) -> None:
        shown, self._unshown = self._unshown, ""
        await message.stream_token(shown)
        await self._keep(shown)

    async def _keep(self, shown: str) -> None:
        """Whole sentences are kept while the answer goes on: a program that is killed loses the one in flight."""
        now_s = time.monotonic()
        layer = get_data_layer()
        if layer is None or now_s - self._kept_at_s < KEEP_EVERY_S or not SENTENCE_ENDS.search(shown):
            return
        self._kept_at_s = now_s
        if message := self.unfinished:
            await layer.create_step(message)

    async def _end_message(self) -> cl.Message | None:
        message, self._message = self._message, None
        if message is not None:
            self._unshown += self._repeats.end()
            await self._show_text(message)
            message.content = with_players(message.content)
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

    async def _take_back_steps(self) -> None:
        """A call that waits for an answer has not begun; it is told again if the answer is yes."""
        for call_id, step in list(self._steps.items()):
            if step.end is None:
                del self._steps[call_id]
                await step.remove()

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
            step.output = literal(event.text)
            await step.update()
        card = None if event.failed else card_for(event.artifact)
        if card is not None and card not in self._cards:
            self._cards.append(card)
            self._repeats.add(card.names)


async def ask_approval(asked: Pending) -> None:
    """Puts an open question on the page, with buttons that a restart leaves in force."""
    questions = asked.questions
    several = len(questions) > 1
    text = "\n\n".join(f"{number}. {each}" if several else each for number, each in enumerate(questions, 1))
    message = await cl.Message(content=text).send()
    props = {"asked": asked.id, "count": len(questions), "answers": None}
    await cl.CustomElement(name=APPROVAL, props=props, display="inline").send(for_id=message.id)


async def show_answered(card: ElementDict, answers: list[bool]) -> None:
    """Says on the card of a question what the person decided, and takes its buttons away."""
    props = {**(card.get("props") or {}), "answers": answers}
    for_id = card.get("forId") or ""
    await cl.CustomElement(id=card["id"], name=APPROVAL, props=props, display="inline", for_id=for_id).send(for_id)
