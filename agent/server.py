"""The chat as a web server on this machine: own routes, then Chainlit's page, all behind the guard.

Knows where things are served, not what a turn looks like (app.py, screen.py) or how a sound is found (core).
"""

import asyncio
import functools
import logging
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import uvicorn
from fastapi import APIRouter, Depends, FastAPI, HTTPException
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

from agent.accounts import Accounts
from agent.files import PageFolder, prepare_page
from agent.guard import Address, Guard, guard_chainlit
from agent.limits import MESSAGES, Rate
from agent.login import Login, Logins
from agent.playback import playable
from core.errors import AudioError, EarshotError, NotFoundError, UnknownNameError, UnsupportedError
from core.settings import Settings

if TYPE_CHECKING:
    from langgraph.checkpoint.base import BaseCheckpointSaver  # a second to import, for which the page need not wait

    from agent.history import History
    from core.library import Library

log = logging.getLogger(__name__)

APP = Path(__file__).parent / "app.py"
MAX_ID_DIGITS = 18  # what fits SQLite's integers

AgentFactory = Callable[["BaseCheckpointSaver[str]"], Any]
"""Builds the compiled graph around a checkpointer; called once, in a thread, while the first page is being loaded."""


@dataclass(slots=True)
class Running:
    """What the page's handlers work with. end: ends the server."""

    library: "Library"
    settings: Settings
    history: "History"
    logins: Logins
    messages: Rate = field(default_factory=lambda: Rate(*MESSAGES))
    chats: "BaseCheckpointSaver[str] | None" = None
    end: Callable[[], None] = lambda: None
    _agent: "asyncio.Task[Any] | None" = None

    def bring_agent(self, bringing: Coroutine[Any, Any, Any]) -> "asyncio.Task[Any]":
        """Has the agent brought. If that fails, the server ends."""
        self._agent = asyncio.create_task(bringing)
        self._agent.add_done_callback(lambda task: self.end() if task.exception() else None)
        return self._agent

    async def agent(self) -> Any:
        """The agent, which may still have to be waited for after the start."""
        assert self._agent is not None, "the server has not started"
        return await asyncio.shield(self._agent)

    def raise_failure(self) -> None:
        """Raises what kept the agent from coming."""
        if self._agent is not None and self._agent.done() and (problem := self._agent.exception()):
            raise problem

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
    when the page is there. Raises UnsupportedError for a host that other machines reach, or if the installed Chainlit
    cannot be guarded.
    """
    global _running
    accounts = Accounts(library.folder)
    address = _address(settings, accounts)
    page = prepare_page(folder, address.origins, upload_mb=settings.upload_mb, has_login=address.has_login)
    logins = Logins(accounts if address.has_login else None, page.secret)
    _running = _state(library, settings, logins)
    app = FastAPI(
        title="Earshot",
        lifespan=_lifespan(_running, agent_factory, page, lambda: on_ready(address.origins[0]) if on_ready else None),
        openapi_url=None,
    )
    app.include_router(_routes(library))
    _mount_page(app)
    app.add_middleware(Login, logins=logins, token_of=_token_of, largest_upload=(settings.upload_mb + 1) * 2**20)
    app.add_middleware(Guard, address=address)
    return app


def _address(settings: Settings, accounts: Accounts) -> Address:
    return Address(settings.host, settings.port, settings.url, has_login=bool(accounts.names()))


def _token_of(name: str) -> str:
    from chainlit.auth import create_jwt
    from chainlit.user import User

    return create_jwt(User(identifier=name, display_name=name))


def _state(library: "Library", settings: Settings, logins: Logins) -> Running:
    from agent.history import History  # brings Chainlit, which has been told its folder by now

    async def forget(thread_id: str) -> None:
        await running().forget(thread_id)

    return Running(library, settings, History(library.folder, forget), logins)


def serve(
    library: "Library",
    agent_factory: AgentFactory,
    settings: Settings,
    *,
    folder: Path | None = None,
    on_ready: Callable[[str], None] | None = None,
) -> None:
    """Runs the chat until it is interrupted. Port 0 takes a free one; `on_ready` is told the address.

    Raises UnsupportedError, naming the address, if it is taken or if other machines reach it without a login, and what
    the agent's factory raises.
    """
    with closing(_listen(_address(settings, Accounts(library.folder)))) as listener:
        bound = settings.model_copy(update={"port": listener.getsockname()[1]})
        app = build_server(library, agent_factory, bound, folder=folder, on_ready=on_ready)
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=bool(settings.url),  # a proxy on this machine says whom a call is from; nobody else may
            timeout_graceful_shutdown=3,  # an open page would hold the server for as long as it is open
        )
        logging.getLogger("uvicorn.error").addFilter(_not_a_closed_page)
        server = uvicorn.Server(config)
        state = running()
        state.end = functools.partial(setattr, server, "should_exit", True)
        with suppress(KeyboardInterrupt):  # that is how it is ended
            server.run(sockets=[listener])
        state.raise_failure()


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
    """Opens the memory of the chats, and builds the agent while the page comes up; at the end drops the uploads.

    Chainlit's own start-up and shutdown do not run when it is mounted, so nothing of it is left to do but this.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as opened:
            opened.callback(page.close)
            await state.history.open()
            opened.push_async_callback(state.history.close)
            bringing = state.bring_agent(_bring(state, agent_factory, opened))
            announce()
            yield
            await asyncio.wait([bringing])

    return lifespan


async def _bring(state: Running, agent_factory: AgentFactory, opened: AsyncExitStack) -> Any:
    chats_of = await asyncio.to_thread(_import_memory)
    state.chats = chats = await opened.enter_async_context(chats_of(state.library.folder))
    return await asyncio.to_thread(agent_factory, chats)


def _import_memory() -> Any:
    from agent.memory import chats_of

    return chats_of


class Assets(StaticFiles):
    """Chainlit's own scripts and styles. It hands them out itself, but ten times slower, through its middleware."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        """A file under a name that changes with what is in it, so a browser may keep it."""
        response = super().file_response(*args, **kwargs)
        response.headers["cache-control"] = "public, max-age=31536000, immutable"
        return response


def _mount_page(app: FastAPI) -> None:
    from chainlit.server import build_dir
    from chainlit.utils import mount_chainlit

    guard_chainlit()
    app.mount("/assets", Assets(directory=Path(build_dir) / "assets"))
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
