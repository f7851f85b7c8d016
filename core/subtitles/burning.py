"""Cues drawn into the picture of a video, for players that show no subtitles; its sound and other tracks are copied.

The text is blended into brightness and colour as they were decoded: no frame is turned into RGB and back.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.container import OutputContainer
from av.video.frame import PictureType
from numpy.typing import NDArray

from core.audio import open_container
from core.errors import EarshotError
from core.plots.text import drawable, font_file
from core.records import Progress
from core.subtitles.cues import Cue, in_turn
from core.subtitles.formats import bare_text
from core.subtitles.muxing import Kind, add_copies, holding, kind_of, mux, picture_of, reading_on, walked
from core.subtitles.saving import moved_there

QUALITY = {"libx264": {"crf": "18", "preset": "medium"}, "libvpx-vp9": {"crf": "24", "cpu-used": "4", "row-mt": "1"}}
"""Of the encoders: little that is seen is lost (x264's guide calls 17 or 18 visually nearly lossless)."""

COLOURS = ("color_range", "colorspace", "color_primaries", "color_trc")
HEIGHT = 0.055  # of a line, as a share of the picture's
SMALLEST = 8  # points; what is smaller is no text
ROOM = 0.9  # of the picture, the most that a text takes in either direction
MARGIN = 0.05  # of the picture's height, below the text
OUTLINE = 0.1  # of the height of a line
LONGEST = 120  # signs in a line
WHITE, BLACK, NO_COLOUR = 235, 16, 128  # of 8-bit video, ITU-R BT.601

Plane = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Overlay:
    """A drawn text, for the lowest rows of a picture, over its whole width.

    luma: its brightness, shape (height, width). share: how much of each point it covers, 0 to 1, of that shape.
    """

    luma: Plane
    share: Plane


def burn_subtitles(source: Path, target: Path, cues: Sequence[Cue], *, replace: bool) -> Iterator[Progress]:
    """Writes a video again with cues drawn into its picture, and tells in seconds how far it is.

    cues: in seconds of the player, at the bottom, centred. The picture keeps its size, its rate and the time of every
    frame, in 8 bits; one that a phone has turned by a note in the file is turned for good. source is only read. To be
    closed where it is not walked to its end: nothing is left then.
    Raises EarshotError as `core.subtitles.muxing.mux_subtitles` does, and for a picture that cannot be decoded.
    """
    kind = kind_of(target)
    with (
        moved_there(target, replace=replace) as part,
        open_container(source) as original,
        av.open(str(part), "w", format=kind.name) as made,
    ):
        seen = picture_of(original, source)
        drawing = _Drawing(_first_frame(source), in_turn(cues), Fraction(original.start_time or 0, av.time_base))
        with holding(source, target):
            encoder = _encoder(made, kind, seen, drawing.first)
            copies = add_copies(original, made, but=seen.index)
            made.start_encoding()
        with reading_on(source):
            for packet, steps in walked(original, source.name):
                if packet.stream_index == seen.index:
                    _encode(made, encoder, map(drawing.drawn, packet.decode()))
                elif packet.stream_index in copies:
                    mux(made, packet, copies[packet.stream_index])
                yield from steps
            _encode(made, encoder, map(drawing.drawn, seen.decode(None)))
            made.mux(encoder.encode(None))
            made.close()  # writes what is still held back


class _Drawing:
    """Frames as they are to be seen, with the cue of their time on them. cues: one at a time, in order.

    begins_s: when the player begins, on the clock of the frames, which are to come in order.
    """

    def __init__(self, frame: Any, cues: Sequence[Cue], begins_s: Fraction) -> None:
        self.first = _upright(frame)
        self._clock: Fraction = frame.time_base
        self._waiting, self._begins_s = deque(cues), begins_s
        self._cue: Cue | None = None
        self._overlay: Overlay | None = None

    def drawn(self, frame: Any) -> Any:
        """A frame, turned and drawn upon."""
        frame.time_base = self._clock  # the last ones, which were held back, come without
        time_s = float(frame.pts * self._clock - self._begins_s)
        while self._waiting and self._waiting[0].end_s <= time_s:
            self._waiting.popleft()
        frame = _upright(frame)
        if self._waiting and self._waiting[0].start_s <= time_s:
            if self._cue is not self._waiting[0]:
                self._cue = self._waiting[0]
                self._overlay = _overlay(bare_text(self._cue), frame.width, frame.height)
            if self._overlay:
                frame.make_writable()  # the decoder makes later frames from this one
                _blend(frame, self._overlay)
        return frame


def _first_frame(source: Path) -> Any:
    """The first frame of a picture. Raises EarshotError where none can be decoded."""
    with open_container(source) as original, reading_on(source):
        for frame in original.decode(picture_of(original, source)):
            return frame
    raise EarshotError(f"{source.name} has a picture that cannot be decoded; write subtitles with --srt or --vtt")


def _encoder(made: OutputContainer, kind: Kind, seen: Any, first: Any) -> Any:
    """A stream for pictures like the first, on the clock of the original."""
    encoder: Any = made.add_stream(
        kind.picture, rate=seen.average_rate or seen.guessed_rate, options=QUALITY[kind.picture]
    )
    encoder.width, encoder.height, encoder.pix_fmt = first.width, first.height, first.format.name
    encoder.codec_context.time_base = seen.time_base
    encoder.codec_context.thread_type = "AUTO"
    for name in COLOURS:
        setattr(encoder.codec_context, name, int(getattr(first, name)))
    shape = seen.sample_aspect_ratio
    if shape:
        encoder.codec_context.sample_aspect_ratio = shape if first.width == seen.width else 1 / shape
    encoder.metadata.update(seen.metadata)
    encoder.disposition = seen.disposition
    return encoder


def _encode(made: OutputContainer, encoder: Any, frames: Iterable[Any]) -> None:
    for frame in frames:
        made.mux(encoder.encode(frame))


def _upright(frame: Any) -> Any:
    """A frame as a player shows it, its kind for the encoder to choose. Half as much colour needs even sides."""
    even = frame.width % 2 == 0 and frame.height % 2 == 0
    seen = frame.reformat(format="yuv420p" if even else "yuv444p")
    n_quarters = round(frame.rotation / 90) % 4  # against the clock, as those of NumPy
    if n_quarters:
        sides = (frame.width, frame.height) if n_quarters == 2 else (frame.height, frame.width)
        turned = av.VideoFrame(*sides, seen.format.name)
        for new, old in zip(_planes(turned), _planes(seen), strict=True):
            new[:] = np.rot90(old, n_quarters)
        for name in ("pts", "time_base", "duration", *COLOURS):
            setattr(turned, name, getattr(seen, name))
        seen = turned
    seen.pict_type = PictureType.NONE
    return seen


def _planes(frame: Any) -> list[NDArray[np.uint8]]:
    """Brightness and both signs of colour, each (height, width), to be written to."""
    return [
        np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[: plane.height, : plane.width]
        for plane in frame.planes
    ]


def _blend(frame: Any, overlay: Overlay) -> None:
    luma, *colours = _planes(frame)
    rows = luma[-len(overlay.share) :]
    rows[:] = np.rint(rows + (overlay.luma - rows) * overlay.share)
    for colour in colours:
        step = len(luma) // len(colour)
        height, width = overlay.share.shape
        share = overlay.share.reshape(height // step, step, width // step, step).mean((1, 3))
        rows = colour[-len(share) :]
        rows[:] = np.rint(NO_COLOUR + (rows.astype(np.float32) - NO_COLOUR) * (1 - share))


def _overlay(text: str, width: int, height: int) -> Overlay | None:
    """A text drawn for the bottom of a picture, as large as is usual and fits; None for one without a sign."""
    from PIL import Image, ImageDraw, ImageFont

    text = "\n".join(drawable(line, LONGEST) for line in text.splitlines())
    if not text.strip():
        return None
    canvas = Image.new("L", (width, height))
    pen, path, size = ImageDraw.Draw(canvas), font_file(text), max(SMALLEST, height * HEIGHT)
    left, top, right, bottom = pen.multiline_textbbox((0, 0), text, ImageFont.truetype(path, size))
    size *= min(1.0, ROOM * width / max(1, right - left), ROOM * height / max(1, bottom - top))
    fitting = ImageFont.truetype(path, max(1.0, size))
    bottom_y = height * (1 - MARGIN)
    draw = partial(pen.multiline_text, (width / 2, bottom_y), text, 255, fitting, "md", align="center")
    draw()
    letters = np.asarray(canvas, np.float32) / np.float32(255)
    draw(stroke_width=max(1, round(size * OUTLINE)))
    share = np.asarray(canvas, np.float32) / np.float32(255)
    n_rows = height - int(np.flatnonzero(share.any(axis=1))[0])
    n_rows = min(height, n_rows + n_rows % 2)  # whole points of colour
    return Overlay(BLACK + (WHITE - BLACK) * letters[-n_rows:], share[-n_rows:])
