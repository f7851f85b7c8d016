"""What answers from the first moment: the page's scripts, while the program behind them is still being loaded.

A browser takes as long to make the page ready as this program takes to import what it runs on; so both do it at once.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from agent.files import chainlit_folder

if TYPE_CHECKING:
    from fastapi import FastAPI

log = logging.getLogger(__name__)

SCRIPTS = "frontend/dist/assets"
ASSETS, PUBLIC = "/assets", "/public"
KEPT = "public, max-age=31536000, immutable"  # under names that change with what is in them
ALL_AT_ONCE = 2**24  # bytes; piece by piece they would wait for the imports at each
FAILED = "Earshot could not start; the terminal says why."


class Front:
    """Hands out scripts, styles and, where an earlier start left it, the page; all else waits for what `load` makes.

    load: makes the program, in a thread. public: the folder of our own scripts and styles. shell: the file of the page.
    announce: called when calls are answered. end: ends the server, which is done when the program cannot be loaded;
    `raise_failure` then says why.
    """

    def __init__(
        self,
        load: Callable[[], "FastAPI"],
        public: Path,
        shell: Path,
        announce: Callable[[], None],
        end: Callable[[], None],
    ) -> None:
        self._load = load
        self._shell = shell
        self._announce = announce
        self._end = end
        self._files = Starlette(
            routes=[Mount(ASSETS, Files(chainlit_folder() / SCRIPTS, KEPT)), Mount(PUBLIC, Files(public, "no-cache"))]
        )
        self._loading: asyncio.Task[FastAPI] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers by itself, or hands on."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http" and scope["path"].startswith((f"{ASSETS}/", f"{PUBLIC}/")):
            await self._files(scope, receive, send)
        else:
            await (await self._program(scope))(scope, receive, send)

    def raise_failure(self) -> None:
        """Raises what kept the program from being loaded."""
        if self._loading is not None and self._loading.done() and (problem := self._loading.exception()):
            raise problem

    async def _program(self, scope: Scope) -> ASGIApp:
        assert self._loading is not None, "calls come after the start"
        if scope["type"] == "http" and scope["path"] == "/" and not self._loading.done() and self._shell.is_file():
            return HTMLResponse(self._shell.read_bytes())
        try:
            return await asyncio.shield(self._loading)
        except Exception:  # told by `raise_failure`
            return PlainTextResponse(FAILED, 503)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        async with AsyncExitStack() as opened:
            self._loading = asyncio.create_task(self._bring(opened))
            self._loading.add_done_callback(self._look)
            await send({"type": "lifespan.startup.complete"})
            self._announce()
            await receive()
            await asyncio.wait([self._loading])
        await send({"type": "lifespan.shutdown.complete"})

    def _look(self, loading: "asyncio.Task[FastAPI]") -> None:
        if loading.cancelled() or loading.exception() is not None:
            self._end()

    async def _bring(self, opened: AsyncExitStack) -> "FastAPI":
        program = await asyncio.to_thread(self._load)
        await opened.enter_async_context(program.router.lifespan_context(program))
        return program


class Files(StaticFiles):
    """A folder of scripts and styles. Chainlit hands them out too, but ten times slower, through its middleware."""

    def __init__(self, folder: Path, kept: str) -> None:
        super().__init__(directory=folder)
        self._kept = kept

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        """A file, and how long a browser may keep it."""
        response = super().file_response(*args, **kwargs)
        response.headers["cache-control"] = self._kept
        if isinstance(response, FileResponse):
            response.chunk_size = ALL_AT_ONCE
        return response
