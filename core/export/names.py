"""Names for what is written: harmless on every system, never a path, and no two alike in a folder."""

import re
import unicodedata
from collections import Counter
from pathlib import PurePath

LONGEST = 180  # bytes as UTF-8; a number and an ending still fit into the 255 that file systems allow
LONGEST_TITLE = 60
UNSEEN = ("Cc", "Cf", "Cs", "Co")  # control, format (direction), broken and private signs
LONGEST_ENDING = 16
FORBIDDEN = re.compile(r'[<>:"/\\|?*]')
RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\.|$)", re.IGNORECASE)
"""Names that Windows takes for devices, whatever their ending.
Source: Microsoft, "Naming Files, Paths, and Namespaces".
"""


def harmless_name(name: str) -> str:
    """A file's name as it may be written anywhere; a name that is harmless already stays as it is.

    No separators, no control, direction or private signs, no leading dots, no device of Windows, at most LONGEST bytes.
    """
    shown = FORBIDDEN.sub("_", plain_line(name)).strip(" .")
    if RESERVED.match(shown):
        shown = f"_{shown}"
    ending = PurePath(shown).suffix
    if len(ending.encode()) > LONGEST_ENDING:
        ending = ""
    stem = _cut(shown.removesuffix(ending), LONGEST - len(ending.encode())).rstrip(" .")
    return f"{stem}{ending}" or "sound"


def title_name(title: str, otherwise: str = "sounds") -> str:
    """A title as the name of a folder or list: letters, digits and a few signs; `otherwise` if nothing is left."""
    words = re.sub(r"[^\w .()-]+", " ", title).strip(" .")[:LONGEST_TITLE].strip()
    words = _cut(words, LONGEST - 32).strip(" .")
    return (f"_{words}" if RESERVED.match(words) else words) or otherwise


def plain_line(text: str) -> str:
    """A text on one line, without the signs that are not seen: control, direction, private and broken ones."""
    signs = (" " if sign in "\n\r\t\v\f\x85\u2028\u2029" else sign for sign in text)
    return "".join(sign for sign in signs if unicodedata.category(sign) not in UNSEEN)


class Names:
    """The names in one folder. Two that differ by case or accents' spelling alone are one on some disks."""

    def __init__(self, *taken: str) -> None:
        self._taken = {_key(name) for name in taken}
        self._tried: Counter[str] = Counter()

    def take(self, name: str) -> str:
        """The name in its harmless form, with a number before its ending if that is taken: take (2).wav."""
        name = harmless_name(name)
        chosen, first = name, _key(name)
        ending = PurePath(name).suffix
        while _key(chosen) in self._taken:
            self._tried[first] += 1
            chosen = f"{name.removesuffix(ending)} ({self._tried[first] + 1}){ending}"
        self._taken.add(_key(chosen))
        return chosen


def _key(name: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def _cut(text: str, n_bytes: int) -> str:
    """The start of a text that fits into some bytes, no letter cut in two."""
    return text.encode()[: max(0, n_bytes)].decode(errors="ignore")
