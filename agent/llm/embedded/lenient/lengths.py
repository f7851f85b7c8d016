"""How long sounds may be, however it is put: "nothing past 600 ms", "whatever is under 2 s may go"."""

import re

from agent.llm.embedded.plans import given
from agent.llm.embedded.pointing import plain
from agent.llm.embedded.turn import Turn

_SPAN_S = r"(?P<n>\d*\.?\d+) ?(?P<u>ms|milliseconds?|s|secs?|seconds?|min|mins|minutes?)?\b"

_MORE_THAN = (
    r"longer than|more than|over|above|exceed(?:s|ing)?|beyond|past|at least|min(?:imum)?"
    r"|not less than|no less than|from"
)

_LESS_THAN = (
    r"shorter than|less than|under|below|at most|max(?:imum|imal)?|up to|within|not exceeding|tops|allow(?:ing)?"
)

_BOUND = re.compile(
    rf"\b(?:(?P<more>{_MORE_THAN})|(?P<less>{_LESS_THAN}))(?: (?:length|duration))?(?: (?:of|to|is|at))? {_SPAN_S}"
)

_BOUND_AFTER = re.compile(
    rf"(?<![\w.]){_SPAN_S} (?:long )?"
    r"(?:(?P<more>or (?:more|longer|over|up)|and (?:up|more|over)|upwards|plus|at least|min)"
    r"|(?P<less>or (?:less|shorter|under)|at most|max(?:imum)?|tops|at the most))"
)

_FLIPS = re.compile(
    r"\b(?:no|not|nothing|none|without|omit|exclude|drop|remove|cut|skip|hide|lose|ditch|rid of|leave out|nor|never)\b"
    r"[^.;!?]{0,40}$"
)

_MAY_GO = re.compile(r"^[^.;!?]{0,12}\b(?:may go|can go|has to go|must go|should go|is out|are out)\b")

_FIXED = re.compile(r"at least|min|at most|max|up to|within|not ")


def bounds(turn: Turn) -> dict[str, float]:
    """The shortest and the longest length that a message allows, in seconds, where no grammar read one."""
    slots = turn.slots
    if slots.start_s is not None or slots.min_s is not None or slots.max_s is not None:
        return given({"min_s": slots.min_s, "max_s": slots.max_s})
    found: dict[str, float] = {}
    words = re.sub(r"(?<![\d.])\.(?=\d)", "0.", plain(turn))
    words = re.sub(r"\b(shorter|longer|less|more) than one$", r"\1 than 1 s", words)
    for match in (*_BOUND.finditer(words), *_BOUND_AFTER.finditer(words)):
        length_s = float(match["n"]) * _seconds_per(match["u"] or "s")
        is_least = match["more"] is not None
        if not _FIXED.search(match["more"] or match["less"]):
            flips = bool(_FLIPS.search(words[: match.start()])) or bool(_MAY_GO.search(words[match.end() :]))
            is_least = is_least != flips
        found.setdefault("min_s" if is_least else "max_s", round(length_s, 6))
    return found


def _seconds_per(unit: str) -> float:
    if unit == "ms" or unit.startswith("milli"):
        return 0.001
    return 60.0 if unit.startswith("min") else 1.0
