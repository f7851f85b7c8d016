"""What is heard when, kept with the sounds of a library and found again by words: by SQL by hand, then by ear."""

import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from core.components.hearing import resampled
from core.demo import KINDS
from core.errors import NotFoundError, UnsupportedError
from core.events import events as events_module
from core.events.event import Event, Timeline
from core.events.events import CLEAR, told_labels
from core.events.finding import EventRun
from core.events.kinds import HEARD
from core.library import Library
from core.store import events as kept
from core.store.db import Store
from tests.runs import tiny_wav
from tests.sounds import RATE_HZ, noise, write_sound

pytestmark = pytest.mark.usefixtures("heard_here")

BARKS_AT_S = (2.0, 7.0)


def with_barks(at_s: tuple[float, ...] = BARKS_AT_S, seconds: float = 10.0, seed: int = 0) -> np.ndarray:
    """A dog that barks at some seconds in a quiet room."""
    drawn = KINDS["dog_bark"].variant(seed, seed=0)
    bark = resampled(drawn.samples, drawn.sample_rate_hz, RATE_HZ)
    sound = noise(seconds, RATE_HZ, 0.0005)
    for start_s in at_s:
        first = round(start_s * RATE_HZ)
        sound[first : first + len(bark)] += bark[: len(sound) - first]
    return sound


@pytest.fixture
def barks(library: Library, tmp_path: Path) -> Library:
    """A library of three sounds: 1 is a dog that barks at 2 and 7 s; in 2 nothing is heard, 3 is a church bell."""
    bell = KINDS["church_bell"].variant(0, seed=0)
    write_sound(tmp_path / "sounds" / "a.wav", with_barks())
    write_sound(tmp_path / "sounds" / "b.wav", noise(2.0, RATE_HZ, 0.0001))
    write_sound(tmp_path / "sounds" / "c.wav", resampled(bell.samples, bell.sample_rate_hz, RATE_HZ))
    list(library.ingest([tmp_path / "sounds"]))
    return library


@pytest.fixture
def tiny(library: Library, folder: Path) -> Library:
    """Three sounds, none listened to."""
    list(library.ingest([folder]))
    return library


def put(library: Library, sound_id: int, *told: Event, faint: tuple[Event, ...] = ()) -> None:
    """Keeps events as if the present finder had heard them."""
    with Store(library.folder).writing() as db:
        assert kept.put_events(db, sound_id, library.events._finder(), Timeline(list(told), 60.0, False), faint)


def spans(found) -> list[tuple[int, float, float, str, float, bool]]:
    return [(m.id, m.start_s, m.end_s, m.label, m.score, m.is_sure) for m in found.moments]


# --- what words mean --------------------------------------------------------------------------------------------------


def test_a_kind_covers_all_that_is_one_of_it() -> None:
    assert "Bark" in told_labels("dog") and "Bark" in told_labels("animals")
    assert "Dog" not in told_labels("dog barking") and "Siren" not in told_labels("dog")
    assert {"Rain", "Dog"} <= set(told_labels("rain and a dog"))


def test_a_kind_that_no_event_is_called_by_is_found_by_the_nearest_that_is() -> None:
    assert "Speech" in told_labels("people talking")
    assert "Animal" not in told_labels("people talking")


def test_words_that_name_no_event_are_told_so() -> None:
    with pytest.raises(NotFoundError, match="no sound that is called 'qwertz'"):
        told_labels("qwertz")
    with pytest.raises(UnsupportedError, match="no event is ever told of 'silence'"):
        told_labels("silence")


# --- moments by hand --------------------------------------------------------------------------------------------------


def test_moments_are_the_sure_ones_first_then_by_score(tiny) -> None:
    put(tiny, 1, Event(5.0, 6.0, "Bark", 0.65), Event(1.0, 2.0, "Siren", 0.99))
    put(tiny, 2, faint=(Event(3.0, 4.0, "Dog", 0.7), Event(8.0, 9.0, "Bark", 0.9)))
    found = tiny.events.moments("dog")
    assert spans(found) == [
        (2, 8.0, 9.0, "Bark", 0.9, True),  # as clear as what is told
        (1, 5.0, 6.0, "Bark", 0.65, True),  # told
        (2, 3.0, 4.0, "Dog", 0.7, False),
    ]
    assert (found.total, found.sure, found.listened, found.older, found.of) == (3, 2, 2, 0, 3)
    assert [Path(moment.path).name for moment in found.moments] == ["b.wav", "a.wav", "b.wav"]


