"""Rows of the file to what Chainlit shows, and back. Each function works inside of one transaction."""

import json
import re
from typing import Any

from chainlit.element import ElementDict
from chainlit.step import StepDict
from chainlit.types import ThreadDict, ThreadFilter
from chainlit.user import PersistedUser
from chainlit.utils import utc_now
from sqlite_utils import Database

CUT_OFF = "The program ended here."


def user_of(db: Database, identifier: str) -> PersistedUser | None:
    """The person of that name."""
    rows = list(db.table("users").rows_where("identifier = ?", [identifier]))
    if not rows:
        return None
    metadata = json.loads(rows[0]["metadata"])
    return PersistedUser(id=rows[0]["id"], identifier=identifier, createdAt=rows[0]["created_at"], metadata=metadata)


def chosen(db: Database, user_id: str) -> dict[str, Any]:
    """What a person set."""
    found: dict[str, Any] = json.loads(db.table("users").get(user_id)["metadata"]).get("chosen", {})
    return found


def choose(db: Database, user_id: str, chosen: dict[str, Any]) -> None:
    """Keeps what a person set, beside whatever else is known of them."""
    known = json.loads(db.table("users").get(user_id)["metadata"])
    db.table("users").update(user_id, {"metadata": json.dumps(known | {"chosen": chosen})})


def claimed(db: Database, thread_id: str, user_id: str) -> str:
    """Whose chat it is; the asker's, if it was nobody's."""
    now = utc_now()
    row = {"id": thread_id, "user_id": user_id, "name": None, "created_at": now, "updated_at": now}
    db.table("threads").insert(row, ignore=True)
    return str(db.execute("SELECT user_id FROM threads WHERE id = ?", [thread_id]).fetchone()[0])


def name_once(db: Database, thread_id: str, name: str) -> None:
    """Names a chat that has no name yet."""
    db.execute(
        "UPDATE threads SET name = ? WHERE id = ? AND ? <> '' AND coalesce(name, '') = ''", [name, thread_id, name]
    )


def put(db: Database, table: str, row: dict[str, Any]) -> None:
    """A row that keeps its place when it is written again; one of another chat is left as it is."""
    kept = next(db.table(table).rows_where("id = ?", [row["id"]]), None)
    if kept is None:
        db.table(table).insert(row)
    elif kept["thread_id"] == row["thread_id"]:
        db.table(table).update(kept["position"], row)


def thread_row(db: Database, thread_id: str) -> dict[str, Any] | None:
    """A chat and whose it is."""
    sql = "SELECT threads.*, users.identifier FROM threads JOIN users ON users.id = user_id WHERE threads.id = ?"
    return next(db.query(sql, [thread_id]), None)


def whole_thread(db: Database, thread_id: str) -> ThreadDict | None:
    """A chat with all that was shown in it, in order."""
    row = thread_row(db, thread_id)
    if row is None:
        return None
    thread = as_thread(row)
    steps = db.table("steps").rows_where("thread_id = ?", [thread_id], order_by="position")
    elements = db.table("elements").rows_where("thread_id = ?", [thread_id], order_by="position")
    # a greeting is written after the first message, with which a chat begins to be kept
    thread["steps"] = sorted(map(_as_step, steps), key=lambda step: step["createdAt"] or "")
    thread["elements"] = [as_element(each) for each in elements]
    return thread


def listed(db: Database, filters: ThreadFilter, cursor: str | None, limit: int) -> list[dict[str, Any]]:
    """The chats of a person that come after the one at the cursor, the one used last first."""
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


def as_thread(row: dict[str, Any]) -> ThreadDict:
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


def as_element(row: dict[str, Any]) -> ElementDict:
    """As the page takes it."""
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


def end_open_steps(db: Database, thread_id: str) -> int:
    """Ends the steps that nobody goes on with, and says so in those of a tool; returns how many there were."""
    rows = list(db.table("steps").rows_where("thread_id = ? AND open", [thread_id]))
    for row in rows:
        record = json.dumps(json.loads(row["record"]) | {"end": utc_now()}, ensure_ascii=False)
        output = f"{row['output']}\n\n{CUT_OFF}".strip() if row["type"] == "tool" else row["output"]
        db.table("steps").update(row["position"], {"open": 0, "record": record, "output": output})
    return len(rows)
