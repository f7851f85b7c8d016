"""What a conversation has shown so far, read from the artifacts of its tool results. Never reads texts for meaning.

Only ids, numbers and lengths are taken from artifacts. The names in them serve one end: to recognise a name that the
person types.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage

from agent.llm.embedded.attachments import split_attachments
from agent.llm.embedded.slots import Ref
from core.export.records import SUBTITLES


@dataclass
class Shown:
    """One thing the conversation has shown: the artifact of a tool, by its kind."""

    kind: str
    artifact: Mapping[str, Any]


@dataclass
class Memory:
    """What may be pointed at.

    places: what the list last shown holds, in its order: sound names for the tools, or cluster numbers (`places_are`).
    lengths_s: how long the listed sounds are; lengths: how long any sound shown is, in seconds, by what tools call it.
    attached: the sounds attached so far, the latest last. focus: the sound that "this" means now, if there is one.
    looked_at: the sound that was shown alone just before.
    search, grouping: name and arguments of the last search and the last clustering that were asked for.
    counted: the arguments of the count that was asked for last, if nothing came after it. exported: whether the last
    thing asked for was an export; exporting: its arguments.
    called: names of sounds by what tools call them; names: the other way round, the latest of one name.
    members, titles: the sounds and the title of clusters shown, by clustering and cluster.
    clusterings: the ids of those shown, the latest last. done: what can be taken back, "edit" or "export", the latest
    last. selection: the selection on a map that "these" means now; drawn: the one spoken of last. map,
    map_args: the map, if it was shown last.
    renamed: whether the last thing asked for was a new title. told_of: the clusters that the last answer told of.
    latest: the artifact of the last tool that answered.
    timeline: the same, if it was one of what is heard when, or its subtitles were saved, or taken back, since.
    edited: the clusters that the last change by hand named, of merged ones the whole.
    made: name and arguments of the last call that went well.
    failed: the same of the last call, if it was refused or went wrong. undone: the same of the export that was just
    taken back. counts: the arguments of the counts that were
    asked for one after another. seen: the sounds shown alone since the last list. sizes: how many groups there are in
    each clustering shown.
    """

    names: dict[str, str] = field(default_factory=dict)
    called: dict[str, str] = field(default_factory=dict)
    lengths: dict[str, float] = field(default_factory=dict)
    looked_at: str | None = None
    ingest: Mapping[str, Any] | None = None
    titles: dict[tuple[int, int], str] = field(default_factory=dict)
    places: list[str] = field(default_factory=list)
    places_are: str = "sounds"
    lengths_s: list[float] = field(default_factory=list)
    attached: list[str] = field(default_factory=list)
    focus: str | None = None
    last: Shown | None = None
    clustering: Mapping[str, Any] | None = None
    cluster: Mapping[str, Any] | None = None
    members: dict[tuple[int, int], list[str]] = field(default_factory=dict)
    search: tuple[str, dict[str, Any]] | None = None
    grouping: dict[str, Any] | None = None
    counted: dict[str, Any] | None = None
    exported: bool = False
    exporting: dict[str, Any] = field(default_factory=dict)
    clusterings: list[int] = field(default_factory=list)
    done: list[str] = field(default_factory=list)
    selection: int | None = None
    drawn: int | None = None
    map: Mapping[str, Any] | None = None
    map_args: dict[str, Any] | None = None
    latest: Mapping[str, Any] | None = None
    timeline: Mapping[str, Any] | None = None
    edited: list[int] = field(default_factory=list)
    renamed: bool = False
    told_of: list[int] = field(default_factory=list)
    made: tuple[str, dict[str, Any]] = ("", {})
    failed: tuple[str, dict[str, Any]] = ("", {})
    undone: tuple[str, dict[str, Any]] = ("", {})
    counts: list[dict[str, Any]] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)
    sizes: dict[int, int] = field(default_factory=dict)

    def sounds(self, refs: Sequence[Ref]) -> list[str]:
        """The sounds that were pointed at, as the tools name them, each once; what is in no list is left out."""
        named = [sound for ref in refs for sound in self._named(ref)]
        return list(dict.fromkeys(named))

    def _named(self, ref: Ref) -> list[str]:
        if ref.kind == "id":
            return [ref.value]
        if ref.kind == "place" and ref.figure and not self.places:  # "number 12", where no list was shown
            return [ref.figure]
        if ref.kind == "number" and (self.places_are != "sounds" or not self._place(ref.number)):
            return [ref.value]
        if self.places_are != "sounds" or ref.kind == "name":
            return []
        if ref.kind == "first":
            return self.places[: ref.number]
        if ref.kind == "last":
            return self.places[-ref.number :]
        return self._place(ref.number)

    def clusters(self, refs: Sequence[Ref]) -> list[int]:
        """The clusters that were pointed at by their place, where the list last shown is one of clusters."""
        if self.places_are != "clusters":
            return []
        return [int(number) for ref in refs if ref.kind in {"place", "number"} for number in self._place(ref.number)]

    def _place(self, number: int) -> list[str]:
        if number < 0:
            return self.places[number:][:1]
        return self.places[number - 1 : number] if number else []

    @property
    def shown_sounds(self) -> list[str]:
        """The sounds of what was shown last: all hits, all members of a cluster, or the sounds looked at."""
        if self.last is None or self.last.kind == "clustering":
            return []
        if self.last.kind == "cluster":
            return [str(member) for member in self.last.artifact.get("members", [])]
        key = "hits" if self.last.kind in {"hits", "count", "moments", "selection"} else "sounds"
        return [str(card["id"]) for card in _cards(self.last.artifact.get(key))]


def remember(messages: Sequence[BaseMessage]) -> Memory:
    """What the messages have shown, the newest on top."""
    memory = Memory()
    asked: dict[str, tuple[str, dict[str, Any]]] = {}
    for message in messages:
        if isinstance(message, HumanMessage):
            _remember_attachments(memory, message)
        elif isinstance(message, AIMessage):
            asked.update({call["id"] or "": (call["name"], dict(call["args"])) for call in message.tool_calls})
        elif isinstance(message, ToolMessage):
            made = asked.get(message.tool_call_id)
            _remember_call(memory, made, failed=message.status == "error")
            if isinstance(message.artifact, Mapping) and message.status != "error":
                _remember_artifact(memory, message.artifact)
                memory.map_args = made[1] if made and memory.map is not None else None
    return memory


def _remember_attachments(memory: Memory, message: HumanMessage) -> None:
    for attachment in split_attachments(message.text)[1]:
        memory.attached.append(attachment.id)
        memory.names[attachment.name] = attachment.id
        memory.called[attachment.id] = attachment.name
        memory.focus = attachment.id


def _remember_call(memory: Memory, call: tuple[str, dict[str, Any]] | None, *, failed: bool) -> None:
    """A search that failed is worth repeating with other words, one for a sound that does not exist is not.

    After a search by likeness "this" is the sound it went by; after one by words only an attached sound can be meant.
    """
    if call is None:
        return
    name, args = call
    memory.undone = memory.made if name == "export" and args.get("undo") and not failed else ("", {})
    memory.made, memory.failed = (("", {}), call) if failed else (call, ("", {}))
    memory.counts = [*memory.counts, args] if name == "count_sounds" and not failed else []
    memory.counted, memory.exported = args if name == "count_sounds" and not failed else None, name == "export"
    memory.exporting = args if name == "export" else {}
    memory.renamed = name == "edit_clusters" and args.get("change") == "rename" and not failed
    if name != "summarize_cluster":
        memory.told_of = []
    if name == "search_by_audio" and not failed:
        memory.focus = str(args.get("sound"))
    if name == "search_by_text" and not failed and memory.focus not in memory.attached:
        memory.focus = None
    if name == "search_by_text" or (name == "search_by_audio" and not failed):
        memory.search = (name, args)
    if name == "cluster":
        memory.grouping = args
    if isinstance(args.get("selection"), int):
        memory.drawn = args["selection"]
    if not failed and isinstance(numbers := args.get("clusters") or [], list):
        change = args.get("change") if name == "edit_clusters" else ""
        if change == "merge":
            numbers = numbers[:1]  # which is the number of the whole
        if change != "undo":  # "split it in three instead": the same group
            memory.edited = numbers if change else []


def _remember_artifact(memory: Memory, artifact: Mapping[str, Any]) -> None:
    kind = artifact.get("kind")
    reader = _READERS.get(kind) if isinstance(kind, str) else None
    memory.latest, memory.map = artifact, artifact if kind == "map" else None
    saved = kind == "export_undone" or (kind == "export" and artifact.get("form") in SUBTITLES)
    if not saved:  # subtitles can be saved again, in another form or after they were taken back
        memory.timeline = artifact if kind == "timeline" else None
    _remember_done(memory, artifact)
    if kind == "timeline":  # its sound is what "it" means; the list that it came from stays
        memory.focus = memory.looked_at = str(artifact.get("sound"))
    if reader is not None:
        memory.looked_at = None
        reader(memory, artifact)
        if kind != "ingest":  # it shows nothing that could be pointed at
            memory.last = Shown(str(kind), artifact)
            memory.selection = artifact.get("selection") if kind == "selection" else None


def _remember_done(memory: Memory, artifact: Mapping[str, Any]) -> None:
    """Changes pile up, and taking one back takes it off the pile."""
    kind, edit = artifact.get("kind"), artifact.get("edit")
    what = "export" if kind in ("export", "export_undone") else "edit" if edit else ""
    if kind == "export_undone" or edit == "undo":
        last = max((place for place, each in enumerate(memory.done) if each == what), default=None)
        if last is not None:
            del memory.done[last]
    elif what:
        memory.done.append(what)


def _remember_hits(memory: Memory, artifact: Mapping[str, Any]) -> None:
    _show(memory, _cards(artifact.get("hits")))


def _remember_sounds(memory: Memory, artifact: Mapping[str, Any]) -> None:
    cards = _cards(artifact.get("sounds"))
    if len(cards) == 1:  # a look at one sound leaves the list where it is: "and the third one?"
        memory.focus = memory.looked_at = str(cards[0]["id"])
        memory.seen = [*(each for each in memory.seen if each != memory.looked_at), memory.looked_at]
        _learn_names(memory, cards)
    else:
        _show(memory, cards)


def _remember_clustering(memory: Memory, artifact: Mapping[str, Any]) -> None:
    groups = _dicts(artifact.get("clusters"))
    memory.clustering, memory.cluster = artifact, None
    if isinstance(artifact.get("clustering"), int):
        memory.clusterings.append(artifact["clustering"])
        memory.sizes[artifact["clustering"]] = len(groups)
    memory.places, memory.places_are = [str(group["cluster"]) for group in groups if "cluster" in group], "clusters"
    for group in groups:
        _learn_names(memory, _cards(group.get("exemplars")))


def _remember_cluster(memory: Memory, artifact: Mapping[str, Any]) -> None:
    memory.cluster = artifact
    _show(memory, _cards(artifact.get("exemplars")))
    clustering, cluster = artifact.get("clustering"), artifact.get("cluster")
    if isinstance(cluster, int) and cluster not in memory.told_of:
        memory.told_of.append(cluster)
    if isinstance(clustering, int) and isinstance(cluster, int):
        memory.members[clustering, cluster] = [str(member) for member in artifact.get("members") or []]
        memory.titles[clustering, cluster] = str(artifact.get("title") or "")


def _remember_selection(memory: Memory, artifact: Mapping[str, Any]) -> None:
    _show(memory, _cards(artifact.get("hits")))


def _remember_ingest(memory: Memory, artifact: Mapping[str, Any]) -> None:
    memory.ingest = artifact


_READERS = {
    "hits": _remember_hits,
    "count": _remember_hits,
    "moments": _remember_hits,
    "sounds": _remember_sounds,
    "clustering": _remember_clustering,
    "cluster": _remember_cluster,
    "selection": _remember_selection,
    "ingest": _remember_ingest,
}


def _show(memory: Memory, cards: Sequence[Mapping[str, Any]]) -> None:
    """A list that is empty leaves the one before it on the screen: "the second one" is that of the last real list."""
    if not cards:
        return
    memory.places, memory.places_are = [str(card["id"]) for card in cards], "sounds"
    memory.seen = []
    memory.lengths_s = [float(card["duration_s"]) for card in cards if isinstance(card.get("duration_s"), int | float)]
    _learn_names(memory, cards)


def _learn_names(memory: Memory, cards: Sequence[Mapping[str, Any]]) -> None:
    for card in cards:
        name, sound, length_s = card.get("name"), str(card["id"]), card.get("duration_s")
        if isinstance(name, str):
            memory.names.pop(name, None)  # the latest of two sounds with one name is meant
            memory.names[name] = sound
            memory.called[sound] = name
        if isinstance(length_s, int | float):
            memory.lengths[sound] = float(length_s)


def _cards(value: object) -> list[Mapping[str, Any]]:
    return [card for card in _dicts(value) if "id" in card]


def _dicts(value: object) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list | tuple) else []
