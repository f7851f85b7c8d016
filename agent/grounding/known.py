"""What has been returned or said in a conversation, and may be named in it."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from langchain_core.messages import BaseMessage, HumanMessage, ToolMessage

from agent.grounding.references import Kind, find
from agent.llm.embedded.attachments import split_attachments

QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
NAMED = re.compile(rf"(?:\bsound \d{{1,18}}(?:, chunk \d+)? |^skipped )({QUOTED.pattern})", re.MULTILINE)
FAILED = re.compile(rf"\A({QUOTED.pattern}): ")
"""Where the texts of tools name a file; other quoted words are captions, titles and what was searched for."""
LISTED: dict[str, Kind] = {"exemplars": "sound", "members": "sound", "sounds": "sound", "clusterings": "clustering"}
"""Keys of artifacts that hold numbers; sounds are there as cards as well."""
NUMBERED: dict[str, Kind] = {"cluster": "cluster", "clustering": "clustering", "selection": "selection"}


def _none() -> dict[Kind, set[int]]:
    return {"sound": set(), "cluster": set(), "clustering": set(), "selection": set()}


@dataclass
class Known:
    """What may be named.

    numbers: of sounds, clusters, clusterings and selections that tools returned. lengths_s: how long sounds are. names:
    of files, in lower case. asked: numbers that the person named, and that tools told of in an error; that they are
    somewhere is not known.
    """

    numbers: dict[Kind, set[int]] = field(default_factory=_none)
    lengths_s: dict[int, float] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    asked: dict[Kind, set[int]] = field(default_factory=_none)

    def has(self, kind: Kind, number: int) -> bool:
        """Whether a number may be named."""
        return number in self.numbers[kind]

    def was_asked(self, kind: Kind, number: int) -> bool:
        """Whether a number may be repeated, if it is told that it was not found."""
        return number in self.asked[kind]

    def has_name(self, name: str) -> bool:
        """Whether a file may be named: by its name, or by a part of it that ends as it does."""
        wanted = name.lower()
        return any(each == wanted or each.endswith((" " + wanted, "/" + wanted)) for each in self.names)

    def hear(self, message: BaseMessage) -> None:
        """Takes in what a message names."""
        if isinstance(message, HumanMessage):
            self._hear_person(message.text)
        elif isinstance(message, ToolMessage):
            self.hear_tool(message.text, message.artifact, failed=message.status == "error")

    def hear_tool(self, text: str, artifact: Any, *, failed: bool = False) -> None:
        """Takes in what a tool returned. What stands in quotes in its text are words of strangers, or of the model.

        An error repeats what the model asked for, so it makes nothing known but the file that it is about.
        """
        self.names |= {_read(quoted).lower() for quoted in (FAILED if failed else NAMED).findall(text)}
        for found in find(QUOTED.sub('""', text)):
            if found.kind != "file":
                (self.asked if failed else self.numbers)[found.kind].update(found.numbers)
        if not failed:
            self._hear_data(artifact)

    def _hear_person(self, text: str) -> None:
        """The name of an attached file may be repeated; what it says is not what the person says."""
        said, attached = split_attachments(text)
        self.names |= {each.name.lower() for each in attached}
        self.names |= {found.text.lower() for found in find(said) if found.kind == "file"}
        self.names |= {_read(quoted).lower() for quoted in QUOTED.findall(said)}
        for found in find(said):
            if found.kind != "file":
                self.asked[found.kind].update(found.numbers)

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
            if _is_number(card.get(key)):
                self.numbers[kind].add(card[key])
        for key, kind in LISTED.items():
            if isinstance(card.get(key), list | tuple):
                self.numbers[kind].update(each for each in card[key] if _is_number(each))
        if isinstance(card.get("path"), str):
            self.names.add(re.split(r"[/\\]", card["path"])[-1].lower())
        if _is_number(card.get("id")) and ("name" in card or "path" in card):
            self.numbers["sound"].add(card["id"])
            self.names.add(str(card.get("name", "")).lower())
            if isinstance(card.get("duration_s"), int | float):
                self.lengths_s[card["id"]] = float(card["duration_s"])


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _read(quoted: str) -> str:
    try:
        return str(json.loads(quoted))
    except ValueError:  # quotes of a person, around anything
        return quoted.strip('"')


def known_from(messages: Iterable[BaseMessage]) -> Known:
    """What may be named after these messages."""
    known = Known()
    for message in messages:
        known.hear(message)
    return known
