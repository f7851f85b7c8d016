"""Points on a plane: groups in colours and shapes with their names beside them, or numbers in the colours of a ramp."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from core.plots.canvas import RASTERISED
from core.plots.labels import spread_out
from core.plots.palette import Look, Theme
from core.plots.text import wrapped

if TYPE_CHECKING:
    from matplotlib.axes import Axes

HEAP = 0.035  # how far around a point its heap reaches, as a part of the picture
HEAP_SAMPLE = 400  # members that a heap is looked for among
INDENT = "\u00a0"  # a space that does not break: browsers draw no other at the beginning of a line, and no second one


@dataclass(frozen=True, slots=True)
class Plane:
    """What is drawn: places, float64 (n, 2), the number of each one's group, 0 for none, and the groups' looks."""

    places: NDArray[np.float64]
    groups: NDArray[np.int64]
    looks: Mapping[int, Look]


def draw_plane(axes: "Axes", plane: Plane, theme: Theme, size: float | None = None) -> None:
    """Draws the points of a plane on axes without ticks: those of no group behind, the largest groups next."""
    n = len(plane.places)
    size = dot_size(n) if size is None else size
    numbers, counts = np.unique(plane.groups, return_counts=True)
    order = [0, *numbers[np.argsort(-counts, kind="stable")].tolist()]
    for level, number in enumerate(dict.fromkeys(order)):
        inside = plane.places[plane.groups == number]
        look = plane.looks.get(number, Look(theme.outlier, "o"))
        axes.scatter(
            inside[:, 0],
            inside[:, 1],
            s=size * SHAPES.get(look.marker, 1.0) * (0.45 if number == 0 else 1.0),
            c=look.colour,
            marker=look.marker,
            linewidths=0,
            alpha=0.6 if number == 0 else 0.8,
            rasterized=n > RASTERISED,
            zorder=2 + level / 1000,
        )


SHAPES = {"*": 1.9, "X": 1.3, "P": 1.3, "D": 0.8, "^": 1.15, "v": 1.15, "<": 1.15, ">": 1.15, "d": 1.1, "p": 1.2}
"""What makes shapes look as large as a disc, as a factor of their area."""


def dot_size(n: int) -> float:
    """The area of a dot, in square points, that keeps n of them apart: 40 for a few, 3 for 100,000."""
    return float(np.clip(900 / np.sqrt(max(n, 1)), 3, 40))


def bare(axes: "Axes") -> None:
    """Axes without ticks or frame: the numbers of a map mean nothing. One unit is as long in both directions."""
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_aspect("equal", adjustable="datalim")
    for spine in axes.spines.values():
        spine.set_visible(False)


def draw_names(
    axes: "Axes", plane: Plane, names: Mapping[int, str], theme: Theme, *, numbered: bool = True, points: float = 9.0
) -> int:
    """Writes the names of groups beside them, each with its colour and shape; returns how many found no room.

    Every name stands clear of the others; a line leads to the group where the name had to go further off.
    """
    figure = axes.figure
    present = np.unique(plane.groups)
    held = sorted((each for each in names if each in present), key=lambda each: -int((plane.groups == each).sum()))
    if not held:
        return 0
    crowded = len(held) > 16
    points = points - (1.2 if len(held) > 30 else 0.6 if crowded else 0.0)
    figure.canvas.draw()  # settles the size of the axes, which the places hang on
    pixels = axes.transData.transform(plane.places)
    heaps = np.array([_heap(pixels[plane.groups == each], axes.bbox.width * HEAP) for each in held])
    texts = [_text(axes, each, names[each], numbered, crowded, points, theme) for each in held]
    renderer = figure.canvas.get_renderer()  # type: ignore[attr-defined]
    glyph = points * figure.dpi / 72  # the shape before the text is as wide as the text is high
    boxes = [text.get_window_extent(renderer) for text in texts]
    sizes = np.array([(box.width + 1.6 * glyph, box.height + 0.3 * glyph) for box in boxes])
    low, high = axes.bbox.min, axes.bbox.max
    spots = spread_out(heaps, sizes, pixels, (low[0], low[1], high[0], high[1]))
    back = axes.transData.inverted()
    for number, text, middle, size, heap, found in zip(
        held, texts, spots.middles, sizes, heaps, spots.found, strict=True
    ):
        if not found:
            text.remove()
            continue
        _label(axes, back, text, middle, size, glyph, plane.looks[number], theme)
        _lead(axes, back, middle, size, heap, plane.looks[number])
    return int((~spots.found).sum())


def _text(axes: "Axes", number: int, name: str, numbered: bool, crowded: bool, points: float, theme: Theme) -> Any:
    shown = wrapped(name, 22, 2) if crowded else wrapped(name, 26, 2)
    told = f"{number}{2 * INDENT}{shown}".rstrip() if numbered else shown
    if numbered and "\n" in shown:
        told = told.replace("\n", "\n" + INDENT * (2 + 2 * len(str(number))))
    return axes.text(
        0, 0, told, parse_math=False, fontsize=points, color=theme.ink, va="center", linespacing=1.05, zorder=9
    )


def _label(
    axes: "Axes",
    back: Any,
    text: Any,
    middle: NDArray[np.float64],
    size: NDArray[np.float64],
    glyph: float,
    look: Look,
    theme: Theme,
) -> None:
    from matplotlib.patches import FancyBboxPatch

    (left, bottom), (right, top) = back.transform([middle - size / 2, middle + size / 2])
    box = FancyBboxPatch(
        (left, bottom),
        right - left,
        top - bottom,
        boxstyle=f"round,pad=0,rounding_size={0.25 * (top - bottom)}",
        facecolor=theme.background,
        edgecolor="none",
        alpha=0.82,
        zorder=8,
    )
    axes.add_patch(box)
    text.set_position(back.transform((middle[0] - size[0] / 2 + 1.35 * glyph, middle[1])))
    spot = back.transform((middle[0] - size[0] / 2 + 0.7 * glyph, middle[1]))
    area = (0.62 * glyph * 72 / axes.figure.dpi) ** 2 * SHAPES.get(look.marker, 1.0)
    axes.scatter(spot[0], spot[1], s=area, c=look.colour, marker=look.marker, linewidths=0, zorder=9)


def _lead(
    axes: "Axes",
    back: Any,
    middle: NDArray[np.float64],
    size: NDArray[np.float64],
    heap: NDArray[np.float64],
    look: Look,
) -> None:
    """A thin line from the edge of a label to its heap, if the heap is not under or right beside it."""
    edge = np.clip(heap, middle - size / 2, middle + size / 2)
    if np.linalg.norm(heap - edge) < 0.6 * size[1]:
        return
    (x0, y0), (x1, y1) = back.transform([edge, heap])
    axes.plot([x0, x1], [y0, y1], color=look.colour, linewidth=0.9, alpha=0.9, zorder=7, solid_capstyle="round")


def _heap(points: NDArray[np.float64], reach: float) -> NDArray[np.float64]:
    """The middle of the densest part of a group: of one that lies in two places, the larger."""
    some = points[:: max(1, len(points) // HEAP_SAMPLE)]
    near = np.linalg.norm(some[:, None] - some[None], axis=-1) < reach
    return np.asarray(some[near[near.sum(axis=1).argmax()]].mean(axis=0))
