"""Tells what is in one group."""

from langchain_core.tools import BaseTool

from core.grouping.sureness import how_sure
from core.library import Library
from tools.base import LONGEST_TEXT, Answer, as_tool, numbered, quoted, sound_cards

EXAMPLES = 8
TO_HEAR = 3


def summarize_cluster_tool(library: Library) -> BaseTool:
    """The tool over a library."""

    def summarize_cluster(cluster: int, clustering: int | None = None) -> Answer:
        """Tell what one cluster holds: a summary, what sets it apart, how sure the grouping is, its members.

        Args:
            cluster: The number of the cluster, from 1.
            clustering: The id of the clustering; leave it out for the latest.
        """
        whole = library.groups.current() if clustering is None else library.groups.get(clustering)
        summary = library.groups.summary(whole.clustering, cluster)
        examples = sound_cards(library, summary.members[:EXAMPLES])
        sure = how_sure(summary.stability, summary.name_auc, summary.named_by, is_edit=summary.is_edit)
        told = [
            quoted(summary.summary, LONGEST_TEXT),
            *([quoted(summary.apart, LONGEST_TEXT)] if summary.apart else []),
        ]
        hear = ", ".join(str(card["id"]) for card in examples[:TO_HEAR])
        text = (
            f"cluster {cluster} of clustering {whole.clustering}, {quoted(summary.title)}: {len(summary.members)}"
            f" sounds. {' '.join(told)} {sure} To hear: {hear}. The most typical:\n{numbered(examples)}"
        )
        artifact = summary.as_dict() | {
            "kind": "cluster",
            "size": len(summary.members),
            "exemplars": examples,
            "sure": sure,
        }
        return text, artifact

    return as_tool(summarize_cluster)
