"""The schema, as numbered steps. A step that has landed is never edited: a change is a new step at the end."""

from uuid import uuid4

from sqlite_utils import Database, Migrations

schema = Migrations("earshot")

SCHEMA_VERSION = 7  # the number of the last step; kept in SQLite's user_version


@schema(name="001_sounds")
def _sounds(db: Database) -> None:
    """A sound is its bytes (sha256); a file is a path that holds one."""
    db.create_table(
        "sounds",
        {
            "id": int,
            "sha256": str,
            "size_bytes": int,
            "duration_s": float,
            "sample_rate_hz": int,
            "channels": int,
            "codec": str,
            "container": str,
            "damaged_packets": int,
        },
        pk="id",
        not_null={"sha256", "duration_s"},
    ).create_index(["sha256"], unique=True)
    files = db.create_table(
        "files",
        {"id": int, "path": str, "sound_id": int, "size_bytes": int, "mtime_ns": int, "missing": int},
        pk="id",
        foreign_keys=[("sound_id", "sounds", "id")],
        not_null={"path", "sound_id", "missing"},
        defaults={"missing": 0},
    )
    files.create_index(["path"], unique=True)
    files.create_index(["sound_id"])
    db.create_table("skips", {"path": str, "reason": str}, pk="path")
    # What a cache of this library is known by: a database that is put in its place has another one.
    db.create_table("facts", {"key": str, "value": str}, pk="key").insert({"key": "library", "value": uuid4().hex})


@schema(name="002_spaces")
def _spaces(db: Database) -> None:
    """A space is one embedder's fingerprint. `revision` grows with every change of its vectors."""
    columns = {"name": str, "version": str, "weights": str, "dim": int}
    columns |= {"sample_rate_hz": int, "window_s": float, "hop_s": float}
    db.create_table(
        "spaces", {"id": int} | columns | {"revision": int}, pk="id", defaults={"revision": 0}
    ).create_index(list(columns), unique=True)
    db.create_table(
        "vectors",
        {"space_id": int, "sound_id": int, "n_windows": int, "data": bytes},  # float16, row after row
        pk=("space_id", "sound_id"),
        foreign_keys=[("space_id", "spaces", "id"), ("sound_id", "sounds", "id")],
    )


@schema(name="003_words")
def _words(db: Database) -> None:
    """What is said of a sound, by whom, and the full-text index over all of it (rowid = sound id)."""
    sound = [("sound_id", "sounds", "id")]
    db.create_table(
        "tags",
        {"sound_id": int, "label": str, "score": float, "source": str},
        pk=("sound_id", "source", "label"),
        foreign_keys=sound,
    ).create_index(["label"])
    db.create_table(
        "captions", {"sound_id": int, "captioner": str, "text": str}, pk=("sound_id", "captioner"), foreign_keys=sound
    )
    numbers = ["loudness_lufs", "peak_dbfs", "brightness_hz", "noisiness", "harmonicity", "tonality", "pitch_hz"]
    numbers += ["attack_s", "decay_s", "steadiness", "silence"]
    columns: dict[str, type] = {"sound_id": int} | dict.fromkeys(numbers, float)
    columns |= {"onsets": int, "tempo_bpm": float, "domain": str, "domain_score": float}
    db.create_table("descriptors", columns, pk="sound_id", foreign_keys=sound).create_index(["domain"])
    tokenizer = "porter unicode61 remove_diacritics 2"  # singing finds sings, ñandú finds nandu
    db.execute(f"CREATE VIRTUAL TABLE words USING fts5(names, tags, captions, tokenize = '{tokenizer}')")


@schema(name="004_clusterings")
def _clusterings(db: Database) -> None:
    """A clustering is kept as it was made; lists are JSON."""
    db.create_table(
        "clusterings",
        {
            "id": int,
            "space_id": int,
            "method": str,
            "k": int,
            "query": str,
            "seed": int,
            "bic": str,
            "created_at": str,
        },
        pk="id",
        foreign_keys=[("space_id", "spaces", "id")],
    )
    clustering = ("clustering_id", "clusterings", "id")
    db.create_table(
        "clusters",
        {"clustering_id": int, "cluster": int, "title": str, "summary": str, "keywords": str, "exemplars": str},
        pk=("clustering_id", "cluster"),
        foreign_keys=[clustering],
    )
    db.create_table(
        "members",
        {"clustering_id": int, "sound_id": int, "cluster": int, "typicality": float},
        pk=("clustering_id", "sound_id"),
        foreign_keys=[clustering, ("sound_id", "sounds", "id")],
    )


