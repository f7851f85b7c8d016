"""Questions after numbers: how much speech there is, which recordings hold birds and a train, how many of each kind."""

import re

from agent.llm.embedded.plans import Plan, call
from agent.llm.embedded.turn import Turn
from agent.llm.embedded.wording import MARK
from core.counting import labels_of
from core.errors import NotFoundError

_SOUNDS = r"(?:sounds?|recordings?|files?|samples?|clips?|takes?|tracks?)"
_HERE = (
    r"(?:(?:is|are|do|does|have|has|there|i|we|you|in|here|of|my|the|this|library|collection|it|all|heard|got|with|"
    rf"contains?|contain|hold|holds|include|includes|{_SOUNDS}|both|any|at once|together|at the same time)\b[ ,?]*)*"
)
_MUCH = re.compile(rf"\bhow (?:many|much)\b\s*{_HERE}(?P<what>[^?]*?)\s*[?.!]*$", re.IGNORECASE)
_WHICH = re.compile(
    rf"\b(?:which|what|any)\b(?: of)?(?: my| the| these)? {_SOUNDS}(?: here)? "
    r"(?:have|has|hold|holds|contain|contains|include|includes)\b(?P<what>[^?]*?)\s*[?.!]*$",
    re.IGNORECASE,
)
_BY_DOMAIN = re.compile(r"\b(?:by|per|for each|of each) (?:domain|kind of sound|category)\b", re.IGNORECASE)
_COUNTS = re.compile(r"\b(?:how (?:many|much)|what|count|number of)\b", re.IGNORECASE)
_EMPTY = (
    "a an the some any both together in it them here there my library collection is are do i have of heard with got"
)
_LEFT = re.compile(rf"\b(?:at once|at the same time|{'|'.join(_EMPTY.split())}|{_SOUNDS})\b", re.IGNORECASE)
_NOT = re.compile(r"\b(?:but (?:no|not|without)|without|and no|no)\b", re.IGNORECASE)
_AND = re.compile(r"\s*(?:,|\band\b|\bplus\b|&|\bas well as\b|\btogether with\b)\s*", re.IGNORECASE)
_OTHERWISE = re.compile(
    r"\b(?:groups?|clusters?|clusterings?|versions?|channels?|duplicates?|skipped|ears|copies"
    r"|so far|total|altogether|overall|hours?|minutes?|time|space)\b",
    re.IGNORECASE,
)


def about_counts(turn: Turn) -> Plan | None:
    """The step for a question after a number; None for any other message."""
    text = " ".join(MARK.sub(" ", turn.wording.words).split())
    if turn.attached or turn.slots.clusters or turn.slots.refs or _OTHERWISE.search(text):
        return None
    if _BY_DOMAIN.search(text) and _COUNTS.search(text):
        return call("count", "count_sounds", by="domain")
    match = _MUCH.search(text) or _WHICH.search(text)
    if match is None:
        return None
    wanted, _, denied = _parted(match["what"])
    heard, without = _things(wanted), _things(denied)
    limits = _limits(turn)
    if heard is None or without is None or not (heard or without or limits):
        return None
    return call("count", "count_sounds", **({"heard": heard} | ({"without": without} if without else {}) | limits))


def _parted(what: str) -> tuple[str, str, str]:
    denial = _NOT.search(what)
    return (what[: denial.start()], denial[0], what[denial.end() :]) if denial else (what, "", "")


def _things(said: str) -> list[str] | None:
    """What is named, each by itself; None if one of them is no sound that the ears know."""
    parts = [" ".join(_LEFT.sub(" ", part).split()).strip(" ,.?!") for part in _AND.split(said)]
    things = [part for part in parts if part]
    try:
        for thing in things:
            labels_of(thing)
    except NotFoundError:
        return None
    return things


def _limits(turn: Turn) -> dict[str, float | str]:
    found = {"min_s": turn.slots.min_s, "max_s": turn.slots.max_s, "domain": turn.slots.domain}
    return {name: value for name, value in found.items() if value is not None}
