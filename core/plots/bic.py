"""How the number of groups was found: BIC against it with the chosen one marked, beside the groups as they lie.

Source: Schwarz, "Estimating the dimension of a model" (1978): BIC = p ln n - 2 ln L, for p parameters, n sounds and the
likelihood L; the lowest is chosen.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from core.errors import UnsupportedError
from core.looks import in_turn
from core.maps import GroupPlane
from core.plots.canvas import HEADING_PX, heading, picture
from core.plots.palette import Look, Theme, look, theme
from core.plots.scatter import SHAPES, Plane, bare, dot_size, draw_names, draw_plane
from core.plots.text import drawable
from core.records import Clustering

if TYPE_CHECKING:
    from matplotlib.axes import Axes

HEIGHT_PX = 1000
LEFT_PX, CURVE_PX, PLANE_PX, KEY_PX, GAP_PX = 184, 520, 1020, 312, 56
NAMED = 20  # groups up to which each has its name beside it; of more, numbers, and the names in columns at the right
KEY_ROWS = 34
DEVIATIONS = 2.0  # of the ellipses; of a Gaussian in two dimensions 86 % lie within


def write_bic(path: Path, clustering: Clustering, plane: GroupPlane, *, dark: bool = False) -> None:
    """Draws the curve of a clustering and its groups into a PNG or SVG. Raises as `check_curve` does."""
    check_curve(clustering)
    colours, columns = theme(dark=dark), -(-clustering.k // KEY_ROWS) if clustering.k > NAMED else 0
    width = LEFT_PX + CURVE_PX + GAP_PX + PLANE_PX + columns * KEY_PX + 32
    with picture(path, width, HEIGHT_PX, colours) as figure:

        def axes_at(left_px: float, width_px: float, bottom_px: float, top_px: float) -> "Axes":
            height_px = HEIGHT_PX - HEADING_PX - bottom_px - top_px
            return figure.add_axes((left_px / width, bottom_px / HEIGHT_PX, width_px / width, height_px / HEIGHT_PX))

        _draw_curve(axes_at(LEFT_PX, CURVE_PX, 92, 24), clustering, colours)
        _draw_plane(axes_at(LEFT_PX + CURVE_PX + GAP_PX, PLANE_PX, 32, 0), clustering, plane, colours)
        if columns:
            key = axes_at(width - columns * KEY_PX - 24, columns * KEY_PX, 32, 16)
            _draw_key(key, clustering, _looks(clustering, plane, colours), colours)
        caption = (
            f"clustering {clustering.clustering} ({clustering.method}) by the ears {clustering.space}",
            "right: the plane in which the groups lie furthest apart (linear discriminants)",
            "ellipses: 2 standard deviations",
        )
        heading(figure, _title(clustering, len(plane.groups)), "  ·  ".join(caption), colours)


def check_curve(clustering: Clustering) -> None:
    """Raises UnsupportedError for a clustering whose number of groups was not found by BIC."""
    if len(clustering.bic) < 2:
        what = f"clustering {clustering.clustering} has no curve: its number of groups was not found by BIC"
        raise UnsupportedError(f"{what}; make one that has, with: earshot cluster --method gmm")


def ellipse(points: NDArray[np.float64], deviations: float = DEVIATIONS) -> NDArray[np.float64]:
    """The outline of the covariance of some places (n, 2), float64 (73, 2): a Gaussian's points of equal density."""
    mean = points.mean(axis=0)
    covariance = np.cov(points.T) if len(points) > 1 else np.zeros((2, 2))
    values, axes = np.linalg.eigh(covariance)
    angles = np.linspace(0, 2 * np.pi, 73)
    circle = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return np.asarray(mean + deviations * (circle * np.sqrt(np.maximum(values, 0))) @ axes.T)


def _title(clustering: Clustering, n: int) -> str:
    groups = "1 group" if clustering.k == 1 else f"{clustering.k} groups"
    what = f"{groups} of {'1 sound' if n == 1 else f'{n:,} sounds'}"
    if not clustering.is_edit:
        return f"{what}: where BIC is lowest"
    return f"{what}: BIC was lowest at {_best(clustering)} before they were changed"