def test_what_overlaps_is_one_moment_under_its_clearest_name(tiny) -> None:
    put(
        tiny,
        1,
        Event(2.0, 3.0, "Bark", 0.85),
        faint=(Event(1.5, 2.5, "Dog", 0.9), Event(2.8, 4.0, "Animal", 0.7), Event(4.0, 5.0, "Cat", 0.6)),
    )
    assert spans(tiny.events.moments("animals")) == [(1, 1.5, 5.0, "Dog", 0.9, True)]
    assert spans(tiny.events.moments("cat")) == [(1, 4.0, 5.0, "Cat", 0.6, False)]
    assert spans(tiny.events.moments("dog")) == [(1, 1.5, 3.0, "Dog", 0.9, True)]


def test_only_so_many_are_listed_but_all_are_counted(tiny) -> None:
    put(tiny, 1, *(Event(float(n), n + 0.5, "Rain", round(0.5 + n / 100, 3)) for n in range(40)))
    found = tiny.events.moments("rain", k=3)
    assert [moment.score for moment in found.moments] == [0.89, 0.88, 0.87]
    assert (found.total, found.sure) == (40, 40)
    assert tiny.events.moments("rain", min_score=0.8).total == 10
    none = tiny.events.moments("rain", k=0)
    assert (none.moments, none.total) == ([], 40)


def test_a_sound_out_of_sight_has_no_moments_and_does_not_count(tiny, folder) -> None:
    put(tiny, 1, Event(0.0, 1.0, "Rain", 0.9))
    (folder / "a.wav").unlink()
    list(tiny.ingest([folder]))
    found = tiny.events.moments("rain")
    assert (found.moments, found.listened, found.of) == ([], 0, 2)


def test_a_question_is_answered_from_the_index_over_labels(tiny) -> None:
    with Store(tiny.folder).reading() as db:
        plan = db.execute("EXPLAIN QUERY PLAN SELECT * FROM events WHERE label IN (?, ?)", ["Bark", "Dog"]).fetchall()
    assert "USING INDEX idx_events_label" in plan[0][3]


def test_the_events_of_a_sound_go_with_it(tiny) -> None:
    put(tiny, 1, Event(0.0, 1.0, "Rain", 0.9), faint=(Event(0.0, 1.0, "Water", 0.7),))
    put(tiny, 2, Event(0.0, 1.0, "Rain", 0.8))
    with Store(tiny.folder).writing() as db:
        for table in ("files", "vectors", "tags", "captions", "descriptors"):
            db.execute(f"DELETE FROM {table} WHERE sound_id = 1")
        db.execute("DELETE FROM sounds WHERE id = 1")
    with closing(sqlite3.connect(tiny.folder / "earshot.db")) as db:
        assert db.execute("SELECT sound_id FROM events").fetchall() == [(2,)]
        assert db.execute("SELECT sound_id FROM listened").fetchall() == [(2,)]


def test_nothing_is_kept_of_a_sound_that_is_gone_meanwhile(tiny) -> None:
    with Store(tiny.folder).writing() as db:
        assert not kept.put_events(db, 99, "1", Timeline([Event(0.0, 1.0, "Rain", 0.9)], 1.0, False), ())
        assert db["events"].count == 0


def test_a_newer_finder_listens_again_and_the_older_ones_moments_stay_until_then(tiny, monkeypatch) -> None:
    put(tiny, 1, Event(0.0, 1.0, "Rain", 0.9))
    monkeypatch.setattr(events_module, "FINDER", "2")
    found = tiny.events.moments("rain")
    assert (found.total, found.listened, found.older) == (1, 1, 1)
    assert len(tiny.events.listen()) == 3
    list(tiny.events.listen())
    found = tiny.events.moments("rain")
    assert (found.listened, found.older) == (3, 0)
    assert len(tiny.events.listen()) == 0


