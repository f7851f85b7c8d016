"""Decoding, mixing, resampling, cutting and hashing; every number can be worked out by hand."""

from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import audio
from core.demo.encode import video_bytes
from core.errors import AudioError
from tests.sounds import cut, noise, silence, sine, write_sound

# Ending, codec, sample rate, and how much longer than the sound the file may be: a lossy codec fills its last frame.
FORMATS = [
    ("wav", "pcm_u8", 44_100, 0.0),
    ("wav", "pcm_s16le", 44_100, 0.0),
    ("wav", "pcm_s24le", 48_000, 0.0),
    ("wav", "pcm_s32le", 96_000, 0.0),
    ("wav", "pcm_s64le", 44_100, 0.0),
    ("wav", "pcm_f32le", 44_100, 0.0),
    ("wav", "pcm_f64le", 8000, 0.0),
    ("wav", "pcm_alaw", 8000, 0.0),
    ("w64", "pcm_s16le", 44_100, 0.001),
    ("aiff", "pcm_s16be", 44_100, 0.0),
    ("au", "pcm_s16be", 44_100, 0.0),
    ("caf", "pcm_s16le", 44_100, 0.0),
    ("flac", "flac", 96_000, 0.0),
    ("wv", "wavpack", 44_100, 0.0),
    ("m4a", "alac", 44_100, 0.0),
    ("m4a", "aac", 44_100, 0.03),
    ("mp3", "libmp3lame", 44_100, 0.03),
    ("mp2", "mp2", 44_100, 0.03),
    ("ogg", "libopus", 48_000, 0.03),
    ("webm", "libopus", 48_000, 0.03),
    ("mka", "flac", 22_050, 0.0),
    ("ac3", "ac3", 48_000, 0.03),
]


def loudest_hz(samples: np.ndarray, rate_hz: int) -> float:
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(spectrum.argmax() * rate_hz / len(samples))


def read_all(path: Path) -> tuple[audio.Source, np.ndarray]:
    source = audio.open_source(path)
    return source, np.concatenate(list(source.blocks()), axis=1)


# --- formats ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("ending", "codec", "rate_hz", "longer_s"), FORMATS)
def test_a_tone_keeps_its_pitch_level_and_length_in_every_format(
    tmp_path: Path, ending: str, codec: str, rate_hz: int, longer_s: float
) -> None:
    path = write_sound(tmp_path / f"tone.{ending}", sine(440, 1.5, rate_hz), rate_hz, codec)
    samples = audio.decode(path, 16_000)
    middle = samples[4000:20_000]  # one second: a bin of its spectrum is 1 Hz wide
    assert samples.dtype == np.float32
    assert -0.0002 <= len(samples) / 16_000 - 1.5 <= longer_s + 0.0002
    assert loudest_hz(middle, 16_000) == 440
    assert np.sqrt(np.mean(np.square(middle))) == pytest.approx(0.5 / np.sqrt(2), rel=0.06)


def test_the_sound_of_a_video_is_heard(tmp_path: Path) -> None:
    pictures = [np.full((64, 64, 3), 10 * number, np.uint8) for number in range(10)]
    path = tmp_path / "clip.mp4"
    path.write_bytes(video_bytes(pictures, 10, sine(440, 1.0, 44_100)[None], 44_100))
    samples = audio.decode(path, 16_000)
    assert len(samples) / 16_000 == pytest.approx(1.0, abs=0.05)
    assert loudest_hz(samples[:16_000], 16_000) == 440


def test_the_first_sound_stream_counts(tmp_path: Path) -> None:
    path = tmp_path / "two.mka"
    with av.open(str(path), "w") as out:  # both streams must be there before the first packet is written
        streams = [out.add_stream("pcm_s16le", rate=8000, layout="mono") for _ in range(2)]
        for stream, hz in zip(streams, (440, 1000), strict=True):
            data = (sine(hz, 1.0, 8000) * 32767).astype(np.int16)[None]
            frame = av.AudioFrame.from_ndarray(data, "s16", "mono")
            frame.sample_rate = 8000
            for packet in (*stream.encode(frame), *stream.encode(None)):
                out.mux(packet)
    assert loudest_hz(audio.decode(path, 8000), 8000) == 440


def test_what_the_header_says_is_reported(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "a.flac", np.stack([silence(0.2, 48_000)] * 2), 48_000, "flac")
    source = audio.open_source(path)
    assert (source.name, source.sample_rate_hz, source.channels) == ("a.flac", 48_000, 2)
    assert (source.codec, source.container, source.damaged) == ("flac", "flac", 0)


