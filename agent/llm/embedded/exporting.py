"""Copies of what was found: which sounds, and what their folder is to be called."""

import re
from collections.abc import Sequence

from agent.llm.embedded import replies
from agent.llm.embedded.content import holds_only, save_name
from agent.llm.embedded.looking import clusters_named
from agent.llm.embedded.memory import Memory
from agent.llm.embedded.plans import Plan, ask, call
from agent.llm.embedded.pointing import GROUP, groups_in, shown_id, slots_of, titled
from agent.llm.embedded.translating import in_english
from agent.llm.embedded.turn import Turn
from agent.llm.embedded.wording import MARK

MEANT_NOW = 0
"""Stands for the clustering that is meant now, where none was shown."""
_LONGEST_NAME = 40
_FORMATS = {"csv": "csv|spreadsheet|excel", "m3u8": "m3u8?|playlists?", "jsonl": "jsonl?|json lines"}
_LINKS = {"hard": "hard ?-?links?", "symbolic": "sym(?:bolic)? ?-?links?|soft ?-?links?|links?|shortcuts?"}


def export(turn: Turn) -> Plan:
    """Copies what was named, else what was shown last."""
    name = save_name(turn.wording, turn.slots.quotes, turn.slots.paths)
    if re.fullmatch(rf"(?:{'|'.join([*_FORMATS.values(), *_LINKS.values()])})(?: files?| lists?)?", name.lower()):
        name = ""  # "as csv" says how, not what it is called
    clusters = clusters_named(turn) or _titled(turn)
    if clusters:
        return _clusters(turn, clusters, name)
    every = r"clusters|groups|piles|clustering|(?:each|every) (?:cluster|group|pile|one)"
    if turn.slots.clustering or turn.says(every):
        shown = turn.memory.clustering or turn.memory.cluster or {}
        clustering = turn.slots.clustering or shown.get("clustering")
        return call("export", "export", clustering=clustering or MEANT_NOW, name=name, **how(turn))
    return _sounds(turn, name)


_IT = re.compile(
    r"(?:(?:please|ok|okay|now|and|then|yes|can you|could you|would you)[ ,]+)*(?:export|copy|save|download|put) it\b"
)


def _titled(turn: Turn) -> list[tuple[int, int | None]]:
    """The group that "the group called Night" or "that group" means, or "it" after a group, with its clustering."""
    words, memory = turn.wording.words, turn.memory
    pointed = re.search(rf"\b(?:this|that) {GROUP}\b", words)
    said = pointed[0] if pointed else ""
    if not said and memory.cluster is not None and memory.latest is memory.cluster and not turn.slots.refs:
        said = "it" if _IT.match(words) else ""
    if said and len(meant := groups_in(turn, said) or []) == 1:
        return [(meant[0], shown_id(turn))]
    called = re.search(rf"\b{GROUP} (?:called|named|titled) (?P<title>.+)", turn.wording.written(turn.wording.words))
    number = titled(turn, called["title"].lower()) if called else None
    return [] if number is None else [(number, shown_id(turn))]


def rather(turn: Turn) -> Plan | None:
    """The step for "only the first one then" after an export, done or refused; None for any other message."""
    refs = turn.slots.refs or turn.slots.clusters
    if not (turn.memory.exported and refs and turn.says("only|just|rather|instead|then|better|too|also|as well")):
        return None
    left = MARK.sub("", turn.wording.words)
    if not holds_only(left, "bare", "chatter"):
        return None
    made = export(turn)
    before = {name: value for name, value in turn.memory.exporting.items() if name in ("name", "format", "link")}
    return call("export", "export", **{**made.calls[0].args, **before}) if made.calls else made


def _sounds(turn: Turn, name: str) -> Plan:
    memory, refs = turn.memory, turn.slots.refs
    sounds = memory.sounds(refs) or _named_before(turn)
    if not sounds and refs:
        return ask("export", replies.NOT_IN_LIST if memory.places else replies.WHAT_TO_EXPORT)
    if not sounds and memory.last and memory.last.kind == "clustering":
        return call("export", "export", clustering=memory.last.artifact.get("clustering"), name=name, **how(turn))
    sounds = sounds or memory.shown_sounds[: turn.slots.k]
    if not sounds:
        return ask("export", replies.WHAT_TO_EXPORT)
    return call("export", "export", sounds=sounds, name=name or _name_of_list(turn, sounds), **how(turn))


def _named_before(turn: Turn) -> list[str]:
    """The sound that "it" is: the one that was named in the message before."""
    if turn.slots.refs or not turn.says("it|that one|this one"):
        return []
    if turn.memory.looked_at or not turn.before:
        return [turn.memory.looked_at] if turn.memory.looked_at else []
    named = turn.memory.sounds(slots_of(turn, in_english(turn.before).lower()).refs)
    return named if len(named) == 1 else []


def _name_of_list(turn: Turn, sounds: Sequence[str]) -> str:
    """What the list was shown for: the words of the search, the sound it went by, the title of the cluster."""
    memory = turn.memory
    if memory.last is None or not set(sounds) <= set(memory.shown_sounds):
        return ""
    if memory.last.kind == "cluster":
        return _title(memory.last.artifact.get("title"))
    args = memory.search[1] if memory.last.kind == "hits" and memory.search else {}
    like = memory.called.get(str(args.get("sound", "")), "").rpartition(".")[0]
    return _title(" ".join(part for part in (f"like {like}" if like else "", str(args.get("text", ""))) if part))


def _title(words: object) -> str:
    """Words as a name: no path, not long."""
    return " ".join(re.sub(r"[^\w .()-]+", " ", str(words or "")).split())[:_LONGEST_NAME].strip(" .")


def _clusters(turn: Turn, clusters: Sequence[tuple[int, int | None]], name: str) -> Plan:
    """Some groups, by their numbers; the library knows who is in them."""
    of = next((of for _, of in clusters if of is not None), None)
    numbers = [number for number, _ in clusters]
    titles = dict.fromkeys(_title_of(turn.memory, of, number) for number in numbers)
    name = name or _title(", ".join(filter(None, titles)))
    return call("export", "export", clustering=of, clusters=numbers, name=name, **how(turn))


def _title_of(memory: Memory, clustering: int | None, number: int) -> str:
    shown = memory.clustering or {}
    groups = shown.get("clusters") or [] if shown.get("clustering") == clustering else []
    titles = {group.get("cluster"): str(group.get("title") or "") for group in groups}
    return memory.titles.get((clustering or 0, number)) or titles.get(number, "")


def how(turn: Turn) -> dict[str, str | None]:
    """Links or a list in place of copies, where that was said."""
    kinds = {
        name: pattern
        for name, pattern in _FORMATS.items()
        if turn.says(pattern) and not turn.says(rf"(?:no|not an?|not as an?|instead of an?) (?:{pattern})")
    }
    links = {name: pattern for name, pattern in _LINKS.items() if turn.says(pattern)}
    return {"format": next(iter(kinds), None), "link": next(iter(links), None)}
