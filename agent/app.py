"""The handlers of the page. Chainlit loads this file by its path; everything it does is a call to something else."""

import asyncio
import logging
import uuid
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import chainlit as cl
from chainlit.session import ws_sessions_id
from chainlit.types import ThreadDict
from starlette.datastructures import Headers

from agent import live
from agent.accounts import tidy
from agent.cards import literal
from agent.context import AgentContext
from agent.guard import UUID
from agent.history import History
from agent.limits import wait_sentence
from agent.login import LOCAL
from agent.panel import Choice, choose_ears, chosen_library, widgets
from agent.pending import Pending, decisions, pending, spoken
from agent.recording import SHORTEST_S, Recording
from agent.screen import APPROVAL, ask_approval, show_answered
from agent.selecting import keep_selection
from agent.server import check_served, running
from core.errors import EarshotError, NotFoundError

if TYPE_CHECKING:
    from core.attachments import Attachment

log = logging.getLogger(__name__)

RECORDING = "recording"
LIKE_RECORDED = "Find sounds like this one"
UNHEARD = "nothing was recorded; let the browser use the microphone, and play the sound while it listens"

EMPTY = """Your library is empty. To begin, name a folder:

> add the sounds in ~/Music/samples

Or attach a sound with the paperclip. Files are read where they are, and never changed."""

STARTERS = {
    "What is in my library?": "What is in my library?",
    "Group my sounds": "Group my sounds",
    "Find sounds like the one I attach": "Find sounds like the attached one",
    "Add a folder of sounds": "How do I add a folder of sounds?",
}

ATTACHED = "/library/attachment/"
ONE_AT_A_TIME = asyncio.Lock()
ENDED = "The program ended before this answer was whole. What was finished by then is kept; ask again for the rest."
BUSY = "an answer is still being written; choose the library again when it is there"
STARTS_ANEW = "earshot:starts-anew"  # as ui/earshot.js knows it
WAITS = "The answer before this one is still being written; yours is next."


async def take_local(_: Headers) -> cl.User:
    """The one person who uses this machine: the guard lets nobody else come this far."""
    return cl.User(identifier=LOCAL)


async def log_in(name: str, password: str) -> cl.User | None:
    """The person, if the password is theirs."""
    accounts = running().logins.accounts
    async with ONE_AT_A_TIME:  # each try takes memory and a processor
        proven = accounts is not None and await asyncio.to_thread(accounts.proves, name, password)
    return cl.User(identifier=tidy(name)) if proven else None


if running().logins.accounts is None:
    cl.header_auth_callback(take_local)
else:
    cl.password_auth_callback(log_in)


@cl.data_layer
def remember() -> History:
    """The chats of this library; a database that the environment names is another program's."""
    return running().history


@cl.set_starters
async def offer_starters(_: cl.User | None) -> list[cl.Starter]:
    """What the empty page offers to begin with."""
    return [cl.Starter(label=label, message=message) for label, message in STARTERS.items()]


@cl.on_chat_start
async def welcome() -> None:
    """Says how to begin where there is nothing to ask about yet; else the page's starters say enough."""
    try:
        overview = await asyncio.to_thread(running().library.overview)
        if not overview["sounds"]:
            await cl.Message(content=EMPTY).send()
        await _offer_settings()
    except Exception as error:
        await _apologise(error)
    running().wanted.set()


@cl.on_chat_resume
async def take_up(thread: ThreadDict) -> None:
    """Opens a chat again: what a program that is gone left open is closed, and an open question is asked again.

    While a turn runs in it, in this process, the page is shown that turn so far, and then the rest.
    """
    thread_id = thread["id"]
    live.bring_up_to_date(cl.context.session)
    try:
        await _offer_settings()
        if live.turn_of(thread_id) is None:
            await _mend(thread_id)
    except Exception as error:
        await _apologise(error)
    await asyncio.sleep(0)  # what was shown before this moment is on its way to the history
    fresh = await running().history.get_thread(thread_id) or thread
    turn = live.turn_of(thread_id)
    unfinished = turn.screen.unfinished if turn else None
    shown = [step for step in fresh["steps"] if unfinished is None or step["id"] != unfinished["id"]]
    thread.update(fresh)
    thread["steps"] = [*shown, *([unfinished] if unfinished else [])]  # type: ignore[list-item]  # a step as a dict


@cl.on_message
async def answer(message: cl.Message) -> None:
    """One turn: what was attached is taken in, then the agent answers. An error never shows as silence."""
    try:
        thread_id = await _let_in()
        async with live.next_turn(thread_id):
            await _answer(message)
    except Exception as error:
        await _apologise(error)


