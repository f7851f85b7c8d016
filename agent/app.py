"""The handlers of the page. Chainlit loads this file by its path; everything it does is a call to something else."""

import asyncio
import logging
import threading
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import chainlit as cl
from starlette.datastructures import Headers

from agent.cards import literal
from agent.context import AgentContext
from agent.screen import Screen, ask_approval
from agent.selecting import keep_selection
from agent.server import running
from agent.turn import take_turn
from core.errors import EarshotError

if TYPE_CHECKING:
    from core.attachments import Attachment

log = logging.getLogger(__name__)

EMPTY = """Your library is empty. To begin, name a folder:

> add the sounds in ~/Music/samples

Or attach a sound with the paperclip. Files are read where they are, and never changed."""

STARTERS = {
    "What is in my library?": "What is in my library?",
    "Group my sounds": "Group my sounds",
    "Find sounds like the one I attach": "Find sounds like the attached one",
    "Add a folder of sounds": "How do I add a folder of sounds?",
}

_busy: dict[str, asyncio.Lock] = {}


@cl.header_auth_callback
async def log_in(_: Headers) -> cl.User:
    """The one person who uses this machine: the guard lets nobody else come this far."""
    return cl.User(identifier="you", display_name="You")


@cl.data_layer  # type: ignore[arg-type]  # none is what is meant
def keep_no_second_history() -> None:
    """Nothing: chats are in the agent's memory, and a database that the environment names is another program's."""


@cl.set_starters
async def offer_starters(_: cl.User | None) -> list[cl.Starter]:
    """What the empty page offers to begin with."""
    return [cl.Starter(label=label, message=message) for label, message in STARTERS.items()]


@cl.on_chat_start
async def welcome() -> None:
    """Says how to begin where there is nothing to ask about yet; else the page's starters say enough."""
    try:
        overview = await asyncio.to_thread(running().library.overview)
    except Exception as error:
        await _apologise(error)
        return
    if not overview["sounds"]:
        await cl.Message(content=EMPTY).send()


@cl.on_message
async def answer(message: cl.Message) -> None:
    """One turn: what was attached is taken in, then the agent answers. An error never shows as silence."""
    lock = _busy.setdefault(cl.context.session.thread_id, asyncio.Lock())
    try:
        async with lock:
            attachments = await _take_in(message)
            await _run(message.content, attachments)
    except Exception as error:
        await _apologise(error)


@cl.action_callback("keep_selection")
async def take_selection(action: cl.Action) -> dict[str, Any]:
    """Keeps what was drawn around on a map; the card says the rest as the person, or shows the error."""
    return await asyncio.to_thread(keep_selection, running().library, action.payload)


@cl.on_stop
def stop() -> None:
    """Tells the tool that is running to end at the next file."""
    cancelled = cl.user_session.get("cancelled")
    if cancelled is not None:
        cancelled.set()


@cl.on_chat_end
def forget() -> None:
    """Drops the lock of a chat whose page is closed, unless a turn still runs in it."""
    thread_id = cl.context.session.thread_id
    if thread_id in _busy and not _busy[thread_id].locked():
        del _busy[thread_id]


async def _take_in(message: cl.Message) -> "list[Attachment]":
    """The attached files as sounds of the library. The first that holds no sound ends the turn with its reason."""
    library = running().library
    attachments = []
    for element in message.elements:
        attachment = await asyncio.to_thread(library.attach, Path(str(element.path)), element.name)
        attachments.append(attachment)
        element.url = f"/library/attachment/{attachment.id}"  # played from there: also what a browser cannot decode
        await element.send(for_id=message.id)
    return attachments


async def _run(text: str, attachments: "list[Attachment]") -> None:
    cancelled = threading.Event()
    cl.user_session.set("cancelled", cancelled)
    screen = Screen()
    resume: list[dict[str, Any]] | None = None
    try:
        while True:
            await _show_turn(screen, text, attachments, resume, cancelled)
            await screen.finish()
            if not screen.asked:
                return
            asked, screen.asked = screen.asked, []
            resume = await ask_approval(asked)
    except asyncio.CancelledError:
        cancelled.set()
        await screen.stop()
        raise
    except Exception:
        await screen.stop()
        raise


async def _show_turn(
    screen: Screen,
    text: str,
    attachments: "list[Attachment]",
    resume: list[dict[str, Any]] | None,
    cancelled: threading.Event,
) -> None:
    thread_id = cl.context.session.thread_id
    context = AgentContext(cancelled=cancelled)
    async for event in take_turn(running().agent, thread_id, text, attachments, resume=resume, context=context):
        await screen.show(event)


async def _apologise(error: Exception) -> None:
    """A known problem is told as it is; our own mistake gets an apology and a number to find it in the log by."""
    if isinstance(error, EarshotError):
        await cl.ErrorMessage(content=literal(str(error))).send()
        return
    log_id = uuid.uuid4().hex[:8]
    log.error("turn failed, log id %s", log_id, exc_info=error)
    await cl.ErrorMessage(
        content=f"Sorry, something went wrong in Earshot. Try once more; if it stays, look for {log_id} in the log."
    ).send()
