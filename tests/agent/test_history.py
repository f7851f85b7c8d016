"""The chats that the page remembers: whose they are, what is kept of them, and what is not."""

import asyncio
import sqlite3
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from core.errors import EarshotError, LibraryVersionError, NotFoundError

CHAT, OTHER = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"


@pytest.fixture
def desk(with_chainlit: None, tmp_path: Path) -> "Desk":
    return Desk(tmp_path / "library")


class Desk:
    """A history, and people who sit at their pages and have things shown to them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.forgotten: list[str] = []
        self.restart()

    def restart(self) -> None:
        """The history as a new program finds it."""
        from agent.history import History

        async def forget(thread_id: str) -> None:
            self.forgotten.append(thread_id)

        self.history = History(self.folder, forget)

    def run(self, *shown: Any) -> Any:
        """Does calls one after the other; what the last of them answers."""

        async def all_of_them() -> Any:
            answer = None
            for each in shown:
                answer = await each
            return answer

        return asyncio.run(all_of_them())

    def person(self, name: str) -> Any:
        from chainlit.user import User

        return self.run(self.history.create_user(User(identifier=name)))

    async def at(self, person: Any, thread_id: str, *shown: Any) -> None:
        """What a person's page shows in a chat: dicts are steps, all else are elements."""
        from chainlit.context import ChainlitContext, context_var

        session: Any = SimpleNamespace(thread_id=thread_id, user=person)
        context_var.set(ChainlitContext(session))
        for each in shown:
            await (self.history.create_step(each) if isinstance(each, dict) else self.history.create_element(each))

    def chat(self, thread_id: str = CHAT) -> Any:
        return self.run(self.history.get_thread(thread_id))

    def listed(self, person: Any, **asked: Any) -> list[str]:
        from chainlit.types import Pagination, ThreadFilter

        page = Pagination(first=asked.pop("first", 20), cursor=asked.pop("cursor", None))
        found = self.run(self.history.list_threads(page, ThreadFilter(userId=person.id, **asked)))
        return [thread["name"] for thread in found.data]


def step(step_id: str, output: str, kind: str = "assistant_message", end: str | None = "now", **more: Any) -> dict:
    return {"id": step_id, "threadId": "a browser's word", "type": kind, "name": "Earshot", "output": output} | {
        "createdAt": "2026-01-01T00:00:00Z",
        "end": end,
        **more,
    }


def element(
    element_id: str, kind: str = "custom", name: str = "SoundList", url: str | None = None, **props: Any
) -> Any:
    shown = {"id": element_id, "for_id": "s1", "type": kind, "name": name, "url": url, "props": props}
    return SimpleNamespace(**shown, path="/secret/upload.wav", thread_id="a browser's word")


def test_a_chat_is_the_same_after_a_restart(desk):
    ada = desk.person("ada")
    desk.run(
        desk.at(
            ada,
            CHAT,
            step("s1", "find rain", "user_message"),
            step("s2", "", "run", None, parentId="s1"),
            step("s3", "3 sounds", "tool", input="{}", showInput="json"),
            step("s4", "Here they are."),
            element("e1", title="Rain", hits=[{"id": 3}]),
            element("e2", "audio", "rain.wav", "/library/attachment/a3fa9c2d1"),
        )
    )
    desk.restart()
    chat = desk.chat()
    assert chat["userIdentifier"] == "ada"
    assert [(each["id"], each["output"], each["threadId"]) for each in chat["steps"]] == [
        ("s1", "find rain", CHAT),
        ("s2", "", CHAT),
        ("s3", "3 sounds", CHAT),
        ("s4", "Here they are.", CHAT),
    ]
    assert chat["steps"][1]["parentId"] == "s1"
    assert chat["steps"][2]["showInput"] == "json"
    assert [each["id"] for each in chat["elements"]] == ["e1", "e2"]
    assert chat["elements"][0]["props"] == {"title": "Rain", "hits": [{"id": 3}]}
    assert chat["elements"][1]["url"] == "/library/attachment/a3fa9c2d1"


def test_what_is_shown_anew_keeps_its_place(desk):
    ada = desk.person("ada")
    desk.run(desk.at(ada, CHAT, step("s1", "half"), step("s2", "after"), step("s1", "whole"), element("e1", a=1)))
    desk.run(desk.at(ada, CHAT, element("e2"), element("e1", a=2)))
    assert [each["output"] for each in desk.chat()["steps"]] == ["whole", "after"]
    assert [each.get("props") for each in desk.chat()["elements"]] == [{"a": 2}, {}]


