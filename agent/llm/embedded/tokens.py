"""A message as tokens, in any language: what is named exactly (paths, files, quotes, numbers) becomes one sign each."""

import re
import unicodedata
from dataclasses import dataclass

_AUDIO = "wav|wave|mp3|flac|ogg|oga|opus|aiff?|m4a|aac|wma|mp4|m4v|mov|mkv|webm|avi|caf"
_PIECES = {
    "quote": r"\"[^\"\n]+\"|“[^”\n]+”|„[^“”\n]+[“”]|«[^»\n]+»|`[^`\n]+`|(?<![\w'’])['‘][^'’\n]+['’](?!\w)",
    "file": rf"[^\s\"']+\.(?i:{_AUDIO})\b|\b[A-Za-z]+_\w+\b",
    "path": r"(?<!\S)(?:~|\.{1,2})?[/\\]\S+|(?<!\S)[A-Za-z]:[/\\]\S+|(?<!\S)~(?!\S)",
    "sound": r"\ba[0-9a-f]{8}\b|\b\d+:\d\b",
    "time": r"\b\d+:\d\d(?::\d\d)?(?:\.\d+)?\b",
    "nth": r"\b\d+(?:st|nd|rd|th)\b|\b\d+\.(?=\s+[A-Za-zÄÖÜäöü])",
    "decimal": r"\b\d+[.,]\d+",
    "figure": r"\b\d(?!\d)",
    "number": r"\b\d+",
    "word": r"[^\W\d_](?:[\w'’-]*[^\W_])?",
    "sign": r"[?!+#=%<>&:,.;-]",
}
_TOKEN = re.compile("|".join(f"(?P<{name}>{pattern})" for name, pattern in _PIECES.items()))
_SPELLED_OUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "’": "'"})
_FRAGILE = {"word", "sign"}


@dataclass(frozen=True)
class Token:
    """A piece of a message. seen: how it is compared, "<number>" and the like for what is named exactly."""

    seen: str
    start: int
    end: int

    @property
    def is_word(self) -> bool:
        """Whether it is a word, and no sign."""
        return self.seen[0].isalpha()


def tokens(text: str) -> list[Token]:
    """The tokens of a message in their order; start and end are places in the text."""
    return [
        Token(
            _folded(match[0]) if match.lastgroup in _FRAGILE else f"<{match.lastgroup}>",
            match.start(),
            match.end(),
        )
        for match in _TOKEN.finditer(text)
    ]


def _folded(word: str) -> str:
    """Lower-case and without accents, so that "Geräusche" and "geraeusche" are one word."""
    plain = unicodedata.normalize("NFKD", word.lower().translate(_SPELLED_OUT))
    return "".join(letter for letter in plain if not unicodedata.combining(letter))
