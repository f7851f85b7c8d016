"""The tool that finds the moments in which something is heard."""

import pytest

from core.errors import CancelledError
from core.events import events as events_module
from tests.tools.test_tools import HAT, RAIN, artifact, call


def test_a_moment_is_told_with_its_sound_and_seconds(demo_library):
    answer = call(demo_library, "find_moments", text="rain")
    told = answer.artifact
    assert {hit["id"] for hit in told["hits"]} == {13, 14, 15}
    assert all(hit["start_s"] < hit["end_s"] <= hit["duration_s"] + 0.1 for hit in told["hits"])
    assert told["total"] == len(told["hits"]) >= 3
    assert answer.text.startswith(f'"rain" is heard at {told["total"]} moments')
    assert 'sound 13 "rain_0.wav", 0.' in answer.text


def test_how_many_sounds_were_listened_to_is_always_told_and_what_to_do_about_the_rest(demo_library):
    answer = call(demo_library, "find_moments", text="rain")
    assert answer.artifact["listened"] < answer.artifact["of"] == 15
    assert f"Listened to from start to end: {answer.artifact['listened']} of all 15 sounds." in answer.text
    assert "the command earshot moments --listen" in answer.text

    list(demo_library.events.listen())
    answer = call(demo_library, "find_moments", text="rain")
    assert (answer.artifact["listened"], answer.artifact["likely"]) == (15, 0)
    assert "earshot moments" not in answer.text


def test_all_are_listened_to_if_it_is_asked_for(demo_library):
    told = artifact(demo_library, "find_moments", text="rain", listen_to_all=True)
    assert (told["listened"], told["of"]) == (15, 15)


def test_what_is_likely_and_left_for_the_next_question_is_counted(demo_library, monkeypatch):
    monkeypatch.setattr(events_module, "FOR_A_QUESTION_S", 0.5)
    answer = call(demo_library, "find_moments", text="rain")
    assert (answer.artifact["listened"], answer.artifact["likely"] >= 2) == (1, True)
    assert "may well hold it; to ask again goes on with those" in answer.text
    assert call(demo_library, "find_moments", text="rain").artifact["listened"] == 2


def test_nothing_found_and_words_that_are_no_sound_are_told(demo_library):
    answer = call(demo_library, "find_moments", text="whale")
    assert answer.text.startswith('"whale" is heard at no moment of what was listened to.')
    assert answer.artifact["hits"] == []
    wrong = call(demo_library, "find_moments", text="qwertz")
    assert wrong.status == "error"
    assert "the ears know no sound that is called 'qwertz'" in wrong.text


def test_a_file_that_is_gone_is_told_and_the_rest_is_found(demo_library, monkeypatch):
    whole = demo_library.events.listen_for("rain")
    monkeypatch.setattr(demo_library.events, "listen_for", lambda text: whole)
    monkeypatch.setattr("core.events.listening.find_source", gone_first())
    answer = call(demo_library, "find_moments", text="rain")
    assert answer.artifact["skipped"] == 1
    assert 'skipped "' in answer.text and "is gone; ingest the folder that holds it now" in answer.text
    assert answer.artifact["listened"] == len(whole) - 1


def gone_first():
    from core.export.records import LeftOut
    from core.export.sources import find_source

    asked: list[int] = []

    def find(sound_id, held, **more):
        asked.append(sound_id)
        return (
            LeftOut(sound_id, held.files[0].path, "is gone") if len(asked) == 1 else find_source(sound_id, held, **more)
        )

    return find


def test_stopping_keeps_what_was_listened_to(demo_library):
    seen = []

    def stop_at_the_third(progress):
        seen.append(progress)
        if progress.label == seen[0].label:
            return
        raise CancelledError("stopped")

    assert call(demo_library, "find_moments", stop_at_the_third, text="rain").status == "error"
    assert demo_library.events.moments("rain").listened == 1


def test_what_is_heard_in_a_sound_of_the_library_is_kept_for_both_tools(demo_library):
    told = artifact(demo_library, "hear_events", sound=RAIN)
    assert demo_library.events.moments("rain").listened == 1
    steps: list[object] = []
    again = call(demo_library, "hear_events", steps.append, sound=RAIN).artifact
    assert (again, steps) == (told, [])


@pytest.mark.parametrize("named", [HAT, f"{HAT}:0", f"#{HAT}"])
def test_a_sound_is_meant_by_its_chunks_as_well(demo_library, named):
    answer = call(demo_library, "hear_events", sound=named)
    assert answer.text.startswith("what is heard in sound")