@pytest.mark.parametrize(("codec", "step"), [("pcm_u8", 1 / 128), ("pcm_s16le", 1 / 32768), ("pcm_s32le", 1e-7)])
def test_whole_numbers_become_full_scale_one(tmp_path: Path, codec: str, step: float) -> None:
    sound = np.linspace(-0.9, 0.9, 4000, dtype=np.float32)
    _, read = read_all(write_sound(tmp_path / "ramp.wav", sound, 8000, codec))
    assert read[0] == pytest.approx(sound, abs=1.01 * step)


# --- channels ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n_channels", [2, 4, 6])
def test_mono_is_the_mean_of_the_channels(tmp_path: Path, n_channels: int) -> None:
    sound = np.stack([np.full(4000, 0.1 * (number + 1), np.float32) for number in range(n_channels)])
    path = write_sound(tmp_path / "many.wav", sound, 8000, "pcm_f32le")
    assert audio.open_source(path).channels == n_channels
    assert audio.decode(path, 8000) == pytest.approx(np.full(4000, 0.1 * (n_channels + 1) / 2), abs=1e-6)


def test_channels_keep_their_order(tmp_path: Path) -> None:
    sound = np.stack([sine(440, 0.5, 8000), sine(1000, 0.5, 8000)])
    for ending, codec in (("wav", "pcm_s16le"), ("wav", "pcm_s64le"), ("flac", "flac"), ("m4a", "alac")):
        _, read = read_all(write_sound(tmp_path / f"{codec}.{ending}", sound, 8000, codec))
        assert [loudest_hz(channel[:4000], 8000) for channel in read] == [440, 1000], codec