@cl.on_audio_start
async def begin_recording() -> bool:
    """Listens to the microphone of the page from now on."""
    cl.user_session.set(RECORDING, Recording(running().settings.upload_minutes * 60))
    return True


@cl.on_audio_chunk
async def record(chunk: cl.InputAudioChunk) -> None:
    """Takes in what the microphone heard meanwhile."""
    recording = cl.user_session.get(RECORDING)
    if recording is not None:
        recording.add(chunk.data)


@cl.on_audio_end
async def take_recording() -> None:
    """One turn about what was recorded."""
    recording = cl.user_session.get(RECORDING)
    cl.user_session.set(RECORDING, None)
    try:
        thread_id = await _let_in()
        await running().history.update_thread(thread_id, LIKE_RECORDED)  # else it is called "audio"
        if recording is None or recording.duration_s < SHORTEST_S:
            raise EarshotError(UNHEARD)
        with recording.file() as path:
            attachment = await asyncio.to_thread(running().library.attach, path, path.name, recording.duration_s + 1)
        message = await cl.Message(content=LIKE_RECORDED, type="user_message").send()
        player = cl.Audio(name=attachment.name, url=ATTACHED + attachment.id, display="inline")
        await player.send(for_id=message.id)
        async with live.next_turn(thread_id), live.running_turn(thread_id, message) as turn:
            await _run(turn, message.content, [attachment])
    except Exception as error:
        await _apologise(error)


@cl.on_settings_update
async def take_settings(sent: dict[str, Any]) -> None:
    """Keeps what was set in the panel."""
    try:
        await running().history.choose(_user_id(), Choice.of(sent).as_dict())
        await asyncio.to_thread(choose_ears, running().library, sent)
        await _change_library(sent)
    except Exception as error:
        await _apologise(error)
    with suppress(NotFoundError):  # who is not known here any more, which has been told
        await _offer_settings()


@cl.action_callback("decide")
async def decide(action: cl.Action) -> dict[str, Any]:
    """Takes an answer that was given by the buttons of a question; the turn goes on by itself."""
    asked, answers = action.payload.get("asked"), action.payload.get("answers")
    if not isinstance(answers, list) or not all(isinstance(each, bool) for each in answers):
        return {"error": "That answer cannot be read. Load the page anew and try again."}
    session = cl.context.session
    session.current_task = asyncio.create_task(_decide(str(asked), answers))
    return {}


@cl.action_callback("keep_selection")
async def take_selection(action: cl.Action) -> dict[str, Any]:
    """Keeps what was drawn around on a map; the card says the rest as the person, or shows the error."""
    return await asyncio.to_thread(keep_selection, running().library, action.payload)


@cl.on_stop
def stop() -> None:
    """Ends the turn of this chat, on whichever page it was begun, and its tool at the next file."""
    turn = live.turn_of(cl.context.session.thread_id)
    if turn is not None:
        turn.stop()


async def _offer_settings() -> None:
    """Shows the panel as it stands."""
    choice = Choice.of(await running().history.chosen(_user_id()))
    libraries = await asyncio.to_thread(running().libraries)
    inputs = await asyncio.to_thread(widgets, running().library, running().settings, choice, libraries)
    await cl.ChatSettings(inputs).send()


async def _change_library(sent: dict[str, Any]) -> None:
    """Goes to another library if the page asks for one; its pages come back when the program is there with it."""
    libraries = await asyncio.to_thread(running().libraries)
    other = await asyncio.to_thread(chosen_library, running().library, libraries, sent)
    if other is None:
        return
    await check_served(other.folder)
    if live.is_any_running():
        raise EarshotError(BUSY)
    await cl.context.emitter.send_toast(f"Opening {other.folder.name}. The page comes back by itself.")
    for page in list(ws_sessions_id.values()):
        await page.emit("window_message", STARTS_ANEW)
    if live.is_any_running():  # it began meanwhile
        raise EarshotError(BUSY)
    running().go_to(other.folder)


async def _let_in() -> str:
    """The chat of this page, which is the person's after this, and in which a turn may begin when no other runs."""
    session = cl.context.session
    session.thread_id_to_resume = session.thread_id  # a page whose line broke is brought up to date as well
    user_id = _user_id()
    if wait_s := running().messages.take(user_id):
        raise EarshotError(wait_sentence(wait_s))
    await running().history.claim(_checked(session.thread_id), user_id)
    if live.is_busy(session.thread_id):
        await cl.context.emitter.send_toast(WAITS)
    return session.thread_id


