"""The map of all sounds, the selections that are drawn on it, and how sure a group is."""

import re

from agent.llm.embedded import replies, searching
from agent.llm.embedded.content import holds_only, save_name, says_any
from agent.llm.embedded.exporting import how
from agent.llm.embedded.looking import clusters_named, n_groups
from agent.llm.embedded.patterns import first, found, short
from agent.llm.embedded.plans import Call, Plan, call, given
from agent.llm.embedded.pointing import GROUP, groups_in, plain, shown_id, slots_of
from agent.llm.embedded.surveying import all_groups
from agent.llm.embedded.turn import Turn

_COLOURS = {
    "brightness": "bright(?:ness|er)?|dark(?:ness)?",
    "loudness": "loud(?:ness)?|quiet(?:ness)?|volume|level|lufs",
    "pitch": "pitch|frequency|notes?|height",
    "duration": "durations?|lengths?|long|short|how long they are",
    "tempo": "tempo|bpm|speed|beats",
    "noisiness": "nois(?:e|y|iness)",
    "domain": "domains?|kinds?|types?",
    "cluster": "clusters?|groups?|clusterings?",
}
_COLOUR = short("COLOUR")


def about_maps(turn: Turn) -> Plan | None:
    """The step for a message about a map, a selection or the firmness of groups; None for any other."""
    words = plain(turn)
    for read in (_selected, _map, _sure):
        if (step := read(turn, words)) is not None:
            return step
    return None


def show_map(turn: Turn) -> Plan:
    """All sounds on a map; the sound of a map is looked for."""
    return _map(turn, plain(turn)) or searching.words(turn)


def selection(turn: Turn) -> Plan:
    """What a selection holds, or what is to be done with it."""
    return _selected(turn, plain(turn)) or Plan("selection", text=replies.NO_SELECTION)


def _map(turn: Turn, words: str) -> Plan | None:
    left = re.sub(rf"\b(?:{_COLOUR})\b", " ", words)
    if first("where", words) or (
        re.search(r"\b(?:map|plot|scatter ?plot|chart|landscape|visuali[sz]e)\b", left)
        and holds_only(left, "map_words")
    ):
        return _shown_map(turn, words)
    if first("colour_again", words):
        return _shown_map(turn, words) if turn.memory.map is not None else Plan("unclear", text=replies.UNCLEAR)
    return None


def _shown_map(turn: Turn, words: str) -> Plan:
    said = match[1] if (match := first("colour", words)) else ""
    colour = next((name for name, pattern in _COLOURS.items() if re.fullmatch(pattern, said)), "")
    clustering = turn.slots.clustering
    if clustering is None and re.search(rf"\b(?:these|those|the) {GROUP}\b|\bthey\b", words):
        clustering = shown_id(turn)
    if clustering is None and turn.memory.map is not None and not colour.startswith("cluster"):
        clustering = _of_last_map(turn)
    return call("map", "show_map", clustering=clustering, colour="" if colour == "cluster" else colour)


def _of_last_map(turn: Turn) -> int | None:
    number = (turn.memory.map_args or {}).get("clustering")
    return number if isinstance(number, int) else None


def _selected(turn: Turn, words: str) -> Plan | None:
    numbered, named = first("selection", words), first("selection", words) or first("selected", words)
    number = int(numbered[1]) if numbered else turn.memory.selection
    if number is None and named:
        number = turn.memory.drawn
    if named and number is None:
        return Plan("selection", text=replies.NO_SELECTION)
    if number is None and turn.memory.map is not None and first("export_these", words):
        return Plan("selection", text=replies.NO_SELECTION)  # what is drawn is kept by a button alone
    if number is None or not (named or any(first(each, words) for each in ("what", "group_these", "export_these"))):
        return None
    copies = says_any(turn.wording, "export", table="demands") and not _ASKS_OF_IT.search(words)
    if copies and not first("tell", words) and not first("grouping", words) and turn.slots.groups is None:
        name = save_name(turn.wording, turn.slots.quotes, turn.slots.paths)
        idle = re.search(r"selection|csv|m3u8?|jsonl?|playlist", name.lower()) is not None
        return call("export", "export", selection=number, name="" if idle else name, **how(turn))
    rest = words
    for match in (*found("selection", words), *found("selected", words)):
        rest = rest.replace(match[0], " these ")
    if (first("grouping", rest) or turn.slots.groups) and not first("what", words):
        slots = slots_of(turn, " ".join(rest.split()))
        return call("cluster", "cluster", k=n_groups(slots), method=slots.method, selection=number)
    return call("selection", "describe_selection", selection=number)


_ASKS_OF_IT = re.compile(r"\bwhat (?:did|do|does|is|are|have|has)\b|\bin common\b")


def _sure(turn: Turn, words: str) -> Plan | None:
    """How firm groups are, or what sets one apart: the tool that tells of one group says both."""
    asks_apart = first("apart", words) is not None
    if not asks_apart and first("sure", words) is None:
        return None
    named = clusters_named(turn)
    if not named and (match := re.search(rf"\b(?:the|that) [\w -]+ {GROUP}\b", words)):
        named = [(number, shown_id(turn)) for number in groups_in(turn, match[0]) or []]
    memory, last = turn.memory, turn.memory.last.kind if turn.memory.last else ""
    of_all = last == "clustering" or re.search(r"\b(?:groups|clusters|clustering|all of them)\b", words) is not None
    if not named and not of_all and last == "cluster" and memory.cluster:
        named = [(memory.cluster["cluster"], memory.cluster.get("clustering"))]
    if named:
        calls = (Call("summarize_cluster", given({"cluster": number, "clustering": of})) for number, of in named[:4])
        return Plan("describe", tuple(calls))
    return all_groups(turn, words) if of_all and not asks_apart else None
