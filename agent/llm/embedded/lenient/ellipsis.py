"""What a short message leaves out because it was just said: "and the sixth?", "number 5 as well", "just two moments".

Such a message says only what is to be different of the last call; all else is as it was.
"""

import math
import re
from collections.abc import Mapping
from typing import Any

from agent.llm.embedded import counting, moments, patterns, searching
from agent.llm.embedded.lenient import lengths
from agent.llm.embedded.lenient.topics import EMPTY, phrase_in_english, topics, without_trailing
from agent.llm.embedded.lists import lexicon
from agent.llm.embedded.plans import Call, Plan, given
from agent.llm.embedded.pointing import plain, shown_id
from agent.llm.embedded.slots import seconds
from agent.llm.embedded.turn import Turn


def goes_on(turn: Turn) -> Plan | None:
    """The step for a message that says only what is to be different of the last one; None for any other."""
    if turn.attached or turn.asked:
        return None
    tool, args = turn.memory.failed
    as_before = not (turn.slots.refs or turn.slots.clusters or _OTHERWISE.search(turn.said))
    if tool and as_before and _AFTER_ALL.search(turn.said):
        return Plan(tool, (Call(tool, args),))
    if turn.memory.made[0] or tool != "export":  # of a copy that was refused another part may be wanted
        tool, args = turn.memory.undone if turn.memory.undone[0] else turn.memory.made
    if not tool:
        return None
    words = _unframed(plain(turn))
    for read in (
        _whole,
        _beside_it,
        _another_length,
        _within,
        _another_without,
        _sure,
        _next_group,
        _other_group,
        _by_folder,
        _titled,
        _another,
        _so_many,
        _so_many_others,
        _about_another,
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

_OTHERWISE = re.compile(
    r"\b(?:copies|links?|csv|m3u8?|json\w*|playlist|vtt|srt)\b.*\b(?:instead|after all|rather)\b|\bproper\b"
)

_TIES_BEFORE = re.compile(
    r"^(?:(?:actually|hm+|and|ok|okay|or|let us|now|then|also|so|but|well|yes|please|what about|how about|what is with"
    r"|what of|all right|alright|(?:the )?same(?: question| thing| search| threshold| limit| score)?|again|for|next"
    r"|good|great|thanks|thank you)\b[ ,.]*)+"
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


def _another_length(_: Turn, words: str, tool: str, args: dict[str, Any]) -> Plan | None:
    """Another bound in place of the one there is: "make that half a second"."""
    match, bound = _LENGTH.fullmatch(words), [name for name in ("min_s", "max_s") if name in args]
    if match is None or tool not in ("search_by_text", "search_by_audio", "count_sounds") or len(bound) != 1:
        return None
    return Plan("narrow", (Call(tool, {**args, bound[0]: seconds(f"{match['n']} {match['u']}")}),))


def _within(turn: Turn, words: str, tool: str, args: dict[str, Any]) -> Plan | None:
    """The same of nothing but lengths: "each at least 2 s long", "count only those over 1.5 s", "up to 1 s is fine"."""
    if tool not in ("search_by_text", "search_by_audio", "count_sounds") or turn.slots.refs or turn.slots.clusters:
        return None
    within = lengths.bounds(turn)
    is_new = re.search(rf"\b{_HITS}\b", words) and not _POINTS.search(words)  # "sounds between 1 and 2 seconds"
    if not within or is_new or set(re.findall(r"[a-z]+", words)) - _OF_LENGTHS:
        return None
    kept = {name: value for name, value in args.items() if name not in ("min_s", "max_s")}
    before = {name: value for name, value in args.items() if name in ("min_s", "max_s") and len(within) == 1}
    both = {**before, **within}
    return Plan("narrow", (Call(tool, {**kept, **(both if _is_possible(both) else within)}),))


def _is_possible(within: Mapping[str, float]) -> bool:
    return within.get("min_s", 0.0) < within.get("max_s", math.inf)


_POINTS = re.compile(r"\b(?:only|just|these|those|them|this|that|each|every|too|also|fine)\b")
_OF_LENGTHS = frozenset(
    "a an the only just those these them that this which who ones one all each every of is are was be should must may"
    " can have to they it long longer shorter short short length lasting last lasts sounds recordings clips files count"
    " list show me keep take use give i want need at least most more less than over under above below up down between"
    " and or from within maximum minimum max min tops second seconds sec secs s ms millisecond milliseconds minute"
    " minutes min not no longer shorter fine ok okay too also good enough exceeding exceed limit".split()
)


def _another_without(turn: Turn, words: str, tool: str, _: dict[str, Any]) -> Plan | None:
    """A search for another kind, again without something: "now crickets, also with no rain"."""
    match = _KIND_WITHOUT.fullmatch(words)
    if tool != "search_by_text" or match is None or turn.slots.narrows:
        return None
    kind, without = match["kind"], match["without"]
    if not (counting.things(kind) and counting.things(without)):
        return None
    return Plan("words", (Call("search_by_text", {"text": kind, "without": without}),))


_KIND_WITHOUT = re.compile(
    r"(?P<kind>[a-z]+(?: [a-z]+)?) ?, (?:and |but )?(?:also |again |likewise )?(?:without|with no|no) (?:any )?"
    r"(?P<without>[a-z]+(?: [a-z]+)?)(?: again| either)?"
)

_LENGTH = re.compile(
    r"(?:(?:make|set|change|raise|lower|extend|reduce|put) )?(?:that|it|the (?:limit|minimum|maximum|bound"
    r"|length))(?: (?:to|at|up to|down to))?"
    r" (?P<n>\d*\.?\d+) ?(?P<u>ms|s|secs?|seconds?|min|minutes?)"
)


def _sure(turn: Turn, _: str, tool: str, args: dict[str, Any]) -> Plan | None:
    """The same moments, as far as the ears are so sure ("a score of at least 0.5"), or after listening to all."""
    least = moments.least_score(turn) | moments.listening(turn)
    if tool != "find_moments" or not least or _names_a_kind(turn):
        return None
    return Plan("moments", (Call(tool, {**args, **least}),))


def _names_a_kind(turn: Turn) -> bool:
    """Whether a message names a kind of sound that the ears know."""
    return any(counting.things(phrase_in_english(turn, start, end)) for start, end in topics(turn))


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
    match = _ONES.fullmatch(_HESITATES.sub("", words))
    if match is None:
        return None
    if match["what"] and _OF_SOUNDS.search(match["what"]):
        groups = []
    else:
        groups = [*map(int, re.findall(r"\d+", words)), *(_nth_group(turn, nth) for nth in _NTH.findall(words))]
    sounds = turn.memory.sounds(turn.slots.refs)
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
    is_a_sound = match["what"] is not None or turn.slots.refs[0].kind == "id"
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


_HESITATES = re.compile(
    r"^(?:(?:do (?:the same|that|it|so)(?: again)? (?:with|for|to)|only|just|hm+|no|wait|hold on|actually|in|of"
    r"|sorry|oops|i (?:meant|mean)|(?:it|that) (?:should have been|was meant to be)"
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


def _so_many(turn: Turn, words: str, tool: str, args: dict[str, Any]) -> Plan | None:
    """A longer or shorter list, or more or fewer groups: "make it five instead of three", "just two moments"."""
    if tool == "find_moments" and patterns.first("count_found", turn.wording.words):
        return Plan("moments", (Call(tool, {**args, "k": searching.MOST_HITS}),))
    match = _SO_MANY.fullmatch(words)
    if match is None or tool not in _COUNTED:
        return None
    k = int(match["n"])
    if match["what"] and not re.fullmatch(_COUNTED[tool], match["what"]):
        return None
    shown = [group.get("cluster") for group in (turn.memory.clustering or {}).get("clusters") or []]
    if not match["cue"] and not match["what"] and (tool != "cluster" or k in shown):
        return None
    is_list = tool != "cluster"
    if not 0 < k <= (searching.MOST_HITS if is_list else 500):
        return None
    if tool == "cluster" and args.get("method") == "hdbscan":
        args = {name: value for name, value in args.items() if name != "method"}
    return Plan("more" if is_list else "recluster", (Call(tool, {**args, "k": k}),))


_HITS = (
    r"(?:sounds?|recordings?|files?|clips?|results?|hits?|ones|examples?|of them|of those|of these|matches|samples?)"
)
_COUNTED = {
    "search_by_text": _HITS,
    "search_by_audio": _HITS,
    "find_moments": rf"(?:moments?|places?|spots?|times?|points?|passages?|{_HITS})",
    "cluster": r"(?:groups?|clusters?|piles?)",
}
_SO_MANY = re.compile(
    r"(?:(?:show|give|list|i need|i want|let us|play)(?: me| us)? )?"
    r"(?P<cue>(?:(?:just|only|no more than|at most|limit (?:it|that|them|the list) to|make (?:it|that|them)|rather"
    r"|better|with|into|the(?= \d+ (?:closest|nearest|best|clearest|loudest|top|first)\b)|(?:the )?(?:best|top|clearest"
    r"|loudest|first(?= \d+ moments))|(?:reduce|cut|shorten) (?:it|that|them|the list) (?:down )?to|try|have"
    r"|with only|use)\b ?)*)"
    r"(?P<n>\d{1,3})(?: (?:closest|nearest|best|clearest|loudest|top|first))?"
    r"(?: (?:of (?:those|these|the|my) )?(?P<what>[a-z]+(?: (?:them|those|these))?))??"
    r"(?:,? ?(?:instead of|not|rather than) \d+| (?:is|are|will|would) (?:be )?(?:enough|do|plenty|fine|better))?"
)


def _so_many_others(_: Turn, words: str, tool: str, args: dict[str, Any]) -> Plan | None:
    """A list of another kind, and its length: "now the drum hits again, but only four", "and seven with rain"."""
    match = _OTHERS.fullmatch(words)
    if match is None or tool not in ("search_by_text", "search_by_audio"):
        return None
    kind, k = match["kind"] or match["kind2"] or match["kind3"], int(match["n"] or match["n2"] or match["n3"])
    new = set(kind.split()) - set(str(args.get("text", "")).lower().split()) - EMPTY
    if not new or not any(map(counting.things, [kind, *kind.split()])) or not 0 < k <= searching.MOST_HITS:
        return None
    return Plan("words", (Call("search_by_text", {"text": kind, "k": k}),))


_OTHERS = re.compile(
    rf"(?:the )?(?P<kind>[a-z]+(?: [a-z]+)?)(?: again)?(?: ,)?(?:(?: but)? (?:only|just|at most)|(?<=,))"
    rf" (?P<n>\d{{1,2}})(?: {_HITS})?"
    rf"|(?P<n2>\d{{1,2}})(?: {_HITS})? (?:with|of|for) (?P<kind2>[a-z]+(?: [a-z]+)?)"
    rf"|(?P<kind3>[a-z]+(?: [a-z]+){{0,3}}) ?, (?P<n3>\d{{1,2}}) {_HITS}"
)


def _about_another(turn: Turn, words: str, tool: str, args: dict[str, Any]) -> Plan | None:
    """The same question about another thing: "and church bells?" after moments, "now do that with the sirens"."""
    words = re.sub(r" ?,? (?:with|at|by) the same \w+$", "", words)
    again, asks = _DO_SO.match(words), _ASKS_ON.match(plain(turn)) or turn.said.rstrip().endswith("?")
    goes_on = again or _SAME_FOR.search(plain(turn)) or (tool in ("find_moments", "count_sounds") and asks)
    if re.search(r"\b(?:without|but not|but no|except)\b", words):
        return None
    if tool not in _ABOUT or not goes_on or (not again and _QUESTION.match(words)):
        return None
    rest = words[again.end() :] if again else words
    spans = [phrase_in_english(turn, start, end) for start, end in topics(turn)]
    kind = spans[0] if len(spans) == 1 else re.sub(r"^(?:the|my|all|some|any|of)\s+", "", rest)
    if len(rest.split()) > _FEW_WORDS or not counting.things(kind):
        return None
    name = _ABOUT[tool]
    kept = {key: value for key, value in args.items() if key not in ("sounds", "selection")}
    return Plan(tool, (Call(tool, {**kept, name: [kind] if name == "heard" else kind}),))


_ABOUT = {"find_moments": "text", "count_sounds": "heard", "cluster": "query", "search_by_text": "text"}
"""The tools that ask for a kind of sound, with the name of that argument."""

_SAME_FOR = re.compile(r"\bsame (?:\w+ )?(?:for|with|of|on)\b")
_QUESTION = re.compile(r"(?:how|what|which|where|when|who|do|does|is|are|can|could|would|without|no|not)\b")
_DO_SO = re.compile(r"(?:do (?:it|that|this|so)|(?:that|this|it)|try (?:it|that))(?: again)? (?:with|for|to|on) ")
_ASKS_ON = re.compile(r"(?:and|what about|how about|now|then|or|the same (?:for|with)|same (?:for|with))\b")
_FEW_WORDS = 4
