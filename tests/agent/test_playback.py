"""What a browser plays is sent as it is, all else as a WAV of the same sound."""

import threading
import wave
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from agent import playback
from agent.playback import playable
from core.audio import Source
from core.errors import AudioError

RATE_HZ = 16000


def write(path: Path, codec: str, container: str | None = None, channels: int = 1, seconds: float = 0.5) -> Path:
    """A 440 Hz tone in any codec and container that FFmpeg writes."""
    t = np.arange(int(RATE_HZ * seconds)) / RATE_HZ
    tone = (8000 * np.sin(2 * np.pi * 440 * t)).astype(np.int16)
    layout = {1: "mono", 2: "stereo", 6: "5.1"}[channels]
    with av.open(str(path), "w", format=container) as file:
        stream = file.add_stream(codec, rate=RATE_HZ, layout=layout)
        stream.bit_rate = 64000
        resampler = av.AudioResampler(stream.format, layout, RATE_HZ, frame_size=stream.frame_size or 1024)
        frame = av.AudioFrame.from_ndarray(np.tile(tone, (channels, 1)).T.reshape(1, -1), "s16", layout)
        frame.sample_rate, frame.pts, frame.time_base = RATE_HZ, 0, Fraction(1, RATE_HZ)
        for part in [*resampler.resample(frame), *resampler.resample(None)]:
            file.mux(stream.encode(part))
        file.mux(stream.encode(None))
    return path


@pytest.mark.parametrize(
    ("name", "codec", "media_type"),
    [
        ("a.wav", "pcm_s16le", "audio/wav"),
        ("a.wav", "pcm_s24le", "audio/wav"),
        ("a.flac", "flac", "audio/flac"),
        ("a.mp3", "libmp3lame", "audio/mpeg"),
        ("a.ogg", "libopus", "audio/ogg"),
        ("a.m4a", "aac", "audio/mp4"),
    ],
)
def test_a_file_that_browsers_play_is_sent_itself(tmp_path, name, codec, media_type):
    path = write(tmp_path / name, codec)
    found = playable(path, tmp_path / "cache")
    assert (found.path, found.media_type) == (path, media_type)
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize(
    ("name", "codec"),
    [("a.aiff", "pcm_s16be"), ("a.au", "pcm_s16be"), ("a.wma", "wmav2"), ("a.mkv", "flac"), ("a.wav", "adpcm_ms")],
)
def test_a_file_that_no_browser_plays_is_made_a_wav_once(tmp_path, name, codec):
    path = write(tmp_path / name, codec)
    found = playable(path, tmp_path / "cache")
    assert found.media_type == "audio/wav"
    with wave.open(str(found.path)) as file:
        assert file.getframerate() == RATE_HZ
        assert file.getnframes() == pytest.approx(RATE_HZ / 2, rel=0.15)
    before = found.path.stat().st_ino
    assert playable(path, tmp_path / "cache").path.stat().st_ino == before


def test_two_who_want_one_sound_wait_for_one_wav_and_nobody_waits_for_another_sound(tmp_path, monkeypatch):
    slow, quick = write(tmp_path / "slow.au", "pcm_s16be"), write(tmp_path / "quick.au", "pcm_s16be")
    begun, go_on, made = threading.Event(), threading.Event(), []
    write_wav = playback._write_wav

    def held_up(source: Source, target: Path) -> None:
        made.append(source.name)
        if source.name == "slow.au":
            begun.set()
            assert go_on.wait(10)
        write_wav(source, target)

    monkeypatch.setattr(playback, "_write_wav", held_up)
    with ThreadPoolExecutor(2) as threads:
        waiting = [threads.submit(playable, slow, tmp_path / "cache") for _ in range(2)]
        assert begun.wait(10)
        try:
            assert playable(quick, tmp_path / "cache").path.is_file(), "while the slow one is being made"
        finally:
            go_on.set()
        first, second = (each.result() for each in waiting)

    assert first == second
    assert sorted(made) == ["quick.au", "slow.au"]
    assert len(playback._being_made) == 0, "locks are not kept"


def test_the_ending_of_a_name_does_not_matter(tmp_path):
    path = write(tmp_path / "upload", "pcm_s16le", container="wav")
    assert playable(path, tmp_path / "cache").media_type == "audio/wav"


def test_a_wav_keeps_the_samples_and_both_channels(tmp_path):
    path = write(tmp_path / "a.aiff", "pcm_s16be", channels=2)
    with wave.open(str(playable(path, tmp_path / "cache").path)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)
    t = np.arange(RATE_HZ // 2) / RATE_HZ
    expected = (8000 * np.sin(2 * np.pi * 440 * t)).astype(np.int16)
    assert np.array_equal(samples[:, 0], expected)
    assert np.array_equal(samples[:, 1], expected)


def test_more_than_two_channels_are_mixed_to_one(tmp_path):
    path = write(tmp_path / "a.aiff", "pcm_s16be", channels=6)
    with wave.open(str(playable(path, tmp_path / "cache").path)) as file:
        assert file.getnchannels() == 1


def test_a_changed_file_is_not_played_from_the_cache(tmp_path):
    path = write(tmp_path / "a.au", "pcm_s16be")
    first = playable(path, tmp_path / "cache").path
    write(path, "pcm_s16be", seconds=0.25)
    second = playable(path, tmp_path / "cache").path
    assert first != second


def test_the_oldest_make_room_and_the_one_that_is_asked_for_stays(tmp_path, monkeypatch):
    monkeypatch.setattr(playback, "CACHE_BYTES", 20_000)  # one WAV here has 16 044 bytes
    first = playable(write(tmp_path / "a.au", "pcm_s16be"), tmp_path / "cache").path
    second = playable(write(tmp_path / "b.au", "pcm_s16be"), tmp_path / "cache").path
    assert not first.exists()
    assert second.exists()


def test_a_sound_too_long_for_a_wav_is_refused_and_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(playback, "WAV_BYTES", 1000)
    with pytest.raises(AudioError, match="too long"):
        playable(write(tmp_path / "a.au", "pcm_s16be"), tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_file_without_sound_is_refused(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("no sound")
    with pytest.raises(AudioError, match=r"notes\.txt"):
        playable(path, tmp_path / "cache")
