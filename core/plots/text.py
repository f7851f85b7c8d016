"""Strangers' text on a picture: on one line, shortened, and of signs that a font at hand can draw.

Matplotlib warns of a sign without a glyph and draws a box; here such a sign becomes one box before it sees it.
"""

import re
import textwrap
import unicodedata
from functools import cache

MISSING = "□"  # DejaVu Sans, which comes with Matplotlib, has it

WIDER = (
    "Noto Sans CJK JP",
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Noto Sans JP",
    "Source Han Sans",
    "WenQuanYi Micro Hei",
    "Hiragino Sans",
    "PingFang SC",
    "Microsoft YaHei",
    "Yu Gothic",
    "Malgun Gothic",
    "Arial Unicode MS",
    "Noto Sans",
)
"""Fonts with more signs than DejaVu Sans, which are used where a machine has them."""


@cache
def families() -> tuple[str, ...]:
    """The fonts that texts are drawn with: a sign is taken from the first that has it."""
    from matplotlib import font_manager

    there = {entry.name for entry in font_manager.fontManager.ttflist}
    return ("DejaVu Sans", *(name for name in WIDER if name in there))


def drawable(text: str, limit: int) -> str:
    """A text on one line of at most `limit` signs, the last one an ellipsis if it was longer.

    What no font at hand can draw becomes a box, several in a row become one; what has no shape is left out.
    """
    shaped = "".join(each if _has_shape(each) else " " for each in unicodedata.normalize("NFC", text))
    drawn = "".join(each if ord(each) in _signs() else MISSING for each in " ".join(shaped.split()))
    drawn = re.sub(f"{MISSING}[{MISSING} ]*{MISSING}", MISSING, drawn)
    return drawn if len(drawn) <= limit else f"{drawn[: limit - 1].rstrip()}…"


def wrapped(text: str, width: int, lines: int) -> str:
    """A text as `drawable` gives it, on at most so many lines of about equal length."""
    text = drawable(text, width * lines)
    if len(text) <= width:
        return text
    for room in range(-(-len(text) // lines), width + 1):  # the narrowest that takes all of it: lines of one length
        rows = textwrap.wrap(text, room)
        if len(rows) <= lines:
            return "\n".join(rows)
    rows = textwrap.wrap(text, width)[:lines]
    return "\n".join([*rows[:-1], f"{rows[-1][: width - 1].rstrip(' …')}…"])


def font_file(text: str) -> str:
    """The file of the first font that has every sign of a text; of the usual one where none has them all."""
    from matplotlib import font_manager

    signs = {ord(sign) for sign in text if not sign.isspace()}
    paths = [font_manager.findfont(family) for family in families()]
    return next((path for path in paths if signs <= font_manager.get_font(path).get_charmap().keys()), paths[0])


def _has_shape(sign: str) -> bool:
    """Whether a sign is more than a control, a joiner, a variation selector or a part of a pair."""
    return unicodedata.category(sign)[0] != "C" and not 0xFE00 <= ord(sign) <= 0xFE0F


@cache
def _signs() -> frozenset[int]:
    """The code points that any of the fonts can draw."""
    from matplotlib import font_manager

    found: set[int] = set()
    for family in families():
        path = font_manager.findfont(family)
        found.update(font_manager.get_font(path).get_charmap())
    return frozenset(found)