# --- a part of a sound ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rate_hz", [8000, 32_000])
def test_a_part_is_the_same_samples_as_in_the_whole(tmp_path: Path, rate_hz: int) -> None:
    path = write_sound(tmp_path / "noise.wav", noise(3.0, 8000), 8000)
    whole = audio.decode(path, rate_hz)
    assert np.array_equal(audio.decode(path, rate_hz, 0.5, 1.25), whole[rate_hz // 2 : rate_hz * 5 // 4])
    assert np.array_equal(audio.decode(path, rate_hz, 2.0), whole[2 * rate_hz :])
    assert np.array_equal(audio.decode(path, rate_hz, 2.0, 99.0), whole[2 * rate_hz :])


def test_a_part_behind_the_first_block_is_found(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "long.wav", np.arange(25 * 800, dtype=np.float32) / 32768, 800)
    assert audio.decode(path, 800, 12.0, 12.01) * 32768 == pytest.approx(np.arange(9600, 9608), abs=0.01)


@pytest.mark.parametrize(
    ("start_s", "end_s", "reason"),
    [(-1.0, None, "start"), (-1.0, 1.0, "start"), (1.0, 1.0, "empty"), (2.0, 1.0, "empty"), (5.0, None, "2.0 s long")],
)
def test_a_part_that_is_not_there_is_refused(tmp_path: Path, start_s: float, end_s: float | None, reason: str) -> None:
    path = write_sound(tmp_path / "two.wav", silence(2.0, 8000), 8000)
    with pytest.raises(AudioError, match=reason) as caught:
        audio.decode(path, 8000, start_s, end_s)
    assert str(caught.value).startswith("two.wav: ")


# --- blocks and windows -----------------------------------------------------------------------------------------------


def test_a_long_file_is_read_in_blocks_of_ten_seconds(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "long.wav", noise(25.0, 8000), 8000)
    blocks = list(audio.open_source(path).blocks())
    assert [block.shape[1] / 8000 for block in blocks] == pytest.approx([10, 10, 5], abs=0.3)
    assert np.array_equal(np.concatenate(blocks, axis=1)[0], audio.decode(path, 8000))


@given(
    n_samples=st.integers(0, 200),
    hop=st.integers(1, 20),
    longer=st.integers(0, 20),
    sizes=st.lists(st.integers(0, 60), max_size=12),
)
def test_windows_do_not_depend_on_the_blocks(n_samples: int, hop: int, longer: int, sizes: list[int]) -> None:
    sound, window = np.arange(n_samples, dtype=np.float32), hop + longer
    edges = np.minimum(np.cumsum([0, *sizes]), n_samples)
    blocks = [sound[a:b] for a, b in zip(edges, [*edges[1:], n_samples], strict=True)]
    given = list(audio.windows(iter(blocks), window, hop))
    assert len(given) == audio.count_windows(n_samples, window, hop)
    for number, each in enumerate(given):
        assert np.array_equal(
            each, sound[(start := audio.window_start(number, n_samples, window, hop)) : start + window]
        )


@pytest.mark.parametrize(("n_samples", "count"), [(0, 1), (1, 1), (4, 1), (5, 2), (6, 2), (7, 3), (8, 3), (9, 4)])
def test_the_last_window_reaches_the_end(n_samples: int, count: int) -> None:
    assert audio.count_windows(n_samples, window=4, hop=2) == count


# --- resampling -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("from_hz", "to_hz"), [(44_100, 32_000), (8000, 48_000), (48_000, 16_000), (16_000, 16_000)])
@pytest.mark.parametrize("size", [1, 777, 4096])
def test_resampling_block_by_block_leaves_no_seam(from_hz: int, to_hz: int, size: int) -> None:
    sound = noise(0.1 if size == 1 else 1.0, from_hz)
    whole = np.concatenate(list(audio.resampled(iter([sound]), from_hz, to_hz)))
    pieces = np.concatenate(list(audio.resampled(iter(cut(sound, size)), from_hz, to_hz)))
    assert len(whole) == pytest.approx(len(sound) * to_hz / from_hz, abs=1)
    assert pieces == pytest.approx(whole, abs=1e-6)


def test_a_tone_above_the_new_limit_is_removed_and_one_below_stays() -> None:
    for hz, left in ((3000, 0.5), (6000, 0.0)):
        blocks = list(audio.resampled(iter([sine(hz, 1.0, 44_100)]), 44_100, 8000))
        assert np.abs(np.concatenate(blocks)[1000:7000]).max() == pytest.approx(left, abs=0.001)


# --- damaged files ----------------------------------------------------------------------------------------------------


def test_what_is_no_sound_is_replaced_and_counted(tmp_path: Path) -> None:
    sound = np.full(4000, 0.25, np.float32)
    sound[[10, 20, 30, 40, 50]] = np.nan, np.inf, -np.inf, -1e25, 2
    source, read = read_all(write_sound(tmp_path / "nan.wav", sound, 8000, "pcm_f32le"))
    assert read[0, [9, 10, 20, 30, 40, 50]].tolist() == [0.25, 0.0, 1.0, -1.0, -1.0, 2.0]
    assert source.damaged == 1


def test_a_truncated_file_gives_what_is_left_of_it(tmp_path: Path) -> None:
    for ending, codec in (("wav", "pcm_s16le"), ("mp3", "libmp3lame"), ("flac", "flac")):
        path = write_sound(tmp_path / f"cut.{ending}", noise(2.0, 44_100), 44_100, codec)
        data = path.read_bytes()
        path.write_bytes(data[: len(data) // 2])
        assert len(audio.decode(path, 8000)) / 8000 == pytest.approx(1.0, abs=0.12), ending


def test_a_broken_stretch_is_counted_and_the_rest_is_heard(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "broken.m4a", noise(2.0, 48_000), 48_000, "aac")
    data = bytearray(path.read_bytes())
    middle, part = len(data) // 2, len(data) // 8
    data[middle : middle + part] = bytes(part)
    path.write_bytes(data)
    source, read = read_all(path)
    assert source.damaged >= 5
    assert 1.6 < read.shape[1] / 48_000 < 1.9


def test_a_stream_that_changes_its_rate_ends_there(tmp_path: Path) -> None:
    first = write_sound(tmp_path / "a.mp3", sine(440, 1.0, 44_100), 44_100, "libmp3lame")
    second = write_sound(tmp_path / "b.mp3", sine(440, 1.0, 22_050), 22_050, "libmp3lame")
    both = tmp_path / "both.mp3"
    both.write_bytes(first.read_bytes() + second.read_bytes())
    samples = audio.decode(both, 8000)
    assert len(samples) / 8000 == pytest.approx(1.0, abs=0.06)
    assert loudest_hz(samples[:8000], 8000) == 440


@pytest.fixture
def unreadable(tmp_path: Path) -> Iterator[dict[str, Path]]:
    """One file of each kind that holds no sound, by what is wrong with it."""
    files = {name: tmp_path / f"{name}.wav" for name in ("text", "empty", "header", "absent", "folder", "rate")}
    files["text"].write_text("This is not a sound. " * 50)
    files["empty"].touch()
    files["folder"].mkdir()
    good = write_sound(files["rate"], silence(0.1, 8000), 8000).read_bytes()
    files["header"].write_bytes(good[: good.index(b"data") + 8])
    files["rate"].write_bytes(good[:24] + (2_000_000_000).to_bytes(4, "little") + good[28:])
    files["picture"] = tmp_path / "picture.mp4"
    with av.open(str(files["picture"]), "w") as out:
        video = out.add_stream("mpeg4", rate=10)
        video.width = video.height = 64
        frame = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), "rgb24")
        for packet in (*video.encode(frame), *video.encode(None)):
            out.mux(packet)
    yield files


@pytest.mark.parametrize(
    ("what", "reason"),
    [
        ("text", "not a sound or video file"),
        ("empty", "0 bytes"),
        ("header", "no sound could be decoded"),
        ("absent", "does not exist"),
        ("folder", "is a folder"),
        ("rate", "header is damaged"),
        ("picture", "no sound stream"),
    ],
)
def test_a_file_without_sound_is_refused_with_its_reason(unreadable: dict[str, Path], what: str, reason: str) -> None:
    with pytest.raises(AudioError, match=reason) as caught:
        audio.decode(unreadable[what], 8000)
    assert caught.value.name == unreadable[what].name


# --- identity ---------------------------------------------------------------------------------------------------------


def test_the_hash_is_the_sha256_of_the_bytes(tmp_path: Path) -> None:
    path = tmp_path / "abc"
    path.write_bytes(b"abc")
    assert audio.content_hash(path) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    path.write_bytes(b"a" * 1_000_000)  # FIPS 180-2, the third example; longer than one read is the next one
    assert audio.content_hash(path) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"


def test_a_large_file_is_hashed_whole(tmp_path: Path) -> None:
    path, other = tmp_path / "a", tmp_path / "b"
    path.write_bytes(bytes(3 * audio.HASH_CHUNK))
    other.write_bytes(bytes(3 * audio.HASH_CHUNK - 1) + b"x")
    assert audio.content_hash(path) != audio.content_hash(other)


def test_channels_that_cancel_each_other_are_heard(tmp_path: Path) -> None:
    tone = sine(440, 1, 44_100)
    path = write_sound(tmp_path / "wide.wav", np.stack([tone, -tone]), 44_100)
    assert np.sqrt(np.mean(np.square(audio.decode(path, 44_100)))) == pytest.approx(0.5 / np.sqrt(2), rel=0.01)


def test_a_list_of_files_is_no_sound(tmp_path: Path) -> None:
    write_sound(tmp_path / "real.wav", sine(440, 1))
    (tmp_path / "list.wav").write_text("ffconcat version 1.0\nfile real.wav\n")
    with pytest.raises(AudioError, match="list of other files"):
        audio.open_source(tmp_path / "list.wav")


def test_a_header_that_claims_an_absurd_rate_is_refused(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "slow.wav", sine(440, 1, 8_000), 8_000)
    data = bytearray(path.read_bytes())
    data[24:28] = (1).to_bytes(4, "little")
    path.write_bytes(data)
    with pytest.raises(AudioError, match="sample rate 1"):
        audio.open_source(path)


def test_a_source_that_is_not_read_to_its_end_is_closed(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "a.wav", sine(440, 1))
    with audio.open_source(path) as source:
        next(source.blocks())
    before = len(list(Path("/proc/self/fd").iterdir())) if Path("/proc/self/fd").exists() else 0
    for _ in range(20):
        with audio.open_source(path):
            pass
    assert not before or len(list(Path("/proc/self/fd").iterdir())) == before


def test_of_a_long_sound_a_digest_holds_the_thirds_and_of_a_short_one_all(tmp_path):
    """Ten seconds that count up: of three of them the first, the middle and the last one are kept."""
    counting = np.repeat(np.arange(10, dtype=np.float32) / 16, 8000)
    path = write_sound(tmp_path / "counting.wav", counting, 8000)

    assert len(audio.digest(path, 8000, None, 10.0)) == len(audio.digest(path, 8000, 10.0, 10.0)) == 80_000
    kept = audio.digest(path, 8000, 3.0, 10.0)
    assert len(kept) == 24_000
    expected = np.concatenate([counting[:8000], counting[36_000:44_000], counting[72_000:]])
    assert kept == pytest.approx(expected, abs=1e-3)
