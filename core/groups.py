"""The groups of a library: clusterings are made here, looked at, and kept under their ids.

Decides nothing about vectors (`core.clustering`) or words (`core.grouping`); it brings them and the database together.
"""

import numpy as np

from core import text_search
from core.ears import Ears
from core.errors import NotFoundError
from core.grouping import described
from core.index import SpaceIndex
from core.records import Clustering, ClusterSummary, Vectors
from core.store import clusterings as kept
from core.store import sounds, spaces
from core.store.db import Store


class Groups:
    """The clusterings of one library. ears: whose spaces they are made in."""

    def __init__(self, store: Store, ears: Ears) -> None:
        self._store = store
        self._ears = ears

    def make(
        self,
        k: int | None = None,
        *,
        method: str | None = None,
        space: str | None = None,
        query: str | None = None,
        seed: int = 0,
    ) -> Clustering:
        """Groups all sounds, or those that a text finds, into k groups or as many as BIC finds, and keeps the result.

        Where neither method nor number is named, both are those that the ears of the space are best grouped with.
        Raises UnsupportedError when there are too few sounds for it.
        """
        from core import clustering  # scikit-learn takes a second to import; a search should not wait for it

        index = self._ears.index(space)
        chosen, vectors = self._choose(index, query or "")
        if k is None and method is None:
            method, k = self._ears.clustering(index.space, len(chosen))
        method = method or "gmm"
        clustering.check(len(chosen), k, method)
        grouping = clustering.group(vectors, k, method, seed)
        with self._store.reading() as db:
            cards = sounds.cards(db, chosen.tolist())
        ordered = [cards[sound_id] for sound_id in chosen.tolist()]
        clusters, summaries = described(ordered, chosen, grouping.labels, grouping.typicality)
        members = kept.Members(chosen, grouping.labels + 1, grouping.typicality)
        draft = kept.Draft(
            index.space.id,
            method,
            query or "",
            seed,
            grouping.bic,
            clusters,
            summaries,
            [""] * len(clusters),
            members,
            asked_k=k,
        )
        with self._store.writing() as db:
            clustering_id = kept.put_clustering(db, draft)
        return self.get(clustering_id)

    def all(self) -> list[Clustering]:
        """All clusterings, oldest first."""
        with self._store.reading() as db:
            return [kept.get_clustering(db, each) for each in kept.clustering_ids(db)]

    def get(self, clustering_id: int) -> Clustering:
        """One clustering. Raises NotFoundError with the ids there are."""
        with self._store.reading() as db:
            return kept.get_clustering(db, clustering_id)

    def current(self) -> Clustering:
        """The clustering that is meant where none is named: the newest, or the one that was gone back to.

        Raises NotFoundError when there is none.
        """
        with self._store.reading() as db:
            clustering_id = kept.current_id(db)
            if clustering_id is None:
                raise NotFoundError("nothing was clustered yet; cluster the sounds first")
            return kept.get_clustering(db, clustering_id)

    def summary(self, clustering_id: int, cluster: int) -> ClusterSummary:
        """What one cluster holds, with all its members. Raises NotFoundError with the clusters there are."""
        with self._store.reading() as db:
            return kept.get_summary(db, clustering_id, cluster)

    def members(self, clustering_id: int) -> kept.Members:
        """All sounds of a clustering with their groups. Raises NotFoundError with the ids there are."""
        with self._store.reading() as db:
            kept.get_clustering(db, clustering_id)
            return kept.get_all_members(db, clustering_id)

    def _choose(self, index: SpaceIndex, query: str) -> tuple[np.ndarray, Vectors]:
        """Ids and vectors of the sounds to group: all that are present, or those that a text finds."""
        with self._store.reading() as db:
            allowed = sounds.present_ids(db)
            if query:
                text, without = text_search.wish(query)
                fits = text_search.SURELY_FITS
                ranking = text_search.rank(db, self._ears.for_text(), text, without, allowed, fits=fits)
                allowed = set(ranking.ids.tolist())
            held = spaces.all_vectors(db, index.space)
        rows = np.isin(held.sounds, list(allowed))
        return held.sounds[rows], held.vectors[rows]
