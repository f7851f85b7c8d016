"""Which sounds, groups and files a text names that no tool returned.

Written apart from the program's own checker (`agent.grounding`), so that a hole in the one is seen by the other: it
reads only what tools returned as data, never their text. Numbers in quotes are examples of what a person could say,
such as “more like 412”; files in quotes are files.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

NAMES = ("name", "path", "folder", "file", "title")
LISTS = ("exemplars", "members", "sounds", "ids", "hits")
_SOUND = re.compile(r"\b(?:sounds?|recordings?|klang|klänge|aufnahmen?|sons?|sonidos?)\s+#?(\d+)", re.IGNORECASE)
_NUMBERED = re.compile(r"(?:/library/audio/|(?<![\w&/])#)(\d+)")
_GROUP = re.compile(r"\b(?:clusters?|groups?|gruppen?|groupes?|grupos?)\s+#?(\d+)", re.IGNORECASE)
_FILE = re.compile(r"[\w.+-]+\.(?:wav|mp3|flac|ogg|opus|m4a|aiff?|mp4|mov|mkv|webm)\b", re.IGNORECASE)
_QUOTED = re.compile(r"“[^”\n]*”|\"[^\"\n]*\"")
_MEASURE = re.compile(r"(\d+)\s*(?:s|ms|sec|seconds?|minutes?|hz|khz|db)\b", re.IGNORECASE)


@dataclass
class Returned:
    """What tools returned so far in a conversation. said: the numbers and files in the person's own words."""

    sounds: set[int] = field(default_factory=set)
    groups: set[int] = field(default_factory=set)
    files: set[str] = field(default_factory=set)
    said: set[str] = field(default_factory=set)
    listed: list[int] = field(default_factory=list)
    """The sounds that were shown last, in their order."""

    def hear_person(self, text: str) -> None:
        """Takes in what the person wrote; an answer may repeat it."""
        self.said |= set(re.findall(r"\d+", text)) | {name.lower() for name in _FILE.findall(text)}

    def hear_tool(self, artifact: Any) -> None:
        """Takes in what a tool returned for the screen; None of one that failed."""
        self._hear(artifact)
        for key in ("hits", "exemplars", "sounds"):
            shown = list(_ids(artifact.get(key))) if isinstance(artifact, Mapping) else []
            if shown:
                self.listed = shown
                return

    def _hear(self, data: Any) -> None:
        if isinstance(data, list):
            for each in data:
                self._hear(each)
        if not isinstance(data, Mapping):
            return
        for key, value in data.items():
            if key in NAMES and isinstance(value, str):
                self.files |= {name.lower() for name in _FILE.findall(value)}
            elif key == "cluster" and isinstance(value, int):
                self.groups.add(value)
            elif key == "id" and isinstance(value, int):
                self.sounds.add(value)
            elif key in LISTS:
                self.sounds |= set(_ids(value))
            self._hear(value)


def invented(text: str, returned: Returned) -> list[str]:
    """The names in a text that stand for nothing that was returned or said, as they are written there."""
    plain = _QUOTED.sub(lambda quoted: " " * len(quoted[0]), text)
    measures = {match.start(1) for match in _MEASURE.finditer(plain)}
    found = [
        match[0]
        for pattern, known in ((_SOUND, returned.sounds), (_NUMBERED, returned.sounds), (_GROUP, returned.groups))
        for match in pattern.finditer(plain)
        if match.start(1) not in measures and int(match[1]) not in known and match[1] not in returned.said
    ]
    return found + [name for name in _FILE.findall(text) if name.lower() not in returned.files | returned.said]


def _ids(values: Any) -> Iterator[int]:
    for value in values if isinstance(values, Iterable) and not isinstance(values, str | Mapping) else []:
        number = value.get("id") if isinstance(value, Mapping) else value
        if isinstance(number, int):
            yield number