def test_a_greeting_that_was_kept_late_comes_first(desk):
    ada = desk.person("ada")
    greeting = step("s2", "Your library is empty.", createdAt="2025-12-31T23:59:59Z")
    desk.run(desk.at(ada, CHAT, step("s1", "hello", "user_message"), greeting, step("s3", "Hello.")))
    assert [each["id"] for each in desk.chat()["steps"]] == ["s2", "s1", "s3"]


def test_nobody_writes_into_the_chat_of_another(desk):
    ada, eve = desk.person("ada"), desk.person("eve")
    desk.run(desk.at(ada, CHAT, step("s1", "mine"), element("e1", a=1)))
    desk.run(desk.at(eve, CHAT, step("s2", "yours"), element("e2")))
    desk.run(desk.at(eve, OTHER, step("s1", "stolen"), element("e1", a=2)))
    assert [each["output"] for each in desk.chat()["steps"]] == ["mine"]
    assert [each["props"] for each in desk.chat()["elements"]] == [{"a": 1}]
    assert desk.run(desk.history.get_thread_author(CHAT)) == "ada"
    assert desk.run(desk.history.get_element(OTHER, "e1")) is None
    with pytest.raises(NotFoundError, match="this chat is not yours; begin a new one"):
        desk.run(desk.history.claim(CHAT, eve.id))
    desk.run(desk.at(eve, OTHER), desk.history.delete_step("s1"), desk.history.delete_element("e1", CHAT))
    assert len(desk.chat()["steps"]) == len(desk.chat()["elements"]) == 1
    assert desk.listed(eve) == []


def test_a_chat_is_called_by_its_first_message_until_it_is_renamed(desk):
    ada = desk.person("ada")
    desk.run(desk.at(ada, CHAT, step("s1", "x")), desk.history.update_thread(CHAT, "find\n  rain " + "x" * 80, ada.id))
    assert desk.chat()["name"] == "find rain " + "x" * 49 + "…"
    desk.run(desk.history.update_thread(CHAT, "a second first message", ada.id))
    assert desk.chat()["name"].startswith("find rain")
    desk.run(desk.history.update_thread(CHAT, name="Wet sounds"))
    desk.run(desk.history.update_thread(CHAT, name="  "))
    assert desk.chat()["name"] == "Wet sounds"


def test_a_chat_that_begins_with_sounds_alone_is_called_by_the_first(desk):
    ada = desk.person("ada")
    sounds = [element(f"e{n}", "audio", f"take {n}.wav", f"/library/attachment/a{n}") for n in (1, 2)]
    desk.run(desk.at(ada, CHAT, step("s1", "", "user_message")), desk.history.update_thread(CHAT, "", ada.id))
    desk.run(desk.at(ada, CHAT, *sounds))
    assert desk.chat()["name"] == "take 1.wav"


def test_the_list_is_of_ones_own_chats_and_the_last_used_comes_first(desk):
    ada, eve = desk.person("ada"), desk.person("eve")
    for number in range(5):
        chat = f"{number}" * 8 + CHAT[8:]
        desk.run(desk.at(ada, chat, step(f"s{number}", f"100{'%' * (number == 3)} of {number}")))
        desk.run(desk.history.update_thread(chat, f"chat {number}", ada.id))
    desk.run(desk.at(eve, OTHER, step("e", "100 of hers")), desk.history.update_thread(OTHER, "hers", eve.id))
    desk.run(desk.at(ada, "1" * 8 + CHAT[8:], step("later", "again")))
    assert desk.listed(ada) == ["chat 1", "chat 4", "chat 3", "chat 2", "chat 0"]
    assert desk.listed(ada, first=2) == ["chat 1", "chat 4"]
    assert desk.listed(ada, first=2, cursor="4" * 8 + CHAT[8:]) == ["chat 3", "chat 2"]
    assert desk.listed(ada, search="100%") == ["chat 3"], "a sign of SQL is a sign like others"
    assert desk.listed(ada, search="CHAT 2") == ["chat 2"]
    assert desk.listed(eve) == ["hers"]


def test_a_deleted_chat_is_gone_and_stays_gone(desk):
    ada = desk.person("ada")
    desk.run(desk.at(ada, CHAT, step("s1", "a secret"), element("e1", a="a secret")))
    desk.run(desk.history.delete_thread(CHAT))
    desk.run(desk.at(ada, CHAT, step("s2", "the rest of a turn"), element("e2")))
    assert desk.forgotten == [CHAT]
    assert desk.chat() is None
    assert rows(desk, "SELECT (SELECT count(*) FROM steps), (SELECT count(*) FROM elements)") == [(0, 0)]
    with pytest.raises(NotFoundError, match="this chat was deleted; begin a new one"):
        desk.run(desk.history.claim(CHAT, ada.id))


