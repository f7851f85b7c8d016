"""Sounds, their files and what is said of them: rows in, rows out, inside a transaction of the caller."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlite_utils import Database

from core.ontology import audioset
from core.phrases import phrases
from core.records import Filters, Skip, Tag
from core.scan import FoundFile
from core.sources import BROAD
from core.store.ids import can_be_id
from core.tagging import SURE_OF_HEDGED, telling_first

if TYPE_CHECKING:
    from core.listening import Listening  # only a name here; it would load the decoder for every question

CHUNK = 500  # ids per statement; SQLite allows 32,766 parameters, older builds 999


@dataclass(frozen=True, slots=True)
class KnownFile:
    """A file of an earlier run."""

    sound_id: int
    size_bytes: int
    mtime_ns: int
    missing: bool


def known_files(db: Database) -> dict[str, KnownFile]:
    """All files the library knows, by path."""
    rows = db.execute("SELECT path, sound_id, size_bytes, mtime_ns, missing FROM files")
    return {path: KnownFile(sound, size, mtime, bool(missing)) for path, sound, size, mtime, missing in rows}


def known_hashes(db: Database) -> dict[str, int]:
    """Ids of all sounds by their content hash."""
    return dict(db.execute("SELECT sha256, id FROM sounds").fetchall())


def add_sound(db: Database, sha256: str, size_bytes: int, heard: "Listening", captioner: str) -> int:
    """Writes a sound and all that was measured and said, new or again; returns its id."""
    row = {
        "sha256": sha256,
        "size_bytes": size_bytes,
        "duration_s": heard.duration_s,
        "sample_rate_hz": heard.sample_rate_hz,
        "channels": heard.channels,
        "codec": heard.codec,
        "container": heard.container,
        "damaged_packets": heard.damaged_packets,
    }
    found = db.execute("SELECT id FROM sounds WHERE sha256 = ?", [sha256]).fetchone()
    sound_id = int(found[0]) if found else int(str(db.table("sounds").insert(row).last_pk))
    _describe(db, sound_id, heard, captioner)
    return sound_id


def captioned_ids(db: Database, captioner: str) -> set[int]:
    """The sounds that have a caption by a captioner."""
    return {row[0] for row in db.execute("SELECT sound_id FROM captions WHERE captioner = ?", [captioner])}


def _describe(db: Database, sound_id: int, heard: "Listening", captioner: str) -> None:
    numbers = heard.descriptors.as_dict() | {
        "loudness_lufs": heard.loudness_lufs,
        "peak_dbfs": heard.peak_dbfs,
        "domain": heard.domain,
        "domain_score": heard.domain_score,
    }
    if not heard.domain and heard.heard is None:  # ears that tell no domains leave what others heard
        numbers |= next(db.query("SELECT domain, domain_score FROM descriptors WHERE sound_id = ?", [sound_id]), {})
    db.table("descriptors").insert({"sound_id": sound_id} | numbers, pk="sound_id", replace=True)
    for source, tags in heard.tags.items():
        db.execute("DELETE FROM tags WHERE sound_id = ? AND source = ?", [sound_id, source])
        db.table("tags").insert_all({"sound_id": sound_id, "source": source} | tag.as_dict() for tag in tags)
    caption = {"sound_id": sound_id, "captioner": captioner, "text": heard.caption}
    db.table("captions").insert(caption, pk=("sound_id", "captioner"), replace=True)


def put_file(db: Database, file: FoundFile, sound_id: int) -> None:
    """A path holds a sound now, whatever it held before."""
    db.execute("DELETE FROM skips WHERE path = ?", [file.path])
    db.execute(
        "INSERT INTO files (path, sound_id, size_bytes, mtime_ns, missing) VALUES (?, ?, ?, ?, 0) ON CONFLICT (path) DO"
        " UPDATE SET sound_id = excluded.sound_id, size_bytes = excluded.size_bytes, mtime_ns = excluded.mtime_ns,"
        " missing = 0",
        [file.path, sound_id, file.size_bytes, file.mtime_ns],
    )


def move_file(db: Database, old_path: str, file: FoundFile) -> None:
    """A file was found at another path; its row, and so its id, stays."""
    db.execute("DELETE FROM skips WHERE path = ?", [file.path])
    db.execute(
        "UPDATE files SET path = ?, size_bytes = ?, mtime_ns = ?, missing = 0 WHERE path = ?",
        [file.path, file.size_bytes, file.mtime_ns, old_path],
    )


def put_skip(db: Database, skip: Skip) -> None:
    """A path could not be indexed. If it held a sound before, that one is out of sight from now on."""
    db.table("skips").insert(skip.as_dict(), pk="path", replace=True)
    db.execute("UPDATE files SET missing = 1 WHERE path = ?", [skip.path])


def mark_missing(db: Database, paths: Iterable[str]) -> None:
    """Files that are gone; their sounds stay, out of sight unless another file holds them."""
    db.conn.executemany("UPDATE files SET missing = 1 WHERE path = ?", [(path,) for path in paths])


def forget_skips(db: Database, paths: Iterable[str]) -> None:
    """Files that were skipped once and are gone now."""
    db.conn.executemany("DELETE FROM skips WHERE path = ?", [(path,) for path in paths])


def index_words(db: Database, sound_ids: Iterable[int]) -> None:
    """Brings the full-text rows of some sounds up to date with their files, tags and captions."""
    for sound_id in sound_ids:
        here = "SELECT path FROM files WHERE sound_id = ? AND missing = 0 ORDER BY path"
        paths = [row[0] for row in db.execute(here, [sound_id])]
        tags = [row[0] for row in db.execute("SELECT label FROM tags WHERE sound_id = ? ORDER BY label", [sound_id])]
        said = [row[0] for row in db.execute("SELECT text FROM captions WHERE sound_id = ? ORDER BY 1", [sound_id])]
        names = " ".join(" ".join(name_words(path)) for path in paths)
        db.execute("DELETE FROM words WHERE rowid = ?", [sound_id])
        db.execute(
            "INSERT INTO words (rowid, names, tags, captions) VALUES (?, ?, ?, ?)",
            [sound_id, names, ", ".join(dict.fromkeys(tags)), " ".join(said)],
        )


def name_words(path: str) -> list[str]:
    """The words in a file's name and in the folder that holds it: `Drums/bassDrum_03.wav` is drums, bass, drum, 03."""
    parts = Path(unicodedata.normalize("NFC", path))  # macOS writes letters and their accents apart
    text = f"{parts.parent.name} {parts.stem}"
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])", " ", text)
    return [word.lower() for word in re.split(r"[\W_]+", spaced) if word]


