"""The chat as a web server on this machine: own routes, then Chainlit's page, all behind the guard.

Knows where things are served, not what a turn looks like (app.py, screen.py) or how a sound is found (core).
"""

import logging
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import uvicorn
from fastapi import APIRouter, Depends, FastAPI, HTTPException
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse
from langgraph.checkpoint.base import BaseCheckpointSaver

from agent.files import PageFolder, prepare_page
from agent.guard import Address, Guard, guard_chainlit
from agent.memory import chats_of
from agent.playback import playable
from core.errors import AudioError, EarshotError, NotFoundError, UnknownNameError, UnsupportedError
from core.settings import Settings

if TYPE_CHECKING:
    from agent.history import History
    from core.library import Library

log = logging.getLogger(__name__)

APP = Path(__file__).parent / "app.py"
MAX_ID_DIGITS = 18  # what fits SQLite's integers

AgentFactory = Callable[[BaseCheckpointSaver[str]], Any]
"""Builds the compiled graph around a checkpointer; called once, when the server starts."""


@dataclass(slots=True)
class Running:
    """What the page's handlers work with. `agent` is there from the start of the server to its end."""

    library: "Library"
    settings: Settings
    history: "History"
    agent: Any = None
    chats: BaseCheckpointSaver[str] | None = None

    async def forget(self, thread_id: str) -> None:
        """Ends what runs in a chat, and empties what the agent remembers of it."""
        from agent.live import end_turn  # brings Chainlit, which has to be told its folder first

        await end_turn(thread_id)
        if self.chats is not None:
            await self.chats.adelete_thread(thread_id)


_running: Running | None = None


def running() -> Running:
    """The library and agent of the server in this process; there is one, since Chainlit can be mounted once."""
    assert _running is not None, "build_server first"
    return _running


def build_server(
    library: "Library",
    agent_factory: AgentFactory,
    settings: Settings,
    *,
    folder: Path | None = None,
    on_ready: Callable[[str], None] | None = None,
) -> FastAPI:
    """The whole application, ready for an ASGI server at `settings.host` and `settings.port`; once in a process.

    folder: where the page's own files go, the user's data folder if not given. on_ready is called with the address
    when the agent is there. Raises UnsupportedError for a host that other machines reach, or if the installed Chainlit
    cannot be guarded.
    """
    global _running
    address = Address(settings.host, settings.port)
    page = prepare_page(folder, address.origins)
    _running = _state(library, settings)
    app = FastAPI(
        title="Earshot",
        lifespan=_lifespan(_running, agent_factory, page, lambda: on_ready(address.url) if on_ready else None),
        openapi_url=None,
    )
    app.include_router(_routes(library))
    _mount_page(app)
    app.add_middleware(Guard, address=address)
    return app


def _state(library: "Library", settings: Settings) -> Running:
    from agent.history import History  # brings Chainlit, which has been told its folder by now

    async def forget(thread_id: str) -> None:
        await running().forget(thread_id)

    return Running(library, settings, History(library.folder, forget))


def serve(
    library: "Library",
    agent_factory: AgentFactory,
    settings: Settings,
    *,
    folder: Path | None = None,
    on_ready: Callable[[str], None] | None = None,
) -> None:
    """Runs the chat until it is interrupted. Port 0 takes a free one; `on_ready` is told the address.

    Raises UnsupportedError, naming the address, if it is taken or if other machines reach it.
    """
    with closing(_listen(Address(settings.host, settings.port))) as listener:
        bound = settings.model_copy(update={"port": listener.getsockname()[1]})
        app = build_server(library, agent_factory, bound, folder=folder, on_ready=on_ready)
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=3,  # an open page would hold the server for as long as it is open
        )
        logging.getLogger("uvicorn.error").addFilter(_not_a_closed_page)
        with suppress(KeyboardInterrupt):  # that is how it is ended
            uvicorn.Server(config).run(sockets=[listener])


