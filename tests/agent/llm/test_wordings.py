"""What a person says leads to the tool and the arguments that were meant."""

import re
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from agent.llm.embedded.intents import labelled_texts
from agent.llm.embedded.planner import Plan, plan
from agent.llm.embedded.turn import read_turn
from tests.agent.llm.conversations import saying

HERE = Path(__file__).parent


def cases(name: str) -> list[dict[str, Any]]:
    return tomllib.loads((HERE / name).read_text(encoding="utf-8"))["case"]


WORDINGS = [case for name in ("wordings.toml", "first_hour.toml", "groups.toml") for case in cases(name)]
HELD_OUT = [*cases("held_out.toml"), *cases("groups_held_out.toml")]


def step(case: dict[str, Any]) -> Plan:
    return plan(read_turn(saying(case["text"], case.get("after", ""))))


def name_of(case: dict[str, Any]) -> str:
    return f"{case['text']} ({case.get('after', '')})"


@pytest.mark.parametrize("case", [*WORDINGS, *HELD_OUT], ids=name_of)
def test_a_wording_becomes_what_was_meant(case: dict[str, Any]):
    done = step(case)

    if "args" in case or done.calls:
        assert [(call.name, call.args) for call in done.calls] == [(case["wanted"], case.get("args", {}))]
    else:
        assert case["wanted"] == ("ask" if done.asked else done.intent)
        assert done.text


def test_every_kind_of_request_is_tried_in_at_least_a_dozen_wordings_that_no_example_has():
    examples = {plain(text) for _, text in labelled_texts()}
    fresh = [case for case in [*WORDINGS, *HELD_OUT] if plain(case["text"]) not in examples]
    wanted = Counter(case["wanted"] for case in fresh)
    follow_ups = [case for case in fresh if case.get("after") and case["wanted"].startswith("search_by_text")]

    tools = ["ingest", "search_by_audio", "search_by_text", "cluster", "summarize_cluster", "get_metadata", "export"]
    tools += ["edit_clusters", "versions", "show_map", "describe_selection"]
    assert {tool: wanted[tool] for tool in tools if wanted[tool] < 12} == {}
    assert wanted["refuse"] >= 12
    assert len(follow_ups) >= 12


def plain(text: str) -> str:
    return re.sub(r"[.!?]", "", text).casefold()
