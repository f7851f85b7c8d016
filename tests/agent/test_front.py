"""What answers while the program is being loaded."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from starlette.responses import PlainTextResponse

from agent.files import chainlit_folder
from agent.front import SCRIPTS, Front

STAGES = ["announced", "opened", "closed"]


class House:
    """A front over a program that is loaded when the test says so."""

    def __init__(self, folder: Path) -> None:
        (folder / "public").mkdir()
        (folder / "public" / "earshot.js").write_text("let a = 1")
        self.shell = folder / "shell.html"
        self.may_load = threading.Event()
        self.problem: Exception | None = None
        self.seen: list[str] = []
        announce, end = (lambda: self.seen.append("announced")), (lambda: self.seen.append("ended"))
        self.front = Front(self.load, folder / "public", self.shell, announce, end)

    def load(self) -> FastAPI:
        assert self.may_load.wait(20)
        if self.problem:
            raise self.problem
        app = FastAPI(lifespan=self.lifespan)
        app.add_api_route("/{anything:path}", lambda anything: PlainTextResponse(f"program: /{anything}"))
        return app

    @asynccontextmanager
    async def lifespan(self, _: FastAPI) -> AsyncIterator[None]:
        self.seen.append("opened")
        yield
        self.seen.append("closed")

    @asynccontextmanager
    async def open(self) -> AsyncIterator[httpx.AsyncClient]:
        """The front as an ASGI server runs it, from its start to its end."""
        told: asyncio.Queue[dict] = asyncio.Queue()
        answered: asyncio.Queue[dict] = asyncio.Queue()
        living = asyncio.create_task(self.front({"type": "lifespan"}, told.get, answered.put))
        await told.put({"type": "lifespan.startup"})
        assert (await answered.get())["type"] == "lifespan.startup.complete"
        async with httpx.AsyncClient(transport=httpx.ASGITransport(self.front), base_url="http://a") as client:
            yield client
        self.may_load.set()
        await told.put({"type": "lifespan.shutdown"})
        await living
        assert (await answered.get())["type"] == "lifespan.shutdown.complete"


@pytest.fixture
def house(tmp_path) -> House:
    return House(tmp_path)


async def test_scripts_come_at_once_and_all_else_when_the_program_is_there(house):
    async with house.open() as client:
        ours = await client.get("/public/earshot.js")
        assert (ours.text, ours.headers["cache-control"]) == ("let a = 1", "no-cache")
        assert (await client.get("/public/nothing.js")).status_code == 404
        assert (await client.get("/public/%2e%2e/shell.html")).status_code == 404
        waiting = asyncio.create_task(client.get("/user"))
        done, _ = await asyncio.wait([waiting], timeout=0.3)
        assert not done
        assert house.seen == ["announced"]
        house.may_load.set()
        assert (await waiting).text == "program: /user"
        assert (await client.get("/public/earshot.js")).text == "let a = 1"
        assert house.seen == ["announced", "opened"]
    assert house.seen == STAGES


async def test_the_scripts_of_the_page_may_be_kept(house):
    script = max((chainlit_folder() / SCRIPTS).glob("index-*.js"), key=lambda path: path.stat().st_size)
    async with house.open() as client:
        answer = await client.get(f"/assets/{script.name}")
        assert answer.content == script.read_bytes()
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"


async def test_a_page_that_was_kept_comes_at_once_until_the_program_has_its_own(house):
    house.shell.write_text("<p>kept</p>")
    async with house.open() as client:
        assert (await client.get("/")).text == "<p>kept</p>"
        assert (await client.get("/")).headers["content-type"].startswith("text/html")
        house.may_load.set()
        await client.get("/user")
        assert (await client.get("/")).text == "program: /"


async def test_a_program_that_cannot_be_loaded_ends_the_server_and_says_why(house):
    house.problem = ValueError("no such thing")
    async with house.open() as client:
        house.may_load.set()
        answer = await client.get("/user")
        assert (answer.status_code, answer.text) == (503, "Earshot could not start; the terminal says why.")
        assert house.seen == ["announced", "ended"]
    with pytest.raises(ValueError, match="no such thing"):
        house.front.raise_failure()


async def test_a_server_that_ends_while_the_program_is_loaded_closes_it(house):
    async with house.open():
        pass
    assert house.seen == STAGES
    house.front.raise_failure()
