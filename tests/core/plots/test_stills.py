"""Pictures of the map, of groups and of BIC: PNG and SVG of the stated size, which hold every name as it is."""

import threading
import xml.etree.ElementTree as ET
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from core.errors import UnknownNameError, UnsupportedError
from core.looks import in_turn
from core.maps import GroupPlane
from core.plots.bic import ellipse, write_bic
from core.plots.clusters import WIDTH_PX, height_for, write_clusters
from core.plots.palette import LIGHT
from core.plots.sound_map import COLOURS, chosen_colour, write_map
from core.records import Cluster, Clustering
from tests.mapped import a_map

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = {
    1: "$\\frac{1}{0}$ & <script>alert(1)</script>",
    2: "雨 \U0001f941 ]]> </svg>",
    3: "$ $$ \\undefined{x} ${",
    4: "\x00\x1b[31m red \u202e reversed",
    5: "",
    6: "n" * 500,
}


def texts(path) -> list[str]:
    """What is written on an SVG, as text that can be selected."""
    return ["".join(each.itertext()) for each in ET.parse(path).getroot().iter(f"{SVG}text")]


def a_clustering(k: int, title: str = "Group of kind {}") -> tuple[Clustering, GroupPlane]:
    clusters = [Cluster(number, title.format(number), 40, [], []) for number in range(1, k + 1)]
    curve = [(each, 1000.0 + (each - k) ** 2) for each in range(1, 2 * k)]
    shown = a_map(k)
    plane = GroupPlane(np.column_stack([shown.x, shown.y]), np.array(shown.clusters))
    return Clustering(3, k, "gmm", "heaps", "", "2026-01-01T00:00:00+00:00", clusters, curve), plane


@pytest.mark.parametrize("n_groups", [1, 12, 40])
@pytest.mark.parametrize("dark", [False, True])
def test_a_picture_of_groups_has_its_size_and_every_name(tmp_path, n_groups, dark):
    shown = a_map(n_groups, outliers=20)
    assert write_clusters(tmp_path / "a.png", shown, dark=dark) == 0
    assert write_clusters(tmp_path / "a.svg", shown, dark=dark) == 0
    with Image.open(tmp_path / "a.png") as image:
        assert image.size == (WIDTH_PX, height_for(shown))
        assert image.convert("RGB").getpixel((2, 2)) == ((0x15, 0x17, 0x1C) if dark else (255, 255, 255))
    written = " ".join(texts(tmp_path / "a.svg"))
    assert all(f"Group of kind {number}" in " ".join(written.split()) for number in range(1, n_groups + 1))
    assert f"{n_groups} group" in written and "grey: 20 sounds of no group" in written
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.png", "a.svg"]


def test_the_same_data_give_the_same_bytes(tmp_path):
    for name in ("a.svg", "b.svg", "a.png", "b.png"):
        write_clusters(tmp_path / name, a_map(5))
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_hostile_titles_are_text(tmp_path):
    """Warnings are errors here, so a missing sign or a formula that cannot be read would fail."""
    write_clusters(tmp_path / "a.png", a_map(6, titles=HOSTILE))
    write_clusters(tmp_path / "a.svg", a_map(6, titles=HOSTILE))
    raw = (tmp_path / "a.svg").read_text(encoding="utf-8")
    written = "".join(" ".join(texts(tmp_path / "a.svg")).split())
    assert "<script" not in raw and "<script>alert(1)</script>" in written
    assert "$\\frac{1}{0}$" in written and "$$$\\undefined{x}${" in written


def test_points_of_a_large_map_are_an_image_in_an_svg(tmp_path):
    write_clusters(tmp_path / "few.svg", a_map(5, each=100))
    write_clusters(tmp_path / "many.svg", a_map(5, each=2_000))
    kinds = [len(list(ET.parse(tmp_path / name).getroot().iter(f"{SVG}image"))) for name in ("few.svg", "many.svg")]
    assert kinds[0] == 0 and kinds[1] > 0
    assert (tmp_path / "many.svg").stat().st_size < 1_500_000
    assert any("Group of kind 5" in each for each in texts(tmp_path / "many.svg"))


@pytest.mark.parametrize("colour", [each for each in COLOURS if each != "pitch_hz"])
def test_a_map_is_coloured_by(tmp_path, colour):
    shown = a_map(4)
    write_map(tmp_path / "a.svg", shown, colour)
    write_map(tmp_path / "a.png", shown, colour, dark=True)
    written = " ".join(texts(tmp_path / "a.svg"))
    said = {
        "cluster": "Group of kind 4",
        "domain": "speech",
        "brightness_hz": "brightness in Hz",
        "loudness_lufs": "loudness in LUFS",
        "duration_s": "length in s",
    }
    assert said[colour] in " ".join(written.split())
    if colour == "brightness_hz":
        assert "grey: 23 sounds without a brightness" in written, "every seventh of 160"


def test_what_cannot_be_coloured_by_is_told():
    shown = a_map(2)
    assert chosen_colour(shown, None) == "cluster"
    with pytest.raises(UnknownNameError, match="known are cluster, domain, brightness_hz"):
        chosen_colour(shown, "red")
    with pytest.raises(UnsupportedError, match="no sound has a pitch"):
        chosen_colour(shown, "pitch_hz")


@pytest.mark.parametrize("values", [[0.0, 0.0], [None, 0.0], [float("nan"), None]])
def test_silence_has_no_brightness_to_colour_by(tmp_path, values):
    silent = replace(a_map(1, each=2), descriptors={"brightness_hz": values})
    with pytest.raises(UnsupportedError, match="no sound has a brightness to colour by; choose another colour"):
        write_map(tmp_path / "a.svg", silent, "brightness_hz")
    assert list(tmp_path.iterdir()) == []


