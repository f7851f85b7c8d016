"""Changes of groups, read leniently: any number may be that of a group where a group is wanted."""

import re
from collections.abc import Sequence

from agent.llm.embedded import looking, regrouping, replies
from agent.llm.embedded.lenient.likely import BY_SIZE
from agent.llm.embedded.lenient.places import NTH, place
from agent.llm.embedded.lenient.topics import LONGEST_TITLE, joined, topics, without_trailing
from agent.llm.embedded.lists import lexicon
from agent.llm.embedded.plans import Plan, ask, call
from agent.llm.embedded.pointing import may_be_groups, plain, shown_id
from agent.llm.embedded.slots import Ref
from agent.llm.embedded.turn import Turn


def groups_said(turn: Turn, *, several: bool = False) -> list[int]:
    """The groups that the numbers of a message mean, else the one that was looked at or changed last."""
    named = [number for number, _ in looking.clusters_named(turn)]
    if len(named) > 1 or (named and not several):
        return named
    shown = (turn.memory.clustering or {}).get("clusters") or []
    called = [int(group["cluster"]) for group in shown if _is_called(turn.said, str(group.get("title") or ""))]
    if not named and len(called) == 1:
        return called
    if not named and shown and (which := BY_SIZE.search(turn.said)):
        extreme = min if which[0].lower().startswith(("small", "klein")) else max
        return [int(extreme(shown, key=lambda group: int(group.get("size", 0)))["cluster"])]
    known = [int(group["cluster"]) for group in shown]
    numbers: list[int] = []
    for ref in turn.slots.refs:
        numbers += _as_groups(ref, known)
    if not numbers or several:
        for nth in NTH.findall(plain(turn)):
            numbers += _as_groups(Ref("place", number=place(nth)), known)
    return list(dict.fromkeys([*numbers, *named]))


def _is_called(said: str, title: str) -> bool:
    """Whether a message names a group by its whole title, as it was written."""
    return bool(title) and re.search(rf"(?<!\w){re.escape(title)}(?!\w)", said) is not None


def _as_groups(ref: Ref, known: Sequence[int]) -> list[int]:
    if ref.kind in ("number", "id") and (ref.number or ref.value.isdigit()):
        return [ref.number or int(ref.value)]
    if ref.kind == "first":
        return list(known[: ref.number])
    if ref.kind == "last":
        return list(known[-ref.number :])
    if ref.kind == "place" and known:
        at = ref.number - 1 if ref.number > 0 else ref.number
        return [known[at]] if -len(known) <= at < len(known) else []
    return [ref.number] if ref.kind == "place" and ref.number > 0 else []


def meant_group(turn: Turn) -> list[int]:
    """The group that "it" means."""
    memory = turn.memory
    if memory.looked_at is not None:  # "it" is that sound
        return []
    if memory.cluster is not None:
        return [int(memory.cluster["cluster"])]
    return memory.edited if len(memory.edited) == 1 else []


def _edit(turn: Turn, change: str, **args: object) -> Plan:
    return call(change, "edit_clusters", change=change, **args, clustering=shown_id(turn))


def rename(turn: Turn) -> Plan:
    """A group's new title; the group that was looked at or changed last where none is named."""
    by_pattern = regrouping.rename(turn)
    if by_pattern.calls:
        return by_pattern
    groups, called = groups_said(turn)[:1] or meant_group(turn), title(turn)
    if not groups:
        return by_pattern
    if not called:
        return ask("rename", replies.WHICH_TITLE.format(groups[0]))
    return _edit(turn, "rename", clusters=groups, title=called)


_NAMING = re.compile(
    r"(?:\b(?:call(?:ed|ing)?|nam(?:e|ed|ing|ens)|titled?|title|dub(?:bed)?|label(?:led|ed)?|relabel|rename[d]?"
    r"|known as|be|is|as|to|into"
    r"|hei(?:ß|ss)en|hei(?:ß|ss)t|nenn(?:e|en|st)?|umbenennen in|taufe?n?|read|bear|get|name)\b|=|:|->|→)"
    r"(?:\s+(?:it|that|this|them|one|the name|a name|name|the title|as|to|be|group|cluster|pile|\d+"
    r"|sie|ihn|es|das|die|den|der|diese|dieser|bitte|gruppe))*\s+",
    re.IGNORECASE,
)


