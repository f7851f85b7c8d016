"""Names and captions from files, written so that nothing in them acts: no markup, no link, no line of their own."""

import re
import unicodedata

_LONGEST = 60
_MARKUP = re.compile(r"([\\`*\[\]<>|~$&])")
_EDGE = re.compile(r"(?<![^\W_])_|_(?![^\W_])")  # an underscore inside a word marks nothing up, one at its edge does
_LINK = re.compile(r"(://|@)|(?i:\b(www)(?=\.))")
_JOINER = "\u2060"  # invisible and of no width: keeps an address from becoming a link


def inert(text: object, longest: int = _LONGEST) -> str:
    """Text from a file on one line, shortened to `longest` characters, with everything that markup reads escaped."""
    visible = "".join(
        " " if unicodedata.category(sign) in {"Cc", "Cf", "Zl", "Zp", "Cs", "Co"} else sign for sign in str(text)
    )
    line = " ".join(visible.split())
    if len(line) > longest:
        line = line[: longest - 1].rstrip() + "…"
    line = _EDGE.sub(r"\\_", _MARKUP.sub(r"\\\1", line))
    return _LINK.sub(lambda m: f"{m[0]}{_JOINER}" if m[2] or m[1] == "@" else f":{_JOINER}//", line)


def quoted(name: object) -> str:
    """A file's name in quotes, inert."""
    return f"“{inert(name).replace('“', chr(39)).replace('”', chr(39))}”"
