"""Frames into a GIF or an MP4. Knows nothing of what they show."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.errors import UnsupportedError

if TYPE_CHECKING:
    from PIL.Image import Image

MOVING = (".gif", ".mp4")
ENCODERS: dict[str, dict[str, str]] = {
    "libx264": {"crf": "21", "preset": "medium"},
    "libopenh264": {"b": "5000000"},
    "mpeg4": {"b": "5000000"},
}
"""In the order of choice; which of them there are depends on how PyAV was built."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A picture in RGB and for how many seconds it is seen."""

    picture: "Image"
    seconds: float


def write_gif(path: Path, frames: Iterable[Frame], palette: Sequence[tuple[int, int, int]]) -> int:
    """Writes a GIF that runs for ever, in the colours of a palette; returns how many frames it has.

    Two equal frames in a row become one that is seen as long as both.
    """
    from PIL import Image

    table = Image.new("P", (1, 1))
    table.putpalette([value for colour in palette for value in colour])
    pictures: list[Image.Image] = []
    lasting: list[int] = []
    for frame in frames:
        picture = frame.picture.quantize(palette=table, dither=Image.Dither.NONE)
        if pictures and picture.tobytes() == pictures[-1].tobytes():
            lasting[-1] += round(1000 * frame.seconds)
        else:
            pictures.append(picture)
            lasting.append(round(1000 * frame.seconds))
    first, *more = pictures
    kept: dict[str, Any] = {"save_all": True, "append_images": more, "duration": lasting, "loop": 0}
    first.save(path, format="GIF", optimize=False, disposal=1, **kept)
    return len(pictures)


def write_mp4(path: Path, frames: Iterable[Frame], fps: int) -> int:
    """Writes an MP4 with H.264 (or MPEG-4 where there is no encoder for it); returns how many frames it has.

    Sizes must be even. Raises UnsupportedError where there is no encoder at all.
    """
    import av

    name = _encoder()
    n_frames = 0
    with av.open(str(path), "w", format="mp4", options={"movflags": "faststart"}) as container:
        stream: Any = None
        for frame in frames:
            if stream is None:
                stream = container.add_stream(name, rate=fps, options=ENCODERS[name])
                stream.width, stream.height = frame.picture.size
                stream.pix_fmt = "yuv420p"
            for _ in range(max(1, round(frame.seconds * fps))):
                image = av.VideoFrame.from_ndarray(np.asarray(frame.picture), format="rgb24")
                image.pts = n_frames
                container.mux(stream.encode(image))
                n_frames += 1
        container.mux(stream.encode())
    return n_frames


def _encoder() -> str:
    import av

    for name in ENCODERS:
        if name in av.codecs_available:
            try:
                av.Codec(name, "w")
            except av.codec.codec.UnknownCodecError:
                continue  # it can only be read
            return name
    raise UnsupportedError("the installed PyAV has no encoder for MP4; write a .gif instead")
