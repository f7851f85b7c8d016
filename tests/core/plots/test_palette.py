"""Colours that everyone can tell apart: contrast after WCAG 2.2, and distance as eyes without a kind of cone see it.

The matrices are those of Machado, Oliveira and Fernandes, "A physiologically-based model for simulation of color vision
deficiency" (2009), severity 1.0, on linear RGB.
"""

from itertools import combinations

import numpy as np
import pytest

from core.looks import HUES, in_turn
from core.plots.palette import DARK, LIGHT, MARKERS, domain_look, look
from core.records import DOMAINS

EYES = {
    "all cones": np.eye(3),
    "no red cones": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "no green cones": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
}
TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
WHITE = np.array([0.95047, 1.0, 1.08883])

both = pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])


def linear(colour: str) -> np.ndarray:
    values = np.array([int(colour[place : place + 2], 16) for place in (1, 3, 5)]) / 255
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def contrast(one: str, other: str) -> float:
    low, high = sorted(float(TO_XYZ[1] @ linear(each)) for each in (one, other))
    return (high + 0.05) / (low + 0.05)


def lab(rgb: np.ndarray) -> np.ndarray:
    xyz = TO_XYZ @ np.clip(rgb, 0, 1) / WHITE
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def test_black_on_white_is_21_to_1_and_the_lightness_of_white_is_100():
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert lab(linear("#FFFFFF"))[0] == pytest.approx(100)
    assert contrast("#F0E442", "#FFFFFF") < 1.4, "the yellow of Okabe and Ito cannot be used on white"


@both
def test_every_colour_stands_out_from_the_background(theme):
    assert min(contrast(colour, theme.background) for colour in theme.colours) >= 3
    assert len(theme.colours) == HUES
    assert contrast(theme.ink, theme.background) >= 7
    assert contrast(theme.muted, theme.background) >= 4.5


@both
@pytest.mark.parametrize("eyes", EYES)
def test_every_two_colours_look_different_to(theme, eyes):
    seen = [lab(EYES[eyes] @ linear(colour)) for colour in (*theme.colours, theme.outlier)]
    assert min(np.linalg.norm(one - other) for one, other in combinations(seen, 2)) > 15


@both
def test_a_hundred_groups_look_different_and_those_of_none_are_grey(theme):
    looks = [look(in_turn(number), theme) for number in range(1, 8 * len(MARKERS) + 1)]
    assert len(set(looks)) == len(looks) == 104
    assert look(None, theme).colour == theme.outlier
    assert look(in_turn(105), theme) == looks[0]
    domains = [domain_look(domain, theme).colour for domain in DOMAINS]
    assert len(set(domains)) == 8 and domain_look("", theme).colour == theme.outlier
