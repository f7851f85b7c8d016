"""Questions after numbers: how much speech there is, which recordings hold birds and a train, how many of each kind.

Also what goes on from the last count: "and with dogs?", "how many of those are longer than 3 s?", "show them".
"""

import math
import re
from collections.abc import Mapping
from typing import Any

from agent.llm.embedded.patterns import first
from agent.llm.embedded.plans import Call, Plan, call
from agent.llm.embedded.pointing import plain
from agent.llm.embedded.spelling import mended
from agent.llm.embedded.turn import Turn
from agent.llm.embedded.wording import MARK
from core.counting import labels_of
from core.errors import NotFoundError

_SOUNDS = r"(?:sounds?|recordings?|files?|samples?|clips?|takes?|tracks?|ones|assets?|items?|things|pieces)"
_HERE = (
    r"(?:(?:is|are|do|does|have|has|there|i|we|you|in|here|of|my|the|this|library|collection|it|all|heard|got|with|"
    r"that|which|those|them|these|can|be|hear|feature|featuring|also|your|our|archive|include|includes|"
    rf"contains?|contain|containing|hold|holds|holding|{_SOUNDS}|both|any|at once|together|at the same time)"
    r"\b[ ,?]*)*"
)
_MUCH = re.compile(
    r"(?:\bhow (?:many|much)\b|\bhow long (?:is|are) (?:all )?(?=.*\b(?:together|combined)\b)"
    r"|\b(?:what|which) (?:percentage|percent|share|part|proportion|fraction) (?=of|is|are|has|have)|"
    rf"\b(?:the |a |total )*(?:number|amount) of\b|^(?:please |can you |could you )?count\b)"
    rf"\s*{_HERE}(?P<what>[^?]*?)\s*[?.!]*$",
    re.IGNORECASE,
)
_TIME_OF = re.compile(r"\b(how (?:many|much)) (?:hours|minutes|seconds|time) (?:worth )?of ", re.IGNORECASE)
_EITHER = re.compile(r"[ ,]*\b(?:with or without|with and without|regardless of|no matter)\b[^.?!,]*", re.IGNORECASE)
_THAN = re.compile(r"\b(?:do|have|are|is)\b[^?]*\b(?:more|less|fewer) than NUMBER\d+ (?P<what>[^?]+?)[ ?.!]*$")
_WHICH = re.compile(
    rf"\b(?:which|what|any)\b(?: of)?(?: my| the| these)? {_SOUNDS}(?: here)? "
    r"(?:have|has|hold|holds|contain|contains|include|includes)\b(?P<what>[^?]*?)\s*[?.!]*$",
    re.IGNORECASE,
)
_BY_DOMAIN = re.compile(
    r"\b(?:by|per|for each|of each|in each|into) (?:domains?|(?:kind|type)s?(?: of sounds?)?|categor(?:y|ies))\b",
    re.IGNORECASE,
)
_COUNTS = re.compile(
    r"\b(?:how (?:many|much)|what|count|counts|numbers?|break ?down|statistics|stats|distribution|share|shares|tally"
    r"|totals?|sum|overview|summary)\b",
    re.IGNORECASE,
)
_OF_THOSE = re.compile(r"\bof (?:those|them|these|that)\b", re.IGNORECASE)
_EMPTY = (
    "actually really currently overall even exactly roughly a an the some any both together in it them those"
    " these here there my our your library collection archive is are"
    " seconds second minutes minute hours hour all altogether total"
    " how many much do i we you have of heard with got that which also then so far please now at all"
)
_LEFT = re.compile(rf"\b(?:at once|at the same time|{'|'.join(_EMPTY.split())}|{_SOUNDS})\b", re.IGNORECASE)
_NOT = re.compile(r"\b(?:but (?:no|not|without)|without|and no|no)\b", re.IGNORECASE)
_AND = re.compile(r"\s*(?:,|\band\b|\bplus\b|&|\bas well as\b|\btogether with\b)\s*", re.IGNORECASE)
_OTHERWISE = re.compile(
    r"\b(?:groups?|clusters?|clusterings?|versions?|channels?|duplicates?|skipped|ears|copies"
    r"|in (?:the|their|its) (?:file )?names?|so far|total|altogether|overall|hours?|minutes?|time|space)\b",
    re.IGNORECASE,
)


def about_counts(turn: Turn) -> Plan | None:
    """The step for a question after a number; None for any other message."""
    text = " ".join(MARK.sub(" ", turn.wording.words).split())
    text = _EITHER.sub(" ", _TIME_OF.sub(r"\1 ", text))
    if (match := _THAN.search(turn.wording.words)) and not turn.attached:
        return _count(turn, match["what"], {})
    if turn.attached or turn.slots.clusters or turn.slots.refs:
        return None
    if turn.memory.counted is not None and (step := _going_on(turn, turn.memory.counted)) is not None:
        return step
    if _BY_DOMAIN.search(text) and _COUNTS.search(text):
        return call("count", "count_sounds", by="domain")
    match = _MUCH.search(text) or _WHICH.search(text)
    if match is None or _OTHERWISE.search(text.replace("at the same time", "")):
        return None
    return _count(turn, match["what"], _those(turn) if _OF_THOSE.search(text) else {})


