"""The tool that tells what is heard in a sound or a video, and when."""

import numpy as np
import pytest

from core.audio import decode
from core.errors import AudioError, CancelledError
from core.library import Library
from tests.sounds import RATE_HZ, noise
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
    assert text.startswith(f"what is heard in the attached video {video}, 8.")
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


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("mute.mp4", "holds no sound stream; convert it or leave it out"),
        ("cut.mp4", "is not a sound or video file that can be read; convert it or remove it"),
        ("text.mp4", "is not a sound or video file that can be read; convert it or remove it"),
    ],
)
@pytest.mark.parametrize("tool", ["hear_events", "save_subtitles"])
def test_a_file_that_cannot_be_heard_is_told_in_a_sentence(demo_library, tmp_path, tool, name, reason):
    """One that was good when it was attached; what is bad by then is refused before there is a turn."""
    attached = demo_library.attach(write_video(tmp_path / "clip.mp4", [noise(2)]), "clip.mp4")
    match name:
        case "mute.mp4":
            write_video(tmp_path / name, [])
        case "cut.mp4":
            whole = attached.path.read_bytes()
            (tmp_path / name).write_bytes(whole[: len(whole) // 2])
        case "text.mp4":
            (tmp_path / name).write_text("Dear diary")
    with pytest.raises(AudioError) as refused:
        demo_library.attach(tmp_path / name, name)
    assert str(refused.value) == f"{name}: {reason}"
    attached.path.write_bytes((tmp_path / name).read_bytes())
    answer = call(demo_library, tool, sound=attached.id)
    assert (answer.status, answer.text) == ("error", f'"{attached.id}": {reason}')


def test_a_video_that_was_cut_off_is_told_as_far_as_it_goes(demo_library, tmp_path):
    path = write_video(tmp_path / "clip.mkv", [noise(6)], seconds=6.0)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 6 // 10])
    attached = demo_library.attach(path, "clip.mkv")
    answer = call(demo_library, "hear_events", sound=attached.id)
    assert 'Tell the person: "the attached video breaks off after 3.' in answer.text
    assert answer.artifact["note"].startswith("the attached video breaks off after 3.")


def test_the_listening_can_be_stopped(demo_library, video):
    def stop(_: object) -> None:
        raise CancelledError("stopped")

    assert call(demo_library, "hear_events", stop, sound=video).status == "error"
    assert artifact(demo_library, "hear_events", sound=video)["events"]
