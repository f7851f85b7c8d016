"""Turns the sounds that an answer names into players: links to the sound, at its second where one is told.

The page plays such a link where it stands (ui/earshot.js). Pure; what may be named has been checked before.
"""

import re

from agent.grounding.references import Reference, find

NUMBER = re.compile(r"\d{1,18}(?::\d{1,9})?")
AT = re.compile(
    r"\b(?:at|from|bei|ab|à|a los|second)\s+(?:(?:(?P<h>\d{1,2}):)?(?P<min>\d{1,3}):(?P<s>\d{2})(?:\.\d+)?\b"
    r"|(?P<seconds>\d{1,6}(?:\.\d{1,3})?)(?:\s*(?:s|sec|seconds?|Sekunden?|secondes?|segundos?))?\b)",
    re.IGNORECASE,
)
KEPT = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`|!?\[[^\]\n]*\]\([^)\n]*\)", re.DOTALL)
"""Code and links are left as they are."""


def with_players(text: str) -> str:
    """The same Markdown with a link on the number of each sound."""
    kept = [match.span() for match in KEPT.finditer(text)]
    named = [each for each in find(text) if each.kind == "sound"]
    parts, done = [], 0
    for place, reference in enumerate(named):
        if any(start < reference.end and reference.start < end for start, end in kept):
            continue
        until = named[place + 1].start if place + 1 < len(named) else len(text)
        parts += [text[done : reference.start], _linked(reference, _second(text[reference.end : until]))]
        done = reference.end
    return "".join([*parts, text[done:]])


def _linked(reference: Reference, second: float | None) -> str:
    head = reference.list_start - reference.start
    numbers = NUMBER.findall(reference.text[head:])
    moment = f"#t={second:g}" if second is not None and len(numbers) == 1 else ""

    def link(match: re.Match[str]) -> str:
        return f"[{match[0]}](/library/audio/{match[0].partition(':')[0]}{moment})"

    body = reference.text[head:]
    boxed = re.fullmatch(r"\[(\d+(?::\d+)?)\]", body)
    return reference.text[:head] + NUMBER.sub(link, boxed[1] if boxed else body)


def _second(after: str) -> float | None:
    """The second that is told of a sound, in the same sentence."""
    sentence = re.split(r"[.!?;]\s|\n", after, maxsplit=1)[0]
    match = AT.search(sentence)
    if match is None:
        return None
    if match["seconds"]:
        return float(match["seconds"])
    return 3600 * int(match["h"] or 0) + 60 * int(match["min"]) + int(match["s"])
