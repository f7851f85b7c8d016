"""`earshot moments`, and `earshot events` with a sound of the library, as a person types them."""

from pathlib import Path

import pytest

from core.library import Library
from tests.core.test_moments import BARKS_AT_S, with_barks
from tests.runs import ListenerInThisProcess
from tests.sounds import noise, write_sound


@pytest.fixture
def barks(library: Library, tmp_path: Path, monkeypatch) -> Library:
    """A library in whose first sound a dog barks; in the second nothing is heard."""
    monkeypatch.setattr("core.ingest.ListenerPool", ListenerInThisProcess)
    write_sound(tmp_path / "sounds" / "a.wav", with_barks())
    write_sound(tmp_path / "sounds" / "b.wav", noise(2.0, 32_000, 0.0001))
    list(library.ingest([tmp_path / "sounds"]))
    return library


def test_json_is_the_moments_and_how_many_sounds_were_listened_to(run, barks):
    done = run("moments", "dog bark", "--json", "--library", barks.folder)
    assert done.code == 0
    moments = done.document["moments"]
    assert [list(moment) for moment in moments] == [["id", "path", "start_s", "end_s", "label", "score"]] * 2
    assert sorted(moment["start_s"] for moment in moments) == pytest.approx(BARKS_AT_S, abs=0.3)
    assert {(moment["id"], Path(moment["path"]).name) for moment in moments} == {(1, "a.wav")}
    assert {key: done.document[key] for key in ("listened", "of", "total", "skipped")} == {
        "listened": 1,
        "of": 2,
        "total": 2,
        "skipped": [],
    }
    assert "listened to 1 of 2 sounds; the rest with: earshot moments --listen --library" in done.err


def test_listen_listens_to_all_and_is_told(run, barks):
    done = run("moments", "--listen", "--library", barks.folder)
    assert done.code == 0 and "Listened to 2 sounds, 12 s; ask with: earshot moments TEXT" in done.out
    assert "All sounds were listened to before." in run("moments", "--listen", "--library", barks.folder).out
    done = run("moments", "dog", "-k", 1, "--library", barks.folder)
    assert "Bark" in done.out and "The best 1 of 2; -k shows more." in done.out
    assert done.err == ""
    done = run("moments", "--listen", "--json", "--library", barks.folder)
    assert done.document == {"listened": 0, "seconds_of_audio": 0.0, "skipped": []}


def test_nothing_found_and_wrong_words_are_told(run, barks):
    assert "at no moment" in run("moments", "whale", "--library", barks.folder).out
    done = run("moments", "qwertz", "--listen", "--library", barks.folder)
    assert (done.code, "no sound that is called 'qwertz'" in done.err) == (1, True)
    assert barks.events.moments("dog").listened == 0, "nothing is listened to for words that are no sound"
    assert run("moments", "--library", barks.folder).code == 2


def test_a_library_that_is_not_there_is_told(run, tmp_path):
    done = run("moments", "dog", "--library", tmp_path / "none")
    assert (done.code, "there is no library" in done.err) == (1, True)


def test_ctrl_c_keeps_what_was_listened_to(run, barks, monkeypatch):
    def stopped(steps):
        for step in steps:
            if step.label == "b.wav":
                raise KeyboardInterrupt

    monkeypatch.setattr("agent.moment_verbs.with_bar", stopped)
    done = run("moments", "--listen", "--library", barks.folder)
    assert (done.code, "run the same command again to go on" in done.err) == (130, True)
    assert barks.events.moments("dog").listened == 1


def test_a_file_that_is_gone_is_told_with_its_reason(run, barks, tmp_path):
    (tmp_path / "sounds" / "a.wav").unlink()
    done = run("moments", "dog", "--listen", "--json", "--library", barks.folder)
    assert done.code == 0
    (skip,) = done.document["skipped"]
    assert skip["path"].endswith("a.wav") and "is gone" in skip["reason"]
    assert "a.wav: the file of sound 1 is gone" in done.err


def test_events_of_a_sound_of_the_library_are_kept_with_it(run, barks, tmp_path):
    done = run("events", 1, "--srt", tmp_path / "a.srt", "--json", "--library", barks.folder)
    assert [event["label"] for event in done.document["events"]] == ["Bark", "Bark"]
    assert "[dog barks]" in (tmp_path / "a.srt").read_text()
    assert barks.events.moments("dog").listened == 1
    (tmp_path / "sounds" / "a.wav").rename(tmp_path / "sounds" / "moved.wav")
    list(barks.ingest([tmp_path / "sounds"]))
    assert run("events", 1, "--json", "--library", barks.folder).document == done.document


def test_what_is_asked_of_a_sound_by_itself_is_not_kept(run, barks):
    done = run("events", "#1", "--query", "dog bark", "--json", "--library", barks.folder)
    assert [event["label"] for event in done.document["events"]] == ["dog bark", "dog bark"]
    assert barks.events.moments("dog").listened == 0


def test_a_sound_of_the_library_can_be_taken_apart_and_that_is_not_kept(run, barks):
    done = run("events", 1, "--separator", "builtin", "--json", "--library", barks.folder)
    assert any("Bark" in event["label"] for event in done.document["events"])
    assert barks.events.moments("dog").listened == 0


def test_a_sound_that_does_not_exist_is_told(run, barks):
    done = run("events", 99, "--library", barks.folder)
    assert (done.code, "there is no sound 99" in done.err) == (1, True)
