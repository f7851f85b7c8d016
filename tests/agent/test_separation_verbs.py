"""`earshot separate`, as a person types it."""

import json
from pathlib import Path

import numpy as np
import pytest

from core.audio import decode
from tests.sounds import RATE_HZ, clicks, noise, silence, sine, write_sound
from tests.videos import write_video


@pytest.fixture
def take(tmp_path: Path) -> Path:
    """A tone with clicks, 12 s, at a rate of its own and in stereo."""
    sound = (sine(440, 12, 44_100) + clicks(4, 12, 44_100)) / 3
    return write_sound(tmp_path / "take.wav", np.stack([sound, sound]), 44_100)


def test_components_are_written_listed_and_add_up_to_what_they_were_taken_from(run, take, tmp_path):
    before, out = take.read_bytes(), tmp_path / "parts"
    done = run("separate", take, "--out", out, "--json")
    assert done.code == 0 and done.document == json.loads((out / "components.json").read_text())
    assert (done.document["source"], done.document["separator"]) == ("take.wav", "builtin")
    files = [part["file"] for part in done.document["components"]]
    assert len(files) > 1 and {path.name for path in out.iterdir()} == {*files, "components.json"}
    parts = [decode(out / file, RATE_HZ) for file in files]
    assert np.abs(sum(parts) - decode(take, RATE_HZ)).max() < 1e-4
    assert take.read_bytes() == before
    assert {path.name for path in tmp_path.iterdir()} == {"take.wav", "parts"}


def test_a_person_is_told_of_each_component_and_where_they_are(run, take, tmp_path):
    done = run("separate", take, "--out", tmp_path / "parts", "--query", "a bell")
    assert done.code == 0 and "harmonic" in done.out and "percussive" in done.out and "dB" in done.out
    assert done.out.rstrip().endswith("parts")


def test_silence_is_one_silent_component(run, tmp_path):
    path = write_sound(tmp_path / "silence.wav", silence(1))
    parts = run("separate", path, "--out", tmp_path / "parts", "--json").document["components"]
    assert {part["level_db"] for part in parts} == {None}


def broken(folder: Path, name: str) -> Path:
    path = folder / name
    if name == "mute.mp4":
        return write_video(path, [])
    if name == "text.mp4":
        path.write_text("Dear diary")
    return path


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("mute.mp4", "mute.mp4: holds no sound stream; convert it or leave it out"),
        ("text.mp4", "text.mp4: is not a sound or video file that can be read; convert it or remove it"),
        ("none.mp4", "none.mp4: does not exist; check the path"),
    ],
)
def test_what_holds_no_sound_is_one_sentence_and_makes_no_folder(run, tmp_path, name, said):
    done = run("separate", broken(tmp_path, name), "--out", tmp_path / "parts", "--json")
    assert (done.code, done.document) == (1, {"error": said})
    assert done.err == f"earshot: {said}\n"
    assert not (tmp_path / "parts").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--separator", "none"], "no separator is called 'none'; known are audiosep, builtin"),
        (["--separator", "audiosep"], "set EARSHOT_AUDIOSEP to the file"),
        (["--query", "xqzv"], "do not know what 'xqzv' sounds like"),
    ],
)
def test_what_cannot_be_taken_apart_so_is_one_sentence(run, tmp_path, words, said):
    path = write_sound(tmp_path / "a.wav", noise(1))
    done = run("separate", path, "--out", tmp_path / "parts", *words)
    assert done.code == 1 and said in done.err and done.err.count("\n") == 1 and done.out == ""
    assert not (tmp_path / "parts").exists()


def test_nothing_is_written_over(run, take, tmp_path):
    assert run("separate", take, "--out", tmp_path / "parts").code == 0
    before = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "parts").iterdir()}
    done = run("separate", take, "--out", tmp_path / "parts")
    assert done.code == 1 and "already holds components; choose another folder" in done.err
    assert {path.name: path.stat().st_mtime_ns for path in (tmp_path / "parts").iterdir()} == before
