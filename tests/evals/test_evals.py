"""The evaluation tells a good model from a bad one, and the embedded model stays good."""

from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage
from pydantic import Field

from agent.llm.embedded import EmbeddedChatModel
from tests.agent.scripted import ScriptedChatModel, call
from tests.evals.evaluate import Score, conversations, evaluate, failures, make_library, matches, share

LEAST = 0.95  # of tools and of arguments


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the library that the conversations are about."""
    folder = tmp_path_factory.mktemp("made")
    make_library(folder)
    return folder


class Stubborn(ScriptedChatModel):
    """Searches for kicks, whatever is said."""

    script: list[AIMessage] = Field(default_factory=list)

    def _next(self, messages: list[BaseMessage]) -> AIMessage:
        if messages[-1].type == "human":
            return AIMessage("", tool_calls=[call("search_by_text", f"c{len(messages)}", text="kick")])
        return AIMessage("Sound 4711 is the one.")


def told(scores: list[Score]) -> str:
    return "\n".join(f"{each.said!r}: {each.called}, {each.text[:200]!r}" for each in failures(scores))


def test_there_are_conversations_of_all_kinds():
    every = conversations()
    assert len(every) >= 60
    assert {len(each["turns"]) for each in every} >= {1, 2, 3}
    assert len({each["kind"] for each in every}) >= 12


async def test_the_embedded_model_calls_the_right_tool_with_the_right_arguments(made, tmp_path):
    scores = await evaluate(made, EmbeddedChatModel(), tmp_path, conversations())
    assert share(scores, lambda each: each.tool) >= LEAST, told(scores)
    assert share(scores, lambda each: each.args) >= LEAST, told(scores)
    assert all(each.grounded for each in scores), told(scores)


async def test_a_model_that_always_does_the_same_scores_low(made, tmp_path):
    chosen = [each for each in conversations() if each["kind"] in ("groups", "export", "refusal")]
    scores = await evaluate(made, Stubborn(), tmp_path, chosen)
    assert share(scores, lambda each: each.tool) < 0.3
    assert not any(each.grounded for each in scores)


@pytest.mark.parametrize(
    ("wanted", "found", "fits"),
    [
        ("*", "x", True),
        ("*", "", False),
        ("*", None, False),
        ("*", [], False),
        ("*", 0.5, True),
        ("-", None, True),
        ("-", 3, False),
        ("~dog|hund", "barking dogs", True),
        ("~dog", None, False),
        ("Rain", "rain", True),
        ("Rain", "rains", False),
        ([2, 5], [5, 2], True),
        (["3"], [3], True),
        ([2], [2, 3], False),
        (2.0, 2, True),
        (True, True, True),
        (5, None, False),
    ],
)
def test_arguments_are_compared(wanted: Any, found: Any, fits: bool) -> None:
    assert matches(wanted, found) == fits
