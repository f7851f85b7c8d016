"""A copy of a video with one more subtitle track: every packet of its streams as it is, nothing encoded anew.

Knows the containers that can hold such a track. Data tracks (time codes, a camera's telemetry) are left out: hardly any
container holds those of another.
"""

import io
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer, OutputContainer
from av.stream import Disposition

from core.audio import open_container
from core.errors import EarshotError
from core.records import Progress
from core.subtitles.cues import Cue, in_turn
from core.subtitles.formats import bare_text, srt_text, vtt_text
from core.subtitles.saving import moved_there

TITLE = "Sounds"
MS = Fraction(1, 1000)  # the clock of the new track
OF_THE_FILE = ("major_brand", "minor_version", "compatible_brands", "encoder")  # not of what is in it
KEPT = ("video", "audio", "subtitle", "attachment")
COVER = Disposition.attached_pic
GAP = b"\0\0"  # between two cues of mov_text; FFmpeg makes them anew, and would have some of them twice
APPLE_HEVC = "hvc1"  # FFmpeg would write hev1, which Apple's players refuse

MOV_TEXT_HEADER = b"""[Script Info]
ScriptType: v4.00+

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, Italic, Underline, \
StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, MarginV, Encoding
Style: Default,Arial,16,&Hffffff,&Hffffff,&H0,&H0,0,0,0,0,100,100,0,0,1,1,0,2,10,10,10,0

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
"""
"""What FFmpeg's encoder makes the description of an mp4 track from: white on black, at the bottom, centred."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A container: FFmpeg's names of it, of the subtitles that it holds and of the encoder for its pictures."""

    name: str
    subtitles: str
    picture: str


KINDS = {
    ".mp4": Kind("mp4", "mov_text", "libx264"),
    ".m4v": Kind("mp4", "mov_text", "libx264"),
    ".mov": Kind("mov", "mov_text", "libx264"),
    ".mkv": Kind("matroska", "subrip", "libx264"),
    ".webm": Kind("webm", "webvtt", "libvpx-vp9"),
}


def kind_of(target: Path) -> Kind:
    """The container that a file's ending stands for. Raises EarshotError for one that is not written here."""
    kind = KINDS.get(target.suffix.lower())
    if kind is None:
        raise EarshotError(
            f"{target.name} is no video that subtitles are written into; let it end in {', '.join(KINDS)}"
        )
    return kind


def check_video(source: Path, target: Path, *, drawn: bool = False) -> None:
    """Raises EarshotError, before any work is done, for a file without a picture or a target that cannot hold it.

    drawn: whether the picture is to be encoded anew.
    """
    kind = kind_of(target)
    with open_container(source) as original, av.open(io.BytesIO(), "w", format=kind.name) as trial:
        picture = picture_of(original, source)
        with holding(source, target):
            add_copies(original, trial, but=picture.index if drawn else None)
            if drawn:
                trial.add_stream(kind.picture)
            else:
                _add_track(trial, kind)
            trial.start_encoding()


def left_out(source: Path, target: Path) -> str:
    """What a copy of a video will lack, as a sentence; empty where it lacks nothing.

    Data tracks are left out of every container, and what is none that FFmpeg knows.
    """
    with open_container(source) as original:
        count = sum(stream.type not in KEPT for stream in original.streams)
    if not count:
        return ""
    tracks = "1 track" if count == 1 else f"{count} tracks"
    return f"{target.name} lacks {tracks} of {source.name} with data, such as time codes; they cannot be copied"


def mux_subtitles(source: Path, target: Path, cues: Sequence[Cue], *, replace: bool) -> Iterator[Progress]:
    """Writes a video again with cues as one more track, and tells in seconds how far it is.

    cues: in seconds of the player, which begins with the first of the streams; those that overlap are shown as one.
    source is only read. To be closed where it is not walked to its end: nothing is left then.
    Raises EarshotError for what `check_video` refuses, for a video that breaks in the middle and for a target that is
    there, unless it may be replaced.
    """
    kind = kind_of(target)
    with (
        moved_there(target, replace=replace) as part,
        open_container(source) as original,
        av.open(str(part), "w", format=kind.name) as made,
    ):
        picture_of(original, source)
        with holding(source, target):
            copies = add_copies(original, made)
            track = _add_track(made, kind)
            made.start_encoding()
        waiting = deque(_packets(in_turn(cues), kind, Fraction(original.start_time or 0, av.time_base)))
        with reading_on(source):
            for packet, steps in walked(original, source.name):
                while waiting and waiting[0].pts * MS <= packet.dts * packet.time_base:
                    mux(made, waiting.popleft(), track)
                if packet.stream_index in copies:
                    mux(made, packet, copies[packet.stream_index])
                yield from steps
            for left in waiting:
                mux(made, left, track)
            made.close()  # writes what is still held back


def picture_of(original: InputContainer, source: Path) -> Any:
    """The stream that is seen when a video plays; the cover of a sound is none. Raises EarshotError if it has none."""
    for stream in original.streams.video:
        if not stream.disposition & COVER:
            return stream
    raise EarshotError(f"{source.name} has no picture to show subtitles on; write them with --srt or --vtt")


