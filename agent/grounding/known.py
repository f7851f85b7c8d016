"""What has been returned or said in a conversation, and may be named in it."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from langchain_core.messages import BaseMessage, HumanMessage, ToolMessage

from agent.grounding.references import Kind, find

QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
NUMBER = re.compile(r"\d{1,18}")
IDS = ("exemplars", "members", "sounds")  # keys of artifacts that hold sounds, by their ids or as cards
NUMBERED: dict[str, Kind] = {"cluster": "cluster", "clustering": "clustering", "selection": "selection"}


@dataclass
class Known:
    """What may be named.

    numbers: of sounds, clusters, clusterings and selections. lengths_s: how long sounds are. names: of files, in lower
    case. said: numbers that the person wrote themselves; an answer may repeat those.
    """

    numbers: dict[Kind, set[int]] = field(
        default_factory=lambda: {"sound": set(), "cluster": set(), "clustering": set(), "selection": set()}
    )
    lengths_s: dict[int, float] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    said: set[int] = field(default_factory=set)

    def has(self, kind: Kind, number: int) -> bool:
        """Whether a number may be named."""
        return number in self.numbers[kind] or number in self.said

    def has_name(self, name: str) -> bool:
        """Whether a file may be named: by its name, or by a part of it that ends as it does."""
        wanted = name.lower()
        return any(each == wanted or each.endswith((" " + wanted, "/" + wanted)) for each in self.names)

    def hear(self, message: BaseMessage) -> None:
        """Takes in what a message names."""
        if isinstance(message, HumanMessage):
            self.said |= {int(number) for number in NUMBER.findall(message.text)}
            self.names |= {found.text.lower() for found in find(message.text) if found.kind == "file"}
            self._hear_strings(message.text)
        elif isinstance(message, ToolMessage):
            self.hear_tool(message.text, message.artifact)

    def hear_tool(self, text: str, artifact: Any) -> None:
        """Takes in what a tool returned. What stands in quotes in its text are words of strangers, and only names."""
        self._hear_strings(text)
        for found in find(QUOTED.sub('""', text)):
            if found.kind != "file":
                self.numbers[found.kind].update(found.numbers)
        self._hear_data(artifact)

    def _hear_strings(self, text: str) -> None:
        for quoted in QUOTED.findall(text):
            try:
                self.names.add(str(json.loads(quoted)).lower())
            except ValueError:  # quotes of a person, around anything
                self.names.add(quoted.strip('"').lower())

    def _hear_data(self, data: Any) -> None:
        if isinstance(data, Mapping):
            self._hear_card(data)
            for value in data.values():
                self._hear_data(value)
        elif isinstance(data, Sequence) and not isinstance(data, str | bytes):
            for value in data:
                self._hear_data(value)

    def _hear_card(self, card: Mapping[str, Any]) -> None:
        for key, kind in NUMBERED.items():
            if isinstance(card.get(key), int):
                self.numbers[kind].add(card[key])
        for key in IDS:
            if isinstance(card.get(key), Sequence):
                self.numbers["sound"].update(each for each in card[key] if isinstance(each, int))
        for key in ("name", "path"):
            if isinstance(card.get(key), str):
                self.names.add(re.split(r"[/\\]", card[key])[-1].lower())
        if isinstance(card.get("id"), int) and ("name" in card or "path" in card):
            self.numbers["sound"].add(card["id"])
            if isinstance(card.get("duration_s"), int | float):
                self.lengths_s[card["id"]] = float(card["duration_s"])


def known_from(messages: Iterable[BaseMessage]) -> Known:
    """What may be named after these messages."""
    known = Known()
    for message in messages:
        known.hear(message)
    return known
