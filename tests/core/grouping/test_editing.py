"""Changes by hand: the numbers of the clusters that are not meant stay, and every change is told."""

import numpy as np
import pytest

from core.errors import NotFoundError, UnsupportedError
from core.grouping.editing import assign, merge, move, rename, split
from core.records import Cluster, Clustering
from core.store.clusterings import Members

TITLES = {1: "Rain", 2: "Wind", 4: "Kick"}
WHOLE = Clustering(7, 3, "gmm", "builtin", "", "", [Cluster(n, title, 2, [], []) for n, title in TITLES.items()], [])
MEMBERS = Members(np.array([10, 11, 12, 13, 14, 15]), np.array([1, 1, 2, 2, 4, 4]), np.ones(6), ["fitted"] * 6)


def clusters(members: Members) -> list[int]:
    return members.clusters.tolist()


def test_a_title_is_given_and_no_sound_moves() -> None:
    edit = rename(WHOLE, MEMBERS, 2, "  Storms,  far ")
    assert (edit.members, edit.titles, edit.touched) == (MEMBERS, {2: "Storms, far"}, frozenset())
    assert edit.change == "Cluster 2, “Wind”, is called “Storms, far” now."


@pytest.mark.parametrize(("title", "why"), [("RAIN", "is called “RAIN” already"), (" - ", "is no title")])
def test_a_title_that_is_none_or_taken_is_refused(title: str, why: str) -> None:
    with pytest.raises(UnsupportedError, match=why):
        rename(WHOLE, MEMBERS, 2, title)


def test_merged_clusters_have_the_number_of_the_first_that_was_named() -> None:
    edit = merge(WHOLE, MEMBERS, [4, 1, 4])
    assert clusters(edit.members) == [4, 4, 2, 2, 4, 4]
    assert edit.change == "Clusters 4 and 1, “Kick” and “Rain”, are cluster 4 now."
    with pytest.raises(UnsupportedError, match="name at least two"):
        merge(WHOLE, MEMBERS, [2, 2])


def test_the_largest_part_of_a_split_keeps_the_number_and_the_rest_comes_after_the_highest() -> None:
    edit = split(WHOLE, MEMBERS, 2, 2, lambda rows: np.arange(len(rows)))
    assert clusters(edit.members) == [1, 1, 2, 5, 4, 4]
    assert edit.fresh == {2, 5}
    assert edit.change == "Cluster 2, “Wind”, is split into 2 and 5."
    with pytest.raises(UnsupportedError, match="has 2 sounds and cannot be split into 3; ask for 2 to 2"):
        split(WHOLE, MEMBERS, 2, 3, lambda rows: rows)


def test_moved_sounds_are_marked_and_a_cluster_that_is_left_empty_is_gone() -> None:
    edit = move(WHOLE, MEMBERS, [14, 15, 10], 2)
    assert clusters(edit.members) == [2, 1, 2, 2, 2, 2]
    assert edit.members.how == ["moved", "fitted", "fitted", "fitted", "moved", "moved"]
    assert edit.touched == {1, 2}
    assert edit.change == "3 sounds went from clusters 1 and 4 to cluster 2, “Wind”."
    assert clusters(move(WHOLE, MEMBERS, [10], 0).members) == [0, 1, 2, 2, 4, 4]


def test_what_cannot_be_moved_is_told() -> None:
    with pytest.raises(NotFoundError, match="sound 99 is not in clustering 7"):
        move(WHOLE, MEMBERS, [10, 99], 2)
    with pytest.raises(UnsupportedError, match="one sound is in cluster 1 already"):
        move(WHOLE, MEMBERS, [10], 1)


def test_a_number_that_no_cluster_has_is_told_with_those_there_are() -> None:
    for change in (
        lambda: rename(WHOLE, MEMBERS, 3, "x"),
        lambda: merge(WHOLE, MEMBERS, [1, 3]),
        lambda: split(WHOLE, MEMBERS, 3, 2, lambda rows: rows),
        lambda: move(WHOLE, MEMBERS, [10], 3),
    ):
        with pytest.raises(NotFoundError, match="has no cluster 3; it has 1, 2, 4"):
            change()


def test_new_sounds_join_in_the_order_of_ids_and_what_fits_nowhere_is_told() -> None:
    edit = assign(MEMBERS, np.array([9, 20]), np.array([2, 0]))
    assert edit.members.sounds.tolist() == [9, 10, 11, 12, 13, 14, 15, 20]
    assert clusters(edit.members) == [2, 1, 1, 2, 2, 4, 4, 0]
    assert edit.members.how == ["assigned", *["fitted"] * 6, "assigned"]
    assert edit.touched == {2}
    assert edit.change == "One new sound went to the nearest groups; one new sound fit nowhere."
    assert assign(MEMBERS, np.array([20, 21]), np.zeros(2, int)).change == "2 new sounds fit nowhere."
