"""From what was said to the next step: tools to call, or something to say. Knows the tools by name and arguments only.

A message is read in three ways: what it wants (`intents`), what it names (`slots`, `content`) and what it points back
to (`memory`). Only messages of the person are read for meaning; of tool results only ids, numbers and lengths count.
"""

import math
import re
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agent.llm.embedded import replies
from agent.llm.embedded.content import folder_name, grouped, save_name, subject
from agent.llm.embedded.intents import guess
from agent.llm.embedded.memory import Memory
from agent.llm.embedded.phrasing import Asked, asks_for_one_thing, phrase_artifact
from agent.llm.embedded.slots import Slots
from agent.llm.embedded.turn import Turn, completed
from agent.llm.embedded.wording import MARK

# An intent is taken when its nearest example is at least this near: the weakest right guess among the wordings of the
# tests is at 0.38, "please" alone at 0.23. Intents this close to the best one are told apart by which has all it needs.
_NEAR_ENOUGH = 0.35
_TOO_CLOSE = 0.08
# What a bare answer to a question back reads as: "412", "cluster 3", "into 8 groups".
_BARE = {"pick", "describe", "cluster", "recluster"}
_FEW_WORDS = 3  # besides what it names: "cluster 3 then please"
_MOST_AT_ONCE = 4  # sounds searched for in one turn, one call each
_MOST_LOOKED_AT = 20  # sounds whose details are told at once
_MORE = 10
_MOST_HITS = 100


@dataclass(frozen=True)
class Call:
    """A tool to call."""

    name: str
    args: dict[str, Any]


@dataclass(frozen=True)
class Plan:
    """The next step: calls, or a text. asked: the text is a question back, and the intent that its answer completes."""

    intent: str
    calls: tuple[Call, ...] = ()
    text: str = ""
    asked: bool = False


def plan(turn: Turn) -> Plan:
    """What to do about a message that no tool has answered yet."""
    guesses = guess(turn.wording.words, bool(turn.attached))
    if not guesses or guesses[0].score < _NEAR_ENOUGH:
        return Plan("unclear", text=replies.UNCLEAR)
    intents = [g.intent for g in guesses if g.score >= max(_NEAR_ENOUGH, guesses[0].score - _TOO_CLOSE)]
    if turn.asked in STEPS and intents[0] in _BARE and _is_bare(turn):
        return STEPS[turn.asked](completed(turn))
    plans = [STEPS[intent](turn) for intent in intents]
    best = plans[0]
    return next((other for other in plans if other.calls), best) if best.asked else best


def _is_bare(turn: Turn) -> bool:
    """Whether a message is nothing but something named, such as "412", "the second one" or "into 8 groups"."""
    left = MARK.sub("", turn.wording.words)
    return len(re.findall(r"[a-z]+", left)) <= _FEW_WORDS and left.strip() != turn.wording.words


def next_calls(turn: Turn) -> tuple[Call, ...]:
    """What is still to be called when tools have answered: an export waits for the members of its clusters."""
    names = {result.name for result in turn.results}
    failed = any(result.status == "error" for result in turn.results)
    if names != {"summarize_cluster"} or failed:
        return ()
    step = plan(turn)
    return step.calls if step.intent == "export" and all(call.name == "export" for call in step.calls) else ()


def _call(intent: str, tool: str, /, **args: Any) -> Plan:
    return Plan(intent, (Call(tool, _given(args)),))


