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
from core.clustering.partition import typicality
from core.ears import Ears
from core.errors import EarshotError, NotFoundError, UnsupportedError
from core.grouping import contrast, editing, versions
from core.grouping.contrast import with_titles
from core.grouping.describing import LONGEST_TITLE, PERSON, Describer, Namer
from core.grouping.editing import Edit
from core.grouping.plain import one_line
from core.index import SpaceIndex
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

NOTHING = "nothing changed"
TRIES = 5  # at a change while somebody else makes others


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
        kind keep their numbers, and the titles that a person or the same namer gave them; what is different is told in
        `change`. Where nothing is, that clustering is the answer, with NOTHING as its change, and no new one is kept.
        namer: see `Describer.describe`.
        Raises UnsupportedError when there are too few sounds for it.
        """
        from core import clustering  # what groups is loaded when something is grouped
        from core.clustering.stability import stability

        index = self._ears.index(space)
        chosen = self._choose(index.space, query or "", selection)
        vectors = _vectors(index, chosen)
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
        report(Progress(2, 3, "naming the groups"))
        for _ in range(TRIES):
            with self._store.reading() as db:
                seen = kept.current_id(db)
                told, before = self._told(db, draft, vectors, steady, namer, report)
            made = self._keep(told, seen, before)
            if made is not None:
                report(Progress(3, 3, "grouped"))
                return made
        raise _changed_meanwhile()

    def assign(self, clustering_id: int | None = None) -> Clustering:
        """Puts sounds that came later into the groups whose members are nearest, without making the groups anew.

        A sound that is further from its group than nearly all of its members belongs to none. Raises UnsupportedError
        where there is no new sound.
        """
        return self._edit(clustering_id, self._assigned)

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
            found, whole = kept.get_summary(db, clustering_id, cluster), kept.get_clustering(db, clustering_id)
        return replace(found, apart=with_titles(found.apart, {each.cluster: each.title for each in whole.clusters}))

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
        difference = matching.match(versions.numbers_of_sounds(one.members), versions.numbers_of_sounds(other.members))
        return difference, versions.told(difference, one, other)

    def restore(self, clustering_id: int) -> Clustering:
        """Has an earlier version be the one that is meant; all others stay. Raises NotFoundError."""
        with self._store.writing() as db:
            found = kept.get_clustering(db, clustering_id)
            kept.set_current(db, clustering_id)
        return found

    def label(self, clustering_id: int, name: str) -> Clustering:
        """Gives a version a name of the person's. Raises NotFoundError."""
        with self._store.writing() as db:
            kept.name_clustering(db, clustering_id, one_line(name, LONGEST_TITLE))
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

        def change(whole: Clustering, members: Members, draft: Draft) -> Edit:
            def group(rows: NDArray[np.int64]) -> NDArray[np.int64]:
                vectors = _vectors(self._ears.index_of(draft.space_id), members.sounds[rows])
                return np.maximum(clustering.group(vectors, k, "kmeans").labels, 0)  # silence stays with the largest

            return editing.split(whole, members, cluster, k, group)

        return self._edit(clustering_id, change)

    def move(self, sound_ids: Sequence[int], cluster: int, clustering_id: int | None = None) -> Clustering:
        """A version in which some sounds are in another cluster, or in none for 0."""
        return self._edit(clustering_id, lambda whole, members, _: editing.move(whole, members, sound_ids, cluster))

    def undo(self) -> Clustering:
        """Goes back to the clustering that was meant before the last one was made, changed or gone back to.

        Raises UnsupportedError where there was none.
        """
        with self._store.writing() as db:
            clustering_id = kept.current_id(db)
            if clustering_id is None:
                raise NotFoundError("nothing was clustered yet; cluster the sounds first")
            before = kept.go_back(db)
            if before is None:
                told = f"no clustering was meant before {clustering_id}, so there is nothing to undo"
                raise UnsupportedError(f"{told}; all that are kept are listed by: earshot clusters")
            return kept.get_clustering(db, before)

    # Parts of the above

    def _told(
        self,
        db: Database,
        draft: Draft,
        vectors: Vectors,
        steady: NDArray[np.float64],
        namer: Namer | None,
        report: Report,
    ) -> tuple[Draft, Draft | None]:
        """A draft with numbers and words, and the last clustering of its kind, None where there is none.

        steady: the stability of each label from 0, NaN where it was not measured.
        """
        from core.clustering import matching

        last = kept.last_like(db, draft)
        before = None if last is None else kept.get_draft(db, last)
        named: Mapping[int, Group] = {}
        firm = dict(enumerate(steady.tolist(), start=1))
        if before is not None:
            difference = matching.match(
                versions.numbers_of_sounds(before.members), versions.numbers_of_sounds(draft.members)
            )
            numbers = matching.kept_numbers(difference, before.members.clusters, draft.members.clusters)
            firm = {numbers[number]: score for number, score in firm.items()}
            draft = versions.renumbered(draft, numbers, last)
            again = matching.match(
                versions.numbers_of_sounds(before.members), versions.numbers_of_sounds(draft.members)
            )
            change = matching.told(again, versions.titles_of(before))
            by_hand = f"; what was changed by hand is in clustering {last} still" if before.is_edit else ""
            draft = replace(draft, change=change if again.is_none else f"{change}{by_hand}")
            named = versions.words_that_stay(before, draft, again, namer)
        describer = Describer(db, self._ears.for_text(), draft.members, vectors)
        stay = {
            number: describer.renewed(group) if group.cluster.named_by == PERSON else group
            for number, group in named.items()
        }
        groups = dict(stay) | describer.describe(stay, namer, report)
        return replace(
            draft, groups=[versions.firm(groups[number], firm.get(number)) for number in sorted(groups)]
        ), before

    def _edit(self, clustering_id: int | None, change: Callable[[Clustering, Members, Draft], Edit]) -> Clustering:
        """A version with a change; made again where another one was made by somebody else meanwhile."""
        for _ in range(TRIES):
            with self._store.reading() as db:
                seen = kept.current_id(db)
            whole = self.current() if clustering_id is None else self.get(clustering_id)
            with self._store.reading() as db:
                draft = kept.get_draft(db, whole.clustering)
            edit = change(whole, draft.members, draft)
            made = self._keep(self._changed(whole, draft, edit), seen)
            if made is not None:
                return made
        raise _changed_meanwhile()

    def _changed(self, whole: Clustering, draft: Draft, edit: Edit) -> Draft:
        """What a change comes to. Only clusters that it touches, and what is told beside them, are told anew."""
        groups = {group.cluster.cluster: group for group in draft.groups}
        members = edit.members
        members_of: int | None = draft.members_of or whole.clustering
        vectors = np.zeros((len(members.sounds), 0), np.float32)
        if members is not draft.members:
            vectors, members_of = _vectors(self._ears.index_of(draft.space_id), members.sounds), None
            members = replace(members, typicality=typicality(vectors, members.clusters - 1))
        with self._store.reading() as db:
            describer = Describer(db, self._ears.for_text(), members, vectors)
            for number, title in edit.titles.items():
                found = describer.check(title, number)
                cluster = replace(groups[number].cluster, title=title, name_auc=found, named_by=PERSON)
                groups[number] = replace(groups[number], cluster=cluster)
            groups = {number: group for number, group in groups.items() if number in describer.numbers}
            for number in edit.touched - edit.fresh:
                groups[number] = describer.renewed(groups[number])
            stay = {number: group for number, group in groups.items() if number not in edit.fresh}
            groups = stay | (describer.describe(stay) if edit.fresh else {})
            for number, group in stay.items():
                if members_of is None and contrast.mentions(group.apart) & (edit.touched | edit.fresh | edit.gone):
                    groups[number] = replace(groups[number], apart=describer.apart(number))
        return replace(
            draft,
            groups=[groups[number] for number in sorted(groups)],
            members=members,
            members_of=members_of,
            based_on=whole.clustering,
            change=edit.change,
            is_edit=True,
        )

    def _assigned(self, whole: Clustering, members: Members, draft: Draft) -> Edit:
        """New sounds in the groups of their like."""
        from core.clustering import assigning

        index = self._ears.index_of(draft.space_id)
        new = np.setdiff1d(self._choose(index.space, draft.query, draft.selection_id), members.sounds)
        if not len(new):
            told = f"clustering {whole.clustering} holds all sounds"
            raise UnsupportedError(f"{told}; add some with: earshot ingest FOLDER")
        found = assigning.assign(_vectors(index, new), _vectors(index, members.sounds), members.clusters).clusters
        return editing.assign(members, new, found)

    def _keep(self, draft: Draft, seen: int | None, before: Draft | None = None) -> Clustering | None:
        """Keeps a draft; None if another clustering is meant than was `seen` when it was made.

        before: the clustering that it is told against; that one is the answer where nothing is different.
        """
        with self._store.writing() as db:
            if kept.current_id(db) != seen:
                return None
            if before is not None and draft.based_on is not None and versions.is_same(before, draft):
                kept.set_current(db, draft.based_on)
                return replace(kept.get_clustering(db, draft.based_on), change=NOTHING)
            return kept.get_clustering(db, kept.put_clustering(db, draft))

    def _choose(self, space: Space, query: str, selection: int | None) -> NDArray[np.int64]:
        """Ids, sorted, of the sounds to group: of all that are present and heard, those that are asked for."""
        with self._store.reading() as db:
            allowed = sounds.present_ids(db)
            if selection is not None:
                allowed &= set(get_selection(db, selection))
            if query:
                text, without = text_search.wish(query)
                fits = text_search.SURELY_FITS
                ranking = text_search.rank(db, self._ears.for_text(), text, without, allowed, fits=fits)
                allowed = set(ranking.ids.tolist())
            return np.array(sorted(allowed & spaces.heard_ids(db, space)), np.int64)


def _vectors(index: SpaceIndex, ids: NDArray[np.int64]) -> Vectors:
    """The vectors of some sounds, in their order; zero for one that the space does not hold any more."""
    order = np.argsort(index.sounds)
    places = np.searchsorted(index.sounds, ids, sorter=order)
    rows = order[np.minimum(places, len(order) - 1)]
    known = index.sounds[rows] == ids
    vectors = np.zeros((len(ids), index.space.fingerprint.dim), np.float32)
    vectors[known] = index.by_sound.vectors(rows[known])
    return vectors


def _changed_meanwhile() -> EarshotError:
    return EarshotError("other groups were made again and again meanwhile; wait for that to end and try again")
