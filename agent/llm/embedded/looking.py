"""What is known: of sounds, of groups, of the library. Also the making of groups."""

from collections.abc import Mapping
from typing import Any

from agent.llm.embedded import replies
from agent.llm.embedded.asked import Asked
from agent.llm.embedded.content import Subject, beside, grouped
from agent.llm.embedded.group_phrases import phrase_group
from agent.llm.embedded.intents import vocabulary
from agent.llm.embedded.lists import lexicon
from agent.llm.embedded.memory import Memory
from agent.llm.embedded.patterns import first
from agent.llm.embedded.phrasing import phrase_artifact, phrase_skips
from agent.llm.embedded.plans import Call, Plan, ask, call, given
from agent.llm.embedded.pointing import plain
from agent.llm.embedded.searching import count, like, meant, unknown, words
from agent.llm.embedded.slots import Slots
from agent.llm.embedded.telling import asks_for_one_thing
from agent.llm.embedded.turn import Turn

_MOST_AT_ONCE = 4  # groups told of in one turn, one call each
_MOST_LOOKED_AT = 20  # sounds whose details are told at once
_RATHER = r"instead|rather|only|just|make|try|better|do|with|into|use|go for|enough|nicer|plenty"
_FEWEST_IN_A_GROUP = 2  # sounds on the mean, of a list that is grouped


def cluster(turn: Turn) -> Plan:
    """New groups, of all sounds or of those that some words find."""
    slots = turn.slots
    k = n_groups(slots)
    if k is not None and k < 1:
        return ask("cluster", replies.NO_SUCH_NUMBER)
    if k is None and slots.method == "kmeans":
        return ask("cluster", replies.HOW_MANY_GROUPS)
    if slots.free:
        k = None
    if k is not None and slots.method == "hdbscan":
        return Plan("cluster", text=replies.FINDS_ITS_NUMBER)
    only = these(turn) or {"query": grouped(turn.wording) or slots.domain}
    return call("cluster", "cluster", k=k, method=slots.method, **only)


def these(turn: Turn) -> dict[str, Any]:
    """The sounds of the list shown last, where "these" are to be grouped: by the words that found them, else by ids.

    Nobody wants ten sounds in eight groups: where a list is as short as that, "these" are all sounds.
    """
    memory = turn.memory
    sounds = memory.shown_sounds
    if memory.looked_at is not None:  # one sound of a list was looked at
        sounds = memory.places if memory.places_are == "sounds" else []
    if len(sounds) < 2 or memory.map is not None or not first("group_shown", plain(turn)):
        return {}
    if memory.selection is not None:
        return {"selection": memory.selection}
    name, args = memory.search or ("", {})
    by_words = memory.last is not None and memory.last.kind == "hits" and name == "search_by_text"
    if by_words and args.get("text") and not args.keys() - {"text", "k"}:
        return {"query": args["text"]}
    k = n_groups(turn.slots)
    return {} if k is not None and len(sounds) < _FEWEST_IN_A_GROUP * k else {"sounds": sounds}


def n_groups(slots: Slots) -> int | None:
    """How many groups; of several numbers said the first that can be one."""
    bare = next((ref.number for ref in slots.refs if ref.kind == "number"), None)
    said = [n for n in (slots.groups, slots.k, bare) if n is not None]
    return next((n for n in said if n > 0), said[0] if said else None)


def recluster(turn: Turn) -> Plan:
    """The last grouping again with another number or method."""
    before, shown, slots = turn.memory.grouping, turn.memory.clustering, turn.slots
    if before is None:
        return cluster(turn) if slots.groups is not None or slots.method else ask("cluster", replies.NO_GROUPS)
    k = n_groups(slots)
    if k is not None and k < 1:
        return ask("cluster", replies.NO_SUCH_NUMBER)
    if slots.method == "kmeans" and k is None and shown:
        k = before.get("k") or shown["k"]  # k-means needs a number: as many as there are
    if k is None and shown and turn.says("half|twice|double"):
        k = round(shown["k"] * (2 if turn.says("twice|double") else 0.5)) or 1
    elif k is None and shown and turn.says("fewer|less|too many"):
        k = max(2, round(shown["k"] * 2 / 3))
    elif k is None and shown and turn.says("more|too few"):
        k = max(shown["k"] + 1, round(shown["k"] * 1.5))
    args = {**before, **given({"k": k, "method": slots.method})}
    if slots.method == "hdbscan" and slots.groups is None:  # it finds the number itself
        args.pop("k", None)
    elif slots.method is None and args.get("method") == "hdbscan" and "k" in args:
        args.pop("method")
    return Plan("recluster", (Call("cluster", args),))


