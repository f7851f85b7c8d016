"""Clusterings: kept as they were made, never overwritten. Every function works inside a transaction of the caller."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlite_utils import Database

from core.errors import NotFoundError
from core.records import Cluster, Clustering, ClusterSummary, Group


@dataclass(frozen=True, slots=True)
class Members:
    """The sounds of a clustering, in the order of their ids.

    sounds, clusters: int64 (n,); cluster 0 is no group. typicality: float64 (n,), cosine with the mean of the group.
    how: (n,), fitted, assigned or moved.
    """

    sounds: NDArray[np.int64]
    clusters: NDArray[np.int64]
    typicality: NDArray[np.float64]
    how: list[str] = field(default_factory=list)

    def of(self, cluster: int) -> NDArray[np.int64]:
        """Ids of the sounds of a cluster, the most typical first."""
        inside = np.flatnonzero(self.clusters == cluster)
        ranked: NDArray[np.int64] = self.sounds[inside[np.lexsort((self.sounds[inside], -self.typicality[inside]))]]
        return ranked


@dataclass(frozen=True, slots=True)
class Draft:
    """A clustering that is to be kept. groups: by number. The rest: see `Clustering`.

    asked_k: the number that was forced; None where it was found. is_edit: whether a person changed it by hand.
    """

    space_id: int
    method: str
    query: str
    seed: int
    bic: Sequence[tuple[int, float]]
    groups: Sequence[Group]
    members: Members
    asked_k: int | None = None
    selection_id: int | None = None
    based_on: int | None = None
    change: str = ""
    is_edit: bool = False


def put_clustering(db: Database, draft: Draft) -> int:
    """Keeps a clustering with its members, and has it be the one that is meant; returns its id."""
    row = {
        "space_id": draft.space_id,
        "method": draft.method,
        "k": len(draft.groups),
        "query": draft.query,
        "seed": draft.seed,
        "bic": json.dumps(list(draft.bic)),
        "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "based_on": draft.based_on,
        "change": draft.change,
        "is_edit": int(draft.is_edit),
        "selection_id": draft.selection_id,
        "asked_k": draft.asked_k,
    }
    clustering_id = int(db.execute("SELECT coalesce(max(id), 0) + 1 FROM clusterings").fetchone()[0])
    db.table("clusterings").insert({"id": clustering_id} | row)
    db.table("clusters").insert_all(
        {
            "clustering_id": clustering_id,
            "cluster": group.cluster.cluster,
            "title": group.cluster.title,
            "summary": group.summary,
            "apart": group.apart,
            "keywords": json.dumps(group.cluster.keywords),
            "exemplars": json.dumps(group.cluster.exemplars),
            "stability": group.cluster.stability,
            "name_auc": group.cluster.name_auc,
            "named_by": group.cluster.named_by,
        }
        for group in draft.groups
    )
    held = draft.members
    db.conn.executemany(
        "INSERT INTO members (clustering_id, sound_id, cluster, typicality, how) VALUES (?, ?, ?, ?, ?)",
        (
            (clustering_id, sound, cluster, typicality, how)
            for sound, cluster, typicality, how in zip(
                held.sounds.tolist(),
                held.clusters.tolist(),
                held.typicality.tolist(),
                held.how or ["fitted"] * len(held.sounds),
                strict=True,
            )
        ),
    )
    set_current(db, clustering_id)
    return clustering_id


def get_clustering(db: Database, clustering_id: int) -> Clustering:
    """One clustering, whole. Raises NotFoundError with the ids there are."""
    row = _row(db, clustering_id)
    sizes: dict[int, int] = dict(
        db.execute(
            "SELECT cluster, count(*) FROM members WHERE clustering_id = ? GROUP BY cluster", [clustering_id]
        ).fetchall()
    )
    rows = db.query("SELECT * FROM clusters WHERE clustering_id = ? ORDER BY cluster", [clustering_id])
    return Clustering(
        clustering=row["id"],
        k=row["k"],
        method=row["method"],
        space=row["space"],
        query=row["query"],
        created_at=row["created_at"],
        clusters=[_cluster(each, sizes.get(each["cluster"], 0)) for each in rows],
        bic=[(int(k), float(bic)) for k, bic in json.loads(row["bic"])],
        outliers=sizes.get(0, 0),
        name=row["name"],
        based_on=row["based_on"],
        change=row["change"],
    )


def get_draft(db: Database, clustering_id: int) -> Draft:
    """A clustering as it was kept, to be changed and kept anew. Raises NotFoundError with the ids there are."""
    row, whole = _row(db, clustering_id), get_clustering(db, clustering_id)
    query = "SELECT cluster, summary, apart FROM clusters WHERE clustering_id = ?"
    told = {cluster: (summary, apart) for cluster, summary, apart in db.execute(query, [clustering_id])}
    return Draft(
        space_id=row["space_id"],
        method=whole.method,
        query=whole.query,
        seed=row["seed"],
        bic=whole.bic,
        groups=[Group(each, *told[each.cluster]) for each in whole.clusters],
        members=get_all_members(db, clustering_id),
        asked_k=row["asked_k"],
        selection_id=row["selection_id"],
        based_on=whole.based_on,
        change=whole.change,
        is_edit=bool(row["is_edit"]),
    )


def clustering_ids(db: Database) -> list[int]:
    """Ids of all clusterings, oldest first."""
    return [row[0] for row in db.execute("SELECT id FROM clusterings ORDER BY id")]


def current_id(db: Database) -> int | None:
    """The clustering that is meant where none is named: the newest, or the one that was gone back to."""
    known = clustering_ids(db)
    told = db.execute("SELECT value FROM facts WHERE key = 'clustering'").fetchone()
    return int(told[0]) if told and int(told[0]) in known else (known[-1] if known else None)


def last_like(db: Database, draft: Draft) -> int | None:
    """The newest clustering of the same sounds, as far as was asked for, in as many groups; None if there is none.

    The one that is meant where none is named goes before newer ones: a person went back to it.
    """
    query = (
        "SELECT id FROM clusterings WHERE space_id = ? AND query = ? AND selection_id IS ? AND asked_k IS ?"
        " ORDER BY id = ? DESC, id DESC"
    )
    given = [draft.space_id, draft.query, draft.selection_id, draft.asked_k, current_id(db)]
    found = db.execute(query, given).fetchone()
    return int(found[0]) if found else None


def set_current(db: Database, clustering_id: int) -> None:
    """Has a clustering be the one that is meant."""
    db.execute("INSERT OR REPLACE INTO facts VALUES ('clustering', ?)", [str(clustering_id)])


def name_clustering(db: Database, clustering_id: int, name: str) -> None:
    """Gives a version a name. Raises NotFoundError with the ids there are."""
    db.table("clusterings").update(_row(db, clustering_id)["id"], {"name": name})


def get_summary(db: Database, clustering_id: int, cluster: int) -> ClusterSummary:
    """What one cluster holds, with all its members. Raises NotFoundError with the clusters there are."""
    whole = get_clustering(db, clustering_id)
    found = next((each for each in whole.clusters if each.cluster == cluster), None)
    if found is None:
        raise NotFoundError(f"clustering {clustering_id} has no cluster {cluster}; it has {numbers_of(whole)}")
    query = "SELECT summary, apart FROM clusters WHERE clustering_id = ? AND cluster = ?"
    summary, apart = db.execute(query, [clustering_id, cluster]).fetchone()
    return ClusterSummary(
        clustering_id,
        cluster,
        found.title,
        summary,
        found.keywords,
        get_members(db, clustering_id, cluster),
        apart,
        found.stability,
        found.name_auc,
        found.named_by,
    )


def get_members(db: Database, clustering_id: int, cluster: int) -> list[int]:
    """Ids of the sounds of a cluster, the most typical first; of cluster 0 those that belong to none."""
    query = "SELECT sound_id FROM members WHERE clustering_id = ? AND cluster = ? ORDER BY typicality DESC, sound_id"
    return [row[0] for row in db.execute(query, [clustering_id, cluster])]


def get_all_members(db: Database, clustering_id: int) -> Members:
    """All sounds of a clustering."""
    query = "SELECT sound_id, cluster, typicality, how FROM members WHERE clustering_id = ? ORDER BY sound_id"
    rows = db.execute(query, [clustering_id]).fetchall()
    columns: list[Any] = [list(each) for each in zip(*rows, strict=True)] if rows else [[], [], [], []]
    return Members(
        np.array(columns[0], np.int64), np.array(columns[1], np.int64), np.array(columns[2], float), columns[3]
    )


def numbers_of(whole: Clustering) -> str:
    """The numbers of the clusters there are, as a person writes them: 1 to 8, or 1, 2, 5."""
    numbers = [each.cluster for each in whole.clusters]
    if numbers == list(range(1, len(numbers) + 1)) and len(numbers) > 1:
        return f"1 to {numbers[-1]}"
    return ", ".join(map(str, numbers)) or "none"


def _row(db: Database, clustering_id: int) -> dict[str, Any]:
    query = "SELECT c.*, s.name AS space FROM clusterings c JOIN spaces s ON s.id = c.space_id WHERE c.id = ?"
    row: dict[str, Any] | None = next(db.query(query, [clustering_id]), None)
    if row is None:
        known = ", ".join(map(str, clustering_ids(db))) or "none yet"
        raise NotFoundError(f"there is no clustering {clustering_id}; known are: {known}")
    return row


def _cluster(row: dict[str, Any], size: int) -> Cluster:
    keywords, exemplars = json.loads(row["keywords"]), json.loads(row["exemplars"])
    checked = (row["stability"], row["name_auc"], row["named_by"])
    return Cluster(row["cluster"], row["title"], size, keywords, exemplars, *checked)
