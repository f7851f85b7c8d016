"""Videos written again with their subtitles: as a track beside untouched packets, and drawn into the picture."""

import struct
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from core.errors import AudioError, EarshotError
from core.subtitles.burning import burn_subtitles
from core.subtitles.cues import Cue, in_turn
from core.subtitles.muxing import check_video, left_out, mux_subtitles
from tests.sounds import noise, write_sound
from tests.videos import write_video

RAIN = Cue(0.5, 1.5, ("[rain]",))
DOG = Cue(2.0, 2.8, ("<i>[dog]</i>", "[cat] & -->"))
WRITERS = (mux_subtitles, burn_subtitles)


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """A grey video of four seconds, with sound."""
    return write_video(tmp_path / "clip.mp4", [noise(4)])


def mux(source: Path, name: str, *cues: Cue) -> Path:
    target = source.with_name(name)
    check_video(source, target)
    list(mux_subtitles(source, target, cues, replace=False))
    return target


def burn(source: Path, name: str, *cues: Cue) -> Path:
    target = source.with_name(name)
    check_video(source, target, drawn=True)
    list(burn_subtitles(source, target, cues, replace=False))
    return target


def tracks(path: Path) -> list[tuple[str, list[tuple[float, bytes]]]]:
    """Of each stream its kind and its packets: when each is shown, and its bytes."""
    with av.open(str(path)) as file:
        found: list[tuple[str, list[tuple[float, bytes]]]] = [(stream.type, []) for stream in file.streams]
        for packet in file.demux():
            if packet.size:
                assert packet.pts is not None
                found[packet.stream_index][1].append((float(packet.pts * packet.time_base), bytes(packet)))
    return found


def shown(path: Path, track: int = -1) -> list[tuple[float, float, str]]:
    """The cues of a subtitle track, without what mp4 puts between them."""
    found = []
    with av.open(str(path)) as file:
        stream = file.streams.subtitles[track]
        n_before = 2 if stream.codec_context.name == "mov_text" else 0
        for packet in file.demux(stream):
            text = bytes(packet)[n_before:].decode()
            if text:
                start_s = float((packet.pts or 0) * packet.time_base)
                found.append((start_s, start_s + float((packet.duration or 0) * packet.time_base), text))
    return found


def frames(path: Path) -> list[tuple[float, np.ndarray]]:
    """When each picture is shown, and its brightness."""
    with av.open(str(path)) as file:
        stream: Any = file.streams.video[0]
        return [(frame.time, frame.to_ndarray(format="gray")) for frame in file.decode(stream)]


def with_cover(source: Path, name: str, *kinds: str) -> Path:
    """The streams of some kinds of a video, and a red cover."""
    target = source.with_name(name)
    with av.open(str(source)) as file, av.open(str(target), "w", format="mp4") as made:
        copies = {each.index: made.add_stream_from_template(each) for each in file.streams if each.type in kinds}
        cover: Any = made.add_stream("mjpeg", rate=1)
        cover.width, cover.height, cover.pix_fmt = 64, 64, "yuvj420p"
        cover.disposition = av.stream.Disposition.attached_pic
        red = av.VideoFrame.from_ndarray(np.full((64, 64, 3), (255, 0, 0), np.uint8)).reformat(format="yuvj420p")
        red.pts = 0
        made.mux([*cover.encode(red), *cover.encode(None)])
        for packet in file.demux():
            if packet.size and packet.stream_index in copies:
                packet.stream = copies[packet.stream_index]
                made.mux(packet)
    return target


# --- a track ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", [".mp4", ".mov", ".m4v", ".mkv"])
def test_every_packet_is_the_one_it_was(tmp_path: Path, ending: str) -> None:
    clip = write_video(tmp_path / f"clip{ending}", [noise(4), noise(4, amplitude=0.1)], sound_at_s=0.5)
    before = clip.read_bytes()
    made = tracks(mux(clip, f"made{ending}", RAIN, DOG))
    assert made[:-1] == tracks(clip) and len(made) == 4
    assert made[-1][0] == "subtitle" and clip.read_bytes() == before


def test_a_video_may_move_to_another_container(tmp_path: Path) -> None:
    """AVI numbers what is in it where others have four letters; only the packets count."""
    clip = write_video(tmp_path / "clip.avi", [noise(4)])
    made = tracks(mux(clip, "made.mkv", RAIN))[:2]
    assert [[data for _, data in track] for _, track in made] == [
        [data for _, data in each] for _, each in tracks(clip)
    ]


def test_cues_stand_in_the_track_at_their_times(clip: Path) -> None:
    assert shown(mux(clip, "a.mp4", RAIN, DOG)) == [(0.5, 1.5, "[rain]"), (2.0, 2.8, "[dog]\n[cat] & →")]
    assert shown(mux(clip, "none.mp4")) == []
    with av.open(str(clip.with_name("a.mp4"))) as file:
        track = file.streams.subtitles[0]
        assert track.metadata["language"] == "und" and track.metadata["name"] == "Sounds"


