"""Where a text names a sound, a group, a clustering, a selection or a file. Pure; English, German, French, Spanish."""

import re
from collections.abc import Iterator
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
_JOIN = r"(?:\s*(?:,|;|/|&|\+|–|-|to|and|or|und|oder|bis|et|ou|y|o|,\s*and|,\s*und)\s*)"
# A number with a unit is a measure: "the sounds 3 s long".
_NO_MEASURE = r"(?![\d.,:]*\d|\s*(?:s|ms|sec|seconds?|minutes?|min|h|hours?|k?hz|db|lufs|bpm|%|x|times|mb|gb|kb)\b)"
_LEAD = r"(?:\s*(?:no\.?|nr\.?|n°|number|nummer|numéro|id)?\s*[:=]?\s*[#*_`\"“„(\[]{0,3})"
_LIST = rf"{_NUMBER}(?:[*_`]{{0,2}}{_JOIN}[#*_`]{{0,3}}{_NUMBER}){{0,60}}"
_NAMED = "|".join(rf"(?P<{kind}>\b(?:{words})\b)" for kind, words in WORDS.items())
_NUMBERS = re.compile(rf"(?:{_NAMED}){_LEAD}(?P<list>{_LIST}){_NO_MEASURE}", re.IGNORECASE)
_BARE = re.compile(
    r"(?<![\w&/#])#(?P<list>\d{1,18}(?::\d{1,9})?)\b"
    r"|\[(?P<boxed>\d{1,18}(?::\d{1,9})?)\](?!\()"
    r"|(?<![\w:.])(?P<chunk>\d{1,18}:(?:\d|\d{3,9}))(?![\w:])"  # 9:05 is a time of the day
    r"|^\s*[-*•]\s+[*_`]*(?P<item>\d{1,18}(?::\d{1,9})?)[*_`]*\s*[:–—(,-]"
    r"|^\s*\|\s*[*_`]*(?P<cell>\d{1,18}(?::\d{1,9})?)[*_`]*\s*\|",
    re.MULTILINE,
)
_QUOTED_FILE = re.compile(
    rf"(?P<open>[\"“„”`'‘«])(?P<name>[^\"“”„`«»\n]{{1,120}}?\.(?:{ENDINGS}))(?=[\"“”`'’»])", re.IGNORECASE
)
_BARE_FILE = re.compile(rf"(?<![\w.])(?P<name>[^\s\"“”„`'‘’«»()\[\]|<>*]{{1,120}}\.(?:{ENDINGS}))\b", re.IGNORECASE)
_ONE = re.compile(_NUMBER)
_RANGE = re.compile(rf"({_NUMBER})\s*(?:–|-|to|bis)\s*[#*_`]*({_NUMBER})", re.IGNORECASE)
_LONGEST_RANGE = 200
_PLACES = 50  # the longest list has as many


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
    found = sorted(_all(text), key=lambda each: (each.start, -each.end))
    apart: list[Reference] = []
    for each in found:
        if not apart or each.start >= apart[-1].end:
            apart.append(each)
    return apart


def _all(text: str) -> Iterator[Reference]:
    for match in _NUMBERS.finditer(text):
        kind = next(name for name in WORDS if match[name])
        yield Reference(kind, match.start(), match.end(), match[0], _numbers(match["list"]), match.start("list"))
    for match in _BARE.finditer(text):
        group = match.lastgroup or "list"
        if group == "cell" and _numbers(match[group])[0] <= _PLACES:
            continue  # a place in a list, perhaps
        start = match.start() if group in ("list", "boxed") else match.start(group)
        end = match.end(group) if group in ("item", "cell") else match.end()
        yield Reference(
            "sound", start, end, match[0][start - match.start() :][: end - start], _numbers(match[group]), start
        )
    for pattern in (_QUOTED_FILE, _BARE_FILE):
        for match in pattern.finditer(text):
            yield Reference("file", match.start("name"), match.end("name"), match["name"])


def _numbers(listed: str) -> tuple[int, ...]:
    numbers = {int(each.split(":")[0]): None for each in _ONE.findall(listed)}
    for first, last in _RANGE.findall(listed):
        low, high = int(first.split(":")[0]), int(last.split(":")[0])
        if low < high <= low + _LONGEST_RANGE:
            numbers |= dict.fromkeys(range(low, high + 1))
    return tuple(sorted(numbers))
