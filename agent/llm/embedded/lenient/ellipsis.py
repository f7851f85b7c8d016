"""What a short message leaves out because it was just said: "and the sixth?", "number 5 as well", "just two moments".

Such a message says only what is to be different of the last call; all else is as it was.
"""

import re
from typing import Any

from agent.llm.embedded import counting, searching
from agent.llm.embedded.lenient.topics import EMPTY, phrase_in_english, topics, without_trailing
from agent.llm.embedded.lists import lexicon
from agent.llm.embedded.plans import Call, Plan
from agent.llm.embedded.pointing import plain
from agent.llm.embedded.turn import Turn


def goes_on(turn: Turn) -> Plan | None:
    """The step for a message that says only what is to be different of the last one; None for any other."""
    tool, args = turn.memory.made
    if not tool or turn.attached or turn.asked:
        return None
    words = _unframed(plain(turn))
    for read in (_titled, _another, _so_many, _about_another):
        if (step := read(turn, words, tool, args)) is not None:
            return step
    return None


def _unframed(words: str) -> str:
    """What is left of a message without the words that only tie it to the one before."""
    return _TIES_AFTER.sub("", _TIES_BEFORE.sub("", words)).strip(" ,.?!")


_TIES_BEFORE = re.compile(
    r"^(?:(?:and|ok|okay|now|then|also|so|but|well|yes|please|what about|how about|what is with|what of|the same|same|again"
    r"|for|next|good|great|thanks|thank you)\b[ ,]*)+"
)
_TIES_AFTER = re.compile(
    r"(?:[ ,]*\b(?:please|too|as well|also|then|now|next|instead|again|thanks|thank you|rather|though))+[ .?!]*$"
)


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
    r"(?i:make (?:that|it)|(?:or )?rather|better|lieber|doch lieber|besser)(?i: just| nur)?[ :,]+(?P<title>[A-ZÄÖÜ\"“„'].*)$"
)


def _another(turn: Turn, words: str, tool: str, args: dict[str, Any]) -> Plan | None:
    """The same of another group or sound, where nothing but its number or place is said."""
    match = _ONE.fullmatch(words)
    if match is None:
        return None
    if tool == "summarize_cluster" and not match["sound"]:
        number = int(match["n"]) if match["n"] else _nth_group(turn, match["nth"])
        return Plan("describe", (Call(tool, {**args, "cluster": number}),)) if number else None
    sounds = turn.memory.sounds(turn.slots.refs)
    if tool in ("hear_events", "export") and len(sounds) == 1 and not match["group"]:
        own = {"sound": sounds[0]} if tool == "hear_events" else {"sounds": sounds}
        rest = ("format", "link") if tool == "export" else ("style",)
        same = {name: args[name] for name in rest if name in args}
        is_list = tool == "hear_events" or "sounds" in args
        return Plan("events" if tool == "hear_events" else "export", (Call(tool, own | same),)) if is_list else None
    return None


_ONE = re.compile(
    rf"(?:the )?(?:(?P<group>group|cluster|pile) |(?P<sound>sound|recording|file|clip) )?(?:number |no |nr |# ?)?"
    rf"(?:(?P<n>\d{{1,4}})|(?P<nth>{'|'.join(lexicon()['ordinals'])})(?: (?:one|1|group|cluster|sound|recording))?)"
)


def _nth_group(turn: Turn, said: str) -> int:
    """The group at a place of the list that was shown; of no list the one with that number."""
    place = lexicon()["ordinals"][said]
    shown = [int(group["cluster"]) for group in (turn.memory.clustering or {}).get("clusters") or []]
    at = place - 1 if place > 0 else place
    if shown and -len(shown) <= at < len(shown):
        return shown[at]
    return max(place, 0)


def _so_many(turn: Turn, words: str, tool: str, args: dict[str, Any]) -> Plan | None:
    """A longer or shorter list, or more or fewer groups: "make it five instead of three", "just two moments"."""
    match = _SO_MANY.fullmatch(words)
    if match is None or tool not in _COUNTED:
        return None
    k = int(match["n"])
    if match["what"] and not re.fullmatch(_COUNTED[tool], match["what"]):
        return None
    if not match["cue"] and not match["what"]:
        return None
    is_list = tool != "cluster"
    if not 0 < k <= (searching.MOST_HITS if is_list else 500):
        return None
    if tool == "cluster" and args.get("method") == "hdbscan":
        args = {name: value for name, value in args.items() if name != "method"}
    return Plan("more" if is_list else "recluster", (Call(tool, {**args, "k": k}),))


_HITS = r"(?:sounds?|recordings?|files?|clips?|results?|hits?|ones|examples?|of them|of those|of these|matches|samples?)"
_COUNTED = {
    "search_by_text": _HITS,
    "search_by_audio": _HITS,
    "find_moments": rf"(?:moments?|places?|spots?|times?|points?|passages?|{_HITS})",
    "cluster": r"(?:groups?|clusters?|piles?)",
}
_SO_MANY = re.compile(
    r"(?:(?:show|give|list|i need|i want|let us|play)(?: me| us)? )?"
    r"(?P<cue>(?:(?:just|only|no more than|at most|limit (?:it|that|them|the list) to|make (?:it|that|them)|rather"
    r"|better|with|into|(?:reduce|cut|shorten) (?:it|that|them|the list) (?:down )?to|try|have|with only|use)\b ?)*)"
    r"(?P<n>\d{1,3})(?: (?P<what>[a-z]+(?: (?:them|those|these))?))??"
    r"(?:,? ?(?:instead of|not|rather than) \d+| (?:is|are|will|would) (?:be )?(?:enough|do|plenty|fine|better))?"
)


def _about_another(turn: Turn, words: str, tool: str, args: dict[str, Any]) -> Plan | None:
    """The same question about another thing: "and church bells?" after moments of thunder."""
    if tool != "find_moments" or not _ASKS_ON.match(plain(turn)) or len(words.split()) > _FEW_WORDS:
        return None
    kinds = [phrase_in_english(turn, start, end) for start, end in topics(turn)] or [words]
    known = counting.things(kinds[0]) if len(kinds) == 1 else None
    return Plan("moments", (Call(tool, {**args, "text": kinds[0]}),)) if known else None


_ASKS_ON = re.compile(r"(?:and|what about|how about|now|then|or|the same (?:for|with)|same (?:for|with))\b")
_FEW_WORDS = 4
