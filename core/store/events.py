"""Events of sounds: rows in, records out. Every function works inside a transaction of the caller.

Counts and moments are made by SQL from the index over labels: what a question costs grows with what it finds.
"""

from collections.abc import Iterable, Sequence

from sqlite_utils import Database

from core.events.event import Event, Moment, Timeline
from core.store.ids import can_be_id

_IS_THERE = "EXISTS (SELECT 1 FROM files f WHERE f.sound_id = {} AND f.missing = 0)"


def put_events(db: Database, sound_id: int, finder: str, heard: Timeline, faint: Iterable[Event]) -> bool:
    """Keeps what was heard of a sound in place of what was before; False, and nothing, if there is no such sound."""
    if db.execute("SELECT 1 FROM sounds WHERE id = ?", [sound_id]).fetchone() is None:
        return False
    db.execute("DELETE FROM events WHERE sound_id = ?", [sound_id])
    rows = [(sound_id, e.start_s, e.end_s, e.label, e.score, 1) for e in heard.events]
    rows += [(sound_id, e.start_s, e.end_s, e.label, e.score, 0) for e in faint]
    columns = "sound_id, start_s, end_s, label, score, told"
    db.conn.executemany(f"INSERT INTO events ({columns}) VALUES (?, ?, ?, ?, ?, ?)", rows)  # noqa: S608  our own names
    listened = [sound_id, finder, heard.duration_s, int(heard.has_picture), heard.note]
    db.execute("INSERT OR REPLACE INTO listened VALUES (?, ?, ?, ?, ?)", listened)
    return True


def get_timeline(db: Database, sound_id: int, finder: str) -> Timeline | None:
    """What a finder heard in a sound; None if it has not listened to it."""
    if not can_be_id(sound_id):
        return None
    query = "SELECT duration_s, has_picture, note FROM listened WHERE sound_id = ? AND finder = ?"
    row = db.execute(query, [sound_id, finder]).fetchone()
    if row is None:
        return None
    query = "SELECT start_s, end_s, label, score FROM events WHERE sound_id = ? AND told = 1 ORDER BY id"
    events = [Event(*each) for each in db.execute(query, [sound_id])]
    return Timeline(events, row[0], bool(row[1]), row[2])


def waiting(db: Database, finder: str) -> dict[int, float]:
    """The sounds that are there and that a finder has not listened to, by id and in its order: their length in s."""
    query = (
        "SELECT s.id, s.duration_s FROM sounds s LEFT JOIN listened l ON l.sound_id = s.id AND l.finder = ?"  # noqa: S608  our own words
        f" WHERE l.sound_id IS NULL AND {_IS_THERE.format('s.id')} ORDER BY s.id"
    )
    return dict(db.execute(query, [finder]).fetchall())


def count_listened(db: Database, finder: str) -> tuple[int, int, int]:
    """How many sounds that are there were listened to, how many of them by another finder, and how many there are."""
    query = (
        "SELECT count(l.sound_id), coalesce(sum(l.finder <> ?), 0), count(*) FROM sounds s"  # noqa: S608  our own words
        f" LEFT JOIN listened l ON l.sound_id = s.id WHERE {_IS_THERE.format('s.id')}"
    )
    listened, older, of = db.execute(query, [finder]).fetchone()
    return listened, older, of


def find_moments(
    db: Database, labels: Sequence[str], k: int, min_score: float, clear: float
) -> tuple[list[Moment], int, int]:
    """The k best moments in which one of some labels is heard, how many there are, and how many of them are sure.

    Events of one sound that overlap are one moment, called after the clearest of them. clear: the score from which on
    a moment is sure even if it is not told. Sounds of which no file is left are passed over.
    """
    marks = ",".join("?" * len(labels))
    # The best event of a moment is the greatest of texts such as "1 0.912 Bark": one aggregate takes its name along,
    # where a window over the events would sort them once more.
    query = f"""
        WITH found AS (
            SELECT sound_id, start_s, end_s, label, score, told OR score >= ? AS sure FROM events
            WHERE label IN ({marks}) AND score >= ?
        ), marked AS (
            SELECT *, start_s > coalesce(max(end_s) OVER (
                PARTITION BY sound_id ORDER BY start_s, end_s ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
            ), -1) AS begins FROM found
        ), numbered AS (
            SELECT *, sum(begins) OVER (
                PARTITION BY sound_id ORDER BY start_s, end_s ROWS UNBOUNDED PRECEDING
            ) AS number FROM marked
        ), moments AS (
            SELECT sound_id, min(start_s) AS start_s, max(end_s) AS end_s,
                max(printf('%d %.3f %s', sure, score, label)) AS best FROM numbered GROUP BY sound_id, number
        )
        SELECT sound_id, (SELECT path FROM files f WHERE f.sound_id = moments.sound_id AND f.missing = 0
            ORDER BY path LIMIT 1), start_s, end_s, best, count(*) OVER (), sum(best >= '1') OVER ()
        FROM moments WHERE {_IS_THERE.format("moments.sound_id")}
        ORDER BY substr(best, 1, 7) DESC, sound_id, start_s LIMIT ?
    """  # noqa: S608  nothing but question marks is put in
    rows = db.execute(query, [clear, *labels, min_score, max(1, k)]).fetchall()
    total, sure = rows[0][5:] if rows else (0, 0)
    return [_moment(*row[:5]) for row in rows[: max(0, k)]], total, sure


def _moment(sound_id: int, path: str, start_s: float, end_s: float, best: str) -> Moment:
    is_sure, score, label = best.split(" ", 2)
    return Moment(sound_id, path, start_s, end_s, label, float(score), is_sure == "1")
