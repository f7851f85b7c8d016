"""Where a text names a sound, a group, a clustering, a selection or a file. Pure; English, German, French, Spanish."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["sound", "cluster", "clustering", "selection"]

ENDINGS = "wav|wave|flac|mp3|ogg|oga|opus|m4a|aac|aif|aiff|aifc|wma|mp4|m4v|mov|mkv|webm|avi|caf|w64|au"
WORDS: dict[Kind, str] = {
    "clustering": r"clusterings?|gruppierung(?:en)?|regroupements?|agrupaci(?:ón|ones)",
    "cluster": r"clusters?|groups?|gruppen?|groupes?|grupos?",
    "selection": r"selections?|auswahl(?:en)?|sélections?|selecci(?:ón|ones)",
    "sound": (
        r"sounds?|ids?|hits?|recordings?|samples?|clips?|tracks?|files?|klang|klänge|töne?|ton|geräusche?|aufnahmen?|"
        r"dateien?|datei|sons?|fichiers?|enregistrements?|sonidos?|archivos?|grabaci(?:ón|ones)"
    ),
}
_NUMBER = r"\d{1,18}(?::\d{1,9})?"
_CHUNK = r"\d{1,18}(?::(?:\d|\d{3,9})(?!\d))?"  # 9:05 is a time
_GAP = r"[^\S\n]*"
_JOIN = rf"(?:{_GAP}(?:,|;|/|&|\+|–|-|to|and|or|und|oder|bis|et|ou|y|o|,{_GAP}and|,{_GAP}und){_GAP})"
# A number with a unit is a measure: "the sounds 3 s long".
_NO_MEASURE = (
    r"(?![\d.,:]*\d|-?(?:bit|[dk])\b|\s+(?:of|von|de|sur)\s+\d|\s*(?:s|ms|sec|seconds?|sekunden?|secondes?|segundos?|minut(?:es?|en?|os?)|min|h|"
    r"hours?|k?hz|db|lufs|bpm|%|percent|prozent|x|times|mb|gb|kb)\b)"
)
_LEAD = (
    rf"(?:{_GAP}(?:no\.?|nr\.?|n°|nº|number|nummer|numéro|número|núm\.?|id)?{_GAP}(?P<colon>[:=])?{_GAP}"
    r"(?P<open>[#*_`\"“„(\[]{0,3}))"
)
_LIST = rf"{_NUMBER}(?:[*_`]{{0,2}}{_JOIN}[#*_`]{{0,3}}{_NUMBER}){{0,60}}"
_NAMED = "|".join(rf"(?P<{kind}>\b(?:{words})\b)" for kind, words in WORDS.items())
_NUMBERS = re.compile(rf"(?:{_NAMED}){_LEAD}(?P<list>{_LIST}){_NO_MEASURE}", re.IGNORECASE)
# "Sounds: 15" and "sounds (15" count; "sound: 15" and "sounds: 15, 16" name.
_MANY = re.compile(
    r"(?:\w+s|gruppen|gruppierungen|auswahlen|klänge|töne|geräusche|aufnahmen|dateien|\w+(?:ones|os|as))", re.IGNORECASE
)
_OF_SOUNDS = re.compile(r"\s+(?:sounds|recordings|files|clips|groups|clusters|hits)\b", re.IGNORECASE)
_BY_ID = re.compile(r"ids?", re.IGNORECASE)
_COUNTED = (
    r"(?!\s+(?:notes?|beats?|bars?|times|steps|options|examples|items|others|more|words|tags|captions|letters|results?|"
    r"sounds|files|recordings|clips|groups|clusters|hits|of)\b)"
)
_BARE = re.compile(
    r"(?<![\w&/#])#(?P<list>\d{1,18}(?::\d{1,9})?)\b"
    rf"|\[(?P<boxed>\d{{1,18}}(?::\d{{1,9}})?)\](?!\(){_COUNTED}"
    r"|(?<![\w:.])(?P<chunk>\d{1,18}:(?:\d|\d{3,9}))(?![\w:])"
    rf"|^\s*(?:[-*•+]|\d{{1,3}}[.)])\s+[*_`]*(?P<item>{_CHUNK})[*_`]*(?:\s*(?::(?!\d)|[–—(,])|\s+-\s)"
    rf"|^\s*[-*•+]\s+[*_`]*(?P<alone>{_CHUNK})[*_`]*\s*$",
    re.MULTILINE,
)
_QUOTED_FILE = re.compile(
    rf"(?P<open>[\"“„”`'‘«])(?P<name>[^\"“”„`«»\n]{{1,120}}?\.(?:{ENDINGS}))(?=[\"“”`'’»])", re.IGNORECASE
)
_BARE_FILE = re.compile(rf"(?<![\w.])(?P<name>[^\s\"“”„`'‘’«»()\[\]|<>*]{{1,120}}\.(?:{ENDINGS}))\b", re.IGNORECASE)
_ONE = re.compile(_NUMBER)
_RANGE = re.compile(rf"({_NUMBER})\s*(?:–|-|to|bis)\s*[#*_`]*({_NUMBER})", re.IGNORECASE)
_LONGEST_RANGE = 200
NOT_AMONG = " (not among what was found here)"
"""Stands behind a number that was asked about and not found; then it names nothing that is there."""
PLACES = 50  # the longest list has as many


@dataclass(frozen=True)
class Reference:
    """One place where something is named: the letters from `start` to `end`.

    numbers: what is named, in ascending order, all numbers of a range too; empty for a file. list_start: where the
    first number stands.
    """

    kind: Literal["sound", "cluster", "clustering", "selection", "file"]
    start: int
    end: int
    text: str
    numbers: tuple[int, ...] = ()
    list_start: int = 0


def find(text: str) -> list[Reference]:
    """All references of a text in their order; none lies within another."""
    return apart(each for each in _all(text) if not text.startswith(NOT_AMONG, each.end))


def apart(references: Iterable[Reference]) -> list[Reference]:
    """References in their order, without those that lie within another."""
    found: list[Reference] = []
    for each in sorted(references, key=lambda each: (each.start, -each.end)):
        if not found or each.start >= found[-1].end:
            found.append(each)
    return found


def _all(text: str) -> Iterator[Reference]:
    for match in _NUMBERS.finditer(text):
        kind = next(name for name in WORDS if match[name])
        if not _counts(match, match[kind]):
            yield Reference(kind, match.start(), match.end(), match[0], numbers(match["list"]), match.start("list"))
    for match in _BARE.finditer(text):
        group = match.lastgroup or "list"
        if group == "alone" and numbers(match[group])[0] <= PLACES:
            continue  # a choice, perhaps
        start = match.start() if group in ("list", "boxed") else match.start(group)
        end = match.end(group) if group in ("item", "alone") else match.end()
        yield Reference("sound", start, end, text[start:end], numbers(match[group]), start)
    for pattern in (_QUOTED_FILE, _BARE_FILE):
        for match in pattern.finditer(text):
            yield Reference("file", match.start("name"), match.end("name"), match["name"])


def _counts(match: re.Match[str], word: str) -> bool:
    """Whether a number tells how many there are, and names none of them."""
    counts = match["colon"] is not None or "(" in match["open"]
    if counts and match["sound"] is None and _OF_SOUNDS.match(match.string, match.end()):
        return True
    return counts and match["list"].isdecimal() and bool(_MANY.fullmatch(word)) and not _BY_ID.fullmatch(word)


def numbers(listed: str) -> tuple[int, ...]:
    """The numbers of a list such as "9, 12 and 14–16:2", in ascending order."""
    found = {int(each.split(":")[0]): None for each in _ONE.findall(listed)}
    for first, last in _RANGE.findall(listed):
        low, high = int(first.split(":")[0]), int(last.split(":")[0])
        if low < high <= low + _LONGEST_RANGE:
            found |= dict.fromkeys(range(low, high + 1))
    return tuple(sorted(found))
