"""What the page remembers of each chat: its messages, steps, cards and players, in one file of the library's folder.

Chainlit's data layer over SQLite. What the agent remembers is elsewhere (memory.py); deleting a chat empties both.
Kept is what a person saw: of a sound the address under /library, of a card its props. Never the path of an upload,
the values of a session, or anything that would have to be fetched.
"""

import asyncio
import json
import logging
import re
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

from chainlit.context import context
from chainlit.data.base import BaseDataLayer
from chainlit.data.utils import queue_until_user_message
from chainlit.element import Element, ElementDict
from chainlit.step import StepDict
from chainlit.types import Feedback, PageInfo, PaginatedResponse, Pagination, ThreadDict, ThreadFilter
from chainlit.user import PersistedUser, User
from chainlit.utils import utc_now
from sqlite_utils import Database

from agent.history import rows
from agent.history.file import transaction
from core.errors import EarshotError, NotFoundError

log = logging.getLogger(__name__)

LONGEST_NAME = 60
LARGEST_PROPS = 1_000_000
LARGEST_PAGE = 100
OWN_ADDRESS = re.compile(r"/library/(audio|attachment)/[A-Za-z0-9_-]+")
CARD_NAME = re.compile(r"[A-Za-z]{1,40}")
SHOWN = (
    *("id", "threadId", "parentId", "name", "type", "createdAt", "start", "end", "input", "isError", "language"),
    *("showInput", "defaultOpen", "autoCollapse"),
)
"""Of a step all that is needed to show it again, beside its `output`, which has a column of its own."""

Answer = TypeVar("Answer")