def _given(args: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments that were said; the tools know their own defaults."""
    return {name: value for name, value in args.items() if value is not None and value != ""}


def _ask(intent: str, text: str) -> Plan:
    return Plan(intent, text=text, asked=True)


def _limits(slots: Slots) -> dict[str, Any]:
    return {"min_s": slots.min_s, "max_s": slots.max_s, "domain": slots.domain}


def _add(turn: Turn) -> Plan:
    folder = next(iter([*turn.slots.paths, *turn.slots.quotes]), "") or folder_name(turn.wording)
    return _call("add", "ingest", folder=folder) if folder else _ask("add", replies.WHICH_FOLDER)


def _like(turn: Turn) -> Plan:
    slots, memory = turn.slots, turn.memory
    sounds = memory.sounds(slots.refs)
    if not sounds and slots.refs:
        return _unknown(turn, "like")
    if not sounds and slots.paths:
        return _ask("like", replies.A_FILE_IS_ATTACHED)
    if not sounds and turn.attached:
        sounds = [attached.id for attached in turn.attached]
    if not sounds:
        sounds = _meant(turn)
    if not sounds:
        return _ask("like", replies.WHICH_SOUND)
    args = {"k": slots.k or slots.k_more, "start_s": slots.start_s, "end_s": slots.end_s, **_limits(slots)}
    calls = (Call("search_by_audio", _given({"sound": sound, **args})) for sound in sounds[:_MOST_AT_ONCE])
    return Plan("like", tuple(calls))


def _meant(turn: Turn) -> list[str]:
    """What "this" means: the attached sound if it says so, else the one last spoken of, else the nearest hit shown."""
    memory = turn.memory
    if memory.attached and turn.says(r"attach\w*|upload\w*"):
        return memory.attached[-1:]
    if memory.focus:
        return [memory.focus]
    return memory.places[:1] if memory.places_are == "sounds" else []


def _unknown(turn: Turn, intent: str) -> Plan:
    """A name that was never shown is looked up by its words; a place that no list has is asked about."""
    names = [ref.value for ref in turn.slots.refs if ref.kind == "name"]
    if names:
        return _call(intent, "search_by_text", text=names[0])
    return _ask(intent, replies.NOT_IN_LIST if turn.memory.places else _WHICH.get(intent, replies.WHICH_SOUND_DETAILS))


def _words(turn: Turn) -> Plan:
    slots = turn.slots
    about = subject(turn.wording)
    text = about.text
    if not text and turn.memory.search and (slots.narrows or about.without):
        return _narrow(turn)
    text = text or slots.domain or ""
    if not text:
        return _ask("words", replies.WHAT_TO_FIND)
    limits = _limits(slots) | _length_of_range(slots)
    return _call("words", "search_by_text", text=text, without=about.without, k=slots.k or slots.k_more, **limits)


def _length_of_range(slots: Slots) -> dict[str, Any]:
    """Of a sound that is only described, "from 2 to 4 seconds" says how long it is."""
    if slots.start_s is None or slots.min_s is not None or slots.max_s is not None:
        return {}
    return {"min_s": slots.start_s or None, "max_s": slots.end_s}


def _cluster(turn: Turn) -> Plan:
    slots = turn.slots
    k = _n_groups(slots)
    if k is None and slots.method == "kmeans":
        return _ask("cluster", replies.HOW_MANY_GROUPS)
    return _call("cluster", "cluster", k=k, method=slots.method, query=grouped(turn.wording))


def _n_groups(slots: Slots) -> int | None:
    bare = next((ref.number for ref in slots.refs if ref.kind == "number"), None)
    return next((n for n in (slots.groups, slots.k, bare) if n is not None), None)


def _clusters(turn: Turn) -> list[tuple[int, int | None]]:
    """The clusters a message points at, each with its clustering, where that is known."""
    shown = turn.memory.clustering or turn.memory.cluster or {}
    clustering = turn.slots.clustering or shown.get("clustering")
    numbers = [n if n > 0 else _last_cluster(turn.memory) for n in turn.slots.clusters]
    numbers = numbers or turn.memory.clusters(turn.slots.refs)
    return [(number, clustering) for number in numbers if number]


def _last_cluster(memory: Memory) -> int:
    return len(memory.clustering["clusters"]) if memory.clustering else 0


def _describe(turn: Turn) -> Plan:
    clusters = _clusters(turn)
    shown = turn.memory.cluster
    if not clusters and turn.slots.refs:
        return _details(turn) if turn.memory.sounds(turn.slots.refs) else _unknown(turn, "describe")
    if not clusters and shown:
        clusters = [(shown["cluster"], shown.get("clustering"))]
    if not clusters:
        return _ask("describe", replies.WHICH_CLUSTER)
    calls = (Call("summarize_cluster", _given({"cluster": n, "clustering": of})) for n, of in clusters[:_MOST_AT_ONCE])
    return Plan("describe", tuple(calls))


def _groups(turn: Turn) -> Plan:
    """The groups again, as they were shown."""
    shown = turn.memory.clustering
    return Plan("groups", text=phrase_artifact(shown, Asked())) if shown else _ask("groups", replies.NO_GROUPS)


def _details(turn: Turn) -> Plan:
    memory, slots = turn.memory, turn.slots
    if _clusters(turn):
        return _describe(turn)
    sounds = memory.sounds(slots.refs)
    if not sounds and slots.refs:
        return _unknown(turn, "details")
    if not sounds and turn.attached:
        return (
            _ask("details", replies.ATTACHED_IS_ONLY_COMPARED)
            if asks_for_one_thing(turn.wording.words)
            else _like(turn)
        )
    if not sounds and memory.last and memory.last.kind == "cluster":
        return _describe(turn)
    if not sounds and memory.places_are == "sounds" and turn.says("they|them|these|those|all of"):
        sounds = memory.places[:_MOST_LOOKED_AT]
    sounds = sounds or _meant(turn)
    if sounds and sounds[0] in memory.attached:
        return _ask("details", replies.ATTACHED_IS_ONLY_COMPARED)
    return _call("details", "get_metadata", sounds=sounds) if sounds else _ask("details", replies.WHICH_SOUND_DETAILS)


def _pick(turn: Turn) -> Plan:
    """A sound or group alone, as in "the second one": what is known of it."""
    return _details(turn)


def _overview(_: Turn) -> Plan:
    return _call("overview", "get_metadata")


def _export(turn: Turn) -> Plan:
    name = save_name(turn.wording, turn.slots.quotes, turn.slots.paths)
    clusters = _clusters(turn)
    if clusters:
        return _export_clusters(turn, clusters, name)
    if turn.slots.clustering or turn.says(
        r"clusters|groups|piles|clustering|(?:each|every) (?:cluster|group|pile|one)"
    ):
        shown = turn.memory.clustering or turn.memory.cluster or {}
        clustering = turn.slots.clustering or shown.get("clustering")
        return (
            _call("export", "export", clustering=clustering, name=name)
            if clustering
            else _ask("export", replies.NO_GROUPS)
        )
    return _export_sounds(turn, name)


def _export_sounds(turn: Turn, name: str) -> Plan:
    memory, refs = turn.memory, turn.slots.refs
    sounds = memory.sounds(refs)
    if not sounds and refs:
        return _ask("export", replies.NOT_IN_LIST if memory.places else replies.WHAT_TO_EXPORT)
    if not sounds and memory.last and memory.last.kind == "clustering":
        return _call("export", "export", clustering=memory.last.artifact.get("clustering"), name=name)
    sounds = sounds or memory.shown_sounds[: turn.slots.k]
    return _call("export", "export", sounds=sounds, name=name) if sounds else _ask("export", replies.WHAT_TO_EXPORT)


def _export_clusters(turn: Turn, clusters: Sequence[tuple[int, int | None]], name: str) -> Plan:
    """Members are asked for first where the conversation has not shown them; `next_calls` then takes it from there."""
    known = turn.memory.members
    latest = turn.memory.cluster.get("clustering") if turn.results and turn.memory.cluster else None
    wanted = [(of if of is not None else latest, number) for number, of in clusters]
    missing = [(number, of) for of, number in wanted if of is None or (of, number) not in known]
    if missing:
        calls = (Call("summarize_cluster", _given({"cluster": number, "clustering": of})) for number, of in missing)
        return Plan("export", tuple(calls))
    sounds = [sound for of, number in wanted if of is not None for sound in known[of, number]]
    return _call("export", "export", sounds=list(dict.fromkeys(sounds)), name=name)


def _repeat(turn: Turn, intent: str, **changes: Any) -> Plan:
    """The last search again with some arguments changed."""
    if turn.memory.search is None:
        return _ask(intent, replies.NO_SEARCH)
    name, args = turn.memory.search
    args = {**args, **_given(changes)}
    if (args.get("min_s") or 0) >= (args.get("max_s") or math.inf):  # the newer bound wins
        args.pop("min_s" if changes.get("max_s") else "max_s")
    return Plan(intent, (Call(name, args),))


def _shorter(turn: Turn) -> Plan:
    half = turn.says("much|lot|far|way|half")
    return _repeat(turn, "shorter", max_s=_beside(_typical_s(turn.memory, "max_s") * (0.5 if half else 1), -1))


def _longer(turn: Turn) -> Plan:
    double = turn.says("much|lot|far|way|twice|double")
    return _repeat(turn, "longer", min_s=_beside(_typical_s(turn.memory, "min_s") * (2 if double else 1), 1))


def _typical_s(memory: Memory, bound: str) -> float:
    """The median length of the hits shown; where none were, half of the old upper bound or twice the old lower one."""
    if memory.lengths_s:
        return statistics.median(memory.lengths_s)
    old = (memory.search[1] if memory.search else {}).get(bound)
    return float(old) * (0.5 if bound == "max_s" else 2) if old else 5.0


def _beside(length_s: float, side: int) -> float:
    """A round length just under (-1) or just over (1) another: at least 2% off, to two digits."""
    target = length_s * (1 + 0.02 * side)
    if target <= 0:
        return 0.1
    step = 10.0 ** (math.floor(math.log10(target)) - 1)
    return round((math.ceil if side > 0 else math.floor)(round(target / step, 9)) * step, 6)


def _narrow(turn: Turn) -> Plan:
    """The last search with tighter limits, or with something left out, or with something added to look for."""
    search, about = turn.memory.search, subject(turn.wording)
    if search is None:
        return _words(turn) if about.text else _ask("narrow", replies.NO_SEARCH)
    limits = _limits(turn.slots) | _length_of_range(turn.slots)
    by_words = search[0] == "search_by_text"
    if not _given(limits) and not by_words:
        return _ask("narrow", replies.ONLY_LIMITS)
    changes = {**limits, "k": turn.slots.k}
    if by_words and about.without:
        changes["without"] = ", ".join(part for part in (search[1].get("without", ""), about.without) if part)
    elif by_words and about.text and not _given(limits):
        changes["text"] = f"{search[1].get('text', '')} {about.text}".strip()
    return _repeat(turn, "narrow", **changes)


def _more(turn: Turn) -> Plan:
    if turn.memory.search is None:
        return _ask("more", replies.NO_SEARCH)
    k = int(turn.memory.search[1].get("k", _MORE))
    if turn.slots.k:
        k = turn.slots.k
    elif turn.says("fewer|less"):
        k = max(1, k // 2)
    else:
        k = min(_MOST_HITS, k + (turn.slots.k_more or _MORE))
    return _repeat(turn, "more", k=k)


def _recluster(turn: Turn) -> Plan:
    before = turn.memory.grouping
    if before is None:
        return _cluster(turn) if turn.slots.groups or turn.slots.method else _ask("cluster", replies.NO_GROUPS)
    shown = turn.memory.clustering
    k = _n_groups(turn.slots)
    if turn.slots.method == "kmeans" and k is None and shown:
        k = before.get("k") or shown["k"]  # k-means needs a number: as many as there are
    if k is None and shown and turn.says("fewer|less|too many"):
        k = max(2, round(shown["k"] * 2 / 3))
    elif k is None and shown and turn.says("more|too few"):
        k = max(shown["k"] + 1, round(shown["k"] * 1.5))
    return Plan("recluster", (Call("cluster", {**before, **_given({"k": k, "method": turn.slots.method})}),))


def _say(intent: str, text: str) -> Callable[[Turn], Plan]:
    return lambda _: Plan(intent, text=text)


_WHICH = {"like": replies.WHICH_SOUND, "describe": replies.WHICH_CLUSTER}
STEPS: dict[str, Callable[[Turn], Plan]] = {
    "add": _add,
    "like": _like,
    "words": _words,
    "cluster": _cluster,
    "describe": _describe,
    "groups": _groups,
    "details": _details,
    "pick": _pick,
    "overview": _overview,
    "export": _export,
    "shorter": _shorter,
    "longer": _longer,
    "narrow": _narrow,
    "more": _more,
    "recluster": _recluster,
    "help": _say("help", replies.HELP),
    "greeting": _say("greeting", replies.GREETING),
    "thanks": _say("thanks", replies.THANKS),
    "fine": _say("fine", replies.FINE),
    "refuse": _say("refuse", replies.REFUSAL),
}