async def _answer(message: cl.Message) -> None:
    """Takes a message as the answer to an open question if it says yes or no, else as the next thing asked."""
    thread_id = cl.context.session.thread_id
    open_question = await pending(await running().agent(), thread_id)
    said = spoken(message.content) if open_question and not message.elements else None
    async with live.running_turn(thread_id, message) as turn:
        if open_question is None:
            await _run(turn, message.content, await _take_in(message))
            return
        await _show_answers(open_question, [said is True] * len(open_question.questions))
        if said is None:  # whoever speaks of something else does not want it now
            await _run(turn, message.content, await _take_in(message))
        else:
            await _run(turn, "", [], decisions([said] * len(open_question.questions)))


async def _decide(asked: str, answers: list[bool]) -> None:
    thread_id = cl.context.session.thread_id
    try:
        await running().history.claim(_checked(thread_id), _user_id())
        run = cl.Step(name="on_message", type="run")  # as the turns that a message begins
        async with live.next_turn(thread_id), run, live.running_turn(thread_id) as turn:
            open_question = await pending(await running().agent(), thread_id)
            if open_question is None or open_question.id != asked or len(answers) != len(open_question.questions):
                await _close_cards(thread_id, asked)
                raise NotFoundError("this question is not open any more; ask for it again")
            await _show_answers(open_question, answers)
            await _run(turn, "", [], decisions(answers))
    except Exception as error:
        await _apologise(error)


async def _mend(thread_id: str) -> None:
    """Ends what was cut off, and asks again what is open and has no buttons."""
    if await running().history.close_open_steps(thread_id):
        await cl.Message(content=ENDED).send()
    asked = await pending(await running().agent(), thread_id)
    cards = await running().history.elements_named(thread_id, APPROVAL)
    if asked and not any((card.get("props") or {}).get("asked") == asked.id for card in cards):
        await ask_approval(asked)


async def _show_answers(asked: Pending, answers: list[bool]) -> None:
    for card in await running().history.elements_named(cl.context.session.thread_id, APPROVAL):
        if (card.get("props") or {}).get("asked") == asked.id:
            await show_answered(card, answers)


async def _close_cards(thread_id: str, asked: str) -> None:
    """Takes the buttons away from a question that nobody waits for any more."""
    for card in await running().history.elements_named(thread_id, APPROVAL):
        props = card.get("props") or {}
        if props.get("asked") == asked and props.get("answers") is None:
            await show_answered(card, [])


def _checked(thread_id: str) -> str:
    """A chat of the page is named by a UUID; any other name is one of the terminal's, and not for the page."""
    if UUID.fullmatch(thread_id) is None:
        raise NotFoundError("this chat cannot be opened here; begin a new one with the pen at the top")
    return thread_id


def _user_id() -> str:
    """Whose page this is; a page that stays open outlives its login."""
    user, token = cl.context.session.user, cl.context.session.token
    if not isinstance(user, cl.PersistedUser) or running().logins.name_in(token or "") != user.identifier:
        raise NotFoundError("you are not known here any more; load the page anew")
    return user.id


async def _take_in(message: cl.Message) -> "list[Attachment]":
    """The attached files as sounds of the library. The first that holds no sound ends the turn with its reason."""
    library, longest_s = running().library, running().settings.upload_minutes * 60
    attachments = []
    for element in message.elements:
        attachment = await asyncio.to_thread(library.attach, Path(str(element.path)), element.name, longest_s)
        attachments.append(attachment)
        element.url = ATTACHED + attachment.id  # played from there: also what a browser cannot decode
        element.persisted = False  # it came without an address, and was not kept
        await element.send(for_id=message.id)
    return attachments


async def _run(
    turn: live.Turn, text: str, attachments: "list[Attachment]", resume: list[dict[str, Any]] | None = None
) -> None:
    from agent.turn import take_turn  # brings LangChain, for which the page does not wait

    screen = turn.screen
    thread_id = cl.context.session.thread_id
    choice = Choice.of(await running().history.chosen(_user_id()))
    context = AgentContext(cancelled=turn.cancelled, asks_always=choice.asks_always)
    if choice.embedded:
        context.stood_in.set()
    try:
        agent = await running().agent()
        async for event in take_turn(agent, thread_id, text, attachments, resume=resume, context=context):
            await screen.show(event)
        await screen.finish()
    except asyncio.CancelledError:
        turn.cancelled.set()
        await screen.stop()
        raise
    except Exception:
        await screen.stop()
        raise
    asked = await pending(await running().agent(), thread_id) if screen.asks else None
    if asked is not None:
        await ask_approval(asked)
    if (trouble := running().history.take_trouble()) is not None:
        raise EarshotError(trouble)


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
