"""Copies of what was found: which sounds, and what their folder is to be called."""

import re
from collections.abc import Sequence

from agent.llm.embedded import replies
from agent.llm.embedded.content import save_name
from agent.llm.embedded.looking import clusters_named
from agent.llm.embedded.plans import Call, Plan, ask, call, given
from agent.llm.embedded.turn import Turn

_LONGEST_NAME = 40


def export(turn: Turn) -> Plan:
    """Copies what was named, else what was shown last."""
    name = save_name(turn.wording, turn.slots.quotes, turn.slots.paths)
    clusters = clusters_named(turn)
    if clusters:
        return _clusters(turn, clusters, name)
    every = r"clusters|groups|piles|clustering|(?:each|every) (?:cluster|group|pile|one)"
    if turn.slots.clustering or turn.says(every):
        shown = turn.memory.clustering or turn.memory.cluster or {}
        clustering = turn.slots.clustering or shown.get("clustering")
        if clustering is None:
            return ask("export", replies.NO_GROUPS)
        return call("export", "export", clustering=clustering, name=name)
    return _sounds(turn, name)


def _sounds(turn: Turn, name: str) -> Plan:
    memory, refs = turn.memory, turn.slots.refs
    sounds = memory.sounds(refs)
    if not sounds and refs:
        return ask("export", replies.NOT_IN_LIST if memory.places else replies.WHAT_TO_EXPORT)
    if not sounds and memory.last and memory.last.kind == "clustering":
        return call("export", "export", clustering=memory.last.artifact.get("clustering"), name=name)
    sounds = sounds or memory.shown_sounds[: turn.slots.k]
    if not sounds:
        return ask("export", replies.WHAT_TO_EXPORT)
    return call("export", "export", sounds=sounds, name=name or _name_of_list(turn, sounds))


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
    """Members are asked for first where the conversation has not shown them; `next_calls` then takes it from there."""
    memory = turn.memory
    latest = memory.cluster.get("clustering") if turn.results and memory.cluster else None
    wanted = [(of if of is not None else latest, number) for number, of in clusters]
    missing = [(number, of) for of, number in wanted if of is None or (of, number) not in memory.members]
    if missing:
        calls = (Call("summarize_cluster", given({"cluster": number, "clustering": of})) for number, of in missing)
        return Plan("export", tuple(calls))
    known = [(of, number) for of, number in wanted if of is not None]
    sounds = dict.fromkeys(sound for key in known for sound in memory.members[key])
    titles = dict.fromkeys(memory.titles.get(key, "") for key in known)
    return call("export", "export", sounds=list(sounds), name=name or _title(", ".join(titles)))
