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
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
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
from sqlite_utils import Database, Migrations

from core.errors import EarshotError, LibraryVersionError, NotFoundError
from core.store.db import Store

log = logging.getLogger(__name__)

FILE = "history.db"
SCHEMA_VERSION = 1  # the number of the last step; kept in SQLite's user_version
BUSY_S = 30.0
LONGEST_NAME = 60
LARGEST_PROPS = 1_000_000
LARGEST_PAGE = 100
OWN_ADDRESS = re.compile(r"/library/(audio|attachment)/[A-Za-z0-9_-]+")
CARD_NAME = re.compile(r"[A-Za-z]{1,40}")
CUT_OFF = "The program ended here."
SHOWN = (
    *("id", "threadId", "parentId", "name", "type", "createdAt", "start", "end", "input", "isError", "language"),
    *("showInput", "defaultOpen", "autoCollapse"),
)
"""Of a step all that is needed to show it again, beside its `output`, which has a column of its own."""

schema = Migrations("history")
Answer = TypeVar("Answer")


@schema(name="001_chats")
def _chats(db: Database) -> None:
    """A thread is a person's; its steps and elements are shown in the order in which they came."""
    users = {"id": str, "identifier": str, "created_at": str, "metadata": str}
    db.create_table("users", users, pk="id", not_null={"identifier"}).create_index(["identifier"], unique=True)
    threads = {"id": str, "user_id": str, "name": str, "created_at": str, "updated_at": str}
    db.create_table("threads", threads, pk="id", foreign_keys=[("user_id", "users", "id")]).create_index(
        ["user_id", "updated_at"]
    )
    steps = {"position": int, "id": str, "thread_id": str, "type": str, "output": str, "open": int, "record": str}
    elements = {"position": int, "id": str, "thread_id": str, "for_id": str, "type": str, "name": str}
    for name, columns in (("steps", steps), ("elements", elements | {"url": str, "props": str})):
        table = db.create_table(name, columns, pk="position", foreign_keys=[("thread_id", "threads", "id")])
        table.create_index(["id"], unique=True)
        table.create_index(["thread_id"])


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
        return await self._do(lambda db: _user(db, identifier))

    async def create_user(self, user: User) -> PersistedUser | None:
        """The person, kept from now on."""
        row = {"id": str(uuid4()), "identifier": user.identifier, "created_at": utc_now()}
        metadata = json.dumps(user.metadata)

        def create(db: Database) -> PersistedUser | None:
            db.table("users").insert(row | {"metadata": metadata}, ignore=True)
            return _user(db, user.identifier)

        return await self._do(create)

    # Threads

    async def claim(self, thread_id: str, user_id: str) -> None:
        """The chat is this person's after this. Raises NotFoundError if it is another's, or was deleted meanwhile."""
        if thread_id in self._deleted:
            raise NotFoundError("this chat was deleted; begin a new one with the pen at the top")
        owner = await self._do(lambda db: _claimed(db, thread_id, user_id))
        if owner != user_id:
            raise NotFoundError("this chat is not yours; begin a new one with the pen at the top")

    async def get_thread_author(self, thread_id: str) -> str:
        """The identifier of the person whose chat it is; empty if there is none of that id."""
        found = await self._do(lambda db: _thread(db, thread_id))
        return str(found["identifier"]) if found else ""

    async def get_thread(self, thread_id: str) -> ThreadDict | None:
        """A chat with all that was shown in it, in order."""
        return await self._do(lambda db: _whole_thread(db, thread_id))

    async def list_threads(self, pagination: Pagination, filters: ThreadFilter) -> PaginatedResponse[ThreadDict]:
        """The chats of the person in `filters`, the one used last first; of a search, those that say so."""
        first = max(1, min(pagination.first, LARGEST_PAGE))
        rows = await self._do(lambda db: _listed(db, filters, pagination.cursor, first + 1))
        threads = [_as_thread(row) for row in rows[:first]]
        ends = [thread["id"] for thread in threads]
        info = PageInfo(
            hasNextPage=len(rows) > first,
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
                _claimed(db, thread_id, user_id)
                _name_once(db, thread_id, short)

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
            if _claimed(db, thread_id, user_id) == user_id:
                _put(db, "steps", row)
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
        now = utc_now()

        def end(db: Database) -> int:
            rows = list(db.table("steps").rows_where("thread_id = ? AND open", [thread_id]))
            for row in rows:
                record = json.dumps(json.loads(row["record"]) | {"end": now}, ensure_ascii=False)
                output = f"{row['output']}\n\n{CUT_OFF}".strip() if row["type"] == "tool" else row["output"]
                db.table("steps").update(row["position"], {"open": 0, "record": record, "output": output})
            return len(rows)

        return await self._do(end)

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
            if _claimed(db, thread_id, user_id) == user_id:
                _put(db, "elements", row)
                if row["type"] != "custom":  # a message of sounds alone is known by the first of them
                    _name_once(db, thread_id, shortened(row["name"]))

        await self._keep(create)

    async def get_element(self, thread_id: str, element_id: str) -> ElementDict | None:
        """One card or sound of a chat."""
        rows = await self._do(
            lambda db: list(db.table("elements").rows_where("id = ? AND thread_id = ?", [element_id, thread_id]))
        )
        return _as_element(rows[0]) if rows else None

    async def elements_named(self, thread_id: str, name: str) -> list[ElementDict]:
        """The cards of one kind in a chat, in order."""
        rows = await self._do(
            lambda db: list(
                db.table("elements").rows_where("thread_id = ? AND name = ?", [thread_id, name], order_by="position")
            )
        )
        return [_as_element(row) for row in rows]

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

    # The file

    async def _keep(self, work: Callable[[Database], Any]) -> None:
        """Writes what nobody waits for: a failure is logged, and told by `take_trouble`."""
        try:
            await self._do(work)
        except (EarshotError, sqlite3.Error, OSError) as problem:
            log.exception("the history of a chat could not be written")
            self._trouble = f"what is shown here could not be kept for later ({problem})"

    async def _do(self, work: Callable[[Database], Answer]) -> Answer:
        async with self._in_order:
            return await asyncio.to_thread(self._within, work)

    def _within(self, work: Callable[[Database], Answer]) -> Answer:
        """One transaction: all of it is kept or nothing."""
        with self._connected() as db:
            db.conn.execute("BEGIN IMMEDIATE")
            try:
                answer = work(db)
            except BaseException:
                db.conn.rollback()
                raise
            db.conn.commit()
            return answer

    @contextmanager
    def _connected(self) -> Iterator[Database]:
        Store(self._folder).make_folder()
        path = self._folder / FILE
        connection = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None)
        try:
            db = Database(connection)
            db.conn.execute("PRAGMA synchronous = NORMAL")
            _upgrade(db, path)
            yield db
        except sqlite3.OperationalError:
            raise  # such as a full disk; the file itself is sound
        except sqlite3.DatabaseError as damage:
            raise EarshotError(f"{path} is damaged ({damage}); put it aside, and new chats are kept anew") from damage
        finally:
            connection.close()


