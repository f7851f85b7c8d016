"""Groups the sounds of the library."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from langchain_core.tools import BaseTool

from core.library import Library
from core.records import WEAK_NAME, Clustering, Progress
from core.references import parse_reference
from tools.base import Answer, as_tool, line, noted, quoted, sound_card

if TYPE_CHECKING:
    from core.grouping.describing import Namer

LONGEST_CHANGE = 400


def cluster_tool(library: Library, report: Callable[[Progress], None], namer: "Namer | None") -> BaseTool:
    """The tool over a library; `report` hears how far it is, `namer` names the groups where there is one."""

    def cluster(
        k: int | None = None,
        method: str | None = None,
        query: str | None = None,
        selection: int | None = None,
        sounds: list[str] | None = None,
    ) -> Answer:
        """Group the sounds by how they sound and give each group a title. The result is kept under an id.

        Args:
            k: How many groups; leave it out to have the number found.
            method: gmm (finds the number by BIC), hdbscan (leaves out what fits nowhere) or kmeans (needs k).
            query: Group only the sounds that these words find.
            selection: Group only the sounds that the person marked on a map, by the number of the selection.
            sounds: Group only these sounds, by their ids.
        """
        if sounds:
            ids = [parse_reference(each)[0] for each in sounds]
            ids += [] if selection is None else library.selection(selection)
            selection = library.keep_selection(ids)
        clustering = library.groups.make(k, method=method, query=query, selection=selection, namer=namer, report=report)
        return noted(library, clustering_answer(library, clustering))

    return as_tool(cluster, changes=())


def clustering_answer(library: Library, clustering: Clustering) -> Answer:
    """A clustering for the model and for the screen, with the cards of the most typical sounds of each group."""
    ids = [sound_id for cluster in clustering.clusters for sound_id in cluster.exemplars]
    cards = {card["id"]: sound_card(card) for card in library.cards(ids)}
    clusters = [
        each.as_dict() | {"exemplars": [cards[sound_id] for sound_id in each.exemplars if sound_id in cards]}
        for each in clustering.clusters
    ]
    artifact = {
        "kind": "clustering",
        "automatic": clustering.automatic,
        "how": clustering.how,
        **{
            key: getattr(clustering, key)
            for key in ("clustering", "k", "method", "query", "outliers", "name", "change")
        },
        "clusters": clusters,
    }
    return _text(artifact), artifact


def _text(artifact: dict[str, Any]) -> str:
    clusters = "1 cluster" if artifact["k"] == 1 else f"{artifact['k']} clusters"
    lines = [f"clustering {artifact['clustering']}: {clusters}, {artifact['how']} ({artifact['method']})"]
    if artifact["change"]:
        lines.append(f"beside the one before: {quoted(artifact['change'], LONGEST_CHANGE)}")
    if artifact["outliers"]:
        lines.append(f"{artifact['outliers']} sounds fit nowhere and belong to no cluster")
    for cluster in artifact["clusters"]:
        told = f"cluster {cluster['cluster']} {quoted(cluster['title'])}, {cluster['size']} sounds{_checked(cluster)}"
        lines.append(f"{told}; typical:")
        lines += [f"  {line(card)}" for card in cluster["exemplars"][:2]]
    return "\n".join(lines)


def _checked(cluster: dict[str, Any]) -> str:
    """How firm a cluster is and whether its name finds it, as far as that is known."""
    firm = "" if cluster["stability"] is None else f", stability {cluster['stability']:.2f}"
    found = "" if cluster["name_auc"] is None else f", name check {cluster['name_auc']:.2f}"
    weak = " (weak name)" if found and cluster["name_auc"] < WEAK_NAME else ""
    return f"{firm}{found}{weak}"
