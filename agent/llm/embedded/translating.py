"""Sentences in other languages, put into the English that the grammars and examples are written in, word by word.

One file a language in `languages`. What stands in quotes, paths and file names stays as it was written, and so does
every word that the file does not know. Accents may be left out.
"""

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from agent.llm.embedded.spelling import slips

_LANGUAGES = Path(__file__).with_name("languages")
_LOW_QUOTES = re.compile(r"„([^“”\"\n]+)[“”\"]")
_KEPT = re.compile(r"\"[^\"]*\"|“[^”]*”|„[^“”]*[“”]|«[^»]*»|(?<!\w)'[^']*'(?!\w)|\S*[/\\]\S*|\S+\.\w{2,4}\b")
_WORD = re.compile(r"[^\W\d_]+")
_SHORTEST_STEM = 4  # letters of a word without its ending
_LONG_ENOUGH = 6  # letters of a word in which a slip of the keyboard is mended
_SHORTEST = 3  # letters of a word in a compound
_LINKS = ("", "s", "n", "en", "es", "er")  # between the two
_SPELLED_OUT = {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"}


@dataclass(frozen=True)
class Language:
    """How a language is told from English, and what its words are in it.

    code: its name, "de". sure: words that no English sentence holds. cut: short forms before an apostrophe, as in
    "l'orage". compounds: whether two words are written as one, as in "Hundegebell". endings: what a known word may
    end in besides.
    """

    code: str
    sure: frozenset[str]
    patterns: tuple[tuple[re.Pattern[str], str], ...]
    words: Mapping[str, str]
    cut: re.Pattern[str] | None
    compounds: bool = False
    endings: tuple[str, ...] = ()

    def known(self, text: str) -> int:
        """How many words of a sentence are known, if it is in this language; else 0.

        It is if it has a word that only this language has, and half of its words are known.
        """
        said = [word.casefold() for word in _WORD.findall(_KEPT.sub(" ", self._parted(text)))]
        n = sum(word in self.sure or self._english(word) is not None for word in said)
        return n if not self.sure.isdisjoint(said) and 2 * n >= len(said) else 0

    def in_english(self, text: str) -> str:
        """The sentence with its turns of phrase and words replaced."""
        text = _LOW_QUOTES.sub(r'"\1"', self._parted(text))
        for pattern, english in self.patterns:
            text = pattern.sub(english, text)
        pieces = _apart(text.replace('""', '"'))  # a pattern puts titles in quotes, and the person may have as well
        return "".join(piece if kept else _WORD.sub(self._word, piece) for piece, kept in pieces)

    def _parted(self, text: str) -> str:
        return self.cut.sub(r"\1 ", text) if self.cut else text

    def _word(self, match: re.Match[str]) -> str:
        word = match[0].casefold()
        english = self._english(word)
        if english is None and len(word) >= _LONG_ENOUGH and (near := self._nearest(word)) is not None:
            english = self.words[near]
        return match[0] if english is None else english

    def _nearest(self, word: str) -> str | None:
        """The one known word of many letters that is a slip of the keyboard away; None where it is none or two."""
        near = [each for each in self.words if abs(len(each) - len(word)) <= 1 and len(each) >= _LONG_ENOUGH]
        found = {each for each in near if each[0] == word[0] and slips(word, each) == 1}
        return next(iter(found)) if len({self.words[each] for each in found}) == 1 else None

    def _english(self, word: str) -> str | None:
        """A word in English, one that is made of two in two words; None if it is not known."""
        stems = [word.removesuffix(ending) for ending in self.endings if len(word) - len(ending) >= _SHORTEST_STEM]
        known = next((each for each in (word, *stems) if each in self.words), None)
        if known is not None or not self.compounds:
            return self.words.get(known or word)
        for at in range(_SHORTEST, len(word) - _SHORTEST + 1):
            heads = [word[:at].removesuffix(link) for link in _LINKS]
            head = next((self.words[each] for each in heads if len(each) >= _SHORTEST and each in self.words), None)
            if head is not None and word[at:] in self.words:
                return f"{head} {self.words[word[at:]]}"
        return None


def in_english(text: str) -> str:
    """A message in English as far as it can be; one that is in English, or in no language that is known, as it is."""
    best = max(languages(), key=lambda each: each.known(text))
    return best.in_english(text) if best.known(text) else text


def language_of(text: str) -> str:
    """The code of the language that a message is in ("de"), as far as it is known; empty for English."""
    best = max(languages(), key=lambda each: each.known(text))
    return best.code if best.known(text) else ""


def stretch_in_english(text: str, start: int, end: int) -> str:
    """A stretch of a message in English, in the language that the whole message is in."""
    best = max(languages(), key=lambda each: each.known(text))
    return best.in_english(text[start:end]) if best.known(text) else text[start:end]


@cache
def languages() -> tuple[Language, ...]:
    """The languages that have a file."""
    return tuple(_read(path) for path in sorted(_LANGUAGES.glob("*.toml")))


def _read(path: Path) -> Language:
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    patterns = tuple(
        (re.compile(rf"\b{_unaccented(each['from'])}(?!\w)", re.IGNORECASE), each["to"]) for each in table["patterns"]
    )
    cut = re.compile(rf"\b({table['cut'].replace(' ', '|')})['’](?=\w)", re.IGNORECASE) if "cut" in table else None
    words = {spelled: english for word, english in table["words"].items() for spelled in _spellings(word)}
    sure = frozenset(table["sure"].split())
    endings = tuple(table.get("endings", "").split())
    return Language(path.stem, sure, patterns, words | table["words"], cut, table.get("compounds", False), endings)


def _spellings(word: str) -> set[str]:
    """A word as it may be typed: as it is, without accents, and with "ue" for "ü"."""
    plain = "".join(letter for letter in unicodedata.normalize("NFD", word) if not unicodedata.combining(letter))
    return {word, plain, "".join(_SPELLED_OUT.get(letter, letter) for letter in word)}


def _unaccented(pattern: str) -> str:
    """A pattern in which each letter with an accent stands for the one without as well."""
    return re.sub(
        r"[^\W\d_a-zA-Z]", lambda letter: f"(?:{'|'.join(sorted(_spellings(letter[0]), reverse=True))})", pattern
    )


def _apart(text: str) -> Iterable[tuple[str, bool]]:
    """The pieces of a text, and whether each stays as it is."""
    at = 0
    for match in _KEPT.finditer(text):
        yield text[at : match.start()], False
        yield match[0], True
        at = match.end()
    yield text[at:], False
