"""The tool that tells what is heard in a sound or a video, and when."""

import numpy as np
import pytest

from core.audio import decode
from core.errors import CancelledError
from core.library import Library
from tests.sounds import RATE_HZ
from tests.tools.test_tools import artifact, call
from tests.videos import write_video


@pytest.fixture
def video(demo_library: Library, tmp_path) -> str:
    """The id of an attached video of 8 s in which it rains from 3 s on."""
    (rain,) = demo_library.search_by_text("rain", k=1)
    heard = decode(demo_library.audio_path(rain.id), RATE_HZ)
    track = np.zeros(8 * RATE_HZ, np.float32)
    track[3 * RATE_HZ : 3 * RATE_HZ + len(heard)] = heard[: 5 * RATE_HZ]
    path = write_video(tmp_path / "clip.mp4", [track], seconds=8)
    return demo_library.attach(path, "clip.mp4").id


def test_a_video_is_told_as_a_timeline_with_subtitles(demo_library, video):
    told = artifact(demo_library, "hear_events", sound=video)
    assert told["has_picture"]
    assert told["duration_s"] == pytest.approx(8, abs=0.1)
    (rain,) = [event for event in told["events"] if "ain" in event["label"]]
    assert rain["start_s"] == pytest.approx(3, abs=0.5)
    assert told["vtt"].startswith("WEBVTT")
    assert "[Rain" in told["vtt"]
    assert told["srt"].startswith("1\n00:00:0")


def test_the_text_names_the_sound_its_seconds_and_what_is_heard(demo_library, video):
    text = call(demo_library, "hear_events", sound=video).text
    assert text.startswith(f"what is heard in the attached sound {video}, 8.")
    assert '"Rain' in text
    assert "clip.mp4" not in text
    assert call(demo_library, "hear_events", sound="13").text.startswith('what is heard in sound 13 "rain_0.wav"')


def test_wishes_change_what_is_shown_and_are_told_in_the_artifact(demo_library, video):
    label = artifact(demo_library, "hear_events", sound=video)["events"][0]["label"]
    renamed = artifact(demo_library, "hear_events", sound=video, rename={label: "a shower"}, start_s=1.0)
    assert renamed["events"][0]["label"] == "a shower"
    assert "[A shower]" in renamed["vtt"]
    assert renamed["edits"] == {"rename": {label: "a shower"}, "start_s": 1.0}
    nothing = artifact(demo_library, "hear_events", sound=video, end_s=1.0)
    assert (nothing["events"], nothing["hidden"]) == ([], len(renamed["events"]))


@pytest.mark.parametrize(
    ("args", "reason"),
    [
        ({"sound": "999"}, "there is no sound 999"),
        ({"sound": "a00000000"}, "there is no attached sound 'a00000000'; attach it again"),
        ({"sound": "13", "only": ["trains"]}, "nothing that is heard here is 'trains'; heard is: "),
        ({"sound": "13", "style": "loud"}, "there is no style 'loud' of subtitles; choose one of events, sdh, all"),
    ],
)
def test_what_cannot_be_is_told_in_a_sentence(demo_library, args, reason):
    answer = call(demo_library, "hear_events", **args)
    assert answer.status == "error"
    assert reason in answer.text


def test_the_listening_can_be_stopped(demo_library, video):
    def stop(_: object) -> None:
        raise CancelledError("stopped")

    assert call(demo_library, "hear_events", stop, sound=video).status == "error"
    assert artifact(demo_library, "hear_events", sound=video)["events"]
