"""Changes to groups that a person asks for: rename, merge, split, move, take back, take new sounds in.

Read by patterns before the nearest example is looked for: a title is anybody's words, and no example could hold it.

Of wordings kept apart (`tests/agent/llm/groups_held_out.toml`; those of `revisiting` and `mapping` are among them) 44
of 45 were right at first, every argument included, then 40 of 50 on a second list; the misses are patterns by now.
"""

import re

from agent.llm.embedded import replies
from agent.llm.embedded.intents import guess
from agent.llm.embedded.lists import lexicon
from agent.llm.embedded.patterns import first, found, is_nowhere
from agent.llm.embedded.plans import Plan, ask, call
from agent.llm.embedded.pointing import (
    GROUP,
    groups_in,
    may_be_groups,
    plain,
    selection_in,
    shown_id,
    slots_of,
    sounds_in,
    without_clustering,
)
from agent.llm.embedded.turn import Turn, completed

_LONGEST_TITLE = 60
_NO_TITLE = re.compile(r"(?:\s*(?:please|pls|plz|for me|thanks|thank you|instead|from now on))+$", re.IGNORECASE)
_QUOTED = re.compile(r"^[\"“”«'‘`]\s*(.+?)\s*[\"”“»'’`](?=[\s.!?,]|$)")
_A_SOUND = re.compile(
    r"\b(?:sounds?|samples?|recordings?|clips?|files?|one|ones|number|this|that|it|these|those|them|all|selection|selected)\b|\d|FILE\d|"
    r"\b(?:first|second|third|last)\b"
)
_MANY_GROUPS = re.compile(rf"\d+ (?:\w+ )*{GROUP}\b")  # "into 8 groups" makes new ones
_OF_EXPORT = re.compile(r"\b(?:export\w*|cop(?:y|ies|ying)|files|folder)\b")
_OF_GROUPS = re.compile(rf"\b(?:merg\w+|split\w*|renam\w+|name|title|mov\w+|edit|change|{GROUP})\b")
_NOT_A_TITLE = {"fine", "thanks", "help", "cluster", "recluster", "describe", "groups", "export", "overview", "refuse"}
_THIS_WITH = re.compile(rf"^(?:it|this|that)(?: one| {GROUP})?(?= (?:with|and|to|into)\b)")
_ASKS = re.compile(r"\W*(?:what|which|who|how|tell me)\b(?! if)", re.IGNORECASE)
_OF_SOUNDS = re.compile(r"\b(?:sounds?|recordings?|files?|clips?|samples?|tracks?) (?:number )?\d")
_SURELY = 0.8


def about_groups(turn: Turn) -> Plan | None:
    """The step for a message that asks for a change of groups; None for any other."""
    if turn.asked == "rename" and (step := _titled_at_last(turn)) is not None:
        return step
    if turn.asked in _WITH_NUMBERS and _NUMBERS.fullmatch(plain(turn)):
        return _WITH_NUMBERS[turn.asked](completed(turn))
    for read in (_undo, _assign, _rename, _take_out, _merge, _split, _move):
        if (step := read(turn)) is not None:
            return step
    return None


def rename(turn: Turn) -> Plan:
    """A title for a group."""
    return _rename(turn) or ask("rename", replies.WHICH_TO_RENAME)


def merge(turn: Turn) -> Plan:
    """Several groups as one."""
    numbers = turn.slots.clusters or [ref.number for ref in turn.slots.refs if ref.kind == "number"]
    made = _merge(turn)
    if made is None and len(numbers) > 1 and (turn.slots.clusters or may_be_groups(turn)):
        return _edit(turn, "merge", clusters=numbers)
    return made or ask("merge", replies.WHICH_TO_MERGE)


def split(turn: Turn) -> Plan:
    """A group in parts."""
    return _split(turn) or ask("split", replies.WHICH_TO_SPLIT)


def move(turn: Turn) -> Plan:
    """Sounds to another group."""
    return _take_out(turn) or _move(turn) or ask("move", replies.WHAT_TO_MOVE)


def undo(turn: Turn) -> Plan:
    """What was done last, taken back: a change of groups, or an export."""
    words = plain(turn)
    of_export = _OF_EXPORT.search(words) or (not _OF_GROUPS.search(words) and turn.memory.done[-1:] == ["export"])
    return call("undo", "export", undo=True) if of_export else call("undo", "edit_clusters", change="undo")


_WITH_NUMBERS = {"merge": merge, "split": split, "move": move}
_NUMBERS = re.compile(rf"(?:{GROUP}|number|and|with|to|into|in|please|the|\d+|[ ,#])+")


def assign(turn: Turn) -> Plan:
    """New sounds into the groups that there are."""
    return _edit(turn, "assign")


def _edit(turn: Turn, change: str, **args: object) -> Plan:
    return call(change, "edit_clusters", change=change, **args, clustering=shown_id(turn))


def _rename(turn: Turn) -> Plan | None:
    said = command_mended(turn)
    if _ASKS.match(said):
        return None
    for match in [*found("rename", said), *(found("rename_too", said) if turn.memory.renamed else ())]:
        numbers = groups_in(turn, re.sub(r"^its$", "it", _lowered(match["ref"])))
        if numbers and len(numbers) == 1 and numbers[0] > 0:
            title = tidy(match["title"] or "")
            if not title:
                return ask("rename", replies.WHICH_TITLE.format(numbers[0]))
            return _edit(turn, "rename", clusters=numbers, title=title)
    return None


