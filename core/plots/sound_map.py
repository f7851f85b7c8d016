"""The map of a library as a picture: coloured by group, by domain or by a number that was measured."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from core.errors import UnknownNameError, UnsupportedError
from core.maps import SoundMap
from core.plots.canvas import RASTERISED, heading, picture
from core.plots.clusters import WIDTH_PX, draw_groups, height_for, map_axes, map_caption
from core.plots.palette import Theme, domain_look, theme
from core.plots.scatter import SHAPES, Plane, dot_size, draw_plane
from core.records import DOMAINS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Colour: TypeAlias = Literal["cluster", "domain", "brightness_hz", "loudness_lufs", "pitch_hz", "duration_s"]
COLOURS: tuple[Colour, ...] = get_args(Colour)

SCALES = {
    "brightness_hz": ("brightness", "Hz", True),
    "loudness_lufs": ("loudness", "LUFS", False),
    "pitch_hz": ("pitch", "Hz", True),
    "duration_s": ("length", "s", True),
}
"""What a number is called, its unit, and whether equal ratios of it look equally far apart."""

TICKS = (1, 2, 5)
BAR_PX, KEY_PX = 130, 190


def write_map(path: Path, sound_map: SoundMap, colour: str | None = None, *, dark: bool = False) -> int:
    """Draws a map into a PNG or SVG; returns how many names of groups found no room.

    colour: one of COLOURS; else by group where there are any, or by domain. Raises UnknownNameError, and
    UnsupportedError where there is nothing to colour by.
    """
    colour, colours = chosen_colour(sound_map, colour), theme(dark=dark)
    with picture(path, WIDTH_PX, height_for(sound_map), colours) as figure:
        if colour == "cluster":
            return draw_groups(figure, sound_map, "", colours)
        if colour == "domain":
            _draw_domains(figure, sound_map, colours)
        else:
            _draw_numbers(figure, sound_map, colour, colours)
    return 0


def chosen_colour(sound_map: SoundMap, colour: str | None) -> Colour:
    """What a map is coloured by, checked. Raises UnknownNameError or UnsupportedError."""
    if colour is None:
        return "domain" if sound_map.clustering is None else "cluster"
    known = check_colour(colour)
    if known == "cluster" and sound_map.clustering is None:
        raise UnsupportedError("there are no groups to colour by; make some with: earshot cluster")
    if known in SCALES and not np.isfinite(_shown(sound_map, known)).any():
        raise UnsupportedError(f"no sound has a {SCALES[known][0]} to colour by; choose another colour")
    return known


def check_colour(colour: str) -> Colour:
    """What a map may be coloured by. Raises UnknownNameError for another name."""
    for known in COLOURS:
        if colour == known:
            return known
    raise UnknownNameError(f"no map is coloured by {colour!r}; known are {', '.join(COLOURS)}")


def _shown(sound_map: SoundMap, colour: str) -> NDArray[np.float64]:
    """The numbers that a map is coloured by, (n,); NaN where a sound has none on its scale: silence has 0 Hz."""
    by_ratio = SCALES[colour][2]
    values = np.array([np.nan if each is None else each for each in sound_map.descriptors[colour]], float)
    return np.where(np.isfinite(values) & ((values > 0) | (not by_ratio)), values, np.nan)


def _draw_domains(figure: "Figure", sound_map: SoundMap, colours: Theme) -> None:
    axes = map_axes(figure, KEY_PX)
    numbers = [DOMAINS.index(each) + 1 if each in DOMAINS else 0 for each in sound_map.domains]
    looks = {place + 1: domain_look(domain, colours) for place, domain in enumerate(DOMAINS)}
    plane = Plane(np.column_stack([sound_map.x, sound_map.y]), np.array(numbers, np.int64), looks)
    draw_plane(axes, plane, colours)
    heading(figure, f"{_counted(sound_map)} by domain", map_caption(sound_map), colours)
    key = _strip(figure, axes, KEY_PX)
    key.axis("off")
    counts = np.bincount(plane.groups, minlength=len(DOMAINS) + 1)
    shown = [*(np.argsort(-counts[1:], kind="stable") + 1).tolist(), 0]
    rows = [number for number in shown if counts[number]]
    for row, number in enumerate(rows):
        look = looks.get(number, domain_look("", colours))
        y = 1 - (row + 0.5) * 36 / key.bbox.height
        key.scatter(0.06, y, s=46 * SHAPES.get(look.marker, 1.0), c=look.colour, marker=look.marker, linewidths=0)
        name = DOMAINS[number - 1] if number else "not sure"
        key.text(0.15, y, f"{name}  {counts[number]:,}", fontsize=9, va="center", color=colours.ink)


def _draw_numbers(figure: "Figure", sound_map: SoundMap, colour: str, colours: Theme) -> None:
    import matplotlib
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import ListedColormap, LogNorm, Normalize

    name, unit, by_ratio = SCALES[colour]
    values = _shown(sound_map, colour)
    known = np.isfinite(values)
    low, high = np.quantile(values[known], [0.01, 0.99])
    if not high > low:
        low, high = (low / 1.1, high * 1.1) if by_ratio else (low - 1, high + 1)
    ramp, first, last = colours.ramp
    shades = ListedColormap(matplotlib.colormaps[ramp](np.linspace(first, last, 256)))
    norm = LogNorm(low, high, clip=True) if by_ratio else Normalize(low, high, clip=True)
    axes = map_axes(figure, BAR_PX)
    x, y = np.array(sound_map.x), np.array(sound_map.y)
    size, image = dot_size(len(x)), len(x) > RASTERISED
    kept: dict[str, Any] = {"linewidths": 0, "rasterized": image}
    axes.scatter(x[~known], y[~known], s=0.4 * size, c=colours.outlier, marker="o", alpha=0.6, zorder=2, **kept)
    drawn: dict[str, Any] = {"c": values[known], "cmap": shades, "norm": norm}
    axes.scatter(x[known], y[known], s=size, marker="o", alpha=0.85, zorder=3, **drawn, **kept)
    parts = [map_caption(sound_map)]
    parts += [f"grey: {(~known).sum():,} sounds without a {name}"] if not known.all() else []
    heading(figure, f"{_counted(sound_map)} by {name}", "  ·  ".join(parts), colours)
    strip = _strip(figure, axes, BAR_PX)
    box = strip.get_position()
    strip.set_position((box.x0 + 0.05 * box.width, box.y0 + 0.2 * box.height, 0.16 * box.width, 0.6 * box.height))
    bar = figure.colorbar(ScalarMappable(norm, shades), cax=strip, extend="both", extendfrac=0.03)
    bar.outline.set_visible(False)
    bar.set_label(f"{name} in {unit}", fontsize=9.5)
    bar.ax.tick_params(length=3, labelsize=9)
    if by_ratio:
        ticks = [each for each in _round_numbers(low) if low <= each <= high]
        bar.set_ticks(ticks, labels=[f"{each:,g}" for each in ticks])
        bar.ax.minorticks_off()


def _round_numbers(low: float) -> list[float]:
    """1, 2, 5, 10, ... over nine decades from the one of a number."""
    decade = np.floor(np.log10(low))
    return [float(step * 10.0 ** (decade + power)) for power in range(9) for step in TICKS]


def _strip(figure: "Figure", axes: "Axes", width_px: float) -> "Axes":
    """Axes for a key, right of those of a map and as high."""
    box, whole = axes.get_position(), figure.bbox.width
    return figure.add_axes((box.x1 + 16 / whole, box.y0, (width_px - 16) / whole, box.height), xlim=(0, 1), ylim=(0, 1))


def _counted(sound_map: SoundMap) -> str:
    n = len(sound_map.ids)
    return "1 sound" if n == 1 else f"{n:,} sounds"
