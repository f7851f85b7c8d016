"""What is heard in a sound or a video, and when; and what a person wants to be different of it.

"only the animals", "from 0:40", "call it rain, not noise" go on from the timeline that was shown last.
"""

import re
from collections.abc import Mapping
from typing import Any

from agent.llm.embedded import replies
from agent.llm.embedded.patterns import first
from agent.llm.embedded.plans import Call, Plan, ask, call
from agent.llm.embedded.turn import Turn

_AND = re.compile(r"\s*(?:,|\band\b|&)\s*")
_EDGES = re.compile(r"^(?:the|all|any|every|of|kinds?|sounds?)\s+|\s+(?:sounds?|please|now|again|instead)$")
_CLOCK = (
    r"(?:(?P<{0}m>\d{{1,3}}):(?P<{0}s>\d\d)|(?P<{0}n>\d+(?:\.\d+)?)\s*(?P<{0}u>(?:s|secs?|seconds?|min|minutes?)\b)?)"
)
_FROM = re.compile(rf"\b(?:from|after|starting at|since)\s+(?:second\s+|minute\s+)?{_CLOCK.format('a')}")
_TO = re.compile(rf"\b(?:to|until|till|up to|before|-)\s+(?:second\s+|minute\s+)?{_CLOCK.format('b')}")


def about_events(turn: Turn) -> Plan | None:
    """The step for a message about what is heard when; None for any other."""
    words = in_seconds(_IN_TIMELINE.sub("", " ".join(turn.text.lower().split())).rstrip(" .!?"))
    shown = turn.memory.timeline
    if (
        first("save_subtitles", words)
        or _SAVES.search(words)
        or (_AND_SAVE.search(words) and "title" in words)
        or (shown is not None and not turn.slots.refs and _AS_FILE.search(words))
    ):
        return saved(turn, words)
    if shown is not None and not turn.attached and (edits := _edited(words, shown.get("edits") or {})) is not None:
        return Plan("events", (Call("hear_events", {"sound": str(shown["sound"]), **edits}),))
    sound = source(turn)
    if (match := first("when_heard", words)) and sound is not None and first("events", words) is None:
        return Plan("events", (Call("hear_events", {"sound": sound, "only": _kinds(match["what"])}),))
    if first("events", words) is None:
        return None
    if sound is None:
        return ask("events", replies.WHICH_TO_SUBTITLE)
    return Plan("events", (Call("hear_events", {"sound": sound, **stretch(words), **style(words)}),))


_CALLED = re.compile(
    r"\b(?:named|called|namens|titled|with the name|under the name(?: of)?|(?:call|name) (?:it|that|them|the"
    r" (?:sub ?title )?file)) [\"“„']?(?P<name>[\w][\w .-]*?)[\"”“']?\s*[.!?]*$",
    re.IGNORECASE,
)
_AND_SAVE = re.compile(
    r"\band (?:save|store|write|export|keep) (?:it|them|that|these|those)\b(?:.*\b(?:srt|vtt|sub ?titles?)\b)?"
)
_IN_TIMELINE = re.compile(
    r"^in (?:that|the|this) (?:timeline|sub ?titles) ?,? ?(?:please )?(?=(?:call|write|rename|only|hide|leave"
    r"|show|drop|label)\b)"
)
_SAVES = re.compile(
    r"^(?:(?:please|now|and|then|ok|can you|could you|would you|(?:i|we) (?:would|want|need)(?: like| ask)?(?: you)? to"
    r"|bitte) )*(?:save|store|export|keep|speicher\w*"
    r"|sicher\w*)\b"
    r".*\b(?:sub ?titles?|untertitel|srt|vtt|captions?)\b"
)
_AS_FILE = re.compile(r"\b(?:as|in|need|want|also) (?:an? |the )?(?:web ?)?(?:vtt|srt)\b(?: file)?(?! style)")


def saved(turn: Turn, words: str) -> Plan:
    """The subtitles as a file: as they were shown last, unless another sound is named."""
    sound, shown = source(turn), turn.memory.timeline or {}
    if sound is None:
        return ask("events", replies.WHICH_TO_SUBTITLE)
    edits = shown.get("edits") or {} if str(shown.get("sound")) == sound else {}
    _, asked = turn.memory.made if turn.memory.made[0] else turn.memory.failed
    if "style" in asked and str(asked.get("sound")) == sound:
        edits = {**edits, "style": asked["style"]}
    named = _CALLED.search(turn.said)
    called = named["name"] if named else turn.memory.called.get(sound, "").rpartition(".")[0]
    form = "vtt" if re.search(r"\bvtt|\bweb ?vtt", words) else None
    return call("events", "save_subtitles", sound=sound, format=form, name=called, **edits)


def source(turn: Turn) -> str | None:
    """The sound that is meant: what came with the message, what it names, or what was spoken of last."""
    named = turn.memory.sounds(turn.slots.refs)
    if turn.attached:
        return turn.attached[0].id
    if named:
        return named[0]
    shown = turn.memory.timeline
    if shown is not None:
        return str(shown["sound"])
    return turn.memory.focus or next(reversed(turn.memory.attached), None)


