"""Groups: made, made anew, told of, and the clusterings that are kept."""

import re

from agent.llm.embedded import exporting, looking, mapping, revisiting, surveying
from agent.llm.embedded.lenient.changing import groups_said, meant_group, title
from agent.llm.embedded.lenient.places import NTH, place
from agent.llm.embedded.lenient.topics import topic
from agent.llm.embedded.patterns import first
from agent.llm.embedded.plans import Call, Plan, call, given
from agent.llm.embedded.pointing import plain, shown_id, slots_of
from agent.llm.embedded.turn import Turn

_METHODS = {"hdbscan": r"h?dbscan", "kmeans": r"k[- ]?means", "gmm": r"gmm|gaussian mixture"}

_TOO_MANY = re.compile(
    r"\b\d+ (?:groups? |piles? |clusters? )?(?:is|are|was|were) (?:far |way |a bit )?too (?:many|few|much)\b"
)

_THOSE_N = re.compile(
    r"\b(?:those|these|the) \d+\b(?! (?:groups?|piles?|clusters?))(?: (?:sounds?|recordings?|clips?|hits?))?(?=.*\d)"
)


def _read_grouping(turn: Turn) -> None:
    """Reads the method wherever it is named, and no number that is too many."""
    words = plain(turn)
    turn.slots.method = turn.slots.method or next(
        (name for name, pattern in _METHODS.items() if re.search(rf"\b(?:{pattern})\b", words)), None
    )
    if _TOO_MANY.search(words) or _THOSE_N.search(words):
        rest = slots_of(turn, _THOSE_N.sub("these", _TOO_MANY.sub(" ", words)))
        turn.slots.groups, turn.slots.k, turn.slots.refs = rest.groups, rest.k, rest.refs


def recluster(turn: Turn) -> Plan:
    """The last groups made anew, by the method that is named anywhere in the message."""
    _read_grouping(turn)
    return looking.recluster(turn)


def cluster(turn: Turn) -> Plan:
    """Groups of all sounds, of those shown last, or of those that the message is about."""
    _read_grouping(turn)
    made = looking.cluster(turn)
    if (drawn := first("selection", plain(turn))) and made.calls:
        return call("cluster", "cluster", k=turn.slots.groups, method=turn.slots.method, selection=int(drawn[1]))
    if looking.these(turn):
        return made
    if not made.calls or not (about_what := topic(turn)):
        return _only_known(turn, made)
    args = made.calls[0].args
    if "sounds" in args or "selection" in args:
        return made
    return call("cluster", "cluster", k=args.get("k"), method=args.get("method"), query=about_what)


def _only_known(turn: Turn, made: Plan) -> Plan:
    """Words that no part of the message is about are no choice of sounds: "group em" groups all."""
    if not made.calls or "query" not in made.calls[0].args:
        return made
    args = {name: value for name, value in made.calls[0].args.items() if name != "query"}
    number = turn.memory.selection
    return call("cluster", "cluster", **args, selection=number if number is not None else None)


def describe(turn: Turn) -> Plan:
    """What the groups hold that are named, four at most; the groups that are shown where none is."""
    made = looking.describe(turn)
    if made.calls:
        return made
    groups = groups_said(turn) or meant_group(turn)
    if not groups and turn.memory.clustering is None:
        return call("groups", "versions", current=True)
    of = shown_id(turn)
    calls = tuple(Call("summarize_cluster", given({"cluster": number, "clustering": of})) for number in groups[:4])
    return Plan("describe", calls) if calls else made


def group_facts(turn: Turn) -> Plan:
    """What is asked of one group, else of all of them or of the map."""
    groups = groups_said(turn)[:1]
    if groups:
        return describe(turn)
    return mapping.about_maps(turn) or surveying.all_groups(turn, plain(turn))


def rename_clustering(turn: Turn) -> Plan:
    """A name for a clustering, the one shown last where none is named."""
    called, number = title(turn), turn.slots.clustering
    back = number if number != (turn.memory.clustering or {}).get("clustering") else None
    return call("versions", "versions", restore=back, name=called) if called else revisiting.versions(turn)


def restore(turn: Turn) -> Plan:
    """A clustering that was there before, by its number or place; else the one before the one shown."""
    made = revisiting.about_versions(turn)
    if made is not None and made.calls and "restore" in made.calls[0].args:
        return made
    numbers = [turn.slots.clustering] if turn.slots.clustering else [place(n) for n in NTH.findall(plain(turn))][:1]
    numbers = numbers or [ref.number for ref in turn.slots.refs if ref.kind == "number"][:1]
    if turn.slots.groups and turn.slots.groups in turn.memory.sizes.values():
        numbers = [number for number, k in turn.memory.sizes.items() if k == turn.slots.groups][-1:]
    if not numbers:
        shown = shown_id(turn) or 0
        earlier = [each for each in turn.memory.clusterings if each != shown] or [shown - 1]
        numbers = [each for each in earlier[-1:] if each > 0]
    return call("versions", "versions", restore=numbers[0] if numbers else None)


def versions(turn: Turn) -> Plan:
    """The clusterings that are kept, or what differs between two of them."""
    made = revisiting.about_versions(turn)
    if made is not None and made.calls:
        return made
    if re.search(r"\b(?:differ\w*|chang\w*|compare\w*|unterschied\w*|vergleich\w*|geändert)\b", turn.said, re.I):
        shown = shown_id(turn)
        numbers = groups_said(turn)
        return call("versions", "versions", compare=numbers[:2] or [shown or exporting.MEANT_NOW])
    return call("versions", "versions")