class History(BaseDataLayer):
    """The chats of a library's folder. Its calls are done one after the other, in threads, in the order they were made.

    forget: told the id of a chat that is deleted, before it is gone here; it empties what others remember of it.
    """

    def __init__(self, folder: Path, forget: Callable[[str], Awaitable[None]]) -> None:
        self._folder = folder
        self._forget = forget
        self._in_order = asyncio.Lock()
        self._deleted: set[str] = set()
        self._trouble: str | None = None

    async def open(self) -> None:
        """The file is there and up to date after this. Raises EarshotError if it is damaged or of a newer program."""
        await self._do(lambda _: None)

    async def close(self) -> None:
        """Returns when what was begun is written."""
        async with self._in_order:
            return

    def take_trouble(self) -> str | None:
        """Why something could not be kept since this was asked last; None if all is kept."""
        trouble, self._trouble = self._trouble, None
        return trouble

    # Users

    async def get_user(self, identifier: str) -> PersistedUser | None:
        """The person of that name, if they were here before."""
        return await self._do(lambda db: rows.user_of(db, identifier))

    async def create_user(self, user: User) -> PersistedUser | None:
        """The person, kept from now on."""
        row = {"id": str(uuid4()), "identifier": user.identifier, "created_at": utc_now()}
        metadata = json.dumps(user.metadata)

        def create(db: Database) -> PersistedUser | None:
            db.table("users").insert(row | {"metadata": metadata}, ignore=True)
            return rows.user_of(db, user.identifier)

        return await self._do(create)

    async def chosen(self, user_id: str) -> dict[str, Any]:
        """What the person set, as `choose` was given it; nothing at first."""
        return await self._do(lambda db: rows.chosen(db, user_id))

    async def choose(self, user_id: str, chosen: dict[str, Any]) -> None:
        """Keeps what the person set."""
        await self._do(lambda db: rows.choose(db, user_id, chosen))

    # Threads

    async def claim(self, thread_id: str, user_id: str) -> None:
        """The chat is this person's after this. Raises NotFoundError if it is another's, or was deleted meanwhile."""
        if thread_id in self._deleted:
            raise NotFoundError("this chat was deleted; begin a new one with the pen at the top")
        owner = await self._do(lambda db: rows.claimed(db, thread_id, user_id))
        if owner != user_id:
            raise NotFoundError("this chat is not yours; begin a new one with the pen at the top")

    async def get_thread_author(self, thread_id: str) -> str:
        """The identifier of the person whose chat it is; empty if there is none of that id."""
        found = await self._do(lambda db: rows.thread_row(db, thread_id))
        return str(found["identifier"]) if found else ""

    async def get_thread(self, thread_id: str) -> ThreadDict | None:
        """A chat with all that was shown in it, in order."""
        return await self._do(lambda db: rows.whole_thread(db, thread_id))

    async def list_threads(self, pagination: Pagination, filters: ThreadFilter) -> PaginatedResponse[ThreadDict]:
        """The chats of the person in `filters`, the one used last first; of a search, those that say so."""
        first = max(1, min(pagination.first, LARGEST_PAGE))
        found = await self._do(lambda db: rows.listed(db, filters, pagination.cursor, first + 1))
        threads = [rows.as_thread(row) for row in found[:first]]
        ends = [thread["id"] for thread in threads]
        info = PageInfo(
            hasNextPage=len(found) > first,
            startCursor=ends[0] if ends else None,
            endCursor=ends[-1] if ends else None,
        )
        return PaginatedResponse(pageInfo=info, data=threads)

    async def update_thread(
        self,
        thread_id: str,
        name: str | None = None,
        user_id: str | None = None,
        metadata: dict[str, Any] | None = None,  # noqa: ARG002  values of a session are not kept
        tags: list[str] | None = None,  # noqa: ARG002  as they are not used
    ) -> None:
        """Renames a chat; with a user's id, begins it, and the name is the first message, kept only if it has none."""
        if name is None or thread_id in self._deleted:
            return
        short = shortened(name)

        def update(db: Database) -> None:
            if user_id is None:
                db.execute("UPDATE threads SET name = ? WHERE id = ? AND ? <> ''", [short, thread_id, short])
            else:
                rows.claimed(db, thread_id, user_id)
                rows.name_once(db, thread_id, short)

        await self._keep(update)

    async def delete_thread(self, thread_id: str) -> None:
        """Nothing of the chat is left, here or in the agent's memory. A turn that runs in it is stopped."""
        self._deleted.add(thread_id)
        await self._forget(thread_id)

        def delete(db: Database) -> None:
            for table in ("elements", "steps"):
                db.table(table).delete_where("thread_id = ?", [thread_id])
            db.table("threads").delete_where("id = ?", [thread_id])

        await self._do(delete)

    # Steps

    @queue_until_user_message()
    async def create_step(self, step_dict: StepDict) -> None:
        """Keeps a message or a step as it is now; one that is there already is replaced, if it is of this chat."""
        thread_id, user_id = _of_session()
        if thread_id in self._deleted:
            return
        shown = {key: step_dict.get(key) for key in SHOWN} | {"threadId": thread_id}
        row = {
            "id": step_dict["id"],
            "thread_id": thread_id,
            "type": step_dict["type"],
            "output": step_dict.get("output") or "",
            "open": int(not step_dict.get("end")),
            "record": json.dumps(shown, ensure_ascii=False),
        }

        def create(db: Database) -> None:
            if rows.claimed(db, thread_id, user_id) == user_id:
                rows.put(db, "steps", row)
                db.execute("UPDATE threads SET updated_at = ? WHERE id = ?", [utc_now(), thread_id])

        await self._keep(create)

    @queue_until_user_message()
    async def update_step(self, step_dict: StepDict) -> None:
        """Keeps a message or a step as it is now."""
        await self.create_step(step_dict)

    @queue_until_user_message()
    async def delete_step(self, step_id: str) -> None:
        """Drops a step of the chat that the page shows."""
        thread_id, _ = _of_session()
        await self._keep(
            lambda db: db.execute("DELETE FROM steps WHERE id = ? AND thread_id = ?", [step_id, thread_id])
        )

    async def close_open_steps(self, thread_id: str) -> int:
        """Ends the steps that a program which is gone left open, and says so in them; returns how many there were."""
        return await self._do(lambda db: rows.end_open_steps(db, thread_id))

    async def get_favorite_steps(self, user_id: str) -> list[StepDict]:  # noqa: ARG002  the layer's form
        """None: the page offers no favourites."""
        return []

    # Elements

    @queue_until_user_message()
    async def create_element(self, element: Element) -> None:
        """Keeps a card by its props, or a sound by its address under /library; anything else is not kept."""
        thread_id, user_id = _of_session()
        row = _element_row(element, thread_id)
        if row is None or thread_id in self._deleted:
            return

        def create(db: Database) -> None:
            if rows.claimed(db, thread_id, user_id) == user_id:
                rows.put(db, "elements", row)
                if row["type"] != "custom":  # a message of sounds alone is known by the first of them
                    rows.name_once(db, thread_id, shortened(row["name"]))

        await self._keep(create)

    async def get_element(self, thread_id: str, element_id: str) -> ElementDict | None:
        """One card or sound of a chat."""
        found = await self._do(
            lambda db: list(db.table("elements").rows_where("id = ? AND thread_id = ?", [element_id, thread_id]))
        )
        return rows.as_element(found[0]) if found else None

    async def elements_named(self, thread_id: str, name: str) -> list[ElementDict]:
        """The cards of one kind in a chat, in order."""
        found = await self._do(
            lambda db: list(
                db.table("elements").rows_where("thread_id = ? AND name = ?", [thread_id, name], order_by="position")
            )
        )
        return [rows.as_element(row) for row in found]

    @queue_until_user_message()
    async def delete_element(self, element_id: str, thread_id: str | None = None) -> None:  # noqa: ARG002  as above
        """Drops a card of the chat that the page shows."""
        shown, _ = _of_session()
        await self._keep(
            lambda db: db.execute("DELETE FROM elements WHERE id = ? AND thread_id = ?", [element_id, shown])
        )

    # What the page does not offer

    async def upsert_feedback(self, feedback: Feedback) -> str:  # noqa: ARG002  the layer's form
        """Nothing is kept: nobody is there who would read it."""
        return ""

    async def delete_feedback(self, feedback_id: str) -> bool:  # noqa: ARG002  the layer's form
        """There is none."""
        return False

    async def build_debug_url(self) -> str:
        """There is none."""
        return ""

    async def _keep(self, work: Callable[[Database], Any]) -> None:
        """Writes what nobody waits for: a failure is logged, and told by `take_trouble`."""
        try:
            await self._do(work)
        except (EarshotError, sqlite3.Error, OSError) as problem:
            log.exception("the history of a chat could not be written")
            self._trouble = f"what is shown here could not be kept for later ({problem})"

    async def _do(self, work: Callable[[Database], Answer]) -> Answer:
        async with self._in_order:
            return await asyncio.to_thread(transaction, self._folder, work)


def shortened(name: str) -> str:
    """A chat's name on one line, within `LONGEST_NAME` letters."""
    line = " ".join(name.split())
    return line if len(line) <= LONGEST_NAME else line[: LONGEST_NAME - 1].rstrip() + "…"


def _of_session() -> tuple[str, str]:
    """The chat that the page shows, and whose it is. What a browser says of either is not asked."""
    session = context.session
    return session.thread_id, getattr(session.user, "id", "")


def _element_row(element: Element, thread_id: str) -> dict[str, Any] | None:
    if not element.for_id:
        return None
    row = {"id": element.id, "thread_id": thread_id, "for_id": element.for_id, "type": element.type}
    if element.type == "custom":
        props = json.dumps(getattr(element, "props", {}), ensure_ascii=False)
        if not CARD_NAME.fullmatch(element.name) or len(props) > LARGEST_PROPS:
            return None
        return row | {"name": element.name, "url": None, "props": props}
    if not OWN_ADDRESS.fullmatch(element.url or ""):
        return None
    return row | {"name": element.name, "url": element.url, "props": None}
