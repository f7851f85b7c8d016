"""`earshot events`, as a person types it."""

import json
from pathlib import Path

import av
import numpy as np
import pytest

from core.demo import KINDS
from tests.core.test_muxing import with_data
from tests.sounds import RATE_HZ, noise, write_sound
from tests.videos import write_video


def with_bell(seconds: float, at_s: float) -> np.ndarray:
    bell = KINDS["church_bell"].variant(1, seed=0)
    rate_hz = bell.sample_rate_hz
    sound = noise(seconds, rate_hz, 0.001)
    first = round(at_s * rate_hz)
    part = bell.samples[: len(sound) - first]
    sound[first : first + len(part)] += part
    return np.interp(np.arange(0, seconds, 1 / RATE_HZ), np.arange(len(sound)) / rate_hz, sound).astype(np.float32)


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """A video with a bell at 2 s."""
    return write_video(tmp_path / "clip.mp4", [with_bell(5, 2.0)], seconds=5.0)


def test_json_is_the_events_and_nothing_else(run, clip):
    done = run("events", clip, "--json")
    assert done.code == 0
    (heard,) = done.document["events"]
    assert list(done.document) == ["events"] and list(heard) == ["start_s", "end_s", "label", "score"]
    assert heard["label"] == "Church bell" and heard["start_s"] == pytest.approx(2.0, abs=0.3)


def test_all_files_are_written_in_one_run_and_the_video_is_left_alone(run, clip, tmp_path):
    before = clip.read_bytes()
    files = {f"--{name}": tmp_path / f"clip.{name}" for name in ("srt", "vtt", "csv", "json-file", "audacity", "raven")}
    done = run("events", clip, *(word for pair in files.items() for word in pair))
    assert done.code == 0 and "Church bell" in done.out and "clip.srt" in done.out
    assert files["--srt"].read_text().splitlines()[2] == "[church bell]"
    assert files["--vtt"].read_text().startswith("WEBVTT\n\n00:00:0")
    assert files["--csv"].read_text().startswith("start_s,end_s,label,score\n")
    document = json.loads(files["--json-file"].read_text())
    assert (document["file"], document["duration_s"]) == ("clip.mp4", pytest.approx(5, abs=0.1))
    assert [heard["label"] for heard in document["events"]] == ["Church bell"]
    assert files["--audacity"].read_text().endswith("\tChurch bell\n")
    assert "Begin Time (s)" in files["--raven"].read_text()
    assert clip.read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 7


def test_nothing_is_written_over_without_force(run, clip, tmp_path):
    target = tmp_path / "clip.srt"
    target.write_text("mine")
    done = run("events", clip, "--srt", target, "--vtt", tmp_path / "clip.vtt")
    assert done.code == 1 and "is there already" in done.err and "--force" in done.err
    assert target.read_text() == "mine" and not (tmp_path / "clip.vtt").exists()
    assert run("events", clip, "--srt", target, "--force").code == 0
    assert "[church bell]" in target.read_text()
    done = run("events", clip, "--srt", clip, "--force")
    assert done.code == 1 and "is a file that is read here" in done.err


def test_a_video_is_written_again_with_its_subtitles(run, clip, tmp_path):
    muxed, burned = tmp_path / "muxed.mp4", tmp_path / "burned.mkv"
    done = run("events", clip, "--mux", muxed, "--burn", burned)
    assert done.code == 0 and "written: " in done.out and "burned.mkv" in done.out
    with av.open(str(muxed)) as file:
        assert b"[church bell]" in b"".join(map(bytes, file.demux(file.streams.subtitles[0])))
    with av.open(str(burned)) as file:
        assert [stream.type for stream in file.streams] == ["video", "audio"]
    for words, said in (
        (["--mux", muxed], "is there already; choose another name, or write over it with --force"),
        (["--burn", clip, "--force"], "is a file that is read here; choose another name"),
        (["--mux", tmp_path / "clip.webm"], "cannot hold all tracks of clip.mp4"),
    ):
        done = run("events", clip, *words)
        assert done.code == 1 and said in done.err and done.err.count("\n") == 1
    assert len(list(tmp_path.iterdir())) == 3


def test_what_a_written_video_lacks_is_a_note(run, clip, tmp_path):
    timed = with_data(clip, "timed.mp4")
    done = run("events", timed, "--mux", tmp_path / "muxed.mp4", "--json")
    assert done.code == 0 and done.err.endswith(
        "note: muxed.mp4 lacks 1 track of timed.mp4 with data, such as time codes; they cannot be copied\n"
    )
    assert "note" not in run("events", clip, "--mux", tmp_path / "again.mp4").err


def test_a_video_that_was_cut_off_is_a_note(run, tmp_path):
    path = write_video(tmp_path / "cut.mkv", [with_bell(5, 1.0)], seconds=5.0)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 7 // 10])
    done = run("events", path, "--json")
    assert [heard["label"] for heard in done.document["events"]] == ["Church bell"]
    assert "note: cut.mkv breaks off after 3." in done.err


def test_what_is_asked_for_is_told_in_its_words(run, clip):
    done = run("events", clip, "--query", "a ringing bell", "--query", "dog", "--json")
    assert [heard["label"] for heard in done.document["events"]] == ["a ringing bell"]