def test_each_container_has_its_own_kind_of_track(clip: Path) -> None:
    first = write_video(clip.with_name("first.mkv"), [noise(4)])
    assert shown(mux(first, "a.mkv", DOG)) == [(2.0, 2.8, "<i>[dog]</i>\n[cat] & →")]
    vp9 = clip.with_name("vp9.webm")
    burned = burn(write_video(clip.with_name("mute.mp4"), []), vp9.name)
    assert shown(mux(burned, "a.webm", DOG)) == [(2.0, 2.8, "<i>[dog]</i>\n[cat] &amp; →")]


def test_tracks_that_are_there_stay(clip: Path) -> None:
    twice = mux(mux(clip, "once.mp4", RAIN), "twice.mp4", DOG)
    assert tracks(twice)[:3] == tracks(clip.with_name("once.mp4"))
    assert shown(twice, 0) == [(0.5, 1.5, "[rain]")] and shown(twice, 1)[0][0] == 2.0
    assert len(tracks(burn(twice, "burned.mp4", RAIN))) == 4


def with_data(source: Path, name: str, n_tracks: int = 1) -> Path:
    """A copy of a video that has tracks of data as well."""
    target = source.with_name(name)
    with av.open(str(source)) as original, av.open(str(target), "w") as made:
        copies = [made.add_stream_from_template(stream) for stream in original.streams]
        for data in [made.add_data_stream("bin_data") for _ in range(n_tracks)]:
            packet: Any = av.Packet(b"code")
            packet.stream, packet.pts, packet.dts, packet.duration = data, 0, 0, 1
            made.mux(packet)
        for packet in original.demux():
            if packet.dts is not None:
                packet.stream = copies[packet.stream_index]
                made.mux(packet)
    return target


def test_what_a_copy_lacks_is_told(clip: Path) -> None:
    target = clip.with_name("made.mp4")
    assert left_out(clip, target) == ""
    timed = with_data(clip, "timed.mp4")
    assert left_out(timed, target) == (
        "made.mp4 lacks 1 track of timed.mp4 with data, such as time codes; they cannot be copied"
    )
    assert left_out(with_data(clip, "more.mp4", 2), target).startswith("made.mp4 lacks 2 tracks of more.mp4 ")
    assert [kind for kind, _ in tracks(mux(timed, "made.mp4", RAIN))] == ["video", "audio", "subtitle"]


def test_a_cover_stays_and_is_no_picture_of_a_video(clip: Path) -> None:
    covered = with_cover(clip, "covered.mp4", "video", "audio")
    for number, write in enumerate((mux, burn)):
        with av.open(str(write(covered, f"{number}.mp4", RAIN))) as file:
            (cover,) = (each for each in file.streams if each.disposition & av.stream.Disposition.attached_pic)
            assert [packet.size > 100 for packet in file.demux(cover) if packet.size] == [True]
    with pytest.raises(EarshotError, match=r"song\.m4a has no picture"):
        check_video(with_cover(clip, "song.m4a", "audio"), clip.with_name("b.mp4"))


@pytest.mark.parametrize(("picture_at_s", "begins_s"), [(0.0, 0.0), (1.0, 1.0), (3.0, 2.0)])
def test_the_players_clock_begins_with_the_first_stream(tmp_path: Path, picture_at_s: float, begins_s: float) -> None:
    """Matroska from a recorder may begin at any time; a player shows that as 0."""
    clip = write_video(tmp_path / "clip.mkv", [noise(4)], sound_at_s=2.0, picture_at_s=picture_at_s)
    ((start_s, end_s, _),) = shown(mux(clip, "a.mkv", RAIN))
    assert (start_s, end_s) == pytest.approx((begins_s + 0.5, begins_s + 1.5), abs=0.07)  # AAC begins a frame earlier


def test_pictures_without_a_time_of_decoding_are_given_one(clip: Path) -> None:
    """Matroska keeps none for the first pictures of a video with some that are decoded ahead."""
    ahead = burn(clip, "ahead.mkv")
    times = [time_s for time_s, _ in frames(ahead)]
    made = frames(mux(ahead, "a.mp4", RAIN))
    assert [time_s for time_s, _ in made] == pytest.approx(times, abs=0.001)


def test_cues_at_once_become_one() -> None:
    long, short = Cue(0.0, 3.0, ("[rain]",)), Cue(1.0, 2.0, ("[dog]",))
    assert in_turn([long, short]) == [
        Cue(0.0, 1.0, ("[rain]",)),
        Cue(1.0, 2.0, ("[rain]", "[dog]")),
        Cue(2.0, 3.0, ("[rain]",)),
    ]
    assert in_turn([RAIN, DOG]) == [RAIN, DOG]


