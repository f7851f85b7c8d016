"""Videos whose sound begins when a test says so, on as many tracks as it likes."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from tests.sounds import RATE_HZ

PER_S = 10
FRAME = 1024


def write_video(
    path: Path,
    tracks: Sequence[np.ndarray],
    *,
    sound_at_s: float = 0.0,
    picture_at_s: float = 0.0,
    seconds: float = 4.0,
    pictures: Sequence[int] | None = None,
    index_first: bool = False,
    codec: str = "mpeg4",
) -> Path:
    """A grey video of a length with a mono sound on each track, at RATE_HZ; its ending says the container.

    pictures: the tenths of a second in which a picture comes, if not all. index_first: of an mp4, so that what is cut
    off at the end can still be read up to there. codec: of the picture; browsers show libx264's.
    """
    with av.open(str(path), "w", options={"movflags": "faststart"} if index_first else {}) as out:
        video: Any = out.add_stream(codec, rate=PER_S)
        video.width = video.height = 64
        sounds: list[Any] = [out.add_stream("aac", rate=RATE_HZ, layout="mono") for _ in tracks]
        packets = []
        for number in range(round(seconds * PER_S)) if pictures is None else pictures:
            picture = av.VideoFrame.from_ndarray(np.full((96, 64), 128, np.uint8), "yuv420p")
            picture.pts, picture.time_base = number + round(picture_at_s * PER_S), Fraction(1, PER_S)
            packets += video.encode(picture)
        packets += video.encode(None)
        for stream, samples in zip(sounds, tracks, strict=True):
            for start in range(0, len(samples), FRAME):
                part = np.ascontiguousarray(samples[None, start : start + FRAME], np.float32)
                frame = av.AudioFrame.from_ndarray(part, "fltp", "mono")
                frame.sample_rate, frame.time_base = RATE_HZ, Fraction(1, RATE_HZ)
                frame.pts = start + round(sound_at_s * RATE_HZ)
                packets += stream.encode(frame)
            packets += stream.encode(None)
        for packet in sorted(packets, key=lambda each: float((each.dts or 0) * each.time_base)):
            out.mux(packet)
    return path
