"""Groups the sounds of the library."""

from typing import Any

from langchain_core.tools import BaseTool

from core.library import Library
from core.records import Clustering
from tools.base import Answer, as_tool, line, noted, quoted, sound_card


def cluster_tool(library: Library) -> BaseTool:
    """The tool over a library."""

    def cluster(k: int | None = None, method: str = "gmm", query: str | None = None) -> Answer:
        """Group the sounds by how they sound and give each group a title. The result is kept under an id.

        Args:
            k: How many groups; leave it out to have the number found (BIC).
            method: gmm, or kmeans which needs k.
            query: Group only the sounds that these words find.
        """
        clustering = library.groups.make(k, method=method, query=query)
        artifact = clustering_artifact(library, clustering)
        return noted(library, (_text(artifact), artifact))

    return as_tool(cluster)


def clustering_artifact(library: Library, clustering: Clustering) -> dict[str, Any]:
    """A clustering as the screen shows it, with the cards of the most typical sounds of each group."""
    ids = [sound_id for cluster in clustering.clusters for sound_id in cluster.exemplars]
    cards = {card["id"]: sound_card(card) for card in library.cards(ids)}
    clusters = [
        each.as_dict() | {"exemplars": [cards[sound_id] for sound_id in each.exemplars if sound_id in cards]}
        for each in clustering.clusters
    ]
    return {
        "kind": "clustering",
        "clustering": clustering.clustering,
        "k": clustering.k,
        "method": clustering.method,
        "query": clustering.query,
        "automatic": bool(clustering.bic),
        "clusters": clusters,
    }


def _text(artifact: dict[str, Any]) -> str:
    how = "the number found by BIC" if artifact["automatic"] else "the number asked for"
    lines = [f"clustering {artifact['clustering']}: {artifact['k']} clusters, {how} ({artifact['method']})"]
    for cluster in artifact["clusters"]:
        lines.append(f"cluster {cluster['cluster']} {quoted(cluster['title'])}, {cluster['size']} sounds; typical:")
        lines += [f"  {line(card)}" for card in cluster["exemplars"][:2]]
    return "\n".join(lines)
