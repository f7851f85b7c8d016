"""Sentences in other languages, put into the English that the grammars and examples are written in, word by word.

One file a language in `languages`. What stands in quotes, paths and file names stays as it was written, and so does
every word that the file does not know.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_LANGUAGES = Path(__file__).with_name("languages")
_KEPT = re.compile(r"\"[^\"]*\"|“[^”]*”|„[^“”]*[“”]|'[^']*'|\S*[/\\]\S*|\S+\.\w{2,4}\b")
_WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True)
class Language:
    """How a language is told from English, and what its words are in it."""

    sure: frozenset[str]
    patterns: tuple[tuple[re.Pattern[str], str], ...]
    words: Mapping[str, str]

    def speaks(self, text: str) -> bool:
        """Whether a sentence is in this language: a word that only it has, and half of the words known."""
        said = [word.casefold() for word in _WORD.findall(_KEPT.sub(" ", text))]
        known = sum(word in self.words or word in self.sure for word in said)
        return not self.sure.isdisjoint(said) and 2 * known >= len(said)

    def in_english(self, text: str) -> str:
        """The sentence with its turns of phrase and words replaced."""
        for pattern, english in self.patterns:
            text = pattern.sub(english, text)
        pieces = _apart(text)
        return "".join(piece if kept else _WORD.sub(self._word, piece) for piece, kept in pieces)

    def _word(self, match: re.Match[str]) -> str:
        return self.words.get(match[0].casefold(), match[0])


def in_english(text: str) -> str:
    """A message in English as far as it can be; one that is in English, or in no language that is known, as it is."""
    language = next((each for each in languages() if each.speaks(text)), None)
    return language.in_english(text) if language else text


@cache
def languages() -> tuple[Language, ...]:
    """The languages that have a file."""
    return tuple(_read(path) for path in sorted(_LANGUAGES.glob("*.toml")))


def _read(path: Path) -> Language:
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    patterns = tuple((re.compile(rf"\b{each['from']}(?!\w)", re.IGNORECASE), each["to"]) for each in table["patterns"])
    return Language(frozenset(table["sure"].split()), patterns, table["words"])


def _apart(text: str) -> Iterable[tuple[str, bool]]:
    """The pieces of a text, and whether each stays as it is."""
    at = 0
    for match in _KEPT.finditer(text):
        yield text[at : match.start()], False
        yield match[0], True
        at = match.end()
    yield text[at:], False
