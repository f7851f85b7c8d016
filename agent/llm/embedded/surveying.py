"""Questions about all groups at once: which are weak, which is the biggest, and where their names come from.

Also the group of a title, and the next one after a group that was looked at.
"""

import re

from agent.llm.embedded import replies
from agent.llm.embedded.asked import Asked
from agent.llm.embedded.lists import lexicon
from agent.llm.embedded.patterns import first
from agent.llm.embedded.phrasing import phrase_artifact
from agent.llm.embedded.plans import Plan, call
from agent.llm.embedded.pointing import GROUP, groups_in, plain, shown_id, titled
from agent.llm.embedded.turn import Turn


def about_all_groups(turn: Turn) -> Plan | None:
    """The step for a question about the groups as a whole; None for any other message."""
    words = plain(turn)
    if any(first(each, words) for each in ("weak", "biggest", "sizes", "count_groups")):
        return all_groups(turn, words)
    if turn.memory.last and turn.memory.last.kind == "clustering" and first("each_group", words):
        return all_groups(turn, words)
    if first("names", words):
        return Plan("names", text=replies.NAMES)
    return _of_title(turn, words) or _next_one(turn, words)


def all_groups(turn: Turn, words: str) -> Plan:
    """What is asked of all groups: told of those that were shown, else of those that are meant now."""
    shown = turn.memory.clustering
    if shown is None:
        return call("groups", "versions", current=True)
    return Plan("groups", text=phrase_artifact(shown, Asked({"current": True}, words)))


def _of_title(turn: Turn, words: str) -> Plan | None:
    match = first("of_title", words)
    if match is None or turn.slots.clusters or _is_pointed_at(match["title"]):
        return None
    if turn.memory.clustering is None:
        return None if turn.memory.cluster else call("groups", "versions", current=True)
    number = titled(turn, match["title"])
    if number is None:
        return Plan("which_group", text=replies.NOT_IN_TITLES)
    return call("describe", "summarize_cluster", cluster=number, clustering=shown_id(turn))


def _is_pointed_at(title: str) -> bool:
    """Whether the words before "group" are no title: "the third group", "the same group"."""
    pointing = {*lexicon()["ordinals"], *"same other whole next previous new old current".split()}
    return not pointing.isdisjoint(title.split())


def _next_one(turn: Turn, words: str) -> Plan | None:
    """The group at a place, as in "and the second?", after a question about a group."""
    match, last = first("next_one", words), turn.memory.last
    if (way := first("following", words)) and last and last.kind == "cluster" and not turn.memory.looked_at:
        number = int(last.artifact["cluster"]) + (1 if way["way"] in ("next", "following") else -1)
        return call("describe", "summarize_cluster", cluster=number, clustering=shown_id(turn)) if number > 0 else None
    about_group = re.search(rf"\b{GROUP}\b", turn.before.lower()) is not None
    if match is None or last is None or last.kind != "cluster" or turn.memory.looked_at or not about_group:
        return None
    numbers = groups_in(turn, f"the {match['nth']} cluster")
    return call("describe", "summarize_cluster", cluster=numbers[0], clustering=shown_id(turn)) if numbers else None
