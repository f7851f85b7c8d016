"""What is said of the ears themselves: which there are, which are best, and that others should be used.

Names of models are read here and by no example: "use clap" is about ears, "find a clap" about a sound.
"""

import re

from agent.llm.embedded.plans import Plan, call
from agent.llm.embedded.turn import Turn
from core.captioning import CAPTIONERS
from core.embedding import DESCRIBER, EMBEDDERS

_BUILT_IN = r"built[- ]?in|own|default|usual"
_EARS = r"ears|embedders?|embedding models?|hearing models?|spaces?"
_NO_SOUND = r"(?!\s+(?:sounds?|samples?|files?|recordings?)\b)"
_CAPTION = re.compile(r"\b(?:re-?)?captions?\b.*?\b(?:with|by|using|from)\s+(?:the\s+)?(?P<name>[\w-]+)", re.IGNORECASE)
_WHICH = re.compile(
    rf"\b(?:which|what)\b(?:\s+\w+)?\s+(?:{_EARS})\b|\b(?:list|show|tell)\b.*\b(?:{_EARS})\b"
    r"|\b(?:which|what)\b(?:\s+\w+){0,2}\s+models?\b.*\b(?:listen|hear|analy[sz]e|embed|use|using|used|running)"
    r"|\b(?:what|how)\s+(?:do|are)\s+you\s+(?:listen|hear)\w*(?:\s+(?:with|to them|to sounds))?\s*\??$",
    re.IGNORECASE,
)
_BEST = re.compile(r"\b(?:best|better|worst|compare|rank)\b", re.IGNORECASE)
_ABOUT_EARS = re.compile(rf"\b(?:{_EARS})\b", re.IGNORECASE)
_BY_FOLDER = re.compile(r"\b(?:by|from|with) (?:the |my |their )?folders?\b", re.IGNORECASE)


def about_ears(turn: Turn) -> Plan | None:
    """The step for a message about ears or captioners; None for any other."""
    text = turn.text
    if (said := _CAPTION.search(text)) and (captioner := _named(said["name"], CAPTIONERS.names())):
        return call("update", "ingest", captioner=captioner)
    if said := _use().search(text):
        return call("ears", "ears", use=_named(said["name"], EMBEDDERS.names()) + (said["variant"] or "").lower())
    if _ABOUT_EARS.search(text) and _BEST.search(text):
        return call("compare_ears", "compare_ears", by_folder=bool(_BY_FOLDER.search(text)) or None)
    return call("ears", "ears") if _WHICH.search(text) else None


def _use() -> re.Pattern[str]:
    names = "|".join(map(re.escape, EMBEDDERS.names()))
    verbs = r"use|switch (?:over |back )?to|change (?:over |back )?to|hear (?:\w+ ){0,4}with|listen (?:\w+ ){0,4}with"
    name = rf"(?:the\s+|your\s+)?(?P<name>{names}|(?:{_BUILT_IN})(?=\s+ears\b)|built[- ]in)"
    return re.compile(rf"\b(?:{verbs})\s+{name}(?P<variant>:[\w-]+)?\b{_NO_SOUND}", re.IGNORECASE)


def _named(said: str, names: list[str]) -> str:
    """The backend that is meant; empty if none is."""
    if re.fullmatch(rf"{_BUILT_IN}|built", said, re.IGNORECASE):
        return DESCRIBER
    return said.lower() if said.lower() in names else ""


def use_named(turn: Turn) -> Plan | None:
    """The step for a message that names other ears anywhere; None where it names none."""
    names = "|".join(map(re.escape, EMBEDDERS.names()))
    said = re.search(rf"\b(?P<name>{names}|{_BUILT_IN})(?P<variant>:[\w-]+)?\b", turn.text, re.IGNORECASE)
    return call("ears", "ears", use=_named(said["name"], EMBEDDERS.names()) + (said["variant"] or "")) if said else None
