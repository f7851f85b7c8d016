"""What an answer goes by besides the artifact of a tool."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Artifact: TypeAlias = Mapping[str, Any]
Args: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True)
class Asked:
    """What was asked.

    args: what the tool was called with, None if that is not known. question: the plain words of the person. names: the
    names of sounds that the conversation has shown or been given, by what the tools call them.
    """

    args: Args | None = None
    question: str = ""
    names: Mapping[str, str] = field(default_factory=dict)

    def names_of(self, sound: str) -> str:
        """What a sound is called, by what the tools call it; empty if that is not known."""
        return self.names.get(sound, "")
