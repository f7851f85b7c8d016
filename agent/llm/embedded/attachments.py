"""The lines by which a message names its attached sounds: `[attached a3fa9c2d1 "kick.wav"]`, at its very end."""

import json
import re
from dataclasses import dataclass

_LINE = re.compile(r"\[attached (a[0-9a-f]{8}) (\".*\")\]")


@dataclass(frozen=True)
class Attached:
    """A sound that came with a message: its name for the tools, and the file's name as the sender wrote it."""

    id: str
    name: str


def split_attachments(text: str) -> tuple[str, list[Attached]]:
    """What the person wrote, and the sounds attached to it in their order.

    Only whole lines at the end count, and only with the name as one JSON string: a name cannot make a line of its own.
    """
    lines = text.rstrip().split("\n")
    attached: list[Attached] = []
    while lines and (found := _attached(lines[-1])):
        attached.insert(0, found)
        lines.pop()
    return "\n".join(lines).strip(), attached


def _attached(line: str) -> Attached | None:
    match = _LINE.fullmatch(line.rstrip("\r"))
    if match is None:
        return None
    try:
        name = json.loads(match[2])
    except ValueError:
        return None
    return Attached(match[1], name)
