"""Markdown without life: nothing that a chat model writes loads from elsewhere or leads there, and nothing hides.

Works on one sentence at a time, while a link may run over several: so whatever could end one is broken, not only whole
links. Knows nothing of sounds, but that links to those of the library are good.
"""

import html
import re
import unicodedata
from collections.abc import Callable

_JOINER = "\u2060"  # invisible and of no width: keeps an address from becoming a link
_ENDS_A_LINE = re.compile(r"[\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_HIDDEN = re.compile(
    "[\x00-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b\u200e\u200f"
    "\u202a-\u202e\u2060-\u2064\u2066-\u206f\u3164\ufeff\ufff9-\ufffb\uffa0\U000e0000-\U000e0fff]"
)
_HELD_TOGETHER = re.compile("[\u200c\u200d\ufe00-\ufe0f\u20e3]")  # scripts and pictures need these; numbers do not
_OVER_A_NUMBER = re.compile(r"(?<=\d)[\u0300-\u036f\u20d0-\u20ff]+")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_ACTS = frozenset("<>&[]()!*_`~|\\\"'#\n\r")  # an entity of these only shows the sign; the sign itself would act
_ESCAPED = re.compile(r"\\(?=[:/.@])")
_PUNCTUATION = re.compile(r"\\([!-/:-@\[-`{-~])")

_HEARD = r"\(/library/audio/\d{1,18}(?:#t=\d{1,6}(?:\.\d{1,6})?)?\)"
_TARGET = r"\((?:[^()\n]|\([^()\n]*\))*(?:\)|(?<!\s))"  # one without an end leaves the gap behind it
_DEFINITION = re.compile(r"^[ \t]*\[[^\]\n]+\]:[ \t]*\S+.*$", re.MULTILINE)
_LINK = re.compile(rf"!?\[([^\[\]\n]*)\](?!{_HEARD}){_TARGET}")
_END_OF_LINK = re.compile(rf"\](?!{_HEARD}){_TARGET}")
_END_OF_HEARD = re.compile(r"\]\(/library/audio/(?P<id>\d{1,18})(?:#t=(?P<from>[\d.]+))?\)")
_WHOLE_HEARD = re.compile(rf"\[(?P<words>[^\[\]\n]*)\]{_HEARD}")
_ATTRIBUTE = r"\s+[a-z_:@][\w:.@-]*(?:\s*=\s*(?:\"[^\"<>\n]*\"|'[^'<>\n]*'|[^\s\"'=<>`]+))?"
_TAG = re.compile(
    rf"<+(?:/?[a-z][a-z0-9-]*(?:{_ATTRIBUTE})*\s*/?|[!?][^<>\n]*|[a-z][\w+.-]*:[^\s<>]*|[^\s<>@]+@[^\s<>]+)>",
    re.IGNORECASE,
)
_OPEN_TAG = re.compile(r"<(?=[a-z!?/])", re.IGNORECASE)
_ADDRESS = re.compile(r"(?<=[a-z]):(?=//)|www(?=\.)|(?<=[\w.+-])@(?=[\w-])", re.IGNORECASE)
_EMPHASIS = re.compile(r"(?P<bullet>^[ \t]*\*(?=[ \t]))|\*+|`+|~~+|(?<!\w)_+(?=\S)|(?<=\S)_+(?!\w)", re.MULTILINE)


def on_lines(text: str) -> str:
    """Text without signs that cannot be seen or turn the direction of reading, with one sign that ends a line.

    Any pieces of a text give what the whole would give.
    """
    return _HIDDEN.sub("", _ENDS_A_LINE.sub(" ", text))


def lifeless(text: str) -> str:
    """Text in which images and links to elsewhere are only their words, tags are not there, addresses no links."""
    text = _ESCAPED.sub("", _ENTITY.sub(_decoded, text))
    text = _OPEN_TAG.sub("< ", _until_the_same(text, lambda each: _TAG.sub("", each)))
    text = _until_the_same(_DEFINITION.sub("", text), lambda each: _LINK.sub(r"\1", each))
    text = _until_the_same(text, lambda each: _END_OF_LINK.sub("]", each)).replace("]:", "] :").replace("![", "! [")
    return unlinked(text)


def unlinked(text: str) -> str:
    """Text whose addresses do not become links by themselves."""
    return _ADDRESS.sub(lambda each: f"{each[0]}{_JOINER}", text)


def heard_links(text: str, is_known: Callable[[int, float | None], bool]) -> tuple[str, bool]:
    """Text in which of the links to sounds only the known ones are left; and whether one was not.

    is_known: of a sound and the second that a link begins at, if it names one.
    """
    unknown = False

    def kept(end: re.Match[str]) -> str:
        nonlocal unknown
        if is_known(int(end["id"]), float(end["from"]) if end["from"] else None):
            return end[0]
        unknown = True
        return "]\0"  # marks which brackets were those of a link

    text = re.sub(r"\[([^\[\]\n]*)\]\0", r"\1", _END_OF_HEARD.sub(kept, text)).replace("\0", "")
    return text, unknown


def as_read(text: str) -> str:
    """A lifeless text as a reader sees it: without emphasis, entities and escapes, with plain letters and digits."""
    text = _WHOLE_HEARD.sub(lambda each: each["words"], text)
    text = _PUNCTUATION.sub(r"\1", html.unescape(text))
    text = _EMPHASIS.sub(lambda each: each["bullet"] or "", _OVER_A_NUMBER.sub("", _HELD_TOGETHER.sub("", text)))
    return unicodedata.normalize("NFKC", on_lines(text))


def _decoded(entity: re.Match[str]) -> str:
    sign = html.unescape(entity[0])
    return entity[0] if sign == entity[0] or set(sign) & _ACTS else on_lines(sign)


def _until_the_same(text: str, change: Callable[[str], str]) -> str:
    """Text after as many changes as it takes until there is nothing left to change."""
    while (changed := change(text)) != text:
        text = changed
    return text
