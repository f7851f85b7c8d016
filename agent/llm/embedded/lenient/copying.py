"""Copies and lists of what was found, and what their folder is to be called."""

import re

from agent.llm.embedded import exporting
from agent.llm.embedded.lenient.changing import meant_group
from agent.llm.embedded.lenient.likely import SAME
from agent.llm.embedded.lenient.topics import EMPTY, LONGEST_TITLE, means_nothing, topics, without_trailing
from agent.llm.embedded.patterns import first
from agent.llm.embedded.plans import Plan, call, given
from agent.llm.embedded.pointing import plain, shown_id, slots_of
from agent.llm.embedded.turn import Turn


def export(turn: Turn) -> Plan:
    """Copies or a list of what is named, else of what was exported or shown last; the folder is called as was said."""
    words, how, memory = plain(turn), exporting.how(turn), turn.memory
    name = _folder_name(turn)
    if name and (
        called := re.search(
            r"\b(?:called|named|titled|as|folder|directory|ordner|namens)\b(?!.*\b(?:called|named|titled|namens)\b)",
            words,
        )
    ):
        within = slots_of(turn, words[called.end() :])  # "Chapter Nine" names no sound
        turn.slots.refs = [ref for ref in turn.slots.refs if ref not in within.refs]
        turn.slots.clusters = [number for number in turn.slots.clusters if number not in within.clusters]
    numbered, memory_of = first("selection", words), memory.selection or memory.drawn
    selection = int(numbered[1]) if numbered else memory_of
    if selection is not None and (numbered or "selection" in words):
        return call("export", "export", selection=selection, name=name, **how)
    if (only := meant_group(turn)) and memory.latest is memory.clustering and _THAT_ONE.search(words):
        return call("export", "export", clustering=shown_id(turn), clusters=only, name=name, **how)
    if (many := _SAME_ONES.search(words)) and int(many[1]) == len(memory.exporting.get("sounds") or []):
        turn.slots.refs = []
    if SAME.search(words) and turn.slots.clusters:
        kept = {key: value for key, value in memory.exporting.items() if key in ("format", "link", "clustering")}
        return call("export", "export", **kept, clusters=turn.slots.clusters, name=name)
    if _WHOLE.search(turn.said):
        return call("export", "export", clustering=shown_id(turn) or exporting.MEANT_NOW, name=name, **how)
    if memory.exporting and not name and re.search(r"\bsame (?:folder|name|title|place)", words):
        name = str(memory.exporting.get("name") or "")
    again = (
        given(how)
        or _NO_LIST.search(words)
        or _NO_LINKS.search(words)
        or re.search(r"\b(?:that|the|this) export\b|\bafter all\b|\bdoch\b", words)
    )
    if memory.exporting and not turn.slots.refs and not turn.slots.clusters and again:
        before = dict(memory.exporting)
        if _NO_LINKS.search(words):
            before.pop("link", None)
        if _NO_LIST.search(words):
            before.pop("format", None)
        return call("export", "export", **{**before, **given(how)})
    made = exporting.export(turn)
    if made.calls:
        args = dict(made.calls[0].args)
        if name or means_nothing(str(args.get("name", ""))):
            args["name"] = name
        return call("export", "export", **args)
    group = meant_group(turn)
    return call("export", "export", clustering=shown_id(turn), clusters=group, name=name, **how) if group else made


_SAME_ONES = re.compile(r"\b(?:same|those|these) (\d+)\b")
_NO_LIST = re.compile(r"\b(?:no|not an?|not as an?|instead of an?) (?:playlist|csv|list|m3u8?|json\w*)\b")
_THAT_ONE = re.compile(r"\b(?:this|that|these)(?: (?:1|one|group|cluster|pile))\b|\bit\b")

_NO_LINKS = re.compile(r"\b(?:proper|real|actual|true|full|normal|ordinary|not links but|no links but) copies\b")

_SHORT_NAME = 3  # words from which on a capital letter alone makes no name

_FOLDER = re.compile(
    r"\b(?:folder|directory|ordner|verzeichnis)\s+(?:(?:that is |to be )?(?:called|named|titled)"
    r"|(?:with|by|under) the name(?: of)?|namens|mit dem namen|name"
    r"|genannt|der|as)?\s*(?:hei(?:ß|ss)t\s+)?(?P<name>[^,.;!?\n]+)",
    re.IGNORECASE,
)


def _folder_name(turn: Turn) -> str:
    """What the folder is to be called, as it was written; empty where nothing of the kind is said clearly."""
    found = _CALL_FOLDER.search(turn.said) or _FOLDER.search(turn.said)
    if found is None or not (name := without_trailing(found["name"])):
        return ""
    in_topics = any(start >= found.start() for start, _ in topics(turn))
    before = found[0][: found.start("name") - found.start()]
    is_called = found.re is _CALL_FOLDER or re.search(
        r"call|name|titled|namens|genannt|hei(?:ß|ss)t", before, re.IGNORECASE
    )
    is_capital = name[0].isupper() and name.split()[0].lower() not in EMPTY
    is_title = bool(is_called) or (is_capital and (in_topics or len(name.split()) < _SHORT_NAME))
    return name if is_title and len(name) <= LONGEST_TITLE else ""


_CALL_FOLDER = re.compile(
    r"\b(?:call|name|nenne?) (?:the|that|this|its|den|die|das) (?:folder|directory|ordner|verzeichnis)"
    r" (?P<name>[^,.;!?\n]+)",
    re.IGNORECASE,
)

_WHOLE = re.compile(
    r"\b(?:whole|entire|complete|ganze\w*|komplette\w*) (?:grouping|clustering|gruppierung)"
    r"|\b(?:all|alle) (?:\w+ )?(?:groups|clusters|gruppen)\b",
    re.IGNORECASE,
)