@schema(name="005_heard")
def _heard(db: Database) -> None:
    """What the ears heard in each window and in the whole sound, packed (`core.heard`); null where they name none."""
    db.execute("ALTER TABLE vectors ADD COLUMN heard BLOB")
    db.execute("ALTER TABLE vectors ADD COLUMN heard_whole BLOB")


@schema(name="006_groups")
def _groups(db: Database) -> None:
    """What holds a grouping together and how sure it is; versions of one; layouts of maps; selections by hand.

    clusterings.based_on: the clustering that this one was changed from, or told against. members_of: the clustering
    whose members it has, another one where only words were changed; null is its own. asked_k: the number that was
    forced. members.cluster: 0 for a sound that belongs to no group. members.how: fitted, assigned (later, without a
    fit) or moved (by a person).
    """
    added = {
        "clusterings": {
            "name": "TEXT NOT NULL DEFAULT ''",
            "based_on": "INTEGER",
            "change": "TEXT NOT NULL DEFAULT ''",
            "is_edit": "INTEGER NOT NULL DEFAULT 0",
            "members_of": "INTEGER",
            "outliers": "INTEGER NOT NULL DEFAULT 0",
            "selection_id": "INTEGER",
            "asked_k": "INTEGER",
        },
        "clusters": {
            "size": "INTEGER NOT NULL DEFAULT 0",
            "apart": "TEXT NOT NULL DEFAULT ''",
            "stability": "FLOAT",
            "name_auc": "FLOAT",
            "named_by": "TEXT NOT NULL DEFAULT 'builtin'",
        },
        "members": {"how": "TEXT NOT NULL DEFAULT 'fitted'"},
    }
    for table, columns in added.items():
        for column, kind in columns.items():
            db.execute(f"ALTER TABLE {table} ADD COLUMN {column} {kind}")
    db.execute("UPDATE clusterings SET asked_k = k WHERE bic = '[]'")  # without a curve the number was forced
    size = (
        "SELECT count(*) FROM members m WHERE m.clustering_id = clusters.clustering_id AND m.cluster = clusters.cluster"
    )
    db.execute(f"UPDATE clusters SET size = ({size})")  # noqa: S608  our own words
    db.create_table(
        "layouts",
        {"id": int, "space_id": int, "seed": int, "sounds": bytes, "points": bytes, "created_at": str},
        pk="id",
        foreign_keys=[("space_id", "spaces", "id")],
    )
    db.create_table("selections", {"id": int, "sounds": bytes, "created_at": str}, pk="id")


@schema(name="007_events")
def _events(db: Database) -> None:
    """What is heard when; it goes with its sound.

    listened: the sounds that were listened to from start to end, by which finder of events. events: told is 1 for what
    the timeline of the sound tells, 0 for what is found only when it is asked for (`core.events.events`).
    """
    of_sound = "REFERENCES sounds(id) ON DELETE CASCADE"
    db.execute(
        f"CREATE TABLE listened (sound_id INTEGER PRIMARY KEY {of_sound}, finder TEXT NOT NULL,"
        " duration_s FLOAT NOT NULL, has_picture INTEGER NOT NULL, note TEXT NOT NULL)"
    )
    db.execute(
        f"CREATE TABLE events (id INTEGER PRIMARY KEY, sound_id INTEGER NOT NULL {of_sound}, start_s FLOAT NOT NULL,"
        " end_s FLOAT NOT NULL, label TEXT NOT NULL, score FLOAT NOT NULL, told INTEGER NOT NULL)"
    )
    db.table("events").create_index(["sound_id"])
    db.table("events").create_index(["label"])
