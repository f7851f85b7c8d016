"""What is heard in a sound and when, and what a person wants to be different of it."""

import re
from collections.abc import Mapping
from typing import Any

from agent.llm.embedded import replies, subtitling
from agent.llm.embedded.lenient.topics import filled, listed, parted, without_trailing
from agent.llm.embedded.plans import Call, Plan, ask, given
from agent.llm.embedded.pointing import plain
from agent.llm.embedded.turn import Turn


def events(turn: Turn) -> Plan:
    by_pattern = subtitling.about_events(turn)
    if by_pattern is not None and by_pattern.calls:
        return by_pattern
    sound = subtitling.source(turn)
    if sound is None:
        return ask("events", replies.WHICH_TO_SUBTITLE)
    kept, left = parted(turn)
    stretch = subtitling.stretch(subtitling.in_seconds(plain(turn)))
    args = {"only": listed(kept), "without": listed(left), **subtitling.style(turn.said)}
    return Plan("events", (Call("hear_events", {"sound": sound, **given(stretch), **filled(args)}),))


def change_events(turn: Turn) -> Plan:
    shown = turn.memory.timeline
    by_pattern = subtitling.about_events(turn)
    if shown is None:
        return events(turn)
    if by_pattern is not None and by_pattern.calls and len(by_pattern.calls[0].args) > 1:
        return by_pattern
    before: Mapping[str, Any] = shown.get("edits") or {}
    kept, left = parted(turn)
    edits: dict[str, Any] = (
        dict(before) | given(subtitling.stretch(subtitling.in_seconds(plain(turn)))) | subtitling.style(turn.said)
    )
    if (
        (renamed := _RENAMED.search(turn.said))
        and (old := _plain(renamed["old"] or renamed["old2"]))
        and (new := _plain(renamed["new"] or renamed["new2"]))
    ):
        edits["rename"] = {**edits.get("rename", {}), old: new}
    else:
        edits |= filled({"only": listed(kept)})
        if left:
            edits["without"] = list(dict.fromkeys([*edits.get("without", []), *listed(left)]))
    return Plan("events", (Call("hear_events", {"sound": str(shown["sound"]), **edits}),))


_RENAMED = re.compile(
    r"(?:\b(?:write|put|say|read|call (?:it|that)|label (?:it|that)|schreib\w*|nenn\w*)\s+)(?P<new2>[^,;]+?)\s+(?:instead of|in place of|rather than|not|statt|anstatt|statt)\s+(?P<old2>[^,;.!?]+)|"
    r"(?:where(?:ver)? (?:it says|you (?:wrote|say)|there is) )(?P<old>[^,;]+?),? (?:please )?(?:write|put|say|make (?:it|that))"
    r" (?P<new>[^,;.]+?)(?: instead| please|[.!]|$)",
    re.IGNORECASE,
)


def _plain(words: str) -> str:
    return without_trailing(re.sub(r"^(?:the|a|an|it)\s+", "", words.strip()))