def into_groups(turn: Turn) -> Plan | None:
    """The step for a message that begins by asking for groups and says how many; None for any other message."""
    slots = turn.slots
    counted = slots.groups is not None or slots.free or slots.method is not None
    counted = counted or first("group_all", turn.wording.words) is not None
    if not counted or slots.clusters or slots.clustering or slots.refs or not first("cluster_into", turn.wording.words):
        return None
    return None if turn.says("again|instead|same|redo|rather|once more|now") else cluster(turn)


def another_number(turn: Turn) -> Plan | None:
    """The step for "rather only 4", said of groups that were just made; None for any other message."""
    match = first("other_number", plain(turn)) if turn.memory.latest is turn.memory.clustering else None
    if match is None or turn.memory.grouping is None or not turn.says(_RATHER):
        return None
    return recluster(turn)


def clusters_named(turn: Turn) -> list[tuple[int, int | None]]:
    """The clusters a message points at, each with its clustering, where that is known."""
    shown = turn.memory.clustering or turn.memory.cluster or {}
    clustering = turn.slots.clustering or shown.get("clustering")
    numbers = [n if n > 0 else _last_cluster(turn.memory) for n in turn.slots.clusters]
    numbers = numbers or turn.memory.clusters(turn.slots.refs)
    return [(number, clustering) for number in numbers if number]


def _last_cluster(memory: Memory) -> int:
    groups = memory.clustering["clusters"] if memory.clustering else []
    return int(groups[-1]["cluster"]) if groups else 0  # after a merge the numbers have gaps


def _shown_clustering(memory: Memory) -> int | None:
    number = (memory.clustering or {}).get("clustering")
    return number if isinstance(number, int) else None


def describe(turn: Turn) -> Plan:
    """What is in a cluster."""
    clusters = clusters_named(turn)
    shown = turn.memory.cluster
    if not clusters and turn.slots.refs:
        found = turn.memory.sounds(turn.slots.refs)
        return details(turn) if found else unknown(turn, "describe", replies.WHICH_CLUSTER)
    if not clusters and turn.slots.clustering and turn.slots.clustering == _shown_clustering(turn.memory):
        return groups(turn)
    if not clusters and turn.slots.clusters:  # the last of groups that were not shown yet
        return groups(turn)
    if not clusters and shown:
        clusters = [(shown["cluster"], shown.get("clustering"))]
    if not clusters:
        return ask("describe", replies.WHICH_CLUSTER)
    calls = (Call("summarize_cluster", given({"cluster": n, "clustering": of})) for n, of in clusters[:_MOST_AT_ONCE])
    return Plan("describe", tuple(calls))


def groups(turn: Turn) -> Plan:
    """The groups again, as they were shown; else those that are meant now."""
    shown = turn.memory.clustering
    if shown is None or shown.get("edit"):
        return call("groups", "versions", current=True)
    return Plan("groups", text=phrase_artifact(shown, Asked()))


def which_group(turn: Turn) -> Plan:
    """The groups shown that hold a sound, or whose title or keywords hold the words."""
    shown, memory = turn.memory.clustering, turn.memory
    if shown is None:
        return ask("groups", replies.NO_GROUPS)
    about = beside(turn.wording, vocabulary()).text
    sounds = memory.sounds(turn.slots.refs)
    if sounds:
        found = [group for group in shown["clusters"] if _holds(memory, shown, group, sounds)]
    else:
        found = [group for group in shown["clusters"] if _is_about(group, about)]
    if not found:
        return Plan("which_group", text=replies.NOT_IN_TITLES)
    return Plan("which_group", text="\n".join(phrase_group(group) for group in found))