@pytest.mark.parametrize(
    "refused",
    [
        {"kind": "audio", "name": "a.wav", "url": "http://elsewhere.test/a.wav"},
        {"kind": "audio", "name": "a.wav", "url": "//elsewhere.test/library/audio/1"},
        {"kind": "audio", "name": "a.wav", "url": "/library/audio/../../project/file/1"},
        {"kind": "audio", "name": "a.wav", "url": None},
        {"kind": "image", "name": "a.png", "url": "/project/file/1"},
        {"kind": "custom", "name": "../SoundList"},
        {"kind": "custom", "name": "SoundList", "text": "x" * 1_000_001},
    ],
)
def test_what_would_have_to_be_fetched_is_not_kept(desk, refused):
    ada = desk.person("ada")
    desk.run(desk.at(ada, CHAT, step("s1", "x"), element("e1", **refused)))
    assert desk.chat()["elements"] == []


def test_no_path_of_an_upload_and_no_value_of_a_session_is_written(desk):
    ada = desk.person("ada")
    desk.run(desk.at(ada, CHAT, step("s1", "x"), element("e1", "audio", "a.wav", "/library/audio/1")))
    desk.run(desk.history.update_thread(CHAT, "name", ada.id, metadata={"env": {"KEY": "sk-secret"}}, tags=["secret"]))
    written = b"".join(path.read_bytes() for path in desk.folder.glob("history.db*"))
    assert b"name" in written
    assert b"secret" not in written
    assert desk.chat()["metadata"] == {}


def test_what_a_program_that_is_gone_left_open_is_ended_once(desk):
    ada = desk.person("ada")
    shown = [step("s1", "hi", "user_message"), step("s2", "", "run", None), step("s3", "8 of 300", "tool", None)]
    desk.run(desk.at(ada, CHAT, *shown))
    desk.restart()
    assert desk.run(desk.history.close_open_steps(CHAT)) == 2
    assert [each["output"] for each in desk.chat()["steps"]] == ["hi", "", "8 of 300\n\nThe program ended here."]
    assert all(each["end"] for each in desk.chat()["steps"])
    assert desk.run(desk.history.close_open_steps(CHAT)) == 0


def test_calls_are_done_in_the_order_in_which_they_were_made(desk):
    ada = desk.person("ada")

    async def at_once() -> None:
        await desk.at(ada, CHAT)
        writes = [desk.history.update_step(step("s1", f"version {number}")) for number in range(40)]
        await asyncio.gather(*writes)

    asyncio.run(at_once())
    assert [each["output"] for each in desk.chat()["steps"]] == ["version 39"]


def test_a_failure_to_write_is_told_once(desk, caplog):
    ada = desk.person("ada")
    desk.run(desk.at(ada, CHAT, step("s1", "x")))
    rows(desk, "CREATE TRIGGER full BEFORE INSERT ON steps BEGIN SELECT RAISE(ABORT, 'disk is full'); END")
    desk.run(desk.at(ada, CHAT, step("s2", "y")))
    assert desk.history.take_trouble() == "what is shown here could not be kept for later (disk is full)"
    assert desk.history.take_trouble() is None
    assert "could not be written" in caplog.text
    assert len(desk.chat()["steps"]) == 1


def test_a_damaged_file_and_one_of_a_newer_program_are_named(desk):
    desk.folder.mkdir()
    file = desk.folder / "history.db"
    file.write_bytes(b"no database " * 100)
    with pytest.raises(EarshotError, match=r"history\.db is damaged .*; put it aside, and new chats are kept anew"):
        desk.run(desk.history.open())
    file.unlink()
    desk.run(desk.history.open())
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(LibraryVersionError, match="written by a newer Earshot; upgrade"):
        desk.run(desk.history.open())


def test_a_person_is_the_same_one_when_they_come_again(desk):
    first = desk.person("ada")
    desk.restart()
    assert desk.person("ada").id == first.id
    assert desk.run(desk.history.get_user("ada")).id == first.id
    assert desk.run(desk.history.get_user("eve")) is None


def rows(desk: Desk, query: str) -> list[tuple]:
    connection = sqlite3.connect(desk.folder / "history.db")
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


async def test_a_chat_that_is_deleted_before_the_agent_is_there_is_forgotten_by_it_too(with_chainlit):
    from agent.server import Running

    forgotten: list[str] = []
    state = Running(None, None, None, None, None)

    async def forget(thread_id: str) -> None:
        forgotten.append(thread_id)

    async def bring() -> object:
        await state.wanted.wait()
        state.chats = SimpleNamespace(adelete_thread=forget)
        return object()

    state.bring_agent(bring())
    await state.forget("a chat")
    assert forgotten == ["a chat"]
