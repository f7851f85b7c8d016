"""The chat as a web server: the guard, the login, the front, and behind them own routes and Chainlit's page.

Knows in which order things are started, not what a turn looks like (app.py, screen.py) or how a sound is found (core).
"""

import asyncio
import functools
import logging
import socket
import sqlite3
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import uvicorn

from agent.accounts import Accounts
from agent.files import PageFolder, prepare_page
from agent.front import Front
from agent.guard import Address, Guard, guard_chainlit
from agent.limits import MESSAGES, Rate
from agent.login import Login, Logins
from agent.shelf import Shelf
from agent.sparing import spared
from core.errors import EarshotError, UnsupportedError
from core.settings import Settings

if TYPE_CHECKING:
    from fastapi import FastAPI
    from langgraph.checkpoint.base import BaseCheckpointSaver  # a second to import, for which the page need not wait

    from agent.history import History
    from core.library import Library

log = logging.getLogger(__name__)

APP = Path(__file__).parent / "app.py"

PAGE_FIRST_S = 5.0  # the longest that the agent waits for a page

AgentFactory = Callable[["BaseCheckpointSaver[str]"], Any]
"""Builds the compiled graph around a checkpointer; called once, in a thread, when the first page can be used."""


@dataclass(frozen=True, slots=True)
class Next:
    """What a server that ended is to be followed by: one of another library, at the same port."""

    library: Path
    port: int


@dataclass(slots=True)
class Running:
    """What the page's handlers work with. end: ends the server."""

    library: "Library"
    settings: Settings
    history: "History"
    logins: Logins
    shelf: Shelf
    messages: Rate = field(default_factory=lambda: Rate(*MESSAGES))
    chats: "BaseCheckpointSaver[str] | None" = None
    end: Callable[[], None] = lambda: None
    wanted: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when a page can be used, or somebody waits for the agent: then it is built, and not beside the page."""
    next: Next | None = None
    _agent: "asyncio.Task[Any] | None" = None

    def libraries(self) -> dict[str, Path]:
        """Those that a page can go to, by name, this one first. Where people log in it is the only one."""
        if self.logins.accounts is not None:
            return {self.library.folder.name: self.library.folder}
        return self.shelf.named(self.library.folder)

    def go_to(self, library: Path) -> None:
        """Ends the server, to be followed by one of another library."""
        self.next = Next(library, self.settings.port)
        self.end()

    def bring_agent(self, bringing: Coroutine[Any, Any, Any]) -> "asyncio.Task[Any]":
        """Has the agent brought. If that fails, the server ends."""
        self._agent = asyncio.create_task(bringing)
        self._agent.add_done_callback(lambda task: self.end() if task.cancelled() or task.exception() else None)
        return self._agent

    async def agent(self) -> Any:
        """The agent, which may still have to be waited for after the start."""
        assert self._agent is not None, "the server has not started"
        self.wanted.set()
        return await asyncio.shield(self._agent)

    def raise_failure(self) -> None:
        """Raises what kept the agent from coming."""
        if (
            self._agent is not None
            and self._agent.done()
            and not self._agent.cancelled()
            and (problem := self._agent.exception())
        ):
            raise problem

    async def forget(self, thread_id: str) -> None:
        """Ends what runs in a chat, and empties what the agent remembers of it."""
        from agent.live import end_turn  # brings Chainlit, which has to be told its folder first

        await end_turn(thread_id)
        await self.agent()  # whose memory is opened with it
        if self.chats is not None:
            await self.chats.adelete_thread(thread_id)


_running: Running | None = None


def running() -> Running:
    """The library and agent of the server in this process; there is one, since Chainlit can be mounted once."""
    assert _running is not None, "serve first"
    return _running


def serve(
    library: "Library",
    agent_factory: AgentFactory,
    settings: Settings,
    *,
    folder: Path | None = None,
    on_ready: Callable[[str], None] | None = None,
) -> Next | None:
    """Runs the chat until it is interrupted, or another library is chosen in the page, which is then returned.

    Once in a process. Port 0 takes a free one.

    folder: where the page's own files go, the user's data folder if not given. `on_ready` is told the address, which
    answers from then on. Raises UnsupportedError, naming the address, if it is taken or if other machines reach it
    without a login, or if the installed Chainlit cannot be guarded; and what the agent's factory raises.
    """
    accounts = Accounts(library.folder)
    with ExitStack() as closed:
        listener = closed.enter_context(closing(_listen(_address(settings, accounts))))
        bound = settings.model_copy(update={"port": listener.getsockname()[1]})
        address = _address(bound, accounts)
        page = prepare_page(folder, address.origins, upload_mb=settings.upload_mb, has_login=address.has_login)
        closed.enter_context(closing(page))
        logins = Logins(accounts if address.has_login else None, page.secret)
        shelf = Shelf(page.root.parent)

        def load() -> "FastAPI":
            with spared():
                return _build(library, agent_factory, bound, page, logins, shelf, end)

        def announce() -> None:
            shelf.put(library.folder)
            if on_ready:
                on_ready(address.origins[0])

        front = Front(
            load=load,
            public=page.root / "public",
            shell=page.shell,
            announce=announce,
            end=lambda: end(),
        )
        behind_login = Login(front, logins, largest_upload=(settings.upload_mb + 1) * 2**20)
        server = uvicorn.Server(_configured(Guard(behind_login, address), settings))
        end = functools.partial(setattr, server, "should_exit", True)
        follows = True
        try:
            server.run(sockets=[listener])
        except KeyboardInterrupt:  # that is how it is ended
            follows = False
        front.raise_failure()
        if _running is not None:
            _running.raise_failure()
    return _running.next if follows and _running is not None else None


async def check_served(library: Path) -> None:
    """Raises EarshotError with the reason if what the page keeps in a library's folder cannot be opened."""
    from agent.history import History
    from agent.memory import chats_of

    async def nothing(_: str) -> None:
        return

    try:
        history = History(library, nothing)
        await history.open()
        await history.close()
        async with chats_of(library):
            return
    except (sqlite3.Error, OSError) as error:
        raise EarshotError(f"{library.name} cannot be opened ({error}); look at it with: earshot doctor") from error