def _listen(address: Address) -> socket.socket:
    host, port = address.host, address.port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen()  # who is told the address may call at once
    except OSError as error:
        listener.close()
        raise UnsupportedError(
            f"cannot listen on {host}:{port} ({error.strerror}); choose another with --port"
        ) from error
    return listener


def _not_a_closed_page(record: logging.LogRecord) -> bool:
    """Chainlit's middleware raises when a page is closed during an answer; nobody is left to care."""
    error = record.exc_info[1] if record.exc_info else None
    return not (isinstance(error, RuntimeError) and "No response returned" in str(error))


def _lifespan(
    state: Running, agent_factory: AgentFactory, page: PageFolder, announce: Callable[[], None]
) -> Callable[[FastAPI], Any]:
    """Opens the memory of the chats and builds the agent; at the end closes both and drops the uploads.

    Chainlit's own start-up and shutdown do not run when it is mounted, so nothing of it is left to do but this.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        try:
            async with chats_of(state.library.folder) as chats:
                await state.history.open()
                state.chats, state.agent = chats, agent_factory(chats)
                announce()
                yield
                await state.history.close()
        finally:
            page.close()

    return lifespan


def _mount_page(app: FastAPI) -> None:
    from chainlit.utils import mount_chainlit

    guard_chainlit()
    mount_chainlit(app, target=str(APP), path="")


def _routes(library: "Library") -> APIRouter:
    """The server's own addresses. Chainlit answers any unknown one with its page, so /library is closed off."""
    from chainlit.auth import get_current_user

    known = APIRouter(prefix="/library", dependencies=[Depends(get_current_user)])
    cache = library.folder / "cache" / "audio"

    @known.api_route("/audio/{sound_id}", methods=["GET", "HEAD"])
    def audio(sound_id: str) -> FileResponse:
        return _send(lambda: library.audio_path(_as_id(sound_id)), cache)

    @known.api_route("/attachment/{attachment_id}", methods=["GET", "HEAD"])
    def attachment(attachment_id: str) -> FileResponse:
        return _send(lambda: library.attachment(attachment_id).path, cache)

    @known.api_route("/map", methods=["GET", "HEAD"])
    def sound_map(clustering: str = "", space: str = "", colour: str = "cluster") -> HTMLResponse:
        return _draw(library, clustering, space, colour)

    @known.api_route("/{anything:path}", methods=["GET", "HEAD"])
    def nothing(anything: str) -> None:
        raise HTTPException(404, f"nothing is called {anything!r} here")

    routes = APIRouter()

    @routes.get("/health")
    async def health() -> JSONResponse:  # waits for no thread: while all of them decode sounds, it answers
        return JSONResponse({"status": "ok"})

    routes.include_router(known)
    return routes


def _draw(library: "Library", clustering: str, space: str, colour: str) -> HTMLResponse:
    """The map as a page that hears the sounds from here; drawn anew each time, since its groups may be renamed."""
    from core.map_page import Sounds, page  # the encoder of previews is not needed before

    with _problems_told():
        found = library.maps.get(space or None, _as_id(clustering) if clustering else None)
    sounds = Sounds(base="/library/audio/")
    return HTMLResponse(page(found, sounds, colour), headers={"cache-control": "private, no-cache"})


def _as_id(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= MAX_ID_DIGITS):
        raise NotFoundError(f"nothing is called {text!r}; a sound or a clustering is named by its number")
    return int(text)


def _send(find: Callable[[], Path], cache: Path) -> FileResponse:
    """A sound in ranges, as a player asks for it; asked for anew each time, since numbers differ between libraries."""
    with _problems_told():
        found = playable(find(), cache)
    return FileResponse(found.path, media_type=found.media_type, headers={"cache-control": "private, no-cache"})


@contextmanager
def _problems_told() -> Iterator[None]:
    """A known problem as the answer that fits it."""
    try:
        yield
    except (NotFoundError, UnknownNameError, FileNotFoundError) as error:
        raise HTTPException(404, str(error)) from error
    except AudioError as error:
        raise HTTPException(415, str(error)) from error
    except EarshotError as error:
        raise HTTPException(409, str(error)) from error
