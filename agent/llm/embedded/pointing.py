"""Which groups and sounds a stretch of a sentence means: "2 and 5", "the third group", "the rain group", "this one".

A stretch comes from `plain`. Of what the conversation has shown, numbers count, and the titles of groups.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from agent.llm.embedded.lists import lexicon
from agent.llm.embedded.patterns import first, short
from agent.llm.embedded.slots import Slots, read_slots
from agent.llm.embedded.turn import Turn
from agent.llm.embedded.wording import MARK, Wording

GROUP = short("GROUP")

_SET_ASIDE = {"QUOTE", "PATH", "FILE", "WORD"}  # names stay marks: nothing is read inside them
_OF_CLUSTERING = re.compile(r" ?(?:(?:from|of|in) )?(?:the )?clustering (?:number |no |nr |# )?\d+")
_BETWEEN = re.compile(r" ?, ?(?:and |with )?| (?:and|with|into|to|or|plus) ")
_IDLE = frozenset(
    "a an some the my our your this that these those all both number numbers no nr # sound sounds ones one".split()
)
_FIRST_N = re.compile(rf"(?:the )?(?P<end>first|last) (?P<n>[1-9]\d?)(?: {GROUP}| ones)?")
_POINTS = re.compile(r"\b(?:it|this|that)\b")


def plain(turn: Turn) -> str:
    """The words with all that was read out of them put back: lower-case, numbers as digits; names are marks."""
    wording = turn.wording
    words = MARK.sub(lambda mark: mark[0] if mark[1] in _SET_ASIDE else wording.aside.get(mark[0], ""), wording.words)
    return re.sub(r"[ .!?]+$", "", words)


def without_clustering(words: str) -> str:
    """The words without "of clustering 2"."""
    return _OF_CLUSTERING.sub("", words).strip()


def slots_of(turn: Turn, words: str) -> Slots:
    """What a stretch of the plain words names."""
    whole = turn.wording
    return read_slots(Wording(words=words, text=words, aside=dict(whole.aside), refs=whole.refs, names=whole.names))


def shown_id(turn: Turn) -> int | None:
    """The clustering that is meant: the one that is named, else the one shown last."""
    number = turn.slots.clustering or (turn.memory.clustering or turn.memory.cluster or {}).get("clustering")
    return number if isinstance(number, int) else None


def may_be_groups(turn: Turn) -> bool:
    """Whether bare numbers may be those of groups: where groups were shown, or no list of anything."""
    return turn.memory.clustering is not None or not turn.memory.places


def groups_in(turn: Turn, words: str) -> list[int] | None:
    """The numbers of the groups that a stretch means, in its order; None where a part of it means no group."""
    words = words.strip(" ,.!?:")
    if (whole := titled(turn, words)) is not None:
        return [whole]
    if turn.memory.places_are == "clusters" and (several := _FIRST_N.fullmatch(words)):
        shown, n = [int(place) for place in turn.memory.places], int(several["n"])
        return shown[:n] if several["end"] == "first" else shown[-n:]
    found: list[int] = []
    of_groups = re.search(rf"\b{GROUP}\b", words) is not None
    for part in filter(None, _BETWEEN.split(words)):
        numbers = _group_of(turn, part.strip(), of_groups)
        if numbers is None:
            return None
        found += numbers
    return list(dict.fromkeys(found)) or None


def _group_of(turn: Turn, part: str, of_groups: bool) -> list[int] | None:
    left = [word for word in re.sub(rf"\b{GROUP}\b", " ", part).split() if word not in _IDLE]
    if left and all(word.isdigit() for word in left):
        return [int(word) for word in left] if of_groups or may_be_groups(turn) else None
    nth = lexicon()["ordinals"].get(left[0]) if len(left) == 1 else None
    if nth is not None:
        return _nth(turn, nth) if of_groups or turn.memory.places_are == "clusters" else None
    if not left or left == ["it"]:
        return _pointed_at(turn, part) if left or _POINTS.search(part) else []
    one = titled(turn, " ".join(left))
    return None if one is None else [one]


def _nth(turn: Turn, nth: int) -> list[int] | None:
    """The group at a place of the list that was shown; of no list, the one with that number."""
    groups = _groups_shown(turn)
    if groups and nth <= len(groups):
        return [int(groups[nth - 1 if nth > 0 else nth]["cluster"])]
    return [nth] if nth > 0 else None


def _pointed_at(turn: Turn, part: str) -> list[int] | None:
    """What "it" and "this group" mean: a group that the sentence has named, else the one last looked at or changed.

    After a look at sounds "it" is none of these.
    """
    if turn.slots.clusters:
        return [n for n in turn.slots.clusters[:1] if n > 0] or None
    memory = turn.memory
    if memory.cluster and (re.search(rf"\b{GROUP}\b", part) or (memory.last and memory.last.kind == "cluster")):
        return [int(memory.cluster["cluster"])]
    return memory.edited if memory.latest is memory.clustering and len(memory.edited) == 1 else None


def titled(turn: Turn, words: str) -> int | None:
    """The group whose title, or else whose keywords, hold all the words; of several, the one that begins with them."""
    said = [_stem(word) for word in re.findall(r"[\w'-]+", re.sub(rf"\b{GROUP}\b", " ", words)) if word not in _IDLE]
    said = [word for word in said if word not in {"and", "with", "it"}]
    if not said or any(word.isdigit() for word in said):
        return None
    ranked: list[tuple[int, int, int]] = []
    for group in _groups_shown(turn):
        title = [_stem(word) for word in re.findall(r"[\w'-]+", str(group.get("title", "")).casefold())]
        if set(said) <= set(title):
            ranked.append((title.index(said[0]), len(title), int(group["cluster"])))
    if ranked:
        return min(ranked)[2]
    by_keyword = [int(group["cluster"]) for group in _groups_shown(turn) if set(said) <= _keywords(group)]
    return by_keyword[0] if len(by_keyword) == 1 else None


def _keywords(group: Mapping[str, Any]) -> set[str]:
    return {
        _stem(word) for each in group.get("keywords") or [] for word in re.findall(r"[\w'-]+", str(each).casefold())
    }


def _groups_shown(turn: Turn) -> Sequence[Mapping[str, Any]]:
    groups: Sequence[Mapping[str, Any]] = (turn.memory.clustering or {}).get("clusters") or []
    return groups


def _stem(word: str) -> str:
    return re.sub(r"(?<=\w\w\w)s$", "", word)


def selection_in(turn: Turn, words: str) -> int | None:
    """The selection on a map that a stretch means: by its number, or as "these" where it was shown last."""
    if numbered := first("selection", words):
        return int(numbered[1])
    points = first("selected", words) or re.fullmatch(
        r"(?:all (?:of )?)?(?:these|those|them|it|this)(?: sounds)?|the (?:whole|entire) selection", words
    )
    return turn.memory.selection if points else None


def sounds_in(turn: Turn, words: str) -> list[str]:
    """The sounds that a stretch means; what "this" and "these" mean by what was shown."""
    slots, memory = slots_of(turn, words), turn.memory
    named = memory.sounds(slots.refs)
    if named or slots.refs or slots.clusters:
        return named
    if re.search(r"\b(?:these|those|them|they|all)\b", words):
        return memory.shown_sounds
    if re.search(r"\b(?:this|that|it)\b", words):
        one = memory.looked_at or memory.focus or (memory.places[0] if len(memory.places) == 1 else None)
        return [one] if one and one not in memory.attached else []
    return []
