"""The groups of a clustering on the map: every one in a colour and shape of its own, with its name beside it."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from core.errors import UnsupportedError
from core.layout import FEWEST_FITTED, MOST_FITTED
from core.maps import SoundMap
from core.plots.canvas import HEADING_PX, heading, picture
from core.plots.palette import Theme, look, theme
from core.plots.scatter import Plane, bare, draw_names, draw_plane

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH_PX = 1600
HEIGHT_PX = (900, 1300)  # at least and at most; between them as the map asks for
EDGE_PX = 32


def write_clusters(path: Path, sound_map: SoundMap, *, title: str = "", dark: bool = False) -> int:
    """Draws the groups of a map into a PNG or SVG; returns how many names found no room.

    Sounds of no group are grey. Raises UnsupportedError for a map without groups.
    """
    if sound_map.clustering is None:
        raise UnsupportedError("this library has no groups yet; make some with: earshot cluster")
    colours = theme(dark=dark)
    with picture(path, WIDTH_PX, height_for(sound_map), colours) as figure:
        return draw_groups(figure, sound_map, title, colours)


def draw_groups(figure: "Figure", sound_map: SoundMap, title: str, colours: Theme) -> int:
    """Draws the map with its groups on a whole figure; returns how many names found no room."""
    axes = map_axes(figure)
    groups = np.array(sound_map.clusters, np.int64)
    places = np.column_stack([sound_map.x, sound_map.y])
    looks = {number: look(mark, colours) for number, mark in sound_map.marks().items()}
    plane = Plane(places, groups, looks)
    draw_plane(axes, plane, colours)
    left_out = draw_names(axes, plane, sound_map.titles, colours)
    heading(figure, title or _title(sound_map), _caption(sound_map, left_out), colours)
    return left_out


def height_for(sound_map: SoundMap) -> int:
    """The height in pixels of a picture of a map, 1600 wide."""
    extent = np.ptp(np.column_stack([sound_map.x, sound_map.y]), axis=0) if sound_map.ids else np.ones(2)
    ratio = extent[1] / max(extent[0], 1e-6)
    return int(np.clip(HEADING_PX + EDGE_PX + (WIDTH_PX - 2 * EDGE_PX) * ratio, *HEIGHT_PX)) // 2 * 2


def map_axes(figure: "Figure", right_px: float = 0.0) -> "Axes":
    """Bare axes for a map that fill a figure under its heading, but for a strip at the right."""
    width, height = figure.bbox.size
    room = (width - 2 * EDGE_PX - right_px, height - EDGE_PX - HEADING_PX)
    axes = figure.add_axes((EDGE_PX / width, EDGE_PX / height, room[0] / width, room[1] / height))
    bare(axes)
    return axes


def map_caption(sound_map: SoundMap) -> str:
    """What a map shows and how it is to be read, in one line."""
    n = len(sound_map.ids)
    what = f"UMAP of {n:,} sounds" if n >= FEWEST_FITTED else f"Principal plane of {n} sound{'s' if n > 1 else ''}"
    if n > MOST_FITTED:
        what = f"UMAP of {MOST_FITTED:,} sounds with {n - MOST_FITTED:,} more put among them,"
    return f"{what} by the ears {sound_map.space}: neighbours sound alike"


def _title(sound_map: SoundMap) -> str:
    present = len({each for each in sound_map.clusters if each})
    groups = "1 group" if present == 1 else f"{present} groups"
    return f"{groups} of {sum(each > 0 for each in sound_map.clusters):,} sounds"


def _caption(sound_map: SoundMap, left_out: int) -> str:
    outliers = sum(each == 0 for each in sound_map.clusters)
    parts = [map_caption(sound_map), f"clustering {sound_map.clustering}"]
    parts += [f"grey: {outliers:,} {'sound' if outliers == 1 else 'sounds'} of no group"] if outliers else []
    parts += [f"{left_out} names found no room"] if left_out else []
    return "  ·  ".join(parts)