def _address(settings: Settings, accounts: Accounts) -> Address:
    return Address(settings.host, settings.port, settings.url, has_login=bool(accounts.names()))


def _configured(app: Guard, settings: Settings) -> uvicorn.Config:
    logging.getLogger("uvicorn.error").addFilter(_not_a_closed_page)
    return uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.url),  # a proxy on this machine says whom a call is from; nobody else may
        timeout_graceful_shutdown=3,  # an open page would hold the server for as long as it is open
    )


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


def _build(
    library: "Library",
    agent_factory: AgentFactory,
    settings: Settings,
    page: PageFolder,
    logins: Logins,
    shelf: Shelf,
    end: Callable[[], None],
) -> "FastAPI":
    """What stands behind the front. Imports Chainlit, which has been told its folder by now."""
    global _running
    import chainlit.server
    from chainlit.utils import mount_chainlit
    from fastapi import FastAPI

    from agent.history import History
    from agent.routes import own_routes

    async def forget(thread_id: str) -> None:
        await running().forget(thread_id)

    _running = Running(library, settings, History(library.folder, forget), logins, shelf, end=end)
    app = FastAPI(title="Earshot", lifespan=_lifespan(_running, agent_factory), openapi_url=None)
    app.include_router(own_routes(library))
    guard_chainlit()
    mount_chainlit(app, target=str(APP), path="")
    page.keep_shell(chainlit.server.get_html_template(""))  # by its name there, which the guard has taken
    return app


def _lifespan(state: Running, agent_factory: AgentFactory) -> "Callable[[FastAPI], Any]":
    """Opens the memory of the chats, and builds the agent as soon as a page is up.

    Chainlit's own start-up and shutdown do not run when it is mounted, so nothing of it is left to do but this.
    """

    @asynccontextmanager
    async def lifespan(_: "FastAPI") -> AsyncIterator[None]:
        async with AsyncExitStack() as opened:
            await state.history.open()
            opened.push_async_callback(state.history.close)
            bringing = state.bring_agent(_bring(state, agent_factory, opened))
            yield
            state.wanted.set()
            await asyncio.wait([bringing])

    return lifespan


async def _bring(state: Running, agent_factory: AgentFactory, opened: AsyncExitStack) -> Any:
    with suppress(TimeoutError):
        await asyncio.wait_for(state.wanted.wait(), PAGE_FIRST_S)
    chats_of = await asyncio.to_thread(_import_memory)
    state.chats = chats = await opened.enter_async_context(chats_of(state.library.folder))
    return await asyncio.to_thread(agent_factory, chats)


def _import_memory() -> Any:
    from agent.memory import chats_of

    return chats_of
