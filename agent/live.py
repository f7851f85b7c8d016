"""The turns that run in this process, by chat: one at a time in each, shown on every page that has the chat open.

A turn goes on when its page is closed. A page that comes to the chat meanwhile is shown what was done so far, and then
the rest; what happens while it is being brought up to date waits for it.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from weakref import WeakKeyDictionary, WeakValueDictionary

from chainlit.context import ChainlitContext, context, context_var
from chainlit.emitter import ChainlitEmitter
from chainlit.message import Message
from chainlit.session import WebsocketSession, ws_sessions_id
from chainlit.utils import utc_now

from agent.screen import Screen

END_S = 10.0  # how long a stopped turn may take to end

Emit: TypeAlias = Callable[[str, Any], Awaitable[Any]]

_locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
_turns: dict[str, "Turn"] = {}
_held: WeakKeyDictionary[WebsocketSession, list[tuple[str, Any]]] = WeakKeyDictionary()
"""What pages that are being brought up to date have yet to be told."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One that runs. Setting `cancelled` ends a long tool after the file it is at."""

    task: "asyncio.Task[Any]"
    screen: Screen
    cancelled: threading.Event = field(default_factory=threading.Event)

    def stop(self) -> None:
        """Ends the turn where it is; what was finished is kept."""
        self.cancelled.set()
        if self.task is not context.session.current_task:  # that one, the page's own Stop has ended already
            self.task.cancel()


def turn_of(thread_id: str) -> Turn | None:
    """The turn that runs in a chat, if one does."""
    return _turns.get(thread_id)


def is_any_running() -> bool:
    """Whether a turn runs in any chat, or is about to."""
    return bool(_turns) or any(lock.locked() for lock in _locks.values())


def is_busy(thread_id: str) -> bool:
    """Whether a message to this chat would have to wait for the turn before it."""
    lock = _locks.get(thread_id)
    return lock is not None and lock.locked()


@asynccontextmanager
async def next_turn(thread_id: str) -> AsyncIterator[None]:
    """Waits until no turn runs in the chat, and lets none begin in the block."""
    lock = _locks.get(thread_id)
    if lock is None:
        lock = _locks[thread_id] = asyncio.Lock()
    async with lock:
        yield


@asynccontextmanager
async def running_turn(thread_id: str, asked: Message | None = None) -> AsyncIterator[Turn]:
    """A turn of the present task, in a run: all that the block shows is shown on every page that has the chat open.

    asked: what the person said; only the page where it was typed has it already.
    """
    task = asyncio.current_task()
    assert task is not None
    turn = _turns[thread_id] = Turn(task, Screen())
    own = context_var.get()
    context_var.set(ChainlitContext(own.session, Everywhere(own.session)))
    run = context.current_run
    assert run is not None, "what has no run around it is not shown: it has nowhere to be put"
    try:
        await context.emitter.task_start()
        if asked is not None:
            await context.emitter.send_step(asked.to_dict())
        await context.emitter.send_step(run.to_dict())
        yield turn
    finally:
        del _turns[thread_id]
        run.end = utc_now()
        await context.emitter.update_step(run.to_dict())
        await context.emitter.task_end()
        context_var.set(own)


async def end_turn(thread_id: str) -> None:
    """No turn runs in the chat after this."""
    turn = turn_of(thread_id)
    if turn is not None:
        turn.cancelled.set()
        turn.task.cancel()
        await asyncio.wait([turn.task], timeout=END_S)


class Everywhere(ChainlitEmitter):
    """Shows things on every page that has the chat of its session open."""

    @property
    def emit(self) -> Emit:
        """As Chainlit calls it: an event and its data."""
        return self._emit

    async def _emit(self, event: str, data: Any) -> None:
        for session in _pages_of(self.session):
            if session in _held:
                _held[session].append((event, data))
            else:
                await session.emit(event, data)


def bring_up_to_date(session: WebsocketSession) -> None:
    """Holds back what the running turn shows until the page has been shown the chat so far."""
    plain: Any = session.emit
    _held[session] = []

    async def emit(event: str, data: Any) -> None:
        await plain(event, data)
        if event == "resume_thread":
            session.emit = plain
            await _tell_the_rest(session, plain)

    session.emit = emit


async def _tell_the_rest(session: WebsocketSession, emit: Emit) -> None:
    if turn_of(session.thread_id):
        await emit("task_start", {})
    held = _held[session]
    while held:
        await emit(*held.pop(0))
    _held.pop(session, None)


def _pages_of(session: WebsocketSession) -> list[WebsocketSession]:
    """The pages of the same person that have the same chat open; one that was closed is told in vain."""
    name = getattr(session.user, "identifier", None)
    pages = [
        each
        for each in ws_sessions_id.values()
        if each.thread_id == session.thread_id and getattr(each.user, "identifier", None) == name
    ]
    return pages or [session]
