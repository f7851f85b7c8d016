"""What a short message leaves out because it was just said: "and the sixth?", "number 5 as well", "just two moments".

Such a message says only what is to be different of the last call; all else is as it was.
"""

import re
from typing import Any

from agent.llm.embedded.lenient import relisting
from agent.llm.embedded.lenient.topics import EMPTY, without_trailing
from agent.llm.embedded.lists import lexicon
from agent.llm.embedded.plans import Call, Plan, given
from agent.llm.embedded.pointing import plain, shown_id
from agent.llm.embedded.turn import Turn


def goes_on(turn: Turn) -> Plan | None:
    """The step for a message that says only what is to be different of the last one; None for any other."""
    if turn.attached or turn.asked:
        return None
    tool, args = turn.memory.failed
    as_before = not (turn.slots.refs or turn.slots.clusters or _OTHERWISE.search(turn.said))
    if tool and as_before and _AFTER_ALL.search(turn.said):
        return Plan(tool, (Call(tool, args),))
    if turn.memory.made[0] or tool not in ("export", "save_subtitles"):  # of what was refused a part may be wanted
        tool, args = turn.memory.made
    if turn.memory.undone[0] and _OF_OTHERS.search(plain(turn)):
        tool, args = turn.memory.undone
    if not tool:
        return None
    words = _unframed(plain(turn))
    for read in (
        _whole,
        _beside_it,
        *relisting.READERS,
        _next_group,
        _other_group,
        _by_folder,
        _titled,
        _another,
    ):
        if (step := read(turn, words, tool, args)) is not None:
            return step
    return None


def _unframed(words: str) -> str:
    """What is left of a message without the words that only tie it to the one before."""
    return _TIES_AFTER.sub("", _TIES_BEFORE.sub("", words)).strip(" ,.?!")


_AFTER_ALL = re.compile(
    r"\bafter all\b|\bon second thoughts?\b|\bchanged my mind\b|\bwrong button\b|\bby (?:mistake|accident)\b"
    r"|\b(?:try|do) (?:it|that) (?:again|anyway)\b"
    r"|^(?:oh|ach|well)?[ ,]*(?:yes|ja|doch)[ ,]+(?:please |bitte )?(?:do|copy|save|export|kopier\w*|speicher\w*"
    r"|exportier\w*|mach\w*)\b",
    re.IGNORECASE,
)

_OF_OTHERS = re.compile(
    r"\b(?:should have been|was meant to be|i meant|i mean|do (?:it|that|the same)(?: again)? (?:with|for|to))\b"
)

_OTHERWISE = re.compile(
    r"\b(?:copies|links?|csv|m3u8?|json\w*|playlist|vtt|srt)\b.*\b(?:instead|after all|rather)\b|\bproper\b"
)

_TIES_BEFORE = re.compile(
    r"^(?:(?:actually|hm+|and|ok|okay|or|let us|now|then|also|so|but|well|yes|please|what about|how about|what is with"
    r"|what of|all right|alright|(?:the )?same(?: question| thing| search| threshold| limit| score)?|again|for|next"
    r"|good|great|thanks|thank you|i (?:have )?changed my mind)\b[ ,.:]*)+"
)
_TIES_AFTER = re.compile(
    r"(?:[ ,]*\b(?:please|too|as well|also|then|now|next|instead|again|thanks|thank you|rather|though))+[ .?!]*$"
)


def _whole(_: Turn, words: str, tool: str, args: dict[str, Any]) -> Plan | None:
    """All of a sound where a stretch of it was meant before: "now match the whole recording"."""
    if tool not in ("search_by_audio", "hear_events") or not {"start_s", "end_s"} & set(args):
        return None
    if not _ALL_OF_IT.search(words) or len(words.split()) > _A_SENTENCE:
        return None
    return Plan(
        "like", (Call(tool, {name: value for name, value in args.items() if name not in ("start_s", "end_s")}),)
    )


_ALL_OF_IT = re.compile(r"\b(?:whole|entire|complete|full|all of it|from start to end|beginning to end)\b")
_A_SENTENCE = 14


