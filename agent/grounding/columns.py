"""Tables: which of their columns name sounds or groups, by the words at their head. Follows a text piece by piece."""

import re
from collections.abc import Iterator

from agent.grounding.references import PLACES, Kind, Reference, numbers

_NUMBER = r"(?:[ -]?(?:id|no\.?|nr\.?|number|nummer|numéro|número))?"
HEADS: dict[Kind, str] = {  # one of each: a column of "sounds" counts them
    "sound": (
        r"ids?|#?id|sound|hit|recording|sample|clip|track|file|klang|ton|geräusch|aufnahme|datei|son|fichier|"
        r"enregistrement|sonido|archivo|grabación"
    ),
    "cluster": r"cluster|group|gruppe|groupe|grupo",
    "clustering": r"clustering|gruppierung|regroupement|agrupación",
    "selection": r"selection|auswahl|sélection|selección",
}
_HEADS = {kind: re.compile(rf"(?:{words}){_NUMBER}", re.IGNORECASE) for kind, words in HEADS.items()}
_SAYS_NOTHING = re.compile(r"[\W\d]*|rank|place|platz|rang|n[ro]\.?", re.IGNORECASE)
_CELL = re.compile(r"[^|]+")
_BAR = re.compile(r"(?<!\\)\|")
_LISTED = re.compile(
    r"[\s*_`#\[(]*(?P<list>\d{1,18}(?::\d{1,9})?(?:\s*(?:,|;|/|&|\+|–|-|and|und|et|y)\s*#?\d{1,18}(?::\d{1,9})?){0,60})"
    r"[\s*_`\])]*"
)


class Columns:
    """Knows in which column of which table a text has arrived."""

    def __init__(self) -> None:
        self._line = ""
        self._heads: list[str] | None = None

    def find(self, piece: str) -> list[Reference]:
        """The cells of the next piece that name something, in their order; the piece is within one line."""
        return list(self._cells(piece))

    def passed(self, piece: str) -> None:
        """Takes in the next piece of the text, as it came."""
        for line in piece.splitlines(keepends=True):
            self._line += line
            if line.endswith("\n"):
                self._end_line()

    def _end_line(self) -> None:
        line, self._line = self._line.strip(), ""
        if not _BAR.search(line):
            self._heads = None
        elif self._heads is None:
            self._heads = [_plain(cell) for cell in _BAR.split(line.strip("|"))]

    def _cells(self, piece: str) -> Iterator[Reference]:
        line = self._line + piece
        if not _BAR.search(line):
            return
        offset = len(self._line)
        for cell in _CELL.finditer(line):
            listed = _LISTED.fullmatch(cell[0].rstrip("\n"))
            if listed is None or cell.start() < offset:
                continue
            place = len(_BAR.findall(line.lstrip(), 0, cell.start() - (len(line) - len(line.lstrip()))))
            kind = self._kind(place - line.lstrip().startswith("|"), numbers(listed["list"]))
            if kind is not None:
                start, end = (cell.start() + listed.start("list") - offset, cell.start() + listed.end("list") - offset)
                yield Reference(kind, start, end, piece[start:end], numbers(listed["list"]), start)

    def _kind(self, column: int, listed: tuple[int, ...]) -> Kind | None:
        """What the numbers of a cell name. Under a head that says nothing, the first column may be places in a list."""
        head = self._heads[column] if self._heads is not None and column < len(self._heads) else ""
        for kind, pattern in _HEADS.items():
            if pattern.fullmatch(head):
                return kind
        unclear = column == 0 and _SAYS_NOTHING.fullmatch(head) is not None
        return "sound" if unclear and max(listed) > PLACES else None


def _plain(cell: str) -> str:
    return re.sub(r"[*_`#:]", "", cell).strip()