def test_what_is_clear_is_what_would_be_told() -> None:
    assert HEARD.on == CLEAR


# --- listening --------------------------------------------------------------------------------------------------------


def test_a_dog_is_found_where_it_barks(barks) -> None:
    run = barks.events.listen()
    steps = list(run)
    assert (run.report.sounds, run.report.skipped) == (3, [])
    assert [step.done for step in steps] == sorted(step.done for step in steps)
    assert steps[-1].done == steps[-1].total
    found = barks.events.moments("dog")
    assert sorted(moment.start_s for moment in found.moments) == pytest.approx(BARKS_AT_S, abs=0.3)
    assert {moment.id for moment in found.moments} == {1}
    assert found.sure == 2
    assert (found.listened, found.of) == (3, 3), "a sound in which nothing is heard was listened to as well"


def test_what_is_kept_is_what_a_run_over_the_file_tells(barks) -> None:
    fresh = EventRun(barks.audio_path(1))
    list(fresh)
    steps: list[object] = []
    assert barks.events.of(1, steps.append) == fresh.timeline
    assert steps
    steps.clear()
    assert barks.events.of(1, steps.append) == fresh.timeline
    assert not steps, "it was not listened to again"


def test_a_question_listens_to_what_a_search_finds_and_no_more(barks) -> None:
    run = barks.events.listen_for("dog bark")
    list(run)
    assert 1 <= run.report.sounds < 3
    found = barks.events.moments("dog bark")
    assert found.moments[0].id == 1
    assert barks.events.count_likely("dog bark") == 0
    assert len(barks.events.listen_for("dog bark")) == 0


def test_a_question_listens_to_so_much_and_leaves_what_is_too_long(barks, monkeypatch) -> None:
    monkeypatch.setattr(events_module, "LONGEST_S", 9.0)
    assert 1 not in barks.events.listen_for("dog")._lengths_s
    assert barks.events.count_likely("dog") >= 1
    monkeypatch.setattr(events_module, "LONGEST_S", 99.0)
    monkeypatch.setattr(events_module, "FOR_A_QUESTION_S", 1.0)
    assert list(barks.events.listen_for("dog and bell")._lengths_s) != []
    assert len(barks.events.listen_for("dog")) == 1, "the likeliest one is always listened to"


def test_listening_that_is_left_goes_on_where_it_was(barks) -> None:
    steps = iter(barks.events.listen())
    while barks.events.moments("dog").listened < 1:
        next(steps)
    steps.close()
    assert barks.events.moments("dog").listened == 1
    run = barks.events.listen()
    assert len(run) == 2
    list(run)
    assert run.report.sounds == 2


def test_a_file_that_is_gone_or_other_or_no_sound_is_told_and_the_rest_is_listened_to(tiny, folder) -> None:
    (folder / "a.wav").unlink()
    tiny_wav(folder / "b.wav", seed=9, seconds=0.2)
    run = tiny.events.listen()
    list(run)
    assert run.report.sounds == 1
    assert [(Path(skip.path).name, skip.reason) for skip in run.report.skipped] == [
        ("a.wav", "the file of sound 1 is gone; ingest the folder that holds it now"),
        ("b.wav", "the file of sound 2 has changed since it was heard; ingest the folder that holds it now"),
    ]
    assert list(tiny.events.listen()._lengths_s) == [1, 2], "they are tried again"
    with pytest.raises(NotFoundError, match="has changed"):
        tiny.events.of(2)
    with pytest.raises(NotFoundError, match="there is no sound 99"):
        tiny.events.of(99)


def test_a_file_that_breaks_while_it_is_heard_is_told(tiny, monkeypatch) -> None:
    from core.errors import AudioError

    whole = EventRun.__iter__

    def broken(self):
        if self.path.name == "b.wav":
            raise AudioError("b.wav", "no audio stream; convert it or remove it")
        return whole(self)

    monkeypatch.setattr(EventRun, "__iter__", broken)
    run = tiny.events.listen()
    list(run)
    assert (run.report.sounds, [skip.reason for skip in run.report.skipped]) == (
        2,
        ["no audio stream; convert it or remove it"],
    )
