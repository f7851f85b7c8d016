"""The groups of a library: clusterings are made here, changed by hand, compared, and kept under their ids.

Nothing is overwritten: a change makes a new version that is based on the one before, so taking it back is going back.
Decides nothing about vectors (`core.clustering`) or words (`core.grouping.describing`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from sqlite_utils import Database

from core import text_search
from core.ears import Ears
from core.errors import NotFoundError, UnsupportedError
from core.grouping import editing
from core.grouping.describing import PERSON, Describer, Namer, typicality
from core.grouping.editing import Edit
from core.records import Clustering, ClusterSummary, Group, Progress, Vectors
from core.store import clusterings as kept
from core.store import sounds, spaces
from core.store.clusterings import Draft, Members
from core.store.db import Store
from core.store.selections import get_selection
from core.store.spaces import Space

if TYPE_CHECKING:
    from core.clustering.matching import Difference

Report = Callable[[Progress], None]


def _silent(_: Progress) -> None:
    """Tells nobody."""


class Groups:
    """The clusterings of one library. ears: whose spaces they are made in."""

    def __init__(self, store: Store, ears: Ears) -> None:
        self._store = store
        self._ears = ears

    # Making

    def make(
        self,
        k: int | None = None,
        *,
        method: str | None = None,
        space: str | None = None,
        query: str | None = None,
        selection: int | None = None,
        seed: int = 0,
        namer: Namer | None = None,
        report: Report = _silent,
    ) -> Clustering:
        """Groups all sounds, or those that a text finds or a selection holds, and keeps the result.

        k: how many groups; as many as the method finds where it is None. Where neither method nor number is named, both
        are those that the ears of the space are best grouped with. Groups that are those of the last clustering of this
        kind keep their numbers, and the titles that a person gave them; what is different is told in `change`. Where
        nothing is, that clustering is the answer, and no new one is kept. namer: see `Describer.describe`.
        Raises UnsupportedError when there are too few sounds for it.
        """
        from core import clustering  # what groups is loaded when something is grouped
        from core.clustering.stability import stability

        index = self._ears.index(space)
        chosen, vectors = self._choose(index.space, query or "", selection)
        if k is None and method is None:
            method, k = self._ears.clustering(index.space, len(chosen))
        method = method or "gmm"
        clustering.check(len(chosen), k, method)
        report(Progress(0, 3, "grouping"))
        grouping = clustering.group(vectors, k, method, seed)
        report(Progress(1, 3, "looking how firm the groups are"))
        steady = stability(vectors, grouping.labels, method, seed)
        members = Members(chosen, grouping.labels + 1, grouping.typicality, ["fitted"] * len(chosen))
        draft = Draft(
            index.space.id, method, query or "", seed, grouping.bic, [], members, asked_k=k, selection_id=selection
        )
        with self._store.reading() as db:
            draft, before = self._numbered(db, draft)
            numbers = dict(zip(grouping.labels.tolist(), draft.members.clusters.tolist(), strict=True))
            firm = {numbers[label]: round(float(score), 3) for label, score in enumerate(steady)}
            report(Progress(2, 3, "naming the groups"))
            describer = Describer(db, self._ears.for_text(), draft.members, vectors)
            draft = replace(draft, groups=describer.describe(self._given(before, draft), firm, namer, report))
        report(Progress(3, 3, "grouped"))
        if before is not None and _is_same(before, draft):
            assert draft.based_on is not None
            return self.restore(draft.based_on)
        return self._keep(draft)

    def assign(self, clustering_id: int | None = None) -> Clustering:
        """Puts sounds that came later into the groups whose members are nearest, without making the groups anew.

        A sound that is further from its group than nearly all of its members belongs to none. Those that are gone are
        left out. Raises UnsupportedError where there is no new sound.
        """
        from core.clustering import assigning

        whole = self.current() if clustering_id is None else self.get(clustering_id)
        with self._store.reading() as db:
            draft = kept.get_draft(db, whole.clustering)
        space = self._space(draft.space_id)
        chosen, vectors = self._choose(space, draft.query, draft.selection_id)
        known = np.isin(chosen, draft.members.sounds)
        if known.all():
            raise UnsupportedError(
                f"clustering {whole.clustering} holds all sounds; add some with: earshot ingest FOLDER"
            )
        rows = np.searchsorted(draft.members.sounds, chosen[known])
        clusters, how = np.zeros(len(chosen), np.int64), np.array(["assigned"] * len(chosen), object)
        clusters[known], how[known] = draft.members.clusters[rows], np.array(draft.members.how, object)[rows]
        clusters[~known] = assigning.assign(vectors[~known], vectors[known], clusters[known]).clusters
        n_new, n_loose = int((~known).sum()), int((clusters[~known] == 0).sum())
        loose = f", {n_loose} to no group" if n_loose else ""
        change = f"{n_new} new sound{'' if n_new == 1 else 's'} went to the nearest groups{loose}."
        members = Members(chosen, clusters, typicality(vectors, clusters), how.tolist())
        return self._changed(whole, draft, Edit(members, change))

    # Looking

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

    def members(self, clustering_id: int) -> Members:
        """All sounds of a clustering with their groups. Raises NotFoundError with the ids there are."""
        with self._store.reading() as db:
            kept.get_clustering(db, clustering_id)
            return kept.get_all_members(db, clustering_id)

    # Versions

    def compare(self, before: int, after: int) -> tuple["Difference", str]:
        """What is different between two clusterings, as data and as a sentence. Raises NotFoundError."""
        from core.clustering import matching

        with self._store.reading() as db:
            one, other = kept.get_draft(db, before), kept.get_draft(db, after)
        difference = matching.match(_numbers(one.members), _numbers(other.members))
        return difference, matching.told(difference, _titles(one))

    def restore(self, clustering_id: int) -> Clustering:
        """Has an earlier version be the one that is meant; all others stay. Raises NotFoundError."""
        with self._store.writing() as db:
            found = kept.get_clustering(db, clustering_id)
            kept.set_current(db, clustering_id)
        return found

    def label(self, clustering_id: int, name: str) -> Clustering:
        """Gives a version a name of the person's. Raises NotFoundError."""
        with self._store.writing() as db:
            kept.name_clustering(db, clustering_id, " ".join(name.split())[: editing.LONGEST_TITLE])
            return kept.get_clustering(db, clustering_id)

    # Changing by hand

    def rename(self, cluster: int, title: str, clustering_id: int | None = None) -> Clustering:
        """A version in which a cluster has another title. For the errors of this and the next see `editing`."""
        return self._edit(clustering_id, lambda whole, members, _: editing.rename(whole, members, cluster, title))

    def merge(self, clusters: Sequence[int], clustering_id: int | None = None) -> Clustering:
        """A version in which several clusters are one, with the number of the first."""
        return self._edit(clustering_id, lambda whole, members, _: editing.merge(whole, members, clusters))

    def split(self, cluster: int, k: int = 2, clustering_id: int | None = None) -> Clustering:
        """A version in which a cluster is split into k, the largest of which keeps its number."""
        from core import clustering

        def change(whole: Clustering, members: Members, vectors: Vectors) -> Edit:
            def group(rows: NDArray[np.int64]) -> NDArray[np.int64]:
                return clustering.group(vectors[rows], k, "kmeans").labels

            return editing.split(whole, members, cluster, k, group)

        return self._edit(clustering_id, change)

    def move(self, sound_ids: Sequence[int], cluster: int, clustering_id: int | None = None) -> Clustering:
        """A version in which some sounds are in another cluster, or in none for 0."""
        return self._edit(clustering_id, lambda whole, members, _: editing.move(whole, members, sound_ids, cluster))

    def undo(self) -> Clustering:
        """Goes back to the version before the last change by hand. Raises UnsupportedError where there was none."""
        with self._store.writing() as db:
            clustering_id = kept.current_id(db)
            if clustering_id is None:
                raise NotFoundError("nothing was clustered yet; cluster the sounds first")
            draft = kept.get_draft(db, clustering_id)
            if not draft.is_edit or draft.based_on is None:
                told = f"clustering {clustering_id} was not changed by hand"
                raise UnsupportedError(
                    f"{told}, so there is nothing to undo; earlier ones are listed by: earshot clusters"
                )
            kept.set_current(db, draft.based_on)
            return kept.get_clustering(db, draft.based_on)

    # Parts of the above

    def _edit(self, clustering_id: int | None, change: Callable[[Clustering, Members, Vectors], Edit]) -> Clustering:
        whole = self.current() if clustering_id is None else self.get(clustering_id)
        with self._store.reading() as db:
            draft = kept.get_draft(db, whole.clustering)
        vectors = self._vectors(self._space(draft.space_id), draft.members.sounds)
        edit = change(whole, draft.members, vectors)
        if edit.members is not draft.members:
            found = typicality(vectors, edit.members.clusters)
            edit = replace(edit, members=replace(edit.members, typicality=found))
        return self._changed(whole, draft, edit)

    def _changed(self, whole: Clustering, draft: Draft, edit: Edit) -> Clustering:
        """Keeps what a change came to. Clusters that it did not touch stay as they are told, checked names aside."""
        groups = {group.cluster.cluster: group for group in draft.groups}
        for number, title in edit.titles.items():
            renamed = replace(groups[number].cluster, title=title, named_by=PERSON)
            groups[number] = replace(groups[number], cluster=renamed)
        stay = {number: group for number, group in groups.items() if number not in edit.fresh}
        steady = {
            number: group.cluster.stability
            for number, group in stay.items()
            if number not in edit.touched and group.cluster.stability is not None
        }
        vectors = self._vectors(self._space(draft.space_id), edit.members.sounds)
        with self._store.reading() as db:
            described = Describer(db, self._ears.for_text(), edit.members, vectors).describe(stay, steady)
        changed = replace(
            draft,
            groups=described,
            members=edit.members,
            based_on=whole.clustering,
            change=edit.change,
            is_edit=True,
        )
        return self._keep(changed)

    def _keep(self, draft: Draft) -> Clustering:
        with self._store.writing() as db:
            return kept.get_clustering(db, kept.put_clustering(db, draft))

    def _numbered(self, db: Database, draft: Draft) -> tuple[Draft, Draft | None]:
        """A draft with the numbers of the last clustering of its kind, and that one; None where there is none."""
        from core.clustering import matching

        last = kept.last_like(db, draft)
        if last is None:
            return draft, None
        before = kept.get_draft(db, last)
        difference = matching.match(_numbers(before.members), _numbers(draft.members))
        numbers = {0: 0} | matching.kept_numbers(difference, before.members.clusters, draft.members.clusters)
        clusters = np.array([numbers[each] for each in draft.members.clusters.tolist()], np.int64)
        numbered = replace(draft, members=replace(draft.members, clusters=clusters), based_on=last)
        again = matching.match(_numbers(before.members), _numbers(numbered.members))
        return replace(numbered, change=matching.told(again, _titles(before))), before

    def _given(self, before: Draft | None, draft: Draft) -> Mapping[int, Group]:
        """The groups whose titles a person gave, where the clusters are the same as before."""
        from core.clustering import matching

        named = {} if before is None else {g.cluster.cluster: g for g in before.groups if g.cluster.named_by == PERSON}
        if before is None or not named:
            return {}
        same = matching.match(_numbers(before.members), _numbers(draft.members)).same
        return {new: named[old] for new, old in same.items() if new == old and old in named}

    def _choose(self, space: Space, query: str, selection: int | None) -> tuple[NDArray[np.int64], Vectors]:
        """Ids, sorted, and vectors of the sounds to group: of all that are present, those that are asked for."""
        with self._store.reading() as db:
            allowed = sounds.present_ids(db)
            if selection is not None:
                allowed &= set(get_selection(db, selection))
            if query:
                text, without = text_search.wish(query)
                fits = text_search.SURELY_FITS
                ranking = text_search.rank(db, self._ears.for_text(), text, without, allowed, fits=fits)
                allowed = set(ranking.ids.tolist())
            held = spaces.heard_ids(db, space)
        chosen = np.array(sorted(allowed & held), np.int64)
        return chosen, self._vectors(space, chosen)

    def _vectors(self, space: Space, ids: NDArray[np.int64]) -> Vectors:
        """The vectors of some sounds, in their order; zero for one that the space does not hold any more."""
        with self._store.reading() as db:
            held = spaces.all_vectors(db, space)
        rows = {sound: row for row, sound in enumerate(held.sounds.tolist())}
        vectors = np.zeros((len(ids), space.fingerprint.dim), np.float32)
        known = [place for place, sound in enumerate(ids.tolist()) if sound in rows]
        vectors[known] = held.vectors[[rows[ids[place]] for place in known]]
        return vectors

    def _space(self, space_id: int) -> Space:
        with self._store.reading() as db:
            return next(space for space in spaces.list_spaces(db) if space.id == space_id)


def _numbers(members: Members) -> dict[int, int]:
    return dict(zip(members.sounds.tolist(), members.clusters.tolist(), strict=True))


def _titles(draft: Draft) -> dict[int, str]:
    return {group.cluster.cluster: group.cluster.title for group in draft.groups}


def _is_same(before: Draft, draft: Draft) -> bool:
    """Whether a clustering says what an earlier one says, in numbers and in words."""
    same = np.array_equal(before.members.sounds, draft.members.sounds) and np.array_equal(
        before.members.clusters, draft.members.clusters
    )
    return same and (before.method, list(before.groups)) == (draft.method, list(draft.groups))
