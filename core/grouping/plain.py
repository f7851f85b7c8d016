"""Texts of strangers as one line: of people, of chat models, of file names."""

import re
import unicodedata


def one_line(text: str, longest: int) -> str:
    """A text without control, direction and broken signs, with single blanks, cut at a word with an ellipsis."""
    kept = "".join(" " if sign.isspace() else sign for sign in text if _is_shown(sign))
    plain = " ".join(kept.split())
    if len(plain) <= longest:
        return plain
    cut = plain[: longest - 1]
    return f"{(cut.rpartition(' ')[0] or cut).rstrip(' ,;')}…"


def words_in(title: str) -> frozenset[str]:
    """What makes two titles alike: the same words between commas, in whatever order and case."""
    parts = (" ".join(re.findall(r"\w+", part)) for part in re.split("[,;]", title.casefold()))
    return frozenset(part for part in parts if part)


def _is_shown(sign: str) -> bool:
    return sign.isspace() or unicodedata.category(sign)[0] != "C"
