"""A list, a count, moments or groups again, for a message that says only another length, number or kind of them.

Each reader takes the turn, its words without what ties them to the message before, and name and arguments of the last
call; it returns the step, or None for a message that says something else.
"""

import math
import re
from collections.abc import Mapping
from typing import Any

from agent.llm.embedded import counting, moments, patterns, searching
from agent.llm.embedded.lenient import lengths
from agent.llm.embedded.lenient.topics import EMPTY, phrase_in_english, topics
from agent.llm.embedded.plans import Call, Plan
from agent.llm.embedded.pointing import plain
from agent.llm.embedded.slots import seconds
from agent.llm.embedded.turn import Turn
from agent.llm.embedded.wants import sound_words


def _another_length(_: Turn, words: str, tool: str, args: dict[str, Any]) -> Plan | None:
    """Another bound in place of the one there is: "make that half a second"."""
    match, bound = _LENGTH.fullmatch(words), [name for name in ("min_s", "max_s") if name in args]
    if match is None or tool not in ("search_by_text", "search_by_audio", "count_sounds") or len(bound) != 1:
        return None
    return Plan("narrow", (Call(tool, {**args, bound[0]: seconds(f"{match['n']} {match['u']}")}),))


_LENGTH = re.compile(
    r"(?:(?:make|set|change|raise|lower|extend|reduce|put) )?(?:that|it"
    r"|(?:the|that|this) (?:limit|minimum|maximum|bound|length))(?: (?:to|at|up to|down to))?"
    r" (?P<n>\d*\.?\d+) ?(?P<u>ms|s|secs?|seconds?|min|minutes?)"
)


def _within(turn: Turn, words: str, tool: str, args: dict[str, Any]) -> Plan | None:
    """The same of nothing but lengths: "each at least 2 s long", "count only those over 1.5 s", "up to 1 s is fine"."""
    if tool not in ("search_by_text", "search_by_audio", "count_sounds") or turn.slots.refs or turn.slots.clusters:
        return None
    within = lengths.bounds(turn)
    is_new = re.search(rf"\b(?:all|{_HITS})\b", words) and not _POINTS.search(words)  # "sounds between 1 and 2 seconds"
    if not within or is_new or not _IN_SECONDS.search(words) or set(re.findall(r"[a-z]+", words)) - _OF_LENGTHS:
        return None
    kept = {name: value for name, value in args.items() if name not in ("min_s", "max_s")}
    before = {name: value for name, value in args.items() if name in ("min_s", "max_s") and len(within) == 1}
    both = {**before, **within}
    return Plan("narrow", (Call(tool, {**kept, **(both if _is_possible(both) else within)}),))


def _is_possible(within: Mapping[str, float]) -> bool:
    return within.get("min_s", 0.0) < within.get("max_s", math.inf)