def _best(clustering: Clustering) -> int:
    """The number of groups with the lowest BIC; a clustering that was changed since may have another."""
    return min(clustering.bic, key=lambda point: point[1])[0]


def _draw_curve(axes: "Axes", clustering: Clustering, colours: Theme) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    k, bic = np.array(clustering.bic, float).T
    best = int(bic.argmin())
    accent = colours.colours[4]
    axes.grid(visible=True, linewidth=0.7)
    axes.set_axisbelow(True)
    axes.plot(k, bic, color=colours.colours[0], linewidth=1.6, zorder=3)
    axes.scatter(k, bic, s=16, color=colours.colours[0], linewidths=0, zorder=4)
    axes.axvline(k[best], color=accent, linewidth=1.0, linestyle=(0, (4, 3)), zorder=2)
    axes.scatter(k[best], bic[best], s=70, color=accent, edgecolors=colours.background, linewidths=1.2, zorder=5)
    right = k[best] > (k[0] + k[-1]) / 2
    axes.annotate(
        f"k = {int(k[best])}",
        (k[best], bic.max()),
        (-8 if right else 8, 0),
        textcoords="offset points",
        ha="right" if right else "left",
        va="top",
        color=accent,
        fontsize=11,
        fontweight="bold",
        bbox={"facecolor": colours.background, "edgecolor": "none", "pad": 1.5},
    )
    axes.set_xlabel("number of groups k", fontsize=9.5, labelpad=6)
    axes.set_ylabel("BIC in nats: lower is better", fontsize=9.5, labelpad=6)
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    axes.yaxis.set_major_locator(MaxNLocator(7))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}".replace("-", "−")))
    axes.tick_params(length=3)


def _draw_plane(axes: "Axes", clustering: Clustering, plane: GroupPlane, colours: Theme) -> None:
    crowded = clustering.k > NAMED
    looks = _looks(clustering, plane, colours)
    drawn = Plane(plane.places, plane.groups, looks)
    bare(axes)
    draw_plane(axes, drawn, colours, size=dot_size(len(plane.places)) * (0.6 if crowded else 1.0))
    for number, shape in looks.items():
        inside = plane.places[plane.groups == number]
        if len(inside) > 2:
            outline = ellipse(inside)
            axes.fill(*outline.T, color=shape.colour, alpha=0.05 if crowded else 0.10, linewidth=0, zorder=5)
            axes.plot(*outline.T, color=shape.colour, linewidth=0.8 if crowded else 1.3, zorder=6)
    names = {each.cluster: "" if crowded else each.title for each in clustering.clusters}
    draw_names(axes, drawn, names, colours, points=8.5)


def _looks(clustering: Clustering, plane: GroupPlane, colours: Theme) -> dict[int, Look]:
    """The look of each group, as on the map where there is one."""
    numbers = [each.cluster for each in clustering.clusters]
    return {number: look(plane.marks.get(number, in_turn(number)), colours) for number in numbers}


def _draw_key(axes: "Axes", clustering: Clustering, looks: Mapping[int, Look], colours: Theme) -> None:
    """The names of all groups in columns, each with its number, colour and shape."""
    axes.axis("off")
    width, height = axes.bbox.size
    axes.set_xlim(0, width)
    axes.set_ylim(-height, 0)
    rows = -(-clustering.k // round(width / KEY_PX))
    for place, each in enumerate(clustering.clusters):
        column, row = divmod(place, rows)
        x, y = column * KEY_PX + 12, -(row + 0.5) * height / KEY_ROWS
        shape = looks[each.cluster]
        axes.scatter(x, y, s=22 * SHAPES.get(shape.marker, 1.0), c=shape.colour, marker=shape.marker, linewidths=0)
        text = f"{each.cluster}  {drawable(each.title, 30 - len(str(each.cluster)))}"
        axes.text(x + 16, y, text, parse_math=False, fontsize=6.6, va="center", color=colours.ink)