def _beside_it(_: Turn, words: str, tool: str, args: dict[str, Any]) -> Plan | None:
    """What is heard after the stretch that was listened to, or before it: "and after that?"."""
    match = _AFTER_IT.fullmatch(words)
    if tool != "hear_events" or match is None:
        return None
    at_s, other = (args.get("start_s"), "end_s") if match["back"] else (args.get("end_s"), "start_s")
    if not at_s:
        return None
    kept = {name: value for name, value in args.items() if name not in ("start_s", "end_s")}
    return Plan("events", (Call(tool, {**kept, other: at_s}),))


_AFTER_IT = re.compile(
    r"(?:what (?:is|do you|can i|can you|comes|happens)(?: heard| hear)?(?: in it| in there| there)? ?)?"
    r"(?:after (?:that|this|it)|afterwards|from then on|from there(?: on)?|in the rest(?: of it)?|the rest(?: of it)?"
    r"|(?P<back>before (?:that|this|it)|until then|up to then))"
)


def _next_group(turn: Turn, words: str, tool: str, args: dict[str, Any]) -> Plan | None:
    """The group after the one that was told of last, or before it."""
    match = _NEXT.fullmatch(_HESITATES.sub("", words))
    if tool != "summarize_cluster" or match is None:
        return None
    shown = [int(group["cluster"]) for group in (turn.memory.clustering or {}).get("clusters") or []]
    last = int(args.get("cluster", 0))
    step = -1 if match["back"] else 1
    at = shown.index(last) + step if last in shown else None
    number = last + step if at is None else shown[at] if 0 <= at < len(shown) else 0
    return Plan("describe", (Call(tool, {**args, "cluster": number}),)) if number > 0 else None


_NEXT = re.compile(
    r"(?:the )?(?:(?:one|1|group|cluster) )?(?:(?P<back>before (?:that|it)|previous)|after (?:that|it)|next"
    r"|following)(?: (?:one|1|group|cluster))?"
)


def _other_group(turn: Turn, words: str, tool: str, args: dict[str, Any]) -> Plan | None:
    """The other of two groups."""
    shown = [int(group["cluster"]) for group in (turn.memory.clustering or {}).get("clusters") or []]
    if tool != "summarize_cluster" or len(shown) != 2 or args.get("cluster") not in shown:
        return None
    words = _HESITATES.sub("", words)
    if not re.fullmatch(r"(?:(?:what|who) is in )?(?:the )?other(?: (?:one|1|group|cluster|half))?", words):
        return None
    return Plan("describe", (Call(tool, {**args, "cluster": shown[1 - shown.index(args["cluster"])]}),))


def _by_folder(_: Turn, words: str, tool: str, args: dict[str, Any]) -> Plan | None:
    """Ears compared by the folders that the sounds are in."""
    if tool != "compare_ears" or args.get("by_folder") or not re.search(r"\b(?:folders?|director(?:y|ies))\b", words):
        return None
    return Plan("compare_ears", (Call(tool, {**args, "by_folder": True}),))


def _titled(turn: Turn, _: str, tool: str, args: dict[str, Any]) -> Plan | None:
    """Another title for the group that was just given one: "actually, make that Insects at Night"."""
    if tool != "edit_clusters" or args.get("change") != "rename" or turn.slots.clusters:
        return None
    match = _RATHER.match(turn.said.strip())
    title = without_trailing(match["title"]) if match else ""
    if not title or set(re.findall(r"[^\W\d_]+", title.lower())) <= EMPTY:
        return None
    return Plan("rename", (Call("edit_clusters", {**args, "title": title}),))


_RATHER = re.compile(
    r"(?i:(?:no|nein|hm+|wait|sorry|oh|ok|actually|well|doch|ach)\b[ ,.!]*)*"
    r"(?i:make (?:that|it)|(?:or )?rather|better|lieber|doch lieber|besser)(?i: just| nur)?"
    r"[ :,]+(?P<title>[A-ZÄÖÜ\"“„'].*)$"
)


