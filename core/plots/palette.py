"""The colours of all pictures: told apart by everyone, and legible on a light and on a dark background.

Source of the hues: Okabe and Ito, "Color Universal Design" (2008). Their lightness was moved as little as gives every
colour a contrast of at least 3:1 with the background (WCAG 2.2, 1.4.11), which on white the original yellow, orange and
sky blue lack, and keeps every two apart (18 in CIELAB) also for eyes without red or green cones, as simulated after
Machado, Oliveira and Fernandes (2009). `tests/core/plots/test_palette.py` computes both.
"""

from dataclasses import dataclass

from core.looks import Mark, in_turn
from core.records import DOMAINS


@dataclass(frozen=True, slots=True)
class Theme:
    """Colours as `#rrggbb`. ink: text; muted: captions; faint: lines behind; outlier: sounds that belong to no group.

    colours: the eight hues of `core.looks`. ramp: a colour map of Matplotlib, and the part of it to use.
    """

    name: str
    background: str
    ink: str
    muted: str
    faint: str
    outlier: str
    colours: tuple[str, ...]
    ramp: tuple[str, float, float]


@dataclass(frozen=True, slots=True)
class Look:
    """How the points of a group look: a colour and a marker of Matplotlib."""

    colour: str
    marker: str


LIGHT = Theme(
    name="light",
    background="#FFFFFF",
    ink="#1B1D21",
    muted="#5B616B",
    faint="#E3E5E8",
    outlier="#B4B4B4",
    colours=("#0068A5", "#D47C00", "#069E73", "#BB6B9B", "#B84500", "#2B9AD2", "#A49047", "#232323"),
    ramp=("viridis", 0.0, 0.78),
)
DARK = Theme(
    name="dark",
    background="#15171C",
    ink="#F1F2F4",
    muted="#A3A9B3",
    faint="#2B2F37",
    outlier="#565A62",
    colours=("#2B8CD8", "#E69F00", "#019E73", "#DE8DBB", "#D96015", "#7DCCF8", "#F2E745", "#F5F4F4"),
    ramp=("viridis", 0.3, 1.0),
)
"""Viridis gets evenly lighter, also for the colour-blind (van der Walt and Smith, 2015); a part of it stays legible."""

MARKERS = ("o", "s", "^", "D", "P", "v", "X", "*", "<", ">", "p", "h", "d")
"""The first eight are discs, the next squares, and so on: 104 looks, none twice. `map/look.js` draws the same."""


def theme(*, dark: bool) -> Theme:
    """The dark theme or the light one."""
    return DARK if dark else LIGHT


def look(mark: Mark | None, colours: Theme) -> Look:
    """The look of what has a mark; grey discs without."""
    if mark is None:
        return Look(colours.outlier, "o")
    return Look(colours.colours[mark.hue], marker(mark))


def marker(mark: Mark) -> str:
    """The marker of Matplotlib for the shape of a mark."""
    return MARKERS[mark.shape % len(MARKERS)]


def domain_mark(domain: str) -> Mark | None:
    """The mark of a domain, always the same; none for one that is not known."""
    return in_turn(DOMAINS.index(domain) + 1) if domain in DOMAINS else None


def domain_look(domain: str, colours: Theme) -> Look:
    """The look of a domain, always the same; one that is not known looks like no group."""
    return look(domain_mark(domain), colours)