# --- in the picture ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", [".mp4", ".mkv"])
def test_the_picture_changes_only_where_and_while_a_cue_is_shown(tmp_path: Path, ending: str) -> None:
    clip = write_video(tmp_path / "clip.mp4", [noise(4)], pictures=[0, 1, 2, 6, 7, 8, 14, 15, 19, 20, 24, 28, 39])
    before, after = frames(clip), frames(burn(clip, f"made{ending}", RAIN, DOG))
    assert [time_s for time_s, _ in after] == pytest.approx([time_s for time_s, _ in before], abs=0.07)
    steps = np.diff([time_s for time_s, _ in before])
    np.testing.assert_allclose(np.diff([time_s for time_s, _ in after]), steps, atol=0.0011)
    for (time_s, old), (_, new) in zip(before, after, strict=True):
        changed = np.abs(old.astype(int) - new) > 40
        assert old.shape == new.shape and not changed[: len(old) // 2].any()
        assert changed.any() == (0.5 <= time_s < 1.5 or 2.0 <= time_s < 2.8), time_s


def test_the_sound_is_copied_and_the_original_left_alone(clip: Path) -> None:
    before = clip.read_bytes()
    made = tracks(burn(clip, "a.mp4", RAIN))
    assert [kind for kind, _ in made] == ["video", "audio"] and made[1] == tracks(clip)[1]
    assert clip.read_bytes() == before


def test_text_is_white_within_black_and_fits_into_the_picture(clip: Path) -> None:
    line = "[a great many things are heard at once in here]"
    picture = frames(burn(clip, "a.mp4", Cue(0.0, 4.0, (line, line))))[5][1].astype(int)
    rows, columns = np.nonzero(np.abs(picture - 128) > 40)
    assert rows.min() > 32 and columns.min() >= 1 and columns.max() <= 62
    assert abs((columns.min() + columns.max()) / 2 - 31.5) <= 3
    assert picture[rows, columns].min() < 60


def test_a_picture_that_is_turned_by_a_note_is_drawn_upon_as_it_is_seen(clip: Path) -> None:
    phone = clip.with_name("phone.mp4")
    data = bytearray(clip.read_bytes())
    place = data.index(b"tkhd") + 44  # ISO/IEC 14496-12, 8.3.2: the matrix of a track, version 0
    data[place : place + 36] = struct.pack(">9i", 0, 1 << 16, 0, -1 << 16, 0, 0, 0, 0, 1 << 30)
    phone.write_bytes(data)
    for made, turned in ((mux(phone, "a.mp4", RAIN), -90), (burn(phone, "b.mp4", Cue(0.0, 4.0, ("I",))), 0)):
        with av.open(str(made)) as file:
            assert next(file.decode(video=0)).rotation == turned
    rows = np.nonzero(np.abs(frames(clip.with_name("b.mp4"))[5][1].astype(int) - 128) > 40)[0]
    assert rows.min() > 40


# --- what cannot be done ----------------------------------------------------------------------------------------------


def test_what_cannot_be_written_is_one_sentence_before_any_work(clip: Path) -> None:
    sound = write_sound(clip.with_name("a.wav"), noise(1))
    text = clip.with_name("text.mp4")
    text.write_text("Dear diary")
    with pytest.raises(EarshotError, match=r"a\.wav has no picture to show subtitles on; write them with --srt or"):
        check_video(sound, clip.with_name("b.mp4"))
    with pytest.raises(EarshotError, match=r"b\.avi is no video that subtitles .* let it end in \.mp4, "):
        check_video(clip, clip.with_name("b.avi"))
    with pytest.raises(
        EarshotError, match=r"b\.webm cannot hold all tracks of clip\.mp4 .*; let its name end in \.mp4"
    ):
        check_video(clip, clip.with_name("b.webm"))
    with pytest.raises(EarshotError, match=r"b\.mkv cannot hold all tracks of once\.mp4"):
        check_video(mux(clip, "once.mp4", RAIN), clip.with_name("b.mkv"))
    with pytest.raises(AudioError, match=r"text\.mp4: is not a sound or video file"):
        check_video(text, clip.with_name("b.mp4"))


@pytest.mark.parametrize("write", WRITERS)
def test_a_target_that_is_there_is_kept_unless_it_may_be_replaced(clip: Path, write: Any) -> None:
    target = clip.with_name("a.mp4")
    target.write_text("mine")
    with pytest.raises(EarshotError, match=r"a\.mp4 is there already; .* --force"):
        list(write(clip, target, [RAIN], replace=False))
    assert target.read_text() == "mine" and len(list(clip.parent.iterdir())) == 2
    list(write(clip, target, [RAIN], replace=True))
    assert len(frames(target)) == 40 and len(list(clip.parent.iterdir())) == 2


@pytest.mark.parametrize("write", WRITERS)
def test_work_that_is_left_or_fails_leaves_nothing_behind(clip: Path, write: Any) -> None:
    steps = write(clip, clip.with_name("a.mp4"), [RAIN], replace=False)
    assert next(steps).total == 4
    assert len(list(clip.parent.iterdir())) == 2
    with pytest.raises(KeyboardInterrupt):
        steps.throw(KeyboardInterrupt)
    assert list(clip.parent.iterdir()) == [clip]
    steps = write(clip, clip.with_name("a.mp4"), [RAIN], replace=False)
    next(steps)
    steps.close()
    assert list(clip.parent.iterdir()) == [clip]
    with pytest.raises(EarshotError):
        list(write(clip, clip.with_name("a.webm"), [RAIN], replace=False))
    assert list(clip.parent.iterdir()) == [clip]
