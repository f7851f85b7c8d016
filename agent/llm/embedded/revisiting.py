"""The clusterings that are kept: which there are, what is different between two, going back to one, and its name."""

import re

from agent.llm.embedded.exporting import MEANT_NOW
from agent.llm.embedded.lists import lexicon
from agent.llm.embedded.patterns import first, short
from agent.llm.embedded.plans import Plan, call
from agent.llm.embedded.pointing import GROUP, plain, shown_id
from agent.llm.embedded.regrouping import command_mended, tidy
from agent.llm.embedded.turn import Turn

_KEPT = short("KEPT")
_OF_GROUPS = re.compile(
    rf"\b(?:{GROUP}|{_KEPT}|last|before|previous|earlier|this|that|it|them|these|now|time|edit|change|exactly|here)\b"
)


def about_versions(turn: Turn) -> Plan | None:
    """The step for a message about clusterings that are kept; None for any other."""
    words = plain(turn)
    if len(turn.slots.clusters) > 1 and not re.search(rf"\b{_KEPT}\b", words):  # of two groups, not of two versions
        return None
    for read in (_named, _compared, _gone_back, _listed):
        if (step := read(turn, words)) is not None:
            return step
    return None


def versions(turn: Turn) -> Plan:
    """What there is, where nothing more special is asked for."""
    return about_versions(turn) or call("versions", "versions")


def _named(turn: Turn, _: str) -> Plan | None:
    match = first("name_version", command_mended(turn))
    title = tidy(match["title"]) if match else ""
    if not match or not title:
        return None
    number = int(match["n"]) if match.groupdict().get("n") else None
    shown = (turn.memory.clustering or {}).get("clustering")
    return call("versions", "versions", restore=None if number == shown else number, name=title)


def _compared(turn: Turn, words: str) -> Plan | None:
    if match := first("compare", words):
        both = [int(number) for number in match.groups()]
        return call("versions", "versions", compare=both)
    named = [int(number) for number in re.findall(r"\b(?:clustering|version|grouping) (?:number )?(\d+)\b", words)]
    if len(named) == 2 and re.search(r"\b(?:differ\w*|compar\w*|chang\w*|between|against)\b", words):
        return call("versions", "versions", compare=named)
    shown = (turn.memory.clustering or {}).get("clustering")
    if match := first("since", words):
        number = int(match[1])
        both = [number, shown] if isinstance(shown, int) and shown != number else [number]
        return call("versions", "versions", compare=both)
    since = first("since_last", words)
    if since is None:
        return None
    after_ingest = turn.memory.ingest is not None and turn.memory.latest is turn.memory.ingest
    if since["rest"] is None and not after_ingest and re.search(r"\b(?:chang|differ)", words):
        return call("versions", "versions", compare=[shown or MEANT_NOW])
    if shown is None:
        return call("versions", "versions") if re.search(rf"\b(?:{GROUP}|{_KEPT})\b", words) else None
    if since["rest"] is None and turn.memory.clustering is not turn.memory.latest:
        return None
    about_groups = since["rest"] is None or _OF_GROUPS.search(words) is not None
    return call("versions", "versions", compare=[shown]) if about_groups else None


def _gone_back(turn: Turn, words: str) -> Plan | None:
    if match := first("restore", words):
        return call("versions", "versions", restore=int(match[1]))
    if match := first("restore_nth", words):
        nth = {"original": 1, "initial": 1}.get(match["nth"]) or lexicon()["ordinals"][match["nth"]]
        return call("versions", "versions", restore=nth)
    if first("restore_last", words) is None:
        return None
    earlier = [each for each in turn.memory.clusterings if each != shown_id(turn)]
    return call("versions", "versions", restore=earlier[-1] if earlier else None)


def _listed(_: Turn, words: str) -> Plan | None:
    return call("versions", "versions") if first("list_versions", words) else None