def _count(turn: Turn, what: str, before: Mapping[str, Any]) -> Plan | None:
    """Counts what is named; before: the arguments of a count that this one is a part of."""
    wanted, _, denied = _parted(what)
    heard, without, limits = things(wanted), things(denied), _limits(turn)
    if heard is None or without is None or not (heard or without or limits):
        return None
    heard = list(dict.fromkeys([*before.get("heard", []), *heard]))
    without = list(dict.fromkeys([*before.get("without", []), *without]))
    kept = {name: value for name, value in before.items() if name not in ("heard", "without", "by")}
    if limits.get("min_s", 0) >= kept.get("max_s", math.inf) or kept.get("min_s", 0) >= limits.get("max_s", math.inf):
        kept = {name: value for name, value in kept.items() if name not in ("min_s", "max_s")}  # the newer bound wins
    args = {"heard": heard} | ({"without": without} if without else {}) | kept | limits
    return Plan("count", (Call("count_sounds", args),))


def _those(turn: Turn) -> Mapping[str, Any]:
    """What "of those" was: the last count, else the words of the last search, if the ears know them."""
    if turn.memory.counted is not None:
        return turn.memory.counted
    name, args = turn.memory.search or ("", {})
    heard = things(str(args.get("text", ""))) if name == "search_by_text" else None
    return {"heard": heard} if heard else {}


def _going_on(turn: Turn, before: Mapping[str, Any]) -> Plan | None:
    """The step for what goes on from a count: another thing, one more, a limit, or its list."""
    words = plain(turn)
    if _DO_NOT.search(words) and before.get("heard"):
        return Plan("count", (Call("count_sounds", {"heard": [], "without": list(before["heard"])}),))
    if _BOTH.search(words) and (both := _both(turn, before)):
        return Plan("count", (Call("count_sounds", {"heard": both}),))
    if first("show_counted", words) or _HOW_LONG.search(words):
        return Plan("count", (Call("count_sounds", dict(before)),))
    text = " ".join(MARK.sub(" ", turn.wording.words).split())
    if match := first("count_more", text):
        is_another = match["more"] is None and bool(things(_parted(match["what"])[0]))
        return _count(turn, match["what"], {**before, "heard": []} if is_another else before)
    if match := first("count_without", text):
        return _count(turn, f"without {match['what']}", before)
    if turn.slots.narrows and first("count_limit", text):
        return _count(turn, "", before)
    return None


def _both(turn: Turn, before: Mapping[str, Any]) -> list[str]:
    """The things that were counted one after the other, or one without the other, for "how many have both?"."""
    if before.get("without"):
        return [*before.get("heard", []), *before["without"]]
    asked = [thing for args in turn.memory.counts[-2:] for thing in args.get("heard", [])]
    return list(dict.fromkeys(asked)) if len(asked) > 1 else []


_BOTH = re.compile(
    r"\bboth (?:are )?(?:heard|there|in (?:it|them))$|\bboth heard$|\b(?:both|all (?:two|three|2|3)|the two"
    r" together)(?: of (?:them|those|these))?(?: (?:at once|together|at the same time))?$"
)
_HOW_LONG = re.compile(
    r"^(?:and |so )?(?:how (?:many (?:seconds|minutes|hours)|much (?:time|sound|audio)|long)) (?:is|are|does|do)"
    r" (?:that|it|they|those|these|this)\b"
)
_DO_NOT = re.compile(
    r"\bhow many (?:of them |sounds |recordings )?(?:do|are|have|does|is) not(?: (?:have|hold|contain) (?:it|any"
    r"|one))?$"
)


def _parted(what: str) -> tuple[str, str, str]:
    denial = _NOT.search(what)
    return (what[: denial.start()], denial[0], what[denial.end() :]) if denial else (what, "", "")


def things(said: str) -> list[str] | None:
    """What is named, each by itself; None if one of them is no sound that the ears know."""
    parts = [" ".join(_LEFT.sub(" ", part).split()).strip(" ,.?!") for part in _AND.split(said)]
    known = [_known(part) for part in parts if part]
    return None if None in known else [thing for thing in known if thing is not None]


def _known(thing: str) -> str | None:
    """A thing as the ears know it, a slip of the keyboard mended; None if they do not."""
    for said in (thing, mended(thing)):
        try:
            labels_of(said)
        except NotFoundError:
            continue
        return said
    return None


def _limits(turn: Turn) -> dict[str, float | str]:
    found = {"min_s": turn.slots.min_s, "max_s": turn.slots.max_s, "domain": turn.slots.domain}
    return {name: value for name, value in found.items() if value is not None}