def _another(turn: Turn, words: str, tool: str, args: dict[str, Any]) -> Plan | None:
    """The same of other groups or sounds, where nothing but their numbers or places are said."""
    if tool == "summarize_cluster" and (holds := _HOLDS.fullmatch(words)):
        words = f"group {holds['which'] or holds['within']}"
    match = _ONES.fullmatch(_HESITATES.sub("", words))
    if match is None:
        return None
    if match["what"] and _OF_SOUNDS.search(match["what"]):
        groups = []
    else:
        groups = [*map(int, re.findall(r"\d+", words)), *(_nth_group(turn, nth) for nth in _NTH.findall(words))]
    listed = turn.memory.sounds(turn.slots.refs)
    sounds = listed
    if not listed and tool == "search_by_audio":  # "number 20" of a list of ten
        sounds = [ref.figure for ref in turn.slots.refs if ref.figure]
    is_of_groups = match["what"] is not None and not _OF_SOUNDS.search(match["what"])
    if tool == "summarize_cluster" and groups and all(groups) and not (sounds and _NTH_ONE.search(words)):
        of = given({"clustering": shown_id(turn)})
        return Plan("describe", tuple(Call(tool, {**args, **of, "cluster": number}) for number in groups[:_MOST_TOLD]))
    of_groups = args.get("clusters") or ("clustering" in args and not args.get("sounds"))
    if tool == "export" and of_groups and groups and all(groups):
        same = {name: value for name, value in args.items() if name in ("clustering", "format", "link")}
        return Plan("export", (Call(tool, {**same, "clusters": groups}),))
    if not sounds or is_of_groups:
        return None
    if tool == "export" and args.get("sounds"):
        same = {name: value for name, value in args.items() if name in ("format", "link")}
        return Plan("export", (Call(tool, {"sounds": sounds, **same}),))
    is_a_sound = match["what"] is not None or turn.slots.refs[0].kind == "id" or not listed
    if tool == "search_by_audio" and len(sounds) == 1 and is_a_sound:
        return Plan("like", (Call(tool, {**args, "sound": sounds[0]}),))
    if tool == "hear_events" and len(sounds) == 1:
        return Plan("events", (Call(tool, {"sound": sounds[0]}),))
    if tool == "save_subtitles" and len(sounds) == 1:
        same = {name: value for name, value in args.items() if name in ("format", "style")}
        name = turn.memory.called.get(sounds[0], "").rpartition(".")[0]
        return Plan("events", (Call(tool, {"sound": sounds[0], **same, **given({"name": name or None})}),))
    if tool == "edit_clusters" and args.get("change") == "move":
        return Plan("move", (Call(tool, {**args, "sounds": sounds}),))
    return None


_HOLDS = re.compile(
    r"what (?:does|do) (?:the )?(?P<which>\w+)(?: (?:one|1))? (?:hold|contain|have in it)"
    r"|(?:what is )?in the (?P<within>\w+)(?: (?:one|1))"
)
_HESITATES = re.compile(
    r"^(?:(?:do (?:the same|that|it|so)(?: again)? (?:with|for|to)|do(?= (?:the )?(?:group|sound|number) )|only|just"
    r"|hm+|no|wait|hold on|actually|in|of|sorry|oops|i (?:meant|mean)|(?:it|that) (?:should have been|was meant to be)"
    r"|from|inside|within|like|to|for)\b[ ,]*)+"
)
_NTH_ONE = re.compile(rf"\b(?:{'|'.join(lexicon()['ordinals'])}) (?:one|1)$")
_MOST_TOLD = 4
_OF_SOUNDS = re.compile(r"sound|recording|file|clip")
_PLACE = rf"(?:\d{{1,4}}|(?:{'|'.join(lexicon()['ordinals'])})(?: (?:one|1))?)"
_NTH = re.compile(rf"\b(?:{'|'.join(lexicon()['ordinals'])})\b")
_ONES = re.compile(
    rf"(?:the )?(?:(?P<what>(?:group|cluster|pile|sound|recording|file|clip)s?) )?(?:numbers? |no |nr |# ?)?"
    rf"{_PLACE}(?: ?(?:,|and|, and|&|or) (?:the )?{_PLACE})*(?: (?:group|cluster|sound|recording|one)s?)?"
)


def _nth_group(turn: Turn, said: str) -> int:
    """The group at a place of the list that was shown; of no list the one with that number."""
    place = lexicon()["ordinals"][said]
    shown = [int(group["cluster"]) for group in (turn.memory.clustering or {}).get("clusters") or []]
    at = place - 1 if place > 0 else place
    if shown and -len(shown) <= at < len(shown):
        return shown[at]
    return max(place, 0)
