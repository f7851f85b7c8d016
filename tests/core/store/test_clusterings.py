"""Clusterings are kept as they were made, under an id of their own."""

import numpy as np
import pytest

from core.errors import NotFoundError
from core.records import Cluster, Group
from core.store import clusterings, sounds, spaces
from tests.core.store.conftest import HandEars, listening

CLUSTERS = [Cluster(1, "Low “thumps”", 2, ["low", "thump"], [3, 1]), Cluster(2, "雨", 1, [], [2])]
BIC = [(1, -10.5), (2, -12.25)]


@pytest.fixture
def db(store):
    with store.writing() as db:
        for number in range(1, 4):
            sounds.add_sound(db, f"sha{number}", 1, listening(), "builtin")
        yield db


def put(db, members=((1, 1, 0.5), (2, 2, 0.9), (3, 1, 0.8)), **changes) -> int:
    groups = [Group(CLUSTERS[0], "Two thumps.", "Lower."), Group(CLUSTERS[1], "Rain.")]
    given = {"method": "gmm", "query": "", "seed": 0, "bic": BIC, "groups": groups}
    held = clusterings.Members(*(np.array(column) for column in zip(*members, strict=True)))
    draft = clusterings.Draft(spaces.put_space(db, HandEars()).id, members=held, **given | changes)
    return clusterings.put_clustering(db, draft)


def test_a_clustering_comes_back_as_it_was_made(db):
    kept = clusterings.get_clustering(db, put(db, query="thumps"))

    assert (kept.clustering, kept.k, kept.method, kept.space, kept.query) == (1, 2, "gmm", "hand", "thumps")
    assert kept.clusters == CLUSTERS
    assert kept.bic == BIC
    assert kept.created_at.endswith("+00:00")
    assert [clusterings.get_summary(db, 1, cluster).summary for cluster in (1, 2)] == ["Two thumps.", "Rain."]
    assert clusterings.get_summary(db, 1, 1).apart == "Lower."


def test_the_members_of_a_cluster_are_in_order_of_how_typical_they_are_and_then_of_their_id(db):
    put(db)
    put(db, members=[(1, 1, 0.5), (2, 1, 0.9), (3, 1, 0.5)])

    assert clusterings.get_members(db, 1, 1) == [3, 1]
    assert clusterings.get_members(db, 1, 2) == [2]
    assert clusterings.get_members(db, 2, 1) == [2, 1, 3]
    assert clusterings.get_members(db, 1, 9) == []


def test_a_new_clustering_leaves_the_others_as_they_are(db):
    first = put(db)
    before = clusterings.get_clustering(db, first)
    second = put(db, method="kmeans", bic=[])

    assert (first, second) == (1, 2)
    assert clusterings.get_clustering(db, first) == before
    assert clusterings.get_clustering(db, second).method == "kmeans"
    assert clusterings.clustering_ids(db) == [1, 2]


def test_an_unknown_clustering_is_told_with_those_there_are(db):
    with pytest.raises(NotFoundError, match="there is no clustering 1; known are: none yet"):
        clusterings.get_clustering(db, 1)
    put(db)
    put(db)
    with pytest.raises(NotFoundError, match="there is no clustering 7; known are: 1, 2"):
        clusterings.get_clustering(db, 7)


def test_a_member_must_be_a_sound(db):
    with pytest.raises(Exception, match="FOREIGN KEY"):
        put(db, members=[(99, 1, 0.5)])
