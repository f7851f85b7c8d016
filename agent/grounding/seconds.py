"""Where a text tells a moment of a sound, before or after it names the sound. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

LONGEST = 60  # letters of a moment
SPARE_S = 0.05  # by which a second may lie beyond the end, since both are rounded

_AT = r"(?:(?:at|from|in|around|about|near|bei|ab|in|um|à|dès|vers|en|a|desde)\s+)?(?:the\s+|la\s+|el\s+)?"
_UNIT = r"\s*-?(?:s|secs?|seconds?|sek(?:unden?)?|secondes?|segundos?)\b"
_WORD = r"(?:seconds?|sekunden?|secondes?|segundos?)"
_NUMBER = r"\d{1,9}(?:[.,]\d{1,9})?"
_CLOCK = r"(?:\d{1,3}:)?\d{1,3}:\d{2}(?:[.,]\d{1,9})?"
_ONE = rf"(?:{_WORD}\s+(?:{_CLOCK}|{_NUMBER})|(?:{_CLOCK})(?![\d:])|{_NUMBER}{_UNIT})"
_TO = r"\s*(?:-|–|—|to|until|till|bis|à|a|hasta)\s*"
_MOMENT = rf"(?:{_WORD}\s+)?(?:(?:{_CLOCK}|{_NUMBER})(?:{_UNIT})?{_TO})?{_ONE}"
_BETWEEN = r"(?:\s*[*_`]*\s*(?:[(\"“„`][^\"“”„`()\n]{1,130}[)\"”“`]))?"  # the name of the sound's file
_AFTER = re.compile(
    rf"(?P<between>{_BETWEEN})(?P<moment>[*_`]*\s*[,:(\[@–—-]{{0,2}}\s*{_AT}{_MOMENT}(?:{_UNIT})?(?:\s*[)\]])?)",
    re.IGNORECASE,
)
_BEFORE = re.compile(
    rf"(?P<moment>{_AT}{_MOMENT}\s+(?:of|in|into|from|von|im|de|du|dans|del)\s+(?:the\s+|der\s+|dem\s+|le\s+|el\s+)?)"
    r"[*_`]*$",
    re.IGNORECASE,
)
_ANYWHERE = re.compile(rf"(?<![\d\s])\s*\b(?:(?:at|from|bei|ab|à|dès|desde)\s+|(?={_WORD})){_MOMENT}", re.IGNORECASE)
_TOLD = re.compile(rf"(?P<clock>{_CLOCK})|(?P<s>{_NUMBER})")


@dataclass(frozen=True)
class Moment:
    """The letters from `start` to `end` of a text that tell a moment, or a stretch that ends in it, in seconds."""

    start: int
    end: int
    last_s: float


def moments(text: str, start: int, end: int, *, alone: bool) -> Iterator[Moment]:
    """The moments that are told of what is named from `start` to `end`: next to it, or anywhere if it is `alone`."""
    found = [_BEFORE.search(text, max(0, start - LONGEST), start), _AFTER.match(text, end)]
    for match in filter(None, found):
        yield Moment(match.start("moment"), match.end("moment"), _last_s(match["moment"]))
    if alone:
        for match in _ANYWHERE.finditer(text):
            yield Moment(match.start(), match.end(), _last_s(match[0]))


def moment_after(text: str, end: int) -> int:
    """Where the text goes on after a moment that follows at once; `end` if none does."""
    after = _AFTER.match(text, end)
    return after.end() if after and not after["between"] else end


def _last_s(told: str) -> float:
    return max(_in_s(each[0]) for each in _TOLD.finditer(told))


def _in_s(told: str) -> float:
    total = 0.0
    for part in told.replace(",", ".").split(":"):
        total = 60 * total + float(part)
    return total
