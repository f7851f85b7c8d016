"""Leaves out of a streamed answer what a card under it shows already: the list items that name something on the card.

Everything else of the text is kept as it is, other lists too. Pure. A terminal has no cards and shows the whole text.
"""

import re
from collections.abc import Iterable

ITEM = re.compile(r"\s*(?:\d+[.)]|[-*•])\s+(?P<said>.*)")
MAYBE_ITEM = re.compile(r"\s*(?:\d+[.)]?|[-*•])?\s*")
KIND = re.compile(r"(?:cluster|group)\s+\d+[\s,.*_\"“(]+|(?:sound|cluster|group)\s+", re.IGNORECASE)
MARKUP = "*_\"'`“”‘’„«»()[]… \\"


class Repeats:
    """A filter for the text of one turn. `names` are ids, titles and file names that its cards show."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self.names = set(names)
        self._line = ""  # what is held back of the line that is being written
        self._held = True

    def add(self, names: Iterable[str]) -> None:
        """More names, of a card that came later."""
        self.names.update(names)

    def feed(self, text: str) -> str:
        """What of a further piece may be shown. The beginning of a line waits until it cannot be a list item."""
        return "".join(self._take(piece) for piece in re.split(r"(?<=\n)", text))

    def end(self) -> str:
        """What was held back when the text ended."""
        line, self._line, self._held = self._line, "", True
        return "" if self._is_repeat(line) else line

    def _take(self, piece: str) -> str:
        if not self._held:
            self._held = piece.endswith("\n")
            return piece
        self._line += piece
        if self._line.endswith("\n"):
            return self.end()
        if MAYBE_ITEM.fullmatch(self._line) or ITEM.match(self._line):
            return ""
        line, self._line, self._held = self._line, "", False
        return line

    def _is_repeat(self, line: str) -> bool:
        item = ITEM.match(line)
        if item is None:
            return False
        head = item["said"].split(": ", 1)[0].replace("\\", "").strip(MARKUP + "\n:")
        return any(_names(head, name) for name in self.names)


def _names(head: str, name: str) -> bool:
    """Whether the head of an item begins with a name, or ends with it as a part of a path.

    "sound 412" begins with 412, and "cluster 3, “Rain”" with Rain.
    """
    if kind := KIND.match(head):
        head = head[kind.end() :]
    if head.startswith(name):
        return not re.match(r"[\w.:]", head[len(name) :])
    return head.endswith(("/" + name, "\\" + name))
