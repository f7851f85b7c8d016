"""The turns of a process: one at a time in each chat, on every page that has it open, and on no other."""

import asyncio
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

CHAT, OTHER = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"


@pytest.fixture
def live(with_chainlit: None) -> ModuleType:
    from agent import live

    return live


class Pages:
    """Pages of people, each with a note of what it was told."""

    def __init__(self, known: dict[str, Any]) -> None:
        self._known = known

    def open(self, name: str, person: str, chat: str) -> Any:
        told: list[tuple[str, Any]] = []

        async def emit(event: str, data: Any) -> None:
            await asyncio.sleep(0)
            told.append((event, data))

        session = Page(id=name, thread_id=chat, user=SimpleNamespace(identifier=person), emit=emit, told=told)
        self._known[name] = session
        return session


class Page(SimpleNamespace):
    __hash__ = object.__hash__  # as that of a session: by which it is


@pytest.fixture
def pages(live: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Pages:
    known: dict[str, Any] = {}
    monkeypatch.setattr(live, "ws_sessions_id", known)
    return Pages(known)


def test_only_the_pages_of_that_person_and_chat_are_told(live, pages):
    first, second = pages.open("1", "ada", CHAT), pages.open("2", "ada", CHAT)
    stranger, elsewhere = pages.open("3", "eve", CHAT), pages.open("4", "ada", OTHER)
    asyncio.run(live.Everywhere(first).emit("new_message", "rain"))
    assert first.told == second.told == [("new_message", "rain")]
    assert stranger.told == elsewhere.told == []


def test_what_happens_while_a_page_is_brought_up_to_date_comes_after_it_and_in_order(live, pages):
    writer, reader = pages.open("1", "ada", CHAT), pages.open("2", "ada", CHAT)
    shown = live.Everywhere(writer)

    async def go_on() -> None:
        live.bring_up_to_date(reader)
        for number in range(3):
            await shown.emit("stream_token", number)
        assert reader.told == []
        await asyncio.gather(reader.emit("resume_thread", "so far"), shown.emit("stream_token", 3))
        await shown.emit("stream_token", 4)

    asyncio.run(go_on())
    assert reader.told == [("resume_thread", "so far"), *(("stream_token", number) for number in range(5))]
    assert writer.told == [("stream_token", number) for number in range(5)]


def test_turns_of_a_chat_wait_for_each_other_and_those_of_another_do_not(live):
    order: list[str] = []

    async def turn(chat: str, name: str, until: asyncio.Event) -> None:
        async with live.next_turn(chat):
            order.append(f"{name} begins")
            await until.wait()
            order.append(f"{name} ends")

    async def three() -> None:
        first, rest = asyncio.Event(), asyncio.Event()
        rest.set()
        tasks = [asyncio.create_task(turn(CHAT, "first", first))]
        await asyncio.sleep(0)
        assert live.is_busy(CHAT)
        assert not live.is_busy(OTHER)
        tasks += [asyncio.create_task(turn(CHAT, "second", rest)), asyncio.create_task(turn(OTHER, "other", rest))]
        await tasks[2]
        assert order == ["first begins", "other begins", "other ends"]
        first.set()
        await asyncio.gather(*tasks)

    asyncio.run(three())
    assert order[3:] == ["first ends", "second begins", "second ends"]
    assert not live.is_busy(CHAT)