def _titled_at_last(turn: Turn) -> Plan | None:
    """The answer to what a group should be called: any words, but for a plain request of another kind."""
    best = guess(turn.wording.words, attached=False)[0]
    is_request = best.score >= _SURELY and best.intent in _NOT_A_TITLE
    return None if is_request or not 0 < len(turn.text.strip()) <= _LONGEST_TITLE else _rename(completed(turn))


def tidy(title: str) -> str:
    """A title as it was written, without quotes and what is said around it."""
    title = " ".join(title.split())
    if quoted := _QUOTED.match(title):
        return quoted[1]
    title = _NO_TITLE.sub("", re.sub(r"[\s.!?,;]+$", "", title))
    return re.sub(r"[\s.!?,;]+$", "", title).strip("\"“”«»'‘’` ")


def command_mended(turn: Turn) -> str:
    """The message as it was written, but for slips in the words that give commands."""
    said = turn.text.strip()
    for word, typed in turn.wording.slips.items():
        if word in _COMMANDS:
            said = re.sub(rf"(?<!\w){re.escape(typed)}(?!\w)", word, said, count=1, flags=re.IGNORECASE)
    return said


_COMMANDS = frozenset(
    "number to rename retitle relabel call name title label change cluster group pile category called named"
    " titled renamed should"
    " give clustering version grouping".split()
)


def _lowered(words: str) -> str:
    """A stretch of the written sentence as plain words: numbers as digits, "3rd" as "third"."""
    names: dict[int, str] = {value: name for name, value in lexicon()["ordinals"].items() if value > 0}
    said = re.sub(r"\b(\d+)(?:st|nd|rd|th)\b", lambda m: names.get(int(m[1]), m[1]), words.lower())
    numbers = lexicon()["numbers"]
    figures = " ".join(str(numbers.get(word, word)) for word in re.findall(r"[\w'-]+|,", said))
    return re.sub(rf"\b({'|'.join(lexicon()['ordinals'])}) 1\b", r"\1", figures)  # "the first one"


def _merge(turn: Turn) -> Plan | None:
    if _OF_SOUNDS.search(words := plain(turn)) and not re.search(rf"\b{GROUP}\b", words):  # no sound is cut or mixed
        return None
    if these := _these_groups(turn):
        return _edit(turn, "merge", clusters=these)
    words = _INTO_ONE.sub("", without_clustering(plain(turn)))
    for match in found("merge", words):
        what = _THIS_WITH.sub(_this_group(turn), match["what"]) if _this_group(turn) else match["what"]
        numbers = groups_in(turn, re.sub(r"\bthe 2\b(?! and)", "", what))
        if numbers and len(numbers) > 1 and min(numbers) > 0:
            return _edit(turn, "merge", clusters=numbers)
    return None


_INTO_ONE = re.compile(rf"(?<=\d) (?:in)?to (?:just |only )?(?:a single|1|one)(?: (?:\w+ )?{GROUP})?$")


def _these_groups(turn: Turn) -> list[int]:
    """The groups that were told of last, where "them" are to be merged."""
    told = turn.memory.told_of[-2:]
    return told if len(told) > 1 and first("merge_these", plain(turn)) else []


def _this_group(turn: Turn) -> str:
    """The group that was looked at last; empty where there is none."""
    shown = turn.memory.cluster
    return f"cluster {shown['cluster']}" if shown else ""


def _split(turn: Turn) -> Plan | None:
    words = without_clustering(plain(turn))
    if _OF_SOUNDS.search(words) and not re.search(rf"\b{GROUP}\b", words):
        return None
    for match in found("split", words):
        if not _is_one_group(match["what"]):
            continue
        numbers, said = groups_in(turn, match["what"]), match.groupdict()
        if numbers and len(numbers) == 1:
            k = said.get("k") or said.get("ways") or ("2" if said.get("half") else None)
            return _edit(turn, "split", clusters=numbers, k=int(k) if k else None)
    return None


def _is_one_group(words: str) -> bool:
    """Whether a stretch can only be a group: "the drums" are sounds to be grouped, "the drum group" is none."""
    return re.search(rf"\b{GROUP}\b|\d|^(?:it|this|that)$", words) is not None


def _take_out(turn: Turn) -> Plan | None:
    words = without_clustering(plain(turn))
    last = turn.memory.last
    of_it = found("take_out_of_it", words) if last and last.kind == "cluster" else ()
    for match in [*found("take_out", words), *of_it]:
        if _A_SOUND.search(match["what"]) and (sounds := sounds_in(turn, match["what"])):
            return _edit(turn, "move", clusters=[0], sounds=sounds)
    return None


def _move(turn: Turn) -> Plan | None:
    words = without_clustering(plain(turn))
    for match in found("move", words):
        what, to = match["what"], match["to"]
        asks = re.match(r"(?:which|what|who|how)\b", what) is not None
        if asks or not _A_SOUND.search(what) or slots_of(turn, what).clusters or _MANY_GROUPS.match(to):
            continue
        target = [0] if is_nowhere(to) else groups_in(turn, to)
        if target and len(target) == 1:
            return _moved(turn, what, target)
    return None


def _moved(turn: Turn, what: str, target: list[int]) -> Plan:
    selection = selection_in(turn, what)
    if selection is not None:
        return _edit(turn, "move", clusters=target, selection=selection)
    sounds = sounds_in(turn, what)
    return _edit(turn, "move", clusters=target, sounds=sounds) if sounds else ask("move", replies.WHAT_TO_MOVE)


def _undo(turn: Turn) -> Plan | None:
    return undo(turn) if first("undo", plain(turn)) else None


def _assign(turn: Turn) -> Plan | None:
    words = without_clustering(plain(turn))
    if first("assign", words) is None:
        return None
    return assign(turn) if may_be_groups(turn) or re.search(rf"\b{GROUP}\b", words) else None
