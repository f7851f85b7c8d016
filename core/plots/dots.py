"""Frames of dots with a line of text, drawn fast: a film has a hundred of them, each with thousands of dots.

Knows pixels and colours; what they stand for is `core.plots.animation`'s.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from core.plots.palette import Theme

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFont import FreeTypeFont

FINER = 2  # how many times finer than the frame dots are drawn, which smooths their edges
SHADES = (1.0, 0.75, 0.5, 0.25)  # of each colour on the background, in the palette of a GIF


class Dots:
    """Draws frames of one size. colours: those that dots may have, as `#rrggbb`; radius: of a dot, in pixels."""

    def __init__(
        self, width: int, height: int, theme: Theme, colours: Sequence[str], radius: float, title: str
    ) -> None:
        self.width, self.height = width, height
        self._theme, self._title = theme, title
        self._colours = [theme.background, *colours]
        reach = int(np.ceil(radius * FINER))
        y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
        inside = x**2 + y**2 <= (radius * FINER) ** 2
        self._disc = list(zip(x[inside].tolist(), y[inside].tolist(), strict=True))

    def draw(self, places: NDArray[np.float64], colours: NDArray[np.int64], told: str) -> "Image":
        """A frame with a dot at each place, (n, 2) in pixels from the lower left, in the colour of that number."""
        from PIL import Image

        canvas = np.zeros((self.height * FINER, self.width * FINER), np.uint8)
        x = np.rint(places[:, 0] * FINER).astype(int)
        y = np.rint((self.height - places[:, 1]) * FINER).astype(int)
        for right, down in self._disc:
            rows, columns = y + down, x + right
            seen = (rows >= 0) & (rows < canvas.shape[0]) & (columns >= 0) & (columns < canvas.shape[1])
            canvas[rows[seen], columns[seen]] = colours[seen] + 1
        drawn = Image.fromarray(canvas)
        drawn.putpalette(b"".join(bytes(_rgb(each)) for each in self._colours))
        frame = drawn.convert("RGB").reduce(FINER)
        self._write(frame, told)
        return frame

    def palette(self) -> list[tuple[int, int, int]]:
        """The colours that frames are made of, with their shades on the background."""
        below = np.array(_rgb(self._theme.background))
        found = [_rgb(self._theme.background)]
        for colour in (*self._colours[1:], self._theme.ink, self._theme.muted):
            for shade in SHADES:
                red, green, blue = np.rint(below + shade * (np.array(_rgb(colour)) - below)).astype(int).tolist()
                found.append((red, green, blue))
        return list(dict.fromkeys(found))

    def _write(self, frame: "Image", told: str) -> None:
        from PIL import ImageDraw

        pen, unit = ImageDraw.Draw(frame), self.width / 960
        pen.text((36 * unit, 26 * unit), self._title, _rgb(self._theme.ink), _font("DejaVuSans-Bold", 24 * unit))
        pen.text((36 * unit, 60 * unit), told, _rgb(self._theme.muted), _font("DejaVuSans", 15 * unit))


def _font(name: str, size: float) -> "FreeTypeFont":
    """A font that comes with Matplotlib."""
    import matplotlib
    from PIL import ImageFont

    return ImageFont.truetype(f"{matplotlib.get_data_path()}/fonts/ttf/{name}.ttf", size)


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
