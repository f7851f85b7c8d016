"""The commands that draw, as a person types them."""

import json
import xml.etree.ElementTree as ET

import pytest
from PIL import Image

from tests.mapped import fill, heaps


@pytest.fixture
def grouped(demo_library):
    demo_library.groups.make(4)
    return demo_library.folder


def size_of(path) -> tuple[int, int]:
    with Image.open(path) as image:
        return image.size


def test_map_writes_what_its_ending_says_and_tells_it_as_json(run, demo_library, tmp_path):
    for name in ("a.png", "a.svg", "a.json", "a.html"):
        done = run("map", "--out", tmp_path / name, "--library", demo_library.folder, "--json")
        told = done.document
        assert (done.code, told["out"], told["sounds"], told["space"]) == (0, str(tmp_path / name), 15, "builtin")
        assert (told["clustering"], told["placed"], told["note"]) == (None, 0, "")
    assert size_of(tmp_path / "a.png")[0] == 1600
    assert ET.parse(tmp_path / "a.svg").getroot().tag.endswith("svg")
    assert json.loads((tmp_path / "a.json").read_text())["ids"] == list(range(1, 16))
    assert "<html" in (tmp_path / "a.html").read_text()


def test_map_is_coloured_by_group_where_there_are_any(run, grouped, tmp_path):
    told = run("map", "--out", tmp_path / "a.svg", "--dark", "--library", grouped, "--json").document
    assert (told["clustering"], told["colour"]) == (1, "cluster")
    told = run("map", "--out", tmp_path / "a.svg", "--colour", "brightness_hz", "--library", grouped, "--json").document
    assert told["colour"] == "brightness_hz"
    done = run("map", "--out", tmp_path / "a.png", "--library", grouped)
    assert (done.code, done.out.split(": ")[1]) == (0, "15 sounds, clustering 1\n")


def test_plot_draws_the_groups_and_the_film(run, grouped, tmp_path):
    told = run("plot", "clusters", "--out", tmp_path / "c.svg", "--library", grouped, "--json").document
    assert (told["out"], told["clustering"]) == (str(tmp_path / "c.svg"), 1)
    for name in ("f.gif", "f.mp4"):
        done = run("plot", "animation", "--out", tmp_path / name, "--library", grouped, "--json")
        assert done.code == 0 and done.document["frames"] > 20 and (tmp_path / name).stat().st_size > 1000


def test_plot_bic_draws_a_curve_or_says_what_to_do(run, demo_library, tmp_path):
    made = demo_library.groups.make()
    told = run("plot", "bic", "--out", tmp_path / "b.png", "--library", demo_library.folder, "--json").document
    assert (told["clustering"], told["k"]) == (made.clustering, made.k)
    assert told["bic"] == [[k, bic] for k, bic in made.bic]
    demo_library.groups.make(3)
    done = run("plot", "bic", "--out", tmp_path / "c.png", "--library", demo_library.folder, "--json")
    assert done.code == 1 and done.document["error"].startswith("clustering 2 has no curve")
    first = ("--clustering", made.clustering)
    assert run("plot", "bic", "--out", tmp_path / "c.png", *first, "--library", demo_library.folder).code == 0


def test_plot_bic_looks_for_a_curve_before_it_looks_at_sounds(run, demo_library, tmp_path, monkeypatch):
    demo_library.groups.make(3)
    monkeypatch.setattr("core.maps.Maps.plane", lambda *_: pytest.fail("nothing is to be drawn"))
    done = run("plot", "bic", "--out", tmp_path / "b.png", "--library", demo_library.folder)
    assert done.code == 1 and "clustering 1 has no curve" in done.err


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("map", "--out", "a.jpg"), "end in .png, .svg, .html or .json"),
        (("map", "--out", "."), "is a folder"),
        (("map", "--out", "none/a.png"), "there is no folder"),
        (("map", "--out", "a.png", "--colour", "red"), "known are cluster, domain"),
        (("map", "--out", "a.html", "--colour", "domain"), "leave --colour out"),
        (("map", "--out", "a.png", "--colour", "cluster"), "make some with: earshot cluster"),
        (("map", "--out", "a.png", "--space", "nobody"), "spaces of this library: builtin"),
        (("map", "--out", "a.png", "--clustering", "9"), "there is no clustering 9"),
        (("plot", "clusters", "--out", "a.png"), "cluster"),
        (("plot", "bic", "--out", "a.png"), "cluster"),
        (("plot", "animation", "--out", "a.png"), "end in .gif or .mp4"),
    ],
)
def test_what_cannot_be_drawn_is_one_sentence(run, demo_library, tmp_path, monkeypatch, args, said):
    monkeypatch.chdir(tmp_path)
    before = {path.name for path in tmp_path.iterdir()}
    done = run(*args, "--library", demo_library.folder, "--json")
    assert done.code == 1 and said in done.document["error"] and "\n" not in done.document["error"]
    assert {path.name for path in tmp_path.iterdir()} == before


def test_a_file_that_is_there_is_replaced(run, grouped, tmp_path):
    (tmp_path / "a.png").write_bytes(b"before")
    assert run("map", "--out", tmp_path / "a.png", "--library", grouped).code == 0
    assert size_of(tmp_path / "a.png")[0] == 1600


def test_a_map_of_sounds_that_were_mostly_placed_says_so(run, library, tmp_path):
    fill(library, heaps(1, 3))
    asked = ("map", "--out", tmp_path / "a.json", "--space", "heaps", "--library", library.folder)
    assert run(*asked, "--json").document["note"] == ""
    fill(library, heaps(1, 4, seed=1))
    done = run(*asked, "--json")
    assert done.document["placed"] == 4 and done.document["note"].startswith("4 of 7 sounds came after")
    assert "note: 4 of 7 sounds" in " ".join(done.err.split())
    assert run(*asked, "--anew", "--json").document["placed"] == 0
