"""Where chats are remembered: one file in the library's folder, the same for the page and the terminal."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

from core.store.db import Store

CHATS = "chats.db"


@asynccontextmanager
async def chats_of(folder: Path) -> AsyncIterator[AsyncSqliteSaver]:
    """The checkpointer over the chats of a library's folder, which is made if need be.

    Raises EarshotError with the reason if it cannot be made.
    """
    Store(folder).make_folder()
    async with AsyncSqliteSaver.from_conn_string(str(folder / CHATS)) as chats:
        await chats.setup()
        yield chats
