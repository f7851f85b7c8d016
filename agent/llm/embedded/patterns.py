"""The patterns of `patterns.toml`: the requests that are read before the nearest example is looked for."""

import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

_SHORT = re.compile(r"<([A-Z]+)>")


def found(name: str, words: str) -> Iterator[re.Match[str]]:
    """What each of the patterns of a request that fits finds in a sentence, in their order."""
    for pattern in _patterns()[name]:
        if match := pattern.search(words):
            yield match


def first(name: str, words: str) -> re.Match[str] | None:
    """What the first of the patterns that fits finds."""
    return next(found(name, words), None)


def is_nowhere(words: str) -> bool:
    """Whether words for a group mean none."""
    return re.fullmatch(_written_out("<NOWHERE>"), words) is not None


def short(name: str) -> str:
    """A shorthand written out."""
    return _written_out(f"<{name}>")


@cache
def _table() -> dict[str, dict[str, str]]:
    return tomllib.loads(Path(__file__).with_name("patterns.toml").read_text(encoding="utf-8"))


@cache
def _patterns() -> dict[str, list[re.Pattern[str]]]:
    flags = {"written": re.IGNORECASE | re.DOTALL, "plain": re.NOFLAG}
    return {
        name: [re.compile(_written_out(pattern), flag) for pattern in patterns]
        for kind, flag in flags.items()
        for name, patterns in _table()[kind].items()
    }


def _written_out(pattern: str) -> str:
    """A pattern with its shorthand replaced, and the shorthand in that."""
    while _SHORT.search(pattern):
        pattern = _SHORT.sub(lambda name: _table()["short"][name[1]], pattern)
    return pattern
