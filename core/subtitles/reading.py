"""An SRT file of words, read strictly: what cannot be understood is refused, not guessed."""

import re
from collections.abc import Iterator
from pathlib import Path

from core.errors import EarshotError, NotFoundError
from core.subtitles.cues import Cue

BIGGEST = 16 << 20  # bytes; the words of a long film take a hundredth
TIMES = re.compile(r"\s*(\d{1,3}):(\d{1,2}):(\d{1,2})[,.](\d{1,3})\s*-->\s*(\d{1,3}):(\d{1,2}):(\d{1,2})[,.](\d{1,3})")
"""What follows on the line is where a cue stands in the picture; nobody shows it."""

MEND = "mend it, or leave --with-speech out"


def read_words(path: Path) -> list[Cue]:
    """The cues of an SRT file in the order of time; those without a text are left out.

    Raises NotFoundError if there is no file, and EarshotError with the line for what is no SRT in UTF-8.
    """
    path = path.expanduser()
    if not path.is_file():
        raise NotFoundError(f"there is no file {path}; name an SRT file with the words")
    if path.stat().st_size > BIGGEST:
        raise EarshotError(f"{path.name} is far too big for subtitles; name an SRT file with the words")
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as problem:
        raise EarshotError(f"{path.name} is not text in UTF-8; save it anew as an SRT file") from problem
    cues = list(_cues(lines, path.name))
    if not cues:
        raise EarshotError(f"{path.name} holds no subtitle; name an SRT file with the words")
    return sorted((cue for cue in cues if cue.lines), key=lambda cue: (cue.start_s, cue.end_s))


def _cues(lines: list[str], name: str) -> Iterator[Cue]:
    place = 0
    while place < len(lines):
        if not lines[place].strip():
            place += 1
            continue
        if lines[place].strip().isdigit():  # the number of the cue; some files have none
            place += 1
        start_s, end_s = _times(lines[place] if place < len(lines) else "", place + 1, name)
        place += 1
        text = []
        while place < len(lines) and lines[place].strip():
            text.append(lines[place].strip())
            place += 1
        yield Cue(start_s, end_s, tuple(text))


def _times(line: str, number: int, name: str) -> tuple[float, float]:
    found = TIMES.match(line)
    if not found:
        raise EarshotError(f"{name}: line {number} is no time like 00:00:01,000 --> 00:00:02,500; {MEND}")
    parts = found.groups()
    start_s, end_s = _seconds(parts[:4]), _seconds(parts[4:])
    if end_s <= start_s or any(int(part) > 59 for part in (*parts[1:3], *parts[5:7])):
        raise EarshotError(f"{name}: line {number} ends before it begins or names no time of a clock; {MEND}")
    return start_s, end_s


def _seconds(parts: tuple[str, ...]) -> float:
    hours, minutes, seconds, fraction = parts
    return int(hours) * 3600 + int(minutes) * 60 + int(seconds) + int(fraction.ljust(3, "0")) / 1000