_POINTS = re.compile(r"\b(?:only|just|these|those|them|this|that|each|every|too|also|fine)\b")
_IN_SECONDS = re.compile(r"\d ?(?:ms|s|secs?|seconds?|min|minutes?|milliseconds?)\b")  # "at least 5" is how many
_OF_LENGTHS = frozenset(
    "a an the only just those these them that this which who ones one all each every of is are was be should must may"
    " can have to they it long longer shorter short length lasting last lasts sounds recordings clips files count"
    " list show me keep take use give i want need at least most more less than over under above below up down between"
    " and or from within maximum minimum max min tops second seconds sec secs s ms millisecond milliseconds minute"
    " minutes min not no fine ok okay too also good enough exceeding exceed limit".split()
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


def _which_are(_: Turn, words: str, tool: str, args: dict[str, Any]) -> Plan | None:
    """Those of a list that are of a kind: "which of them are kick drums?"."""
    match = _WHICH_ARE.fullmatch(words)
    if match is None or tool != "search_by_text" or not set(re.split(r"s?\b\W*", match["kind"])) & sound_words():
        return None
    text = " ".join(dict.fromkeys([*str(args.get("text", "")).split(), *match["kind"].split()]))
    return Plan("narrow", (Call(tool, {**args, "text": text}),))


_WHICH_ARE = re.compile(
    r"which (?:of (?:them|these|those)|ones) (?:is|are|have|has|hold|contain) (?:an? |the |any )?"
    r"(?P<kind>[a-z]+(?: [a-z]+)?)(?: in it| in them)?"
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
    is_new_length = match["ends"] and "k" in args  # "six would be better"
    is_other_count = tool == "cluster" and k not in shown and words != plain(turn)  # "now 6" of four groups
    if not (match["cue"] or match["what"] or is_new_length or is_other_count):
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
    r"(?:(?:just |only )?(?:show|give|list|i need|i want|let us|play)(?: me| us)? )?"
    r"(?P<cue>(?:(?:just|only|no more than|at most|limit (?:it|that|them|the list) to|make (?:it|that|them)|rather"
    r"|better|with|into|the(?= \d+ (?:closest|nearest|best|clearest|loudest|top|first)\b)|(?:the )?(?:best|top|clearest"
    r"|loudest|first(?= \d+ moments))|(?:reduce|cut|shorten) (?:it|that|them|the list) (?:down )?to|try|have"
    r"|with only|use)\b ?)*)"
    r"(?P<n>\d{1,3})(?: (?:closest|nearest|best|clearest|loudest|top|first))?"
    r"(?: (?:of (?:those|these|the|my) )?(?P<what>[a-z]+(?: (?:them|those|these))?))??"
    r"(?P<ends>,? ?(?:instead of|in place of|not|rather than) \d+| (?:is|are|will|would)(?: be)?"
    r" (?:enough|do|plenty|fine|better|suffice)(?: for .+)?| suffices?(?: me)?)?"
)


def _so_many_others(_: Turn, words: str, tool: str, args: dict[str, Any]) -> Plan | None:
    """A list of another kind, and its length: "now the drum hits again, but only four", "and seven with rain"."""
    match = _OTHERS.fullmatch(words)
    if match is None or tool not in ("search_by_text", "search_by_audio"):
        return None
    kind = match["kind"] or match["kind2"] or match["kind3"] or match["kind4"]
    k = int(args.get("k", 0)) if match["n4"] else int(match["n"] or match["n2"] or match["n3"])
    new = set(kind.split()) - set(str(args.get("text", "")).lower().split()) - EMPTY
    if not new or not any(map(counting.things, [kind, *kind.split()])) or not 0 < k <= searching.MOST_HITS:
        return None
    return Plan("words", (Call("search_by_text", {"text": kind, "k": k}),))


_OTHERS = re.compile(
    rf"(?:the )?(?P<kind>[a-z]+(?: [a-z]+)?)(?: again)?(?: ,)?(?:(?: but)? (?:only|just|at most)|(?<=,))"
    rf" (?P<n>\d{{1,2}})(?: {_HITS})?"
    rf"|(?P<n2>\d{{1,2}})(?: {_HITS})? (?:with|of|for) (?P<kind2>[a-z]+(?: [a-z]+)?)"
    rf"|(?:the )?(?P<n4>same number) (?:of|with) (?P<kind4>[a-z]+(?: [a-z]+)?)"
    rf"|(?P<kind3>[a-z]+(?: [a-z]+){{0,3}}) ?, (?P<n3>\d{{1,2}}) {_HITS}"
)


def _about_another(turn: Turn, words: str, tool: str, args: dict[str, Any]) -> Plan | None:
    """The same question about another thing: "and church bells?" after moments, "now do that with the sirens"."""
    words = re.sub(r" ?,? (?:with|at|by) the same \w+$", "", words)
    again, asks = _DO_SO.match(words), _ASKS_ON.match(plain(turn)) or turn.said.rstrip().endswith("?")
    goes_on = again or _SAME_FOR.search(plain(turn)) or (tool in ("find_moments", "count_sounds") and asks)
    if re.search(r"\b(?:without|but not|but no|except)\b", words):
        return None
    if tool not in _ABOUT or not goes_on or (not again and (_QUESTION.match(words) or _DOES.match(words))):
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
_DOES = re.compile(
    r"(?:copy|delete|remove|export|save|find|search|show|list|give|group|cluster|play|add|move|rename|merge|split|undo)\b"
)
_QUESTION = re.compile(r"(?:how|what|which|where|when|who|do|does|is|are|can|could|would|without|no|not)\b")
_DO_SO = re.compile(
    r"(?:(?:can|could|would) you )?"
    r"(?:i (?:would )?(?:also )?(?:like|want|need) to know (?:this|that|it|the same)|do (?:it|that|this|so|the same)"
    r"|(?:show|give|tell|list)(?: me| us)? the same"
    r"|(?:that|this|it)|try (?:it|that))(?: again)? (?:with|for|to|on) "
)
_ASKS_ON = re.compile(r"(?:and|what about|how about|now|then|or|the same (?:for|with)|same (?:for|with))\b")
_FEW_WORDS = 4


READERS = (_another_length, _within, _another_without, _which_are, _sure, _so_many, _so_many_others, _about_another)
