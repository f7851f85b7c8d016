"""Tells what is in one group."""

from langchain_core.tools import BaseTool

from core.library import Library
from tools.base import Answer, as_tool, numbered, quoted, sound_cards

EXAMPLES = 8


def summarize_cluster_tool(library: Library) -> BaseTool:
    """The tool over a library."""

    def summarize_cluster(cluster: int, clustering: int | None = None) -> Answer:
        """Tell what one cluster holds: a summary, what sets it apart, its members.

        Args:
            cluster: The number of the cluster, from 1.
            clustering: The id of the clustering; leave it out for the latest.
        """
        whole = library.groups.current() if clustering is None else library.groups.get(clustering)
        summary = library.groups.summary(whole.clustering, cluster)
        examples = sound_cards(library, summary.members[:EXAMPLES])
        text = (
            f"cluster {cluster} of clustering {whole.clustering}, {quoted(summary.title)}: {len(summary.members)}"
            f" sounds. {quoted(summary.summary, 400)} The most typical:\n{numbered(examples)}"
        )
        artifact = summary.as_dict() | {"kind": "cluster", "size": len(summary.members), "exemplars": examples}
        return text, artifact

    return as_tool(summarize_cluster)
