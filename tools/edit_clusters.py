"""Changes groups by hand. Every change is a version of its own, so it can be taken back."""

from typing import Literal

from langchain_core.tools import BaseTool

from core.errors import UnsupportedError
from core.library import Library
from core.records import Clustering
from core.references import parse_reference
from tools.base import MOST_HITS, Answer, as_tool, quoted
from tools.cluster import LONGEST_CHANGE, clustering_answer

Change = Literal["rename", "merge", "split", "move", "undo", "assign"]


def edit_clusters_tool(library: Library) -> BaseTool:
    """The tool over a library."""

    def edit_clusters(
        change: Change,
        clusters: list[int] | None = None,
        title: str = "",
        sounds: list[str] | None = None,
        selection: int | None = None,
        k: int = 2,
        clustering: int | None = None,
    ) -> Answer:
        """Change clusters as the person asks: rename, merge, split, move sounds, undo, or assign new sounds.

        Args:
            change: rename (one cluster, title), merge (two clusters or more), split (one cluster into k), move (sounds
                into one cluster; 0 is none), undo (the last change), assign (sounds that were added later).
            clusters: The numbers of the clusters; for move the one that the sounds go to.
            title: The new title, in the person's words.
            sounds: Ids of the sounds to move.
            selection: The number of a selection on a map whose sounds move.
            k: How many parts a cluster is split into.
            clustering: The id of the clustering; leave it out for the one that is meant now.
        """
        numbers = clusters or []
        ids = [parse_reference(each)[0] for each in sounds or []]
        ids += [] if selection is None else library.selection(selection)
        made = _changed(library, change, numbers, title, ids, k, clustering)
        told = (
            f"Taken back; clustering {made.clustering} is the one that is meant now."
            if change == "undo"
            else made.change
        )
        text, artifact = clustering_answer(library, made)
        head = f"{quoted(told, LONGEST_CHANGE)}{_changed_were(change, numbers, ids)}"
        head += f" It is a new version, clustering {made.clustering}; undo goes back."
        return (f"{told if change == 'undo' else head}\n{text}", artifact | {"edit": change, "told": told})

    return as_tool(edit_clusters, changes=())


def _changed_were(change: Change, clusters: list[int], sounds: list[int]) -> str:
    """What a change was made to, by numbers that it has found to be there; clusters may be gone by now."""
    named = {
        "clusters": [] if change == "assign" else [each for each in clusters if each],
        "sounds": sounds[:MOST_HITS] if change == "move" else [],
    }
    told = [f"{what} {', '.join(map(str, ids))}" for what, ids in named.items() if ids]
    return f" Changed were {' and '.join(told)}." if told else ""


def _changed(
    library: Library, change: Change, clusters: list[int], title: str, sounds: list[int], k: int, clustering: int | None
) -> Clustering:
    groups = library.groups
    match change:
        case "undo":
            return groups.undo()
        case "assign":
            return groups.assign(clustering)
        case "merge":
            return groups.merge(clusters, clustering)
    if len(clusters) != 1:
        raise UnsupportedError(f"{len(clusters)} clusters are named; name one cluster to {change}")
    match change:
        case "rename":
            return groups.rename(clusters[0], title, clustering)
        case "split":
            return groups.split(clusters[0], k, clustering)
        case "move":
            if not sounds:
                raise UnsupportedError("no sound is named; name those that should move")
            return groups.move(sounds, clusters[0], clustering)