def _edited(words: str, before: Mapping[str, Any]) -> dict[str, Any] | None:
    """The arguments of the timeline before, with what a message changes in them; None if it changes nothing."""
    edits: dict[str, Any] = dict(before) | style(words)
    if first("everything", words):
        return {}
    if _STYLE.search(words):
        return edits
    if match := first("renamed", words):
        old, new = _kind(match["old"]), match["new"].strip(" \"'“”")
        return edits | {"rename": {**edits.get("rename", {}), old: new}} if old and new else None
    moments = stretch(words)
    if match := first("only", words):
        kinds = _kinds(_without_stretch(match["what"]))
        return edits | moments | ({"only": kinds} if kinds else {}) if kinds or moments else None
    if match := first("left_out", words):
        kinds = _kinds(_without_stretch(match["what"]))
        return edits | moments | {"without": [*edits.get("without", []), *kinds]} if kinds else None
    return edits | moments if moments and not _without_stretch(words).strip(" ,.") else None


def in_seconds(words: str) -> str:
    """Words that say how long a beginning is, as moments: "the first 2 seconds" is "from 0 s to 2 s"."""
    words = re.sub(rf"\b({'|'.join(_FEW)})(?=[ -](?:seconds?|minutes?)\b)", lambda few: str(_FEW[few[1]]), words)
    words = re.sub(rf"\b(second|minute) ({'|'.join(_FEW)})\b", lambda few: f"{few[1]} {_FEW[few[2]]}", words)
    words = re.sub(r"\bthe (\d+(?:\.\d+)?)[ -]second mark\b", r"\1 s", words)
    words = re.sub(r"\b(?:stop|end|cut off|finish) (?:at|after) ", "to ", words)
    words = re.sub(rf"{_LEAVE_OUT} (?:before|until|up to) ", "from ", words)
    words = re.sub(rf"{_LEAVE_OUT} (?:after|from|past|beyond) ", "to ", words)
    words = re.sub(rf"\bbetween {_CLOCK.format('a')} and {_CLOCK.format('b')}", _from_to, words)
    words = re.sub(r"\b(after|from) the first second\b", r"\1 1 s", words)
    words = re.sub(r"\bfirst second\b", "first 1 s", words)
    words = re.sub(rf"\bfirst ({'|'.join(_FEW)}) seconds\b", lambda few: f"first {_FEW[few[1]]} s", words)
    return re.sub(
        r"\b(?:the |its )?first (\d+(?:\.\d+)?) ?(?:s|secs?|seconds?)\b(?: of (?:it|this|that))?",
        r"from 0 s to \1 s",
        words,
    )


def _from_to(between: re.Match[str]) -> str:
    """Turns "between 1 and 2 seconds" into "from 1 seconds to 2 seconds": the unit of the end is that of both."""
    begin, end = re.split(r" and ", between[0].removeprefix("between ").strip())
    unit = between["bu"] or ""
    return f"from {begin}{f' {unit}' if unit and not between['au'] else ''} to {end} "


_FEW = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10}
_LEAVE_OUT = (
    r"\b(?:without|leave out|cut(?: off| out)?|skip|drop|remove|hide|ignore|omit|not) (?:(?:everything|anything"
    r"|all|what|whatever"
    r"|that|the part|is|comes|was|heard|happens) ?)*"
)
_NO_KIND = frozenset(
    "what happens heard is everything parts on onwards onward please now then those these them they it only just"
    " the of this that there part bit".split()
)


def _kinds(said: str) -> list[str]:
    kinds = (_kind(each) for each in _AND.split(said))
    return [kind for kind in kinds if not set(kind.split()) <= _NO_KIND]


def _kind(said: str) -> str:
    said = said.strip(" \"'“”.,")
    while (shorter := _EDGES.sub("", said)) != said:
        said = shorter
    return said


def stretch(words: str) -> dict[str, float]:
    """From when, and until when, as far as a message says it."""
    begins, ends = _FROM.search(words), _TO.search(words)
    edges = {"start_s": _second(begins, "a"), "end_s": _second(ends, "b")}
    return {name: second for name, second in edges.items() if second is not None}


def _without_stretch(words: str) -> str:
    return _TO.sub(" ", _FROM.sub(" ", words))


def style(said: str) -> dict[str, str]:
    """The style of subtitles that a message asks for."""
    if match := _STYLE.search(said):
        return {"style": (match[1] or match[2]).lower()}
    if _PLAIN_STYLE.search(said):
        return {"style": "events"}
    return {"style": "sdh"} if _FULL_STYLE.search(said) else {}


_STYLE = re.compile(
    r"\b(?:style|stil)\W+(?:of\W+|called\W+)?(events|sdh|all)\b|\b(events|sdh|all)\W{1,2}(?:style|stil)\b",
    re.IGNORECASE,
)
_PLAIN_STYLE = re.compile(
    r"\b(?:plain|simple|just|square) brackets|\bevents style|\bas events"
    r"|\bschlichte\w* klammern|\beinfache\w* klammern",
    re.IGNORECASE,
)
_FULL_STYLE = re.compile(r"\bsdh\b|\bhard of hearing|\bfor the deaf|\bgehörlose", re.IGNORECASE)


def _second(match: re.Match[str] | None, prefix: str) -> float | None:
    if match is None:
        return None
    if match[f"{prefix}m"]:
        return 60.0 * int(match[f"{prefix}m"]) + int(match[f"{prefix}s"])
    unit = 60.0 if (match[f"{prefix}u"] or "").startswith("min") else 1.0
    return float(match[f"{prefix}n"]) * unit
