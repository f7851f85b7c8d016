"""A library whose sounds are tiny files that nobody listened to: rows as an ingest and a clustering leave them."""

import hashlib
import os
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path

from core.library import Library


def fill(library: Library, files: Mapping[Path, bytes], duration_s: float = 1.5) -> None:
    """Writes files and has the library know them; ids follow the order given. Their folders count as looked into."""
    for path, data in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    with library._store.writing() as db:
        for number, (path, data) in enumerate(files.items(), start=1):
            status = path.stat()
            sha256 = hashlib.sha256(data).hexdigest()
            sound = {"id": number, "sha256": sha256, "size_bytes": len(data), "duration_s": duration_s}
            db.conn.execute(
                "INSERT OR IGNORE INTO sounds (id, sha256, size_bytes, duration_s) VALUES (:id, :sha256, :size_bytes,"
                " :duration_s)",
                sound,
            )
            (sound_id,) = db.execute("SELECT id FROM sounds WHERE sha256 = ?", [sha256]).fetchone()
            db.conn.execute(
                "INSERT INTO files (path, sound_id, size_bytes, mtime_ns, missing) VALUES (?, ?, ?, ?, 0)",
                [str(path), sound_id, status.st_size, status.st_mtime_ns],
            )
            db.conn.execute("INSERT OR IGNORE INTO descriptors (sound_id, domain) VALUES (?, 'effect')", [sound_id])
            db.conn.execute("INSERT OR IGNORE INTO captions VALUES (?, 'builtin', ?)", [sound_id, f"Sound {sound_id}."])


def group(library: Library, groups: Mapping[int, tuple[str, Sequence[int]]]) -> int:
    """Keeps a clustering: a title and the ids of its sounds for each number; 0 is for those of no group."""
    with library._store.writing() as db:
        db.conn.execute(
            "INSERT OR IGNORE INTO spaces (id, name, version, weights, dim) VALUES (1, 'builtin', '1', '', 2)"
        )
        columns = "space_id, method, k, query, seed, bic, created_at"
        row = f"INSERT INTO clusterings ({columns}) VALUES (1, 'gmm', ?, '', 0, '[]', '')"
        clustering = db.conn.execute(row, [len(groups) - (0 in groups)]).lastrowid
        for number, (title, ids) in groups.items():
            if number:
                db.conn.execute(
                    "INSERT INTO clusters (clustering_id, cluster, title, summary, keywords, exemplars)"
                    " VALUES (?, ?, ?, ?, ?, ?)",
                    [clustering, number, title, f"What {number} holds.", '["low"]', "[]"],
                )
            db.conn.executemany(
                "INSERT INTO members (clustering_id, sound_id, cluster, typicality) VALUES (?, ?, ?, ?)",
                [(clustering, sound_id, number, 1 - at / 1e6) for at, sound_id in enumerate(ids)],
            )
    return int(clustering)


def tree(folder: Path) -> dict[str, tuple[int, int, str]]:
    """All that is below a folder: permissions, times and contents by path; a link is its target."""
    found = {}
    for root, folders, names in os.walk(folder):
        for name in (*folders, *names):
            path = Path(root) / name
            status = path.lstat()
            if stat.S_ISLNK(status.st_mode):
                content = f"-> {os.readlink(path)}"
            else:
                content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder"
            time = 0 if content == "folder" else status.st_mtime_ns
            found[str(path.relative_to(folder))] = (status.st_mode, time, content)
    return found
