"""Samples and pictures to the bytes of a file, the same bytes every time. Knows nothing of what they show."""

from collections.abc import Iterable
from fractions import Fraction
from io import BytesIO
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

CODECS = {"wav": "pcm_s16le", "flac": "flac"}
BITEXACT = {"fflags": "+bitexact"}  # no encoder's name, no version and no date in the file
LAYOUTS = {1: "mono", 2: "stereo"}
FRAME = 4096


def _frames(sound: NDArray[np.float32], rate_hz: int, sample_format: str, size: int) -> Iterable[av.AudioFrame]:
    channels = len(sound)
    for start in range(0, sound.shape[1], size):
        block = sound[:, start : start + size]
        if sample_format == "s16":  # interleaved
            data = np.round(block.T.reshape(1, -1) * 32767).astype(np.int16)
        else:  # planar float
            data = np.ascontiguousarray(block)
        frame = av.AudioFrame.from_ndarray(data, format=sample_format, layout=LAYOUTS[channels])
        frame.sample_rate = rate_hz
        frame.pts = start
        frame.time_base = Fraction(1, rate_hz)
        yield frame


def _drain(container: Any, stream: Any, frames: Iterable[Any]) -> None:
    for frame in (*frames, None):  # None: whatever the encoder still holds
        for packet in stream.encode(frame):
            container.mux(packet)


def audio_bytes(sound: NDArray[np.float32], sample_rate_hz: int, container: str) -> bytes:
    """A 16-bit file.

    sound: float32 in (-1, 1), shape (1 or 2 channels, n_samples). container: `wav` or `flac`.
    """
    buffer = BytesIO()
    with av.open(buffer, "w", format=container, container_options=BITEXACT) as out:
        stream: Any = out.add_stream(CODECS[container], rate=sample_rate_hz, layout=LAYOUTS[len(sound)])
        stream.codec_context.format = "s16"
        stream.codec_context.flags |= av.codec.context.Flags.bitexact
        _drain(out, stream, _frames(sound, sample_rate_hz, "s16", FRAME))
    return buffer.getvalue()


def video_bytes(
    pictures: Iterable[NDArray[np.uint8]], per_s: int, sound: NDArray[np.float32], sample_rate_hz: int
) -> bytes:
    """An mp4 with H.264 (MPEG-4 part 2 where the build of FFmpeg has no x264) and AAC.

    pictures: uint8 RGB, each (height, width, 3), `per_s` a second. sound: as for `audio_bytes`.
    One thread, as encoders that share work among threads may cut it differently on each run, and no macroblock tree,
    which in x264's vector code reads memory that nobody wrote: one file in some hundreds came out otherwise.
    """
    codec, options = "mpeg4", {"threads": "1"}
    if "libx264" in av.codecs_available:
        codec, options = "libx264", {"threads": "1", "preset": "veryfast", "crf": "26", "mbtree": "0"}
    buffer = BytesIO()
    with av.open(buffer, "w", format="mp4", container_options=BITEXACT) as out:
        video: Any = out.add_stream(codec, rate=per_s, options=options)
        audio: Any = out.add_stream("aac", rate=sample_rate_hz, layout=LAYOUTS[len(sound)])
        for stream in (video, audio):
            stream.codec_context.flags |= av.codec.context.Flags.bitexact
        video.pix_fmt = "yuv420p"
        first = True
        shown = []
        for picture in pictures:
            if first:
                video.height, video.width = picture.shape[:2]
                first = False
            shown.append(av.VideoFrame.from_ndarray(picture, format="rgb24"))
        for number, frame in enumerate(shown):
            frame.pts, frame.time_base = number, Fraction(1, per_s)
        _drain(out, video, shown)
        _drain(out, audio, _frames(sound, sample_rate_hz, "fltp", 1024))
    return buffer.getvalue()
