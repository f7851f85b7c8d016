"""What is heard in a sound and when, and what a person wants to be different of it."""

import re
from collections.abc import Mapping
from typing import Any

from agent.llm.embedded import replies, subtitling
from agent.llm.embedded.lenient.topics import enumerated, parted, without_empty, without_trailing
from agent.llm.embedded.plans import Call, Plan, ask, given
from agent.llm.embedded.pointing import plain
from agent.llm.embedded.turn import Turn


def events(turn: Turn) -> Plan:
    """What is heard in a sound and when, only or without what is named, in a stretch of it."""
    by_pattern = subtitling.about_events(turn)
    if by_pattern is not None and by_pattern.calls:
        return by_pattern
    sound = subtitling.source(turn)
    if sound is None:
        return ask("events", replies.WHICH_TO_SUBTITLE)
    kept, left = parted(turn)
    stretch = subtitling.stretch(subtitling.in_seconds(plain(turn)))
    args = {"only": enumerated(kept), "without": enumerated(left), **subtitling.style(turn.said)}
    return Plan("events", (Call("hear_events", {"sound": sound, **given(stretch), **without_empty(args)}),))


def change_events(turn: Turn) -> Plan:
    """The timeline shown last with something different: a stretch, a label, or what is left out."""
    shown = turn.memory.timeline
    by_pattern = subtitling.about_events(turn)
    if shown is None:
        return events(turn)
    if by_pattern is not None and by_pattern.calls and len(by_pattern.calls[0].args) > 1:
        return by_pattern
    before: Mapping[str, Any] = shown.get("edits") or {}
    kept, left = parted(turn)
    stretch = subtitling.stretch(subtitling.in_seconds(plain(turn)))
    edits: dict[str, Any] = dict(before) | given(stretch) | subtitling.style(turn.said)
    if renamed := _renamed(turn.said):
        edits["rename"] = {**edits.get("rename", {}), **renamed}
    else:
        edits |= without_empty({"only": enumerated(kept)})
        if left:
            edits["without"] = list(dict.fromkeys([*edits.get("without", []), *enumerated(left)]))
    return Plan("events", (Call("hear_events", {"sound": str(shown["sound"]), **edits}),))


_RENAMED = re.compile(
    r"\b(?:call|label|name)\s+(?:the|every|each|all)\s+(?P<old6>\w+)\s+(?:an?|as)\s+(?P<new6>[\w ]+?)(?: there|"
    r" here| instead)?\s*[.!]?$|"
    r"(?:\b(?:write|put|say|schreib\w*)\s+)(?P<new3>[^,;]+?)\s+(?:where(?:ver)?|when(?:ever)?|every time|überall wo|wo)"
    r"\s+(?:it says|it said|you (?:wrote|say|put)|there is|steht|es heißt)\s+(?P<old3>[^,;.!?]+)"
    r"|\b(?:replace|swap|change|relabel|rename|ersetze?)\s+(?P<old4>[^,;]+?)\s+(?:with|by|for|to|into|as|durch|mit)\s+(?P<new4>[^,;.!?]+)"
    r"|\b(?:the )?(?P<old5>[\w ]+?)\s+(?:should|is to|ought to|must)\s+(?:read|be called|be labell?ed"
    r"|say)\s+(?P<new5>[^,;.!?]+)|"
    r"(?:\b(?:write|put|say|read|call (?:it|that)|label (?:it|that)|schreib\w*|nenn\w*)\s+)(?P<new2>[^,;]+?)"
    r"\s+(?:instead of|in place of|rather than|not|statt|anstatt)\s+(?P<old2>[^,;.!?]+)"
    r"|(?:where(?:ver)? (?:it says|you (?:wrote|say)|there is) )(?P<old>[^,;]+?),?"
    r" (?:please )?(?:write|put|say|make (?:it|that)) (?P<new>[^,;.]+?)(?: instead| please|[.!]|$)",
    re.IGNORECASE,
)


def _renamed(said: str) -> dict[str, str]:
    """What a label is to read instead, by what it reads now; empty where no such thing is asked for."""
    match = _RENAMED.search(said)
    if match is None:
        return {}
    parts = match.groupdict()
    old = _label(next(said for name, said in parts.items() if name.startswith("old") and said))
    new = _label(next(said for name, said in parts.items() if name.startswith("new") and said))
    return {old: new} if old and new else {}


def _label(words: str) -> str:
    """Words without an article before them and a courtesy after them."""
    return without_trailing(re.sub(r"^(?:the|a|an|it)\s+", "", words.strip()))


def save(turn: Turn) -> Plan:
    """The subtitles as they were shown last, as a file that the person is asked about."""
    return subtitling.saved(turn, turn.text.lower())
