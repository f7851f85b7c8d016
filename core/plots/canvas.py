"""A figure to draw on, and the file that it becomes: PNG or SVG, whole or not at all.

One picture is drawn at a time: Matplotlib reads its settings, which are global, while it draws.
"""

import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import UnsupportedError
from core.plots.palette import Theme
from core.plots.text import drawable, families

if TYPE_CHECKING:
    from matplotlib.figure import Figure

STILL = (".png", ".svg")
DPI = 160  # of a PNG; a point of text is 2.2 pixels
RASTERISED = 5_000  # points above which an SVG holds them as an image: each costs 100 bytes and a viewer's time
_DRAWING = threading.Lock()


@contextmanager
def picture(path: Path, width_px: int, height_px: int, theme: Theme) -> Iterator["Figure"]:
    """A figure of a size in pixels, in the colours of a theme; it is written to `path` when the block ends.

    Nothing else is drawn meanwhile, in any thread. Raises UnsupportedError for a path that cannot become a picture.
    """
    check_target(path, STILL)
    with _DRAWING, _settings(theme):
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        figure = Figure(figsize=(width_px / DPI, height_px / DPI), dpi=DPI)
        FigureCanvasAgg(figure)  # also what an SVG is measured by
        yield figure
        with written(path) as part:
            ending = path.suffix.lower().lstrip(".")
            figure.savefig(part, format=ending, dpi=DPI, metadata=_METADATA[ending])


@contextmanager
def drawing(theme: Theme) -> Iterator[None]:
    """The right to draw with Matplotlib in the colours of a theme, while the block runs."""
    with _DRAWING, _settings(theme):
        yield


def check_target(path: Path, endings: Sequence[str]) -> None:
    """Raises UnsupportedError if a file cannot be written there, or its ending is none of those that are known."""
    if path.is_dir():
        raise UnsupportedError(f"{path} is a folder; name a file in it, such as {path / f'map{endings[0]}'}")
    if path.suffix.lower() not in endings:
        known = f"{', '.join(endings[:-1])} or {endings[-1]}"
        raise UnsupportedError(f"{path.name}: pictures of this kind end in {known}; choose one of these endings")
    if not path.absolute().parent.is_dir():
        raise UnsupportedError(f"{path}: there is no folder {path.absolute().parent}; make it first")


@contextmanager
def written(path: Path) -> Iterator[Path]:
    """A path beside `path` to write to; it takes the place of `path` when the block ends well, else it is deleted."""
    part = path.with_name(f".{path.stem[:80]}.{os.getpid()}.{threading.get_ident()}.part{path.suffix}")
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def heading(figure: "Figure", title: str, caption: str, theme: Theme, left_px: float = 48.0) -> None:
    """A title at the top left, and under it a caption in smaller muted letters, both as they are: no formulas."""
    width, height = figure.bbox.size
    room = width - 2 * left_px
    for text, top_px, points, colour, weight in (
        (drawable(title, int(room / 18)), 36, 14.0, theme.ink, "bold"),
        (drawable(caption, int(room / 9.8)), 78, 8.5, theme.muted, "normal"),
    ):
        x, y = left_px / width, 1 - top_px / height
        figure.text(x, y, text, parse_math=False, fontsize=points, color=colour, fontweight=weight, va="top")


HEADING_PX = 112
"""What a heading takes at the top of a picture."""


_METADATA: dict[str, dict[str, Any]] = {
    "png": {"Software": "Earshot"},
    "svg": {"Creator": "Earshot", "Date": None},  # no date: the same data give the same bytes
}


@contextmanager
def _settings(theme: Theme) -> Iterator[None]:
    import matplotlib

    ours = {
        "font.family": list(families()),
        "font.size": 9.0,
        "figure.facecolor": theme.background,
        "savefig.facecolor": theme.background,
        "axes.facecolor": theme.background,
        "axes.edgecolor": theme.muted,
        "axes.labelcolor": theme.ink,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "text.color": theme.ink,
        "xtick.color": theme.muted,
        "ytick.color": theme.muted,
        "xtick.labelcolor": theme.ink,
        "ytick.labelcolor": theme.ink,
        "grid.color": theme.faint,
        "svg.fonttype": "none",
        "svg.hashsalt": "earshot",
    }
    defaults = {key: value for key, value in matplotlib.rcParamsDefault.items() if not key.startswith("backend")}
    settings: Any = defaults | ours
    with matplotlib.rc_context(settings):  # what a person has set for other programs has no say in these
        yield
