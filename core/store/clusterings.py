"""Clusterings: kept as they were made, never overwritten. Every function works inside a transaction of the caller."""

import json
from datetime import UTC, datetime

from sqlite_utils import Database

from core.errors import NotFoundError
from core.records import Cluster, Clustering
from core.store.spaces import Space


def put_clustering(
    db: Database,
    space: Space,
    *,
    method: str,
    query: str,
    seed: int,
    bic: list[tuple[int, float]],
    clusters: list[Cluster],
    summaries: list[str],
    members: list[tuple[int, int, float]],
) -> int:
    """Keeps a clustering with its members, as (sound, cluster, typicality); returns its id."""
    row = {
        "space_id": space.id,
        "method": method,
        "k": len(clusters),
        "query": query,
        "seed": seed,
        "bic": json.dumps(bic),
        "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    clustering_id = db.execute("SELECT coalesce(max(id), 0) + 1 FROM clusterings").fetchone()[0]
    db.table("clusterings").insert({"id": clustering_id} | row)
    db.table("clusters").insert_all(
        {
            "clustering_id": clustering_id,
            "cluster": cluster.cluster,
            "title": cluster.title,
            "summary": summary,
            "keywords": json.dumps(cluster.keywords),
            "exemplars": json.dumps(cluster.exemplars),
        }
        for cluster, summary in zip(clusters, summaries, strict=True)
    )
    db.table("members").insert_all(
        {"clustering_id": clustering_id, "sound_id": sound, "cluster": cluster, "typicality": typicality}
        for sound, cluster, typicality in members
    )
    return int(clustering_id)


def get_clustering(db: Database, clustering_id: int) -> Clustering:
    """One clustering, whole. Raises NotFoundError with the ids there are."""
    query = "SELECT c.*, s.name AS space FROM clusterings c JOIN spaces s ON s.id = c.space_id WHERE c.id = ?"
    row = next(db.query(query, [clustering_id]), None)
    if row is None:
        known = ", ".join(str(known[0]) for known in db.execute("SELECT id FROM clusterings ORDER BY id")) or "none yet"
        raise NotFoundError(f"there is no clustering {clustering_id}; known are: {known}")
    sizes = dict(
        db.execute(
            "SELECT cluster, count(*) FROM members WHERE clustering_id = ? GROUP BY cluster", [clustering_id]
        ).fetchall()
    )
    clusters = [
        Cluster(
            each["cluster"],
            each["title"],
            sizes.get(each["cluster"], 0),
            json.loads(each["keywords"]),
            json.loads(each["exemplars"]),
        )
        for each in db.query("SELECT * FROM clusters WHERE clustering_id = ? ORDER BY cluster", [clustering_id])
    ]
    return Clustering(
        clustering=row["id"],
        k=row["k"],
        method=row["method"],
        space=row["space"],
        query=row["query"],
        created_at=row["created_at"],
        clusters=clusters,
        bic=[(int(k), float(bic)) for k, bic in json.loads(row["bic"])],
    )


def clustering_ids(db: Database) -> list[int]:
    """Ids of all clusterings, oldest first."""
    return [row[0] for row in db.execute("SELECT id FROM clusterings ORDER BY id")]


def get_summary(db: Database, clustering_id: int, cluster: int) -> str:
    """What was written about a cluster when it was made."""
    query = "SELECT summary FROM clusters WHERE clustering_id = ? AND cluster = ?"
    return str(db.execute(query, [clustering_id, cluster]).fetchone()[0])


def get_members(db: Database, clustering_id: int, cluster: int) -> list[int]:
    """Ids of the sounds of a cluster, the most typical first."""
    query = "SELECT sound_id FROM members WHERE clustering_id = ? AND cluster = ? ORDER BY typicality DESC, sound_id"
    return [row[0] for row in db.execute(query, [clustering_id, cluster])]