def cards(db: Database, sound_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """What a list shows of each sound, by id: path, caption, tags, duration_s, domain.

    tags: those worth a glance, the most telling first: what was heard, then what was measured.
    """
    found: dict[int, dict[str, Any]] = {}
    for ids in _chunks(sound_ids):
        marks = ",".join("?" * len(ids))
        query = (
            "SELECT s.id, s.duration_s, d.domain,"  # noqa: S608  nothing but question marks is put in
            " (SELECT path FROM files f WHERE f.sound_id = s.id ORDER BY missing, path LIMIT 1),"
            " (SELECT text FROM captions c WHERE c.sound_id = s.id ORDER BY captioner = 'builtin', captioner LIMIT 1)"
            f" FROM sounds s LEFT JOIN descriptors d ON d.sound_id = s.id WHERE s.id IN ({marks})"
        )
        tags = _telling_tags(db, ids)
        for sound_id, duration_s, domain, path, caption in db.execute(query, ids):
            found[sound_id] = {
                "id": sound_id,
                "path": path or "",
                "caption": caption or "",
                "tags": tags[sound_id],
                "duration_s": duration_s,
                "domain": domain or "",
            }
    return found


def measured(db: Database, names: Sequence[str]) -> dict[int, tuple[Any, ...]]:
    """Some descriptors of all sounds, by id, in the order of the names; duration_s and domain may be among them."""
    known = {column.name for column in db["descriptors"].columns} | {"duration_s"}
    assert known.issuperset(names), names
    columns = ", ".join(f"s.{name}" if name == "duration_s" else f"d.{name}" for name in names)
    rows = db.execute(f"SELECT s.id, {columns} FROM sounds s JOIN descriptors d ON d.sound_id = s.id")  # noqa: S608
    return {row[0]: tuple(row[1:]) for row in rows}


def _telling_tags(db: Database, ids: Sequence[int]) -> dict[int, list[str]]:
    """The labels of the tags worth a glance, by sound."""
    marks = ",".join("?" * len(ids))
    query = (
        f"SELECT sound_id, source = 'signal', label, score FROM tags WHERE sound_id IN ({marks}) AND score >= ?"  # noqa: S608
        " ORDER BY source = 'signal', score DESC, rowid"
    )
    heard: dict[int, list[Tag]] = {sound_id: [] for sound_id in ids}
    measured: dict[int, list[Tag]] = {sound_id: [] for sound_id in ids}
    for sound_id, by_signal, label, score in db.execute(query, [*ids, SURE_OF_HEDGED]):
        if by_signal or label in phrases() or label not in audioset().index:  # what can be said of it
            (measured if by_signal else heard)[sound_id].append(Tag(label, score))
    said = {sound_id: [*telling_first(_narrow(heard[sound_id])), *measured[sound_id]] for sound_id in ids}
    return {sound_id: list(dict.fromkeys(tag.label for tag in each)) for sound_id, each in said.items()}


def _narrow(heard: list[Tag]) -> list[Tag]:
    """Tags without the broad ones that others imply: who reads Trumpet need not read Music."""
    implies = audioset().implies
    said = [tag.label for tag in heard]
    behind = {label for label in BROAD.intersection(said) for each in said if each != label and implies(each, label)}
    return [tag for tag in heard if tag.label not in behind]


def metadata(db: Database, sound_id: int) -> dict[str, Any] | None:
    """Everything about one sound, None if there is no such sound."""
    sound = next(db.query("SELECT * FROM sounds WHERE id = ?", [sound_id]), None) if can_be_id(sound_id) else None
    if sound is None:
        return None
    card = cards(db, [sound_id])[sound_id]
    numbers = next(db.query("SELECT * FROM descriptors WHERE sound_id = ?", [sound_id]), {})
    rows = "SELECT label, score, source FROM tags WHERE sound_id = ? ORDER BY score DESC, rowid"
    tags: dict[tuple[bool, str], dict[str, Any]] = {}
    for tag in db.query(rows, [sound_id]):  # of two sources of one label the surer is told
        tags.setdefault((tag["source"] == "signal", tag["label"]), tag)
    heard = telling_first([Tag(label, tag["score"]) for (by_signal, label), tag in tags.items() if not by_signal])
    captions = db.query("SELECT captioner, text FROM captions WHERE sound_id = ? ORDER BY captioner", [sound_id])
    files = db.query("SELECT path, missing FROM files WHERE sound_id = ? ORDER BY path", [sound_id])
    return {
        **card,
        **sound,
        **{key: value for key, value in numbers.items() if key != "sound_id"},
        "tags": [*(tags[False, tag.label] for tag in heard), *(tag for key, tag in tags.items() if key[0])],
        "captions": list(captions),
        "files": [{"path": file["path"], "missing": bool(file["missing"])} for file in files],
    }


def touch(db: Database) -> None:
    """Says that sounds, files or what is known of them changed: whatever was remembered of them is stale."""
    db.execute("INSERT INTO facts VALUES ('revision', 1) ON CONFLICT (key) DO UPDATE SET value = value + 1")


def state(db: Database) -> tuple[str, int]:
    """Which library this is, and how often its sounds changed; the same state means the same sounds."""
    facts = dict(db.execute("SELECT key, value FROM facts WHERE key IN ('library', 'revision')").fetchall())
    return facts["library"], int(facts.get("revision", 0))


def present_ids(db: Database, filters: Filters | None = None) -> set[int]:
    """Sounds that at least one file holds and that pass the filters."""
    filters = filters or Filters()
    rows = db.execute(
        "SELECT s.id FROM sounds s JOIN descriptors d ON d.sound_id = s.id WHERE"
        " EXISTS (SELECT 1 FROM files f WHERE f.sound_id = s.id AND f.missing = 0)"
        " AND s.duration_s >= ? AND s.duration_s <= ? AND (? = '' OR d.domain = ?)",
        [filters.min_s or 0.0, 1e12 if filters.max_s is None else filters.max_s] + [filters.domain or ""] * 2,
    )
    return {row[0] for row in rows}


def totals(db: Database, present: set[int]) -> dict[str, Any]:
    """How much the sounds that are present come to: sounds, files, seconds_of_audio, domains; and what was skipped."""
    rows = db.execute("SELECT s.id, s.duration_s, d.domain FROM sounds s JOIN descriptors d ON d.sound_id = s.id")
    here = [(duration_s, domain) for sound_id, duration_s, domain in rows if sound_id in present]
    domains = Counter(domain or "unknown" for _, domain in here)
    return {
        "sounds": len(here),
        "files": db.execute("SELECT count(*) FROM files WHERE missing = 0").fetchone()[0],
        "seconds_of_audio": round(sum(duration_s for duration_s, _ in here), 3),
        "domains": dict(domains.most_common()),
        "skipped": db.execute("SELECT count(*) FROM skips").fetchone()[0],
    }


def count(db: Database) -> int:
    """How many sounds there are, those out of sight included."""
    return int(db.execute("SELECT count(*) FROM sounds").fetchone()[0])


def matching(db: Database, query: str) -> set[int]:
    """The sounds that a full-text query finds."""
    return {row[0] for row in db.execute("SELECT rowid FROM words WHERE words MATCH ?", [query])}


def _chunks(ids: Sequence[int]) -> Iterator[list[int]]:
    for start in range(0, len(ids), CHUNK):
        yield [int(sound_id) for sound_id in ids[start : start + CHUNK] if can_be_id(int(sound_id))]
