"""What a step of the conversation is: tools to call, or something to say; and the shorthand that builds one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agent.llm.embedded.slots import Slots


@dataclass(frozen=True)
class Call:
    """A tool to call."""

    name: str
    args: dict[str, Any]


@dataclass(frozen=True)
class Plan:
    """The next step: calls, or a text. asked: the text is a question back, and the intent that its answer completes."""

    intent: str
    calls: tuple[Call, ...] = ()
    text: str = ""
    asked: bool = False


def call(intent: str, tool: str, /, **args: Any) -> Plan:
    """One call, with those of the arguments that were said."""
    return Plan(intent, (Call(tool, given(args)),))


def given(args: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments that were said; the tools know their own defaults."""
    return {name: value for name, value in args.items() if value is not None and value != ""}


def ask(intent: str, text: str) -> Plan:
    """A question back."""
    return Plan(intent, text=text, asked=True)


def limits(slots: Slots) -> dict[str, Any]:
    """The bounds on what may be found, as arguments; a domain that was only described is none."""
    return {"min_s": slots.min_s, "max_s": slots.max_s, "domain": slots.domain}