def test_the_second_line_of_a_name_is_indented_also_in_a_browser(tmp_path):
    """Which draws a space at the beginning of a text only if it may not break there."""
    write_clusters(tmp_path / "a.svg", a_map(1, titles={1: "Barking dogs in a yard, and a gate that shuts"}))
    first, second = (each for each in texts(tmp_path / "a.svg") if "dogs" in each or "gate" in each)
    assert first.startswith("1\u00a0\u00a0Barking")
    assert second.startswith("\u00a0" * 4) and not second.strip().startswith(" ")


@pytest.mark.parametrize("k", [2, 12, 40])
def test_the_curve_of_bic_stands_beside_groups_with_their_names(tmp_path, k):
    clustering, plane = a_clustering(k)
    write_bic(tmp_path / "a.png", clustering, plane)
    write_bic(tmp_path / "a.svg", clustering, plane, dark=True)
    written = " ".join(" ".join(texts(tmp_path / "a.svg")).split())
    assert f"k = {k}" in written and "number of groups k" in written and "BIC in nats: lower is better" in written
    assert all(f"Group of kind {number}" in written for number in range(1, k + 1))
    with Image.open(tmp_path / "a.png") as image:
        assert image.height == 1000 and image.width >= 1700


def test_of_groups_that_were_changed_the_curve_says_what_was_lowest_before(tmp_path):
    clustering, plane = a_clustering(8)
    seven = replace(clustering, k=7, clusters=clustering.clusters[:7], is_edit=True)
    write_bic(tmp_path / "a.svg", seven, plane)
    written = " ".join(" ".join(texts(tmp_path / "a.svg")).split())
    assert "7 groups of 320 sounds: BIC was lowest at 8 before they were changed" in written
    assert "k = 8" in written and "where BIC is lowest" not in written


def test_one_group_is_one_group_and_none_of_nothing_is_drawn_as_well(tmp_path):
    clustering, plane = a_clustering(2)
    one = replace(clustering, k=1, clusters=clustering.clusters[:1], bic=[(1, 10.0), (2, 12.0)])
    write_bic(tmp_path / "a.svg", one, GroupPlane(plane.places[:1], plane.groups[:1]))
    assert any("1 group of 1 sound: where BIC is lowest" in each for each in texts(tmp_path / "a.svg"))
    none = replace(clustering, k=0, clusters=[], is_edit=True)
    write_bic(tmp_path / "b.png", none, GroupPlane(np.zeros((0, 2)), np.zeros(0, np.int64)))


def test_a_clustering_without_a_curve_says_what_to_do(tmp_path):
    clustering, plane = a_clustering(3)
    forced = Clustering(**{field: getattr(clustering, field) for field in clustering.__slots__} | {"bic": []})
    with pytest.raises(
        UnsupportedError, match=r"clustering 3 has no curve.*; make one that has, with: earshot cluster"
    ):
        write_bic(tmp_path / "a.png", forced, plane)
    assert list(tmp_path.iterdir()) == []


def test_a_group_has_the_look_of_its_mark_in_every_picture(tmp_path):
    """Of ten groups the last two take the hues whose first groups lie farthest away, which are not those in turn."""
    shown = a_map(10)
    marks = shown.marks()
    assert marks != {number: in_turn(number) for number in marks}
    clustering, plane = a_clustering(10)
    write_clusters(tmp_path / "map.svg", shown)
    write_bic(tmp_path / "bic.svg", clustering, replace(plane, marks=marks))
    hues = [LIGHT.colours[mark.hue].lower() for mark in marks.values()]
    for name in ("map.svg", "bic.svg"):
        groups = ET.parse(tmp_path / name).getroot().iter(f"{SVG}g")
        points = [each for each in groups if len(each.findall(f"{SVG}g/{SVG}use")) == 40]
        drawn = [next(each.iter(f"{SVG}use")).get("style") for each in points]
        assert [next(hue for hue in hues if hue in style) for style in drawn] == hues


def test_an_ellipse_is_two_standard_deviations_long():
    square = np.array([[1.0, 0], [-1, 0], [0, 3], [0, -3]])
    outline = ellipse(square)
    assert np.abs(outline).max(axis=0) == pytest.approx(2 * square.std(axis=0, ddof=1), rel=1e-3)
    turned = ellipse(square @ np.array([[0.6, 0.8], [-0.8, 0.6]]))
    assert np.linalg.norm(turned, axis=1).max() == pytest.approx(2 * square[:, 1].std(ddof=1), rel=1e-3)


def test_a_file_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "a.png"
    path.write_bytes(b"before")
    monkeypatch.setattr("matplotlib.figure.Figure.savefig", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write_clusters(path, a_map(2))
    assert [each.name for each in tmp_path.iterdir()] == ["a.png"] and path.read_bytes() == b"before"


@pytest.mark.parametrize("name", ["a.jpg", "a", "a.gif"])
def test_an_unknown_ending_is_refused_with_the_known_ones(tmp_path, name):
    with pytest.raises(UnsupportedError, match=r"end in \.png or \.svg"):
        write_clusters(tmp_path / name, a_map(2))


def test_pictures_are_drawn_in_threads_and_leave_no_setting_changed(tmp_path):
    import matplotlib

    before, shown = dict(matplotlib.rcParams), a_map(3)
    problems = []

    def draw(number: int) -> None:
        try:
            write_clusters(tmp_path / f"{number}.svg", shown, dark=bool(number % 2))
        except Exception as problem:
            problems.append(problem)

    threads = [threading.Thread(target=draw, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == [] and dict(matplotlib.rcParams) == before
    light, dark = ({(tmp_path / f"{number}.svg").read_bytes() for number in pair} for pair in ((0, 2), (1, 3)))
    assert len(light) == len(dark) == 1 and light != dark
