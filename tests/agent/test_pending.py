"""Which question is open in a conversation, and which words answer it."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from agent.pending import Pending, decisions, pending, spoken


@pytest.mark.parametrize("text", ["yes", "Yes, please!", "go ahead", "OK 👍", "Do it.", "sure, thanks", "ja, bitte"])
def test_yes(text):
    assert spoken(text) is True


@pytest.mark.parametrize("text", ["no", "No, thank you.", "not now", "please don’t", "cancel", "Nein danke"])
def test_no(text):
    assert spoken(text) is False


@pytest.mark.parametrize(
    "text",
    ["", "yes or no?", "find rain", "export only the first", "no other sounds", "ok, but only rain", "👍 group 2"],
)
def test_anything_else_is_no_answer(text):
    assert spoken(text) is None


def test_a_decision_is_made_on_every_call():
    yes, no = decisions([True, False])
    assert yes == {"type": "approve"}
    assert no["type"] == "reject"
    assert "said no" in no["message"]


@pytest.mark.parametrize("interrupts", [(), (("q1", ["Copy 3 sounds?", ""]),)])
def test_what_is_open_is_what_the_agent_waits_for(interrupts):
    class Agent:
        async def aget_state(self, config: Any) -> SimpleNamespace:
            assert config == {"configurable": {"thread_id": "t"}}
            return SimpleNamespace(interrupts=[_interrupt(*each) for each in interrupts])

    found = asyncio.run(pending(Agent(), "t"))
    assert found == (Pending("q1", ["Copy 3 sounds?", "Run export?"]) if interrupts else None)


def _interrupt(name: str, descriptions: list[str]) -> SimpleNamespace:
    requests = [{"name": "export", "args": {}, "description": each} for each in descriptions]
    return SimpleNamespace(id=name, value={"action_requests": requests})