def shortened(name: str) -> str:
    """A chat's name on one line, within `LONGEST_NAME` letters."""
    line = " ".join(name.split())
    return line if len(line) <= LONGEST_NAME else line[: LONGEST_NAME - 1].rstrip() + "…"


def _upgrade(db: Database, path: Path) -> None:
    known = int(db.execute("PRAGMA user_version").fetchone()[0])
    if known > SCHEMA_VERSION:
        raise LibraryVersionError(f"{path} was written by a newer Earshot; upgrade Earshot to open it")
    if known < SCHEMA_VERSION:
        db.enable_wal()
        schema.apply(db)
        db.conn.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def _of_session() -> tuple[str, str]:
    """The chat that the page shows, and whose it is. What a browser says of either is not asked."""
    session = context.session
    return session.thread_id, getattr(session.user, "id", "")


def _user(db: Database, identifier: str) -> PersistedUser | None:
    rows = list(db.table("users").rows_where("identifier = ?", [identifier]))
    if not rows:
        return None
    metadata = json.loads(rows[0]["metadata"])
    return PersistedUser(id=rows[0]["id"], identifier=identifier, createdAt=rows[0]["created_at"], metadata=metadata)


def _claimed(db: Database, thread_id: str, user_id: str) -> str:
    """Whose chat it is; the asker's, if it was nobody's."""
    now = utc_now()
    row = {"id": thread_id, "user_id": user_id, "name": None, "created_at": now, "updated_at": now}
    db.table("threads").insert(row, ignore=True)
    return str(db.execute("SELECT user_id FROM threads WHERE id = ?", [thread_id]).fetchone()[0])