def title(turn: Turn) -> str:
    """A title as it was written: in quotes, else what the message is about, else what follows a word of naming."""
    if turn.slots.quotes:
        return turn.slots.quotes[-1]
    spans = joined(turn.said, topics(turn))
    if match := _TO_BE_CALLED.search(turn.said):
        return without_trailing(match["title"])
    if spans:
        start, end = spans[-1]
        naming = [match.end() for match in _NAMING.finditer(turn.said, 0, start) if match.end() <= start]
        ordinal = naming and re.fullmatch(
            rf"(?:{'|'.join(lexicon()['ordinals'])}) ", turn.said[naming[-1] : start].lower()
        )
        start = naming[-1] if ordinal else start
        further = re.match(r"(?: (?:of|and|the|in|on) [A-Z][\w'-]*| [A-Z][\w'-]*)+", turn.said[end:])
        called = without_trailing(turn.said[start : end + (further.end() if further else 0)])
        return called if len(called) <= LONGEST_TITLE else ""
    last = None
    for match in _NAMING.finditer(turn.said):
        last = match
    if last is None or not (said := without_trailing(turn.said[last.end() :])) or not re.search(r"[^\W\d_]", said):
        return ""
    return said if len(said) <= LONGEST_TITLE else ""


_TO_BE_CALLED = re.compile(
    r"(?:\b(?:soll(?:te)?|sollen)(?: (?:die|das|der|sie|es|gruppe \d+|jetzt|bitte|künftig|lieber))*\s+"
    r"|\b(?:würde|wuerde|möchte|will|wollen) (?:ich |wir )?(?:sie|die|das|es|ihn)(?: (?:gern|gerne|lieber|bitte))?\s+)"
    r"(?P<title>.+?)\s+(?:hei(?:ß|ss)en|nennen|taufen)\b",
    re.IGNORECASE,
)


def merge(turn: Turn) -> Plan:
    """Groups made one; one that is named alone joins the one that was looked at or changed last."""
    by_pattern = regrouping.merge(turn)
    groups = groups_said(turn, several=True)
    if by_pattern.calls or not groups or not (looking.clusters_named(turn) or may_be_groups(turn)):
        return by_pattern
    if len(groups) == 1:
        groups = [*meant_group(turn), *groups]
    groups = list(dict.fromkeys(groups))
    return _edit(turn, "merge", clusters=groups) if len(groups) > 1 else by_pattern


def split(turn: Turn) -> Plan:
    """A group in parts: of two bare numbers the first is the group and the second how many parts."""
    by_pattern = regrouping.split(turn)
    if by_pattern.calls:
        return by_pattern
    groups = groups_said(turn)
    k = turn.slots.groups or turn.slots.k
    if len(groups) > 1 and k is None and not looking.clusters_named(turn):
        groups, k = groups[:1], groups[1]
    elif looking.clusters_named(turn) and k is None:
        k = next((ref.number for ref in turn.slots.refs if ref.kind == "number"), None)
    groups = groups[:1] or meant_group(turn)
    return _edit(turn, "split", clusters=groups, k=k) if groups else by_pattern


def move(turn: Turn) -> Plan:
    """Sounds put into the group named last, or into none where they are to be taken out."""
    by_pattern = regrouping.move(turn)
    if by_pattern.calls:
        return by_pattern
    target, refs = list(turn.slots.clusters[-1:]), list(turn.slots.refs)
    if not target and refs and refs[-1].kind in ("number", "place") and len(refs) > 1:
        target = _as_groups(refs.pop(), [])
    sounds = turn.memory.sounds(refs) or ([turn.memory.looked_at] if turn.memory.looked_at else [])
    if not target and _THERE.search(plain(turn)):
        tool, args = turn.memory.made if turn.memory.made[0] else turn.memory.failed
        moved = args.get("clusters") if tool == "edit_clusters" and args.get("change") == "move" else None
        target = list(moved) if moved else meant_group(turn)
    if _OUT_OF.search(turn.said):
        target = [0]
    return _edit(turn, "move", clusters=target, sounds=sounds) if target and sounds else by_pattern


_THERE = re.compile(r"\b(?:there|(?:in|into|to) (?:it|that|this)(?: (?:one|group|cluster))?)\b")

_OUT_OF = re.compile(
    r"\b(?:out of|take .{1,30} out|remove|kick|does not belong|doesn'?t belong|do not belong|don'?t belong|raus|heraus"
    r"|gehört (?:da )?nicht|nirgends|nowhere|no group|out)\b",
    re.IGNORECASE,
)
