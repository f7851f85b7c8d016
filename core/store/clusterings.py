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

STEPS_BACK = 100  # that are remembered
SHOWN = 20  # ids in a message
NEWEST = "(SELECT coalesce(max(id), 0) FROM clusterings)"
DROPPED = "(SELECT coalesce(max(CAST(value AS INTEGER)), 0) FROM facts WHERE key = 'dropped_clustering')"
OF = "clustering_id = (SELECT coalesce(members_of, ?) FROM clusterings WHERE id = ?)"


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
    """A clustering that is to be kept. groups: in the order of their numbers. The rest: see `Clustering`.

    asked_k: the number that was forced; None where it was found. members_of: the clustering that has the same members,
    which are kept once; None where they are others.
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
    members_of: int | None = None


def put_clustering(db: Database, draft: Draft) -> int:
    """Keeps a clustering, and has it be the one that is meant; returns its id, which is never given again.

    Raises NotFoundError if its space was dropped meanwhile.
    """
    if not db.execute("SELECT count(*) FROM spaces WHERE id = ?", [draft.space_id]).fetchone()[0]:
        raise NotFoundError("the space of these groups was dropped meanwhile; cluster again")
    clustering_id = int(db.execute(f"SELECT max({NEWEST}, {DROPPED}) + 1").fetchone()[0])
    row = {
        "id": clustering_id,
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
        "members_of": draft.members_of,
        "outliers": int((draft.members.clusters == 0).sum()),
        "selection_id": draft.selection_id,
        "asked_k": draft.asked_k,
    }
    db.table("clusterings").insert(row)
    db.table("clusters").insert_all(
        {
            "clustering_id": clustering_id,
            "cluster": group.cluster.cluster,
            "title": group.cluster.title,
            "size": group.cluster.size,
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
    if draft.members_of is None:
        _put_members(db, clustering_id, draft.members)
    set_current(db, clustering_id)
    return clustering_id


def _put_members(db: Database, clustering_id: int, held: Members) -> None:
    columns = (held.sounds.tolist(), held.clusters.tolist(), held.typicality.tolist())
    rows = zip(*columns, held.how or ["fitted"] * len(held.sounds), strict=True)
    db.conn.executemany(
        "INSERT INTO members (clustering_id, sound_id, cluster, typicality, how) VALUES (?, ?, ?, ?, ?)",
        ((clustering_id, *row) for row in rows),
    )


def get_clustering(db: Database, clustering_id: int) -> Clustering:
    """One clustering, whole. Raises NotFoundError with the ids there are."""
    row = _row(db, clustering_id)
    rows = db.query("SELECT * FROM clusters WHERE clustering_id = ? ORDER BY cluster", [clustering_id])
    return Clustering(
        clustering=row["id"],
        k=row["k"],
        method=row["method"],
        space=row["space"],
        query=row["query"],
        created_at=row["created_at"],
        clusters=[_cluster(each) for each in rows],
        bic=[(int(k), float(bic)) for k, bic in json.loads(row["bic"])],
        outliers=row["outliers"],
        name=row["name"],
        based_on=row["based_on"],
        change=row["change"],
        is_edit=bool(row["is_edit"]),
        automatic=row["asked_k"] is None and not row["is_edit"],
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
        is_edit=whole.is_edit,
        members_of=row["members_of"],
    )


def clustering_ids(db: Database) -> list[int]:
    """Ids of all clusterings, oldest first."""
    return [row[0] for row in db.execute("SELECT id FROM clusterings ORDER BY id")]


def current_id(db: Database) -> int | None:
    """The clustering that is meant where none is named: the newest, or the one that was gone back to."""
    known = clustering_ids(db)
    told = _meant(db)
    return told[-1] if told else (known[-1] if known else None)


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
    """Has a clustering be the one that is meant; `go_back` leads to the one before."""
    told = _meant(db) or [each for each in clustering_ids(db) if each != clustering_id][-1:]
    if told[-1:] != [clustering_id]:
        _mean(db, [*told, clustering_id])


def go_back(db: Database) -> int | None:
    """Has the clustering be meant that was meant before the present one, and returns it; None if there is none."""
    told = _meant(db)[:-1]
    if not told:
        return None
    _mean(db, told)
    return told[-1]


def _meant(db: Database) -> list[int]:
    """The clusterings that were meant one after the other, as far as they are there."""
    told = db.execute("SELECT value FROM facts WHERE key = 'clusterings_meant'").fetchone()
    known = set(clustering_ids(db)) if told else set()
    return [each for each in json.loads(told[0]) if each in known] if told else []


def _mean(db: Database, ids: Sequence[int]) -> None:
    db.execute("INSERT OR REPLACE INTO facts VALUES ('clusterings_meant', ?)", [json.dumps(list(ids)[-STEPS_BACK:])])


def name_clustering(db: Database, clustering_id: int, name: str) -> None:
    """Gives a version a name. Raises NotFoundError with the ids there are."""
    db.table("clusterings").update(_row(db, clustering_id)["id"], {"name": name})


def get_summary(db: Database, clustering_id: int, cluster: int) -> ClusterSummary:
    """What one cluster holds, with all its members; of cluster 0 the sounds that belong to none, if there are any.

    In `apart` other clusters stand by their number (`core.grouping.contrast`).
    Raises NotFoundError with the clusters there are.
    """
    whole = get_clustering(db, clustering_id)
    found = next((each for each in whole.clusters if each.cluster == cluster), None)
    if cluster == 0 and whole.outliers:
        members = get_members(db, clustering_id, 0)
        told = f"{len(members)} sound{'' if len(members) == 1 else 's'} that fit nowhere."
        return ClusterSummary(clustering_id, 0, "In no group", told, [], members, is_edit=whole.is_edit)
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
        whole.is_edit,
    )


def get_members(db: Database, clustering_id: int, cluster: int) -> list[int]:
    """Ids of the sounds of a cluster, the most typical first; of cluster 0 those that belong to none."""
    query = f"SELECT sound_id FROM members WHERE {OF} AND cluster = ? ORDER BY typicality DESC, sound_id"  # noqa: S608
    return [row[0] for row in db.execute(query, [clustering_id, clustering_id, cluster])]


def get_all_members(db: Database, clustering_id: int) -> Members:
    """All sounds of a clustering."""
    query = f"SELECT sound_id, cluster, typicality, how FROM members WHERE {OF} ORDER BY sound_id"  # noqa: S608
    rows = db.execute(query, [clustering_id, clustering_id]).fetchall()
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
    row: dict[str, Any] | None = next(db.query(query, [clustering_id]), None) if abs(clustering_id) < 2**63 else None
    if row is None:
        known = ", ".join(map(str, clustering_ids(db)[-SHOWN:])) or "none yet"
        raise NotFoundError(f"there is no clustering {clustering_id}; known are: {known}")
    return row


def _cluster(row: dict[str, Any]) -> Cluster:
    keywords, exemplars = json.loads(row["keywords"]), json.loads(row["exemplars"])
    checked = (row["stability"], row["name_auc"], row["named_by"])
    return Cluster(row["cluster"], row["title"], row["size"], keywords, exemplars, *checked)