def test_a_sound_can_be_taken_apart_first(run, clip, tmp_path, monkeypatch):
    monkeypatch.setenv("EARSHOT_EVENT_WINDOW_S", "3")
    done = run("events", clip, "--separator", "builtin", "--srt", tmp_path / "clip.srt", "--json")
    (bell,) = [heard for heard in done.document["events"] if "bell" in heard["label"]]
    assert bell["start_s"] == pytest.approx(2.0, abs=0.3)
    assert "[church bell]" in (tmp_path / "clip.srt").read_text()
    done = run("events", clip, "--separator", "builtin", "--query", "a ringing bell", "--json")
    assert [heard["label"] for heard in done.document["events"]] == ["a ringing bell"]
    done = run("events", clip, "--separator", "builtin", "--suggested", "--json")
    assert any("bell" in heard["label"].lower() for heard in done.document["events"])


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--separator", "none"], 1, "no separator is called 'none'; known are audiosep, builtin"),
        (["--separator", "builtin", "--ears", "none"], 1, "no embedder is called 'none'; known are "),
        (["--separator", "builtin", "--ears", "vggish"], 1, "the ears 'vggish' do not understand text"),
        (["--separator", "audiosep"], 1, "set EARSHOT_AUDIOSEP to the file"),
        (["--ears", "clap"], 2, "choose a separator"),
        (["--suggested"], 2, "choose a separator"),
        (["--separator", "builtin", "--suggested", "--query", "dog"], 2, "choose one"),
    ],
)
def test_what_no_separator_can_do_is_said(run, tmp_path, words, code, said):
    done = run("events", write_sound(tmp_path / "a.wav", noise(1)), *words)
    assert done.code == code and said in " ".join(done.err.replace("│", " ").split()) and done.out == ""
    assert code == 2 or done.err.count("\n") == 1


def test_words_are_merged_in_the_style_that_is_asked_for(run, clip, tmp_path):
    words, target = tmp_path / "words.srt", tmp_path / "both.srt"
    words.write_text("1\n00:00:00,500 --> 00:00:01,500\nListen!\n")
    assert run("events", clip, "--with-speech", words, "--style", "sdh", "--srt", target).code == 0
    lines = target.read_text().splitlines()
    assert lines[1:3] == ["00:00:00,500 --> 00:00:01,500", "Listen!"] and lines[6] == "[Church bell]"


def test_words_without_a_subtitle_to_go_into_are_refused(run, clip, tmp_path):
    words = tmp_path / "words.srt"
    words.write_text("1\n00:00:00,500 --> 00:00:01,500\nListen!\n")
    assert run("events", clip, "--with-speech", words).code == 2
    assert run("events", clip, "--with-speech", words, "--srt", words, "--force").code == 1
    assert "Listen!" in words.read_text()


def test_the_second_sound_track_can_be_chosen(run, tmp_path):
    path = write_video(tmp_path / "two.mkv", [noise(5, amplitude=0.001), with_bell(5, 2.0)], seconds=5.0)
    assert run("events", path, "--json").document == {"events": []}
    assert len(run("events", path, "--track", "2", "--json").document["events"]) == 1


def broken(folder: Path, name: str) -> Path:
    path = folder / name
    match name:
        case "mute.mp4":
            return write_video(path, [])
        case "cut.mp4":
            write_video(path, [noise(4)])
            path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        case "text.mp4":
            path.write_text("Dear diary")
    return path


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("mute.mp4", "holds no sound stream; convert it or leave it out"),
        ("cut.mp4", "is not a sound or video file that can be read; convert it or remove it"),
        ("text.mp4", "is not a sound or video file that can be read; convert it or remove it"),
        ("none.mp4", "does not exist; check the path"),
    ],
)
def test_what_cannot_be_heard_is_one_sentence(run, tmp_path, name, said):
    target = tmp_path / "out.srt"
    done = run("events", broken(tmp_path, name), "--srt", target, "--json")
    assert (done.code, done.document) == (1, {"error": f"{name}: {said}"})
    assert done.err == f"earshot: {name}: {said}\n"
    assert not target.exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--style", "loud"], "there is no style 'loud'; choose one of events, sdh, all"),
        (["--query", "xqzv"], "do not know what 'xqzv' sounds like"),
        (["--track", "2"], "holds one sound track, and no track 2; choose track 1"),
        (["--with-speech", "none.srt", "--srt", "a.srt"], "there is no file none.srt; name an SRT file with the words"),
        (["--srt", "nowhere/a.srt"], "make it first"),
    ],
)
def test_what_cannot_be_asked_is_one_sentence(run, tmp_path, words, said):
    done = run("events", write_sound(tmp_path / "a.wav", noise(1)), *words)
    assert done.code == 1 and said in done.err and done.err.count("\n") == 1 and done.out == ""


def test_nothing_heard_is_said(run, tmp_path):
    path = write_sound(tmp_path / "quiet.wav", np.zeros(RATE_HZ, np.float32))
    assert "Nothing was heard" in run("events", path).out
    assert json.loads(run("events", path, "--json").out) == {"events": []}