def _holds(memory: Memory, shown: Mapping[str, Any], group: Mapping[str, Any], sounds: list[str]) -> bool:
    examples = [str(card.get("id")) for card in group.get("exemplars") or []]
    known = memory.members.get((shown.get("clustering", 0), group.get("cluster", 0)), [])
    return not {sound.partition(":")[0] for sound in sounds}.isdisjoint([*examples, *known])


def _is_about(group: Mapping[str, Any], about: str) -> bool:
    said = " ".join([str(group.get("title", "")), *map(str, group.get("keywords") or [])]).casefold().split()
    return not {_stem(word) for word in about.split()}.isdisjoint(_stem(word.strip(",.")) for word in said)


def _stem(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") else word


def details(turn: Turn) -> Plan:
    """What is known of the sounds named, else of the one that "it" means."""
    if clusters_named(turn):
        return describe(turn)
    sounds, slots = turn.memory.sounds(turn.slots.refs), turn.slots
    if not sounds and slots.refs:
        return unknown(turn, "details", replies.WHICH_SOUND_DETAILS)
    if not sounds and turn.attached:
        one_thing = asks_for_one_thing(turn.wording.words)
        return ask("details", replies.ATTACHED_IS_ONLY_COMPARED) if one_thing else like(turn)
    if not sounds and turn.memory.last and turn.memory.last.kind == "cluster":
        return describe(turn)
    sounds = sounds or _all_shown(turn) or meant(turn)
    if sounds and sounds[0] in turn.memory.attached:
        return ask("details", replies.ATTACHED_IS_ONLY_COMPARED)
    return call("details", "get_metadata", sounds=sounds) if sounds else ask("details", replies.WHICH_SOUND_DETAILS)


def _all_shown(turn: Turn) -> list[str]:
    several = turn.memory.places_are == "sounds" and turn.says("they|them|these|those|all of")
    return turn.memory.places[:_MOST_LOOKED_AT] if several else []


def pick(turn: Turn) -> Plan:
    """A sound or group alone, as in "the second one": what is known of it."""
    return details(turn)


def play(turn: Turn) -> Plan:
    """Sounds play by their button: the sound is shown, and the answer says where its file is."""
    if not turn.slots.refs and (turn.attached or (meant(turn) or [""])[0] in turn.memory.attached):
        return Plan("play", text=replies.ATTACHED_PLAYS)
    return details(turn)


def extreme(turn: Turn) -> Plan:
    """The longest or the shortest of the list shown; without one, a search by that word."""
    memory = turn.memory
    if len(memory.sounds(turn.slots.refs)) > 1:  # "which of the three is the highest?": all are told of
        return details(turn)
    known = [sound for sound in memory.places if sound in memory.lengths]
    if memory.places_are != "sounds" or not known:
        return words(turn)
    pick_one = min if turn.says("shortest|briefest") else max
    return call("extreme", "get_metadata", sounds=[pick_one(known, key=memory.lengths.__getitem__)])


def overview(turn: Turn) -> Plan:
    """How much the library holds; of a kind that it keeps no count of, what is nearest."""
    about: Subject = beside(turn.wording, vocabulary())
    countable = {*lexicon()["domains"], *lexicon()["domains"].values()}
    asks = turn.says("how many|how much|count")
    if about.text in countable and turn.says("is there|are there|any"):
        domain = lexicon()["domains"].get(about.text, about.text)
        return call("overview", "count_sounds", domain=domain)
    bounded = turn.slots.min_s is not None or turn.slots.max_s is not None
    if not asks and (turn.slots.narrows or (about.text and about.text not in countable)):  # "do we have thunder?"
        return words(turn)
    if asks and (bounded or (about.text and about.text not in countable)):
        return count(turn, about.text)
    return call("overview", "get_metadata")


def skips(turn: Turn) -> Plan:
    """The files that the last run in this conversation skipped, with reasons; else how many the library knows of."""
    text = phrase_skips(turn.memory.ingest) if turn.memory.ingest else ""
    return Plan("skips", text=text) if text else call("skips", "get_metadata")
