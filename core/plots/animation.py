"""The map taking shape: sounds on a line sorted by likeness, then on the plane that UMAP starts from, then its run.

Nothing is made up: from the plane on, every frame is a moment of the run that made the map, whose end is the map.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from core.layout import normalised
from core.maps import Shaping, SoundMap
from core.plots.canvas import check_target, drawing, written
from core.plots.dots import Dots
from core.plots.moving import MOVING, Frame, write_gif, write_mp4
from core.plots.palette import Look, Theme, domain_look, look, theme
from core.plots.scatter import Plane, bare, draw_names
from core.records import DOMAINS, Progress

if TYPE_CHECKING:
    from PIL.Image import Image

LARGEST = 8_000_000  # bytes of a file
TRIES = ((960, 720, 6_000), (960, 720, 3_000), (800, 600, 2_000), (640, 480, 1_000))
"""Width and height in pixels, and the most sounds drawn; the next smaller ones where a file comes out too large."""

LINE_S, SPREAD_S, MAP_S, NAMES_S = 1.2, 1.2, 0.8, 2.4
FPS, GIF_STEP = 25, 2  # a GIF shows every second frame: browsers slow down what is faster
TOP, BOTTOM, SIDE = 0.15, 0.06, 0.05  # parts of the height and of the width that no sound lies in
STRIP = 0.04  # how thick the line is, as a part of the height
SAME = 2e-3  # places this close are those of the map
SETTLE_S = 0.4


def write_animation(
    path: Path, shaped: Shaping, *, dark: bool = False, report: Callable[[Progress], None] = lambda _: None
) -> int:
    """Draws how a map took shape into a GIF or MP4 of at most 8 MB and about 8 s; returns how many frames it has.

    Of more than 6,000 sounds some are drawn, evenly chosen. Raises UnsupportedError for another ending.
    """
    check_target(path, MOVING)
    is_gif, n_frames = path.suffix.lower() == ".gif", 0
    with written(path) as part:
        for width, height, most in TRIES:
            film = _Film(shaped, theme(dark=dark), width, height, most)
            frames = film.frames(GIF_STEP if is_gif else 1, report)
            n_frames = write_gif(part, frames, film.dots.palette()) if is_gif else write_mp4(part, frames, FPS)
            if part.stat().st_size <= LARGEST:
                break
    return n_frames


@dataclass(frozen=True, slots=True)
class _Step:
    """What one frame shows: places in pixels of the sounds that UMAP moved, a line of text, how long it is seen.

    whole: whether the sounds that were put among them later are there as well; named: whether the groups have names.
    """

    places: NDArray[np.float64]
    told: str
    seconds: float
    whole: bool = False
    named: bool = False


class _Film:
    """The frames of one size."""

    def __init__(self, shaped: Shaping, colours: Theme, width: int, height: int, most: int) -> None:
        self._map, self._colours, self._size = shaped.sound_map, colours, (width, height)
        n = len(shaped.sound_map.ids)
        pool = np.arange(n)
        if len(shaped.rows) >= most:  # of a large library only those move that UMAP was run on; the rest is like them
            pool = np.union1d(shaped.rows, np.flatnonzero(shaped.sound_map.placed))
        drawn = np.random.default_rng(0).permutation(pool)[:most]  # in no order, so that none covers all others
        place = np.full(n, -1)
        place[shaped.rows] = np.arange(len(shaped.rows))
        self._rows = drawn[place[drawn] >= 0]
        self._later = drawn[place[drawn] < 0]
        chosen = place[self._rows]
        self._line = np.argsort(np.argsort(shaped.line[chosen]))
        self._moments = [(each.epoch, normalised(each.places)[chosen]) for each in shaped.moments]
        self._kept = np.column_stack([shaped.sound_map.x, shaped.sound_map.y])
        self._whole = np.array(self._box(self._kept[drawn]))
        self._groups, palette, self._looks = _groups_of(shaped.sound_map, colours)
        self._numbers = np.array(palette, np.int64)[self._groups]
        radius = float(np.clip(110 / np.sqrt(max(1, len(drawn))), 1.7, 6.0)) * width / 960
        title = f"{n:,} sounds find their places" if n > 1 else "One sound finds its place"
        shades = [*colours.colours, colours.outlier]
        self.dots = Dots(width, height, colours, shades, radius, title)

    def frames(self, step: int, report: Callable[[Progress], None]) -> Iterator[Frame]:
        """The frames in their order, of those that move only each `step`-th."""
        steps = self._steps(step)
        for number, each in enumerate(steps, start=1):
            rows, places = self._rows, each.places
            if each.whole:
                rows = np.concatenate([rows, self._later])
                places = np.concatenate([places, self._fit(self._kept[self._later])])
            picture = self.dots.draw(places, self._numbers[rows], each.told)
            if each.named:
                names = self._names(rows, places)
                picture.paste(names, (0, 0), names)
            report(Progress(number, len(steps), "drawing"))
            yield Frame(picture, each.seconds)

    def _steps(self, step: int) -> list[_Step]:
        tick = step / FPS
        line, kept = self._on_line(), self._fit(self._kept[self._rows])
        steps = [_Step(line, "on a line, sorted by likeness", LINE_S)]
        run = list(zip([epoch for epoch, _ in self._moments], self._run(), strict=True))
        if run:
            told = "spread out on their principal plane"
            steps += [_Step(each, told, tick) for each in _eased(line, run[0][1], round(SPREAD_S / tick))]
        last = run[-1][0] if run else 0
        for epoch, places in run[1:-1:step] + run[-1:] if len(run) > 1 else []:
            steps.append(_Step(places, f"UMAP, epoch {epoch} of {last}: neighbours draw nearer", tick))
        if run and np.abs(self._moments[-1][1] - self._kept[self._rows]).max(initial=0) > SAME:
            told = "to the places that the map keeps"
            steps += [_Step(each, told, tick) for each in _eased(run[-1][1], kept, round(SETTLE_S / tick))]
        n, drawn = len(self._map.ids), len(self._rows) + len(self._later)
        shown = f"   ({drawn:,} of {n:,} are drawn)" if drawn < n else ""
        told = f"the map: neighbours sound alike{shown}"
        return [*steps, _Step(kept, told, MAP_S, whole=True), _Step(kept, told, NAMES_S, whole=True, named=True)]

    def _on_line(self) -> NDArray[np.float64]:
        """The line: across the frame at half its height, somewhat thick so that many sounds can be seen on it."""
        (width, height), n = self._size, len(self._line)
        along = (self._line + 0.5) / max(n, 1)
        thick = STRIP * min(1.0, n / 500) * height
        off = ((self._line * 0.6180339887) % 1 - 0.5) * thick
        middle = (BOTTOM + (1 - TOP - BOTTOM) / 2) * height
        return np.column_stack([SIDE * width + along * (1 - 2 * SIDE) * width, middle + off])

    def _run(self) -> list[NDArray[np.float64]]:
        """The moments in pixels. Each fills the frame as the map does, with a scale that changes smoothly."""
        if not self._moments:
            return []
        boxes = np.array([self._box(places) for _, places in self._moments])
        n = len(boxes)
        near = np.exp(-0.5 * ((np.arange(n)[:, None] - np.arange(n)[None]) / 3.0) ** 2)
        smooth = near @ boxes / near.sum(axis=1, keepdims=True)
        late = np.clip((np.arange(n) - (n - 12)) / 11, 0, 1)[:, None]  # the last ones come to the scale of the map
        smooth = smooth + late * (self._whole - smooth)
        return [self._scaled(places, box) for (_, places), box in zip(self._moments, smooth, strict=True)]

    def _fit(self, places: NDArray[np.float64]) -> NDArray[np.float64]:
        """Places of the map in pixels."""
        return self._scaled(places, self._whole)

    def _box(self, places: NDArray[np.floating]) -> tuple[float, float, float]:
        """The middle of some places and the pixels per unit with which they fill the frame."""
        if not len(places):
            return 0.5, 0.5, 1.0
        (width, height), low, high = self._size, places.min(axis=0), places.max(axis=0)
        room = np.array([(1 - 2 * SIDE) * width, (1 - TOP - BOTTOM) * height])
        scale = float((room / np.maximum(high - low, 0.05)).min())
        return float((low[0] + high[0]) / 2), float((low[1] + high[1]) / 2), scale

    def _scaled(self, places: NDArray[np.floating], box: NDArray[np.float64]) -> NDArray[np.float64]:
        width, height = self._size
        middle = np.array([width / 2, (BOTTOM + (1 - TOP - BOTTOM) / 2) * height])
        return np.asarray(middle + (places - box[:2]) * box[2])

    def _names(self, rows: NDArray[np.int64], places: NDArray[np.float64]) -> "Image":
        """The names of the groups, or of the domains, on nothing."""
        from PIL import Image

        width, height = self._size
        with drawing(self._colours):
            from matplotlib.backends.backend_agg import FigureCanvasAgg
            from matplotlib.figure import Figure

            dpi = 110 * width / 960
            figure = Figure(figsize=(width / dpi, height / dpi), dpi=dpi, facecolor="none")
            canvas = FigureCanvasAgg(figure)
            box = (SIDE / 2, BOTTOM / 2, 1 - SIDE, 1 - TOP)
            axes = figure.add_axes(box, facecolor="none")
            bare(axes)
            axes.set_aspect("auto")
            axes.set_xlim(box[0] * width, (box[0] + box[2]) * width)
            axes.set_ylim(box[1] * height, (box[1] + box[3]) * height)
            names = dict(self._map.titles) if self._map.clustering is not None else dict(enumerate(DOMAINS, start=1))
            plane = Plane(places, self._groups[rows], self._looks)
            draw_names(axes, plane, names, self._colours, numbered=self._map.clustering is not None)
            canvas.draw()  # type: ignore[no-untyped-call]
            return Image.fromarray(np.asarray(canvas.buffer_rgba()).copy())  # type: ignore[no-untyped-call]


def _eased(begin: NDArray[np.float64], end: NDArray[np.float64], n: int) -> list[NDArray[np.float64]]:
    """Places on the way, slow at both ends; neither end is among them."""
    return [begin + (end - begin) * (1 - np.cos(np.pi * i / (n + 1))) / 2 for i in range(1, n + 1)]


def _groups_of(shown: SoundMap, colours: Theme) -> tuple[NDArray[np.int64], list[int], dict[int, Look]]:
    """The group, or else the domain, of each sound; the place of each number's colour; and their looks, all discs."""
    if shown.clustering is not None:
        numbers, known = shown.clusters, {number: look(mark, colours) for number, mark in shown.marks().items()}
    else:
        numbers = [DOMAINS.index(each) + 1 if each in DOMAINS else 0 for each in shown.domains]
        known = {place + 1: domain_look(domain, colours) for place, domain in enumerate(DOMAINS)}
    looks = {number: Look(each.colour, "o") for number, each in known.items()}
    shades = [*colours.colours, colours.outlier]
    most = max([*numbers, *looks, 0])
    palette = [shades.index(looks[each].colour if each in looks else colours.outlier) for each in range(most + 1)]
    return np.array(numbers, np.int64), palette, looks
