"""Which function reads what is wanted, and which tools serve it."""

from collections.abc import Callable, Mapping

from agent.llm.embedded import replies
from agent.llm.embedded.lenient.changing import merge, move, rename, split
from agent.llm.embedded.lenient.copying import export
from agent.llm.embedded.lenient.finding import like, more, narrow, quality, search
from agent.llm.embedded.lenient.grouping import (
    cluster,
    describe,
    group_facts,
    recluster,
    rename_clustering,
    restore,
    versions,
)
from agent.llm.embedded.lenient.likely import likely
from agent.llm.embedded.lenient.places import point
from agent.llm.embedded.lenient.telling import (
    compare_ears,
    count,
    details,
    ears_use,
    moments_of,
    overview,
    play,
    selection,
    show_map,
)
from agent.llm.embedded.lenient.timelines import change_events, events, save
from agent.llm.embedded.plans import Plan, call
from agent.llm.embedded.turn import Turn

LIKELY = 0.25
"""How likely the likeliest has to be; under it nothing is done."""

_AS_WELL = 0.25
"""What is at least this share as likely as the likeliest is tried where that lacks something."""


def likeliest_step(turn: Turn, steps: Mapping[str, Callable[[Turn], Plan]]) -> Plan:
    """The step for the likeliest thing that has all it needs, else the question back for the likeliest."""
    point(turn)
    best, *others = likely(turn)
    plans = [steps[best.name](turn)]
    for other in others:
        if (
            plans[0].asked
            and plans[0].text != replies.WHICH_OTHER
            and other.score >= _AS_WELL * best.score
            and other.name not in ("search", "undo")
        ):
            plans.append(steps[other.name](turn))
    return next((each for each in plans if each.calls), plans[0])


STEPS: dict[str, Callable[[Turn], Plan]] = {
    "search": search,
    "like": like,
    "export": export,
    "quality": quality,
    "overview": overview,
    "selection": selection,
    "moments": moments_of,
    "narrow": narrow,
    "more": more,
    "cluster": cluster,
    "recluster": recluster,
    "describe": describe,
    "details": details,
    "group_facts": group_facts,
    "pick": details,
    "play": play,
    "count": count,
    "rename": rename,
    "rename_clustering": rename_clustering,
    "merge": merge,
    "split": split,
    "move": move,
    "versions": versions,
    "restore": restore,
    "map": show_map,
    "events": events,
    "events_change": change_events,
    "save_subtitles": save,
    "ears": lambda _: call("ears", "ears"),
    "ears_use": ears_use,
    "compare_ears": compare_ears,
}
"""The steps that read leniently, by what is wanted; of the others the planner knows the step."""

TOOLS: dict[str, frozenset[str]] = {
    name: frozenset(tools.split())
    for name, tools in {
        "add": "ingest",
        "update": "ingest",
        "like": "search_by_audio",
        "search": "search_by_text search_by_audio count_sounds",
        "narrow": "search_by_text search_by_audio hear_events count_sounds",
        "shorter": "search_by_text search_by_audio",
        "longer": "search_by_text search_by_audio",
        "quality": "search_by_text search_by_audio",
        "more": "search_by_text search_by_audio cluster count_sounds find_moments",
        "cluster": "cluster",
        "recluster": "cluster",
        "describe": "summarize_cluster describe_selection versions",
        "groups": "versions",
        "which_group": "versions summarize_cluster",
        "group_facts": "versions summarize_cluster",
        "details": "get_metadata summarize_cluster",
        "pick": "get_metadata summarize_cluster export",
        "play": "get_metadata",
        "extreme": "get_metadata search_by_text",
        "overview": "get_metadata count_sounds",
        "count": "count_sounds get_metadata search_by_text",
        "skips": "get_metadata",
        "export": "export",
        "rename": "edit_clusters hear_events",
        "rename_clustering": "versions edit_clusters",
        "merge": "edit_clusters",
        "split": "edit_clusters",
        "move": "edit_clusters",
        "undo": "edit_clusters export versions",
        "assign": "edit_clusters",
        "versions": "versions",
        "restore": "versions edit_clusters",
        "map": "show_map",
        "selection": "describe_selection export cluster edit_clusters",
        "events": "hear_events find_moments",
        "events_change": "hear_events",
        "save_subtitles": "hear_events save_subtitles",
        "moments": "find_moments hear_events search_by_text",
        "ears": "ears",
        "ears_use": "ears ingest",
        "compare_ears": "compare_ears",
    }.items()
}
"""The tools that may serve each thing that is wanted; those that are not here call none."""