def _name_once(db: Database, thread_id: str, name: str) -> None:
    db.execute(
        "UPDATE threads SET name = ? WHERE id = ? AND ? <> '' AND coalesce(name, '') = ''", [name, thread_id, name]
    )


def _put(db: Database, table: str, row: dict[str, Any]) -> None:
    """A row that keeps its place when it is written again; one of another chat is left as it is."""
    kept = next(db.table(table).rows_where("id = ?", [row["id"]]), None)
    if kept is None:
        db.table(table).insert(row)
    elif kept["thread_id"] == row["thread_id"]:
        db.table(table).update(kept["position"], row)


def _thread(db: Database, thread_id: str) -> dict[str, Any] | None:
    sql = "SELECT threads.*, users.identifier FROM threads JOIN users ON users.id = user_id WHERE threads.id = ?"
    return next(db.query(sql, [thread_id]), None)


def _whole_thread(db: Database, thread_id: str) -> ThreadDict | None:
    row = _thread(db, thread_id)
    if row is None:
        return None
    thread = _as_thread(row)
    steps = db.table("steps").rows_where("thread_id = ?", [thread_id], order_by="position")
    elements = db.table("elements").rows_where("thread_id = ?", [thread_id], order_by="position")
    thread["steps"] = [_as_step(each) for each in steps]
    thread["elements"] = [_as_element(each) for each in elements]
    return thread


def _listed(db: Database, filters: ThreadFilter, cursor: str | None, limit: int) -> list[dict[str, Any]]:
    sql = """
        SELECT threads.*, users.identifier FROM threads JOIN users ON users.id = user_id
        WHERE user_id = :user AND EXISTS (SELECT 1 FROM steps WHERE thread_id = threads.id)
    """
    given: dict[str, Any] = {"user": filters.userId or "", "limit": limit}
    if filters.search:
        sql += """ AND (name LIKE :said ESCAPE '\\' OR EXISTS (
            SELECT 1 FROM steps WHERE thread_id = threads.id AND type LIKE '%message' AND output LIKE :said ESCAPE '\\'
        ))"""
        given["said"] = "%" + re.sub(r"([\\%_])", r"\\\1", filters.search) + "%"
    if cursor:
        sql += " AND (updated_at, threads.id) < (SELECT updated_at, id FROM threads WHERE id = :cursor)"
        given["cursor"] = cursor
    return list(db.query(sql + " ORDER BY updated_at DESC, threads.id DESC LIMIT :limit", given))


def _as_thread(row: dict[str, Any]) -> ThreadDict:
    """As the page takes it; its list is grouped by the day a chat was used last."""
    return ThreadDict(
        id=row["id"],
        createdAt=row["updated_at"],
        name=row["name"] or "Untitled",
        userId=row["user_id"],
        userIdentifier=row["identifier"],
        tags=None,
        metadata={},
        steps=[],
        elements=[],
    )


def _as_step(row: dict[str, Any]) -> StepDict:
    step: StepDict = json.loads(row["record"])
    step["output"] = row["output"]
    return step


def _as_element(row: dict[str, Any]) -> ElementDict:
    element = ElementDict(
        id=row["id"],
        threadId=row["thread_id"],
        forId=row["for_id"],
        type=row["type"],
        name=row["name"],
        display="inline",
        url=row["url"],
    )
    if row["type"] == "custom":
        element["props"] = json.loads(row["props"])
        element["mime"] = "application/json"
    return element


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