def add_copies(original: InputContainer, made: OutputContainer, but: int | None = None) -> dict[int, Any]:
    """Streams that take the packets of those of the original, by the index of each. but: the one that is left out.

    Raises ValueError for a stream that the container cannot hold.
    """
    copies = {}
    for stream in original.streams:
        if stream.type in KEPT and stream.index != but:
            copy: Any = made.add_stream_from_template(stream, opaque=True)
            copy.metadata.update(stream.metadata)
            if stream.type != "attachment":
                copy.disposition = stream.disposition
                if (
                    stream.name == "hevc"
                    and stream.codec_context.codec_tag == APPLE_HEVC
                    and made.format.name in ("mp4", "mov")
                ):
                    copy.codec_context.codec_tag = APPLE_HEVC
            if stream.type == "video" and stream.average_rate:
                copy.codec_context.framerate = stream.average_rate  # Matroska's length of a picture
            copies[stream.index] = copy
    made.metadata.update({name: said for name, said in original.metadata.items() if name not in OF_THE_FILE})
    made.set_chapters(original.chapters())
    return copies


def walked(original: InputContainer, name: str) -> Iterator[tuple[Any, tuple[Progress, ...]]]:
    """All packets as the file has them, each with what there is to tell of the progress, once a second."""
    total_s = max(1, (original.duration or 0) // av.time_base)
    begins_s = Fraction(original.start_time or 0, av.time_base)
    told_s = -1
    for packet in _dated(original.demux(), name):
        if packet.stream.type == "subtitle" and bytes(packet) == GAP:
            continue
        done_s = int(packet.dts * packet.time_base - begins_s)
        further = done_s > told_s
        told_s = max(told_s, done_s)
        yield packet, (Progress(min(done_s, total_s), total_s, name),) if further else ()


def mux(made: OutputContainer, packet: Any, stream: Any) -> None:
    """Writes a packet as one of a stream."""
    packet.stream = stream
    made.mux(packet)


@contextmanager
def holding(source: Path, target: Path) -> Iterator[None]:
    """Tells as an EarshotError that a container has no room for a stream of another."""
    try:
        yield
    except (av.error.FFmpegError, ValueError) as problem:
        endings = [ending for ending in (source.suffix.lower(), ".mkv", ".mp4") if ending in KINDS]
        better = next(ending for ending in endings if ending != target.suffix.lower())
        raise EarshotError(
            f"{target.name} cannot hold all tracks of {source.name} ({_reason(problem)}); let its name end in {better}"
        ) from problem


@contextmanager
def reading_on(source: Path) -> Iterator[None]:
    """Tells as an EarshotError that a video cannot be read on or written again; a full disk stays what it is."""
    try:
        yield
    except av.error.FFmpegError as problem:
        if isinstance(problem, OSError):
            raise
        raise EarshotError(
            f"{source.name} cannot be copied to its end ({_reason(problem)}); repair it, or write subtitles with --srt"
        ) from problem


def _reason(problem: Exception) -> str:
    return getattr(problem, "strerror", None) or str(problem)


def _dated(packets: Iterator[Any], name: str) -> Iterator[Any]:
    """The packets, each with a time of decoding, in steps of its length before the first that the file tells of.

    Matroska tells none of the first pictures where some are decoded ahead; mp4 must have them. A cover has none at all.
    Raises EarshotError for a packet whose time nothing tells.
    """
    held: dict[int, list[Any]] = {}
    for packet in packets:
        if packet.stream.disposition & COVER and packet.size:
            packet.pts = packet.dts = packet.pts or 0
        if packet.dts is None:
            if packet.size:  # without a size it marks the end of a stream
                held.setdefault(packet.stream_index, []).append(packet)
            continue
        early = held.pop(packet.stream_index, [])
        for steps, one in zip(range(len(early), 0, -1), early, strict=True):
            one.dts = packet.dts - steps * max(1, one.duration or 0)
            yield one
        yield packet
    for one in chain.from_iterable(held.values()):
        if one.pts is None:
            raise EarshotError(f"{name} does not say when its pictures are shown; convert it, or use --srt")
        one.dts = one.pts
        yield one


def _add_track(made: OutputContainer, kind: Kind) -> Any:
    if kind.subtitles == "mov_text":  # the encoder is opened for its description of the track alone
        track: Any = made.add_stream(kind.subtitles)
        track.codec_context.subtitle_header = MOV_TEXT_HEADER
    else:
        track = made.add_mux_stream(kind.subtitles)
    track.time_base = MS
    track.metadata.update({"language": "und", "title": TITLE, "handler_name": TITLE})
    return track


def _packets(cues: Sequence[Cue], kind: Kind, begins_s: Fraction) -> Iterator[Any]:
    for cue in cues:
        data = _encoded(cue, kind)
        if data:
            packet: Any = av.Packet(data)
            packet.time_base = MS
            packet.pts = packet.dts = round((begins_s + Fraction(cue.start_s)) * 1000)
            packet.duration = round((cue.end_s - cue.start_s) * 1000)
            yield packet


def _encoded(cue: Cue, kind: Kind) -> bytes:
    """A cue as the bytes of a packet, none for one without text."""
    text = {"mov_text": bare_text, "subrip": srt_text, "webvtt": vtt_text}[kind.subtitles](cue).encode()
    if text and kind.subtitles == "mov_text":  # 3GPP TS 26.245, 5.17: its length, then the text
        return len(text).to_bytes(2, "big") + text
    return text
