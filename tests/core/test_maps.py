"""The map of a library holds still: it is kept, new sounds are put among the others, those gone are left out."""

import json
import subprocess
import sys
import threading

import numpy as np
import pytest
from sklearn.manifold import trustworthiness

from core.errors import NotFoundError
from core.store import layouts, spaces
from core.store.db import Store
from tests.mapped import DIM, fill, heaps
from tests.runs import CHECKOUT, rows

VECTORS = heaps(4, 12)


@pytest.fixture
def mapped(library):
    """A library of 48 sounds in four heaps, and its map."""
    fill(library, VECTORS)
    return library, library.maps.get("heaps")


def places(shown) -> dict[int, tuple[float, float]]:
    return dict(zip(shown.ids, zip(shown.x, shown.y, strict=True), strict=True))


def test_a_map_tells_of_each_sound_where_it_lies_and_what_it_is(mapped):
    _, shown = mapped
    assert (shown.space, shown.seed, shown.ids) == ("heaps", 0, list(range(1, 49)))
    assert (shown.names[0], shown.captions[0], shown.domains[:2]) == ("0.wav", "Sound 0.", ["speech", "singing"])
    assert shown.durations_s == shown.descriptors["duration_s"] == [1.0] * 48
    assert shown.descriptors["pitch_hz"] == [None] * 48 and shown.descriptors["loudness_lufs"] == [-20.0] * 48
    assert (shown.clustering, shown.clusters, shown.titles, shown.note) == (None, [], {}, "")
    assert not any(shown.placed)
    assert json.loads(json.dumps(shown.as_dict()))["x"] == shown.x
    assert trustworthiness(VECTORS, np.column_stack([shown.x, shown.y]), metric="cosine") > 0.8


def test_a_second_call_and_a_new_process_give_the_same_map(mapped):
    library, shown = mapped
    assert library.maps.get("heaps") == shown
    code = (
        "import sys, json; from pathlib import Path; from core.library import Library\n"
        "print(json.dumps(Library(Path(sys.argv[1])).maps.get('heaps').as_dict()))\n"
        "assert 'umap' not in sys.modules, 'a kept map needs no UMAP'"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, str(library.folder)], cwd=CHECKOUT, capture_output=True, text=True, check=True
    )
    assert json.loads(run.stdout) == json.loads(json.dumps(shown.as_dict()))


def test_new_sounds_move_none_of_the_old_and_a_twin_lies_beside_its_twin(mapped):
    library, before = mapped
    new = fill(library, np.vstack([VECTORS[5:6], np.zeros((1, DIM), np.float32), VECTORS[40:41]]))
    after = library.maps.get("heaps")
    old, now = places(before), places(after)
    assert {each: now[each] for each in old} == old
    assert [each for each, placed in zip(after.ids, after.placed, strict=True) if placed] == new
    assert 0 < np.hypot(*np.subtract(now[new[0]], old[6])) < 0.02
    assert now[new[1]][1] < min(y for _, y in old.values()), "silence lies below"
    assert library.maps.get("heaps") == after
    more = fill(library, VECTORS[20:21])
    assert {each: at for each, at in places(library.maps.get("heaps")).items() if each not in more} == now
    assert rows(library.folder, "SELECT count(*) FROM layouts") == [(2,)]


def test_a_sound_that_is_gone_is_left_out_and_comes_back_where_it_was(mapped):
    library, before = mapped
    store = Store(library.folder)
    with store.writing() as db:
        db.execute("UPDATE files SET missing = 1 WHERE sound_id = 7")
    assert library.maps.get("heaps").ids == [each for each in before.ids if each != 7]
    with store.writing() as db:
        db.execute("UPDATE files SET missing = 0")
    assert library.maps.get("heaps") == before


def test_where_most_sounds_were_only_placed_the_map_says_so_and_anew_lays_all_out(mapped):
    library, before = mapped
    fill(library, heaps(4, 13, seed=5))
    grown = library.maps.get("heaps")
    assert grown.note.startswith("52 of 100 sounds came after the map was made") and "--anew" in grown.note
    assert list(places(grown).items())[:48] == list(places(before).items())
    anew = library.maps.get("heaps", anew=True)
    assert anew.note == "" and not any(anew.placed) and places(anew) != places(grown)
    assert library.maps.get("heaps") == anew


@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_a_map_of_a_few_sounds(library, n):
    fill(library, VECTORS[:n])
    shown = library.maps.get("heaps")
    assert len(set(zip(shown.x, shown.y, strict=True))) == n
    assert all(0 <= each <= 1 for each in [*shown.x, *shown.y])


def test_a_library_of_silence_has_a_map(library):
    fill(library, np.zeros((3, DIM), np.float32))
    assert len(library.maps.get("heaps").ids) == 3
    fill(library, VECTORS[:2])
    assert len(set(places(library.maps.get("heaps")).values())) == 5


def test_two_that_make_the_map_at_once_get_the_same_one(library):
    fill(library, VECTORS[:14])
    found = []
    threads = [threading.Thread(target=lambda: found.append(library.maps.get("heaps"))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4 and all(each == found[0] for each in found)
    assert rows(library.folder, "SELECT count(*) FROM layouts") == [(1,)]


def test_a_layout_that_came_in_between_stands(library, monkeypatch):
    """Another process keeps its map while this one works: its places are taken."""
    fill(library, VECTORS[:5])
    real = library.maps.get.__globals__["lay_out"]

    def slow(vectors, ids, seed, report):
        with Store(library.folder).writing() as db:
            space = spaces.find_space(db, "heaps")
            if layouts.get_layout(db, space) is None:
                theirs = np.full((5, 2), 0.25, np.float32)
                layouts.put_layout(db, space, layouts.Layout(9, ids, theirs, 5))
        return real(vectors, ids, seed, report)

    monkeypatch.setattr("core.maps.lay_out", slow)
    shown = library.maps.get("heaps")
    assert (shown.seed, shown.x) == (9, [0.25] * 5)


def test_groups_are_those_of_the_clustering_that_is_named_or_of_the_current_one(demo_library):
    assert demo_library.maps.get().clustering is None
    first = demo_library.groups.make(4)
    second = demo_library.groups.make(2)
    assert demo_library.maps.get().clustering == second.clustering
    shown = demo_library.maps.get(clustering=first.clustering)
    assert shown.titles == {each.cluster: each.title for each in first.clusters}
    members = demo_library.groups.members(first.clustering)
    assert dict(zip(shown.ids, shown.clusters, strict=True)) == dict(
        zip(members.sounds.tolist(), members.clusters.tolist(), strict=True)
    )
    plane = demo_library.maps.plane(first.clustering)
    assert plane.marks == shown.marks() and sorted(plane.marks) == [1, 2, 3, 4]
    assert plane.places.shape == (15, 2) and sorted(set(plane.groups.tolist())) == [1, 2, 3, 4]


def test_without_a_map_groups_have_no_look_of_it(demo_library):
    assert demo_library.maps.plane(demo_library.groups.make(3).clustering).marks == {}


def test_sounds_that_a_clustering_does_not_know_belong_to_no_group(demo_library):
    made = demo_library.groups.make(2, query="rain")
    shown = demo_library.maps.get(clustering=made.clustering)
    assert len(shown.ids) == len(shown.clusters) == 15 and 0 in shown.clusters


def test_what_is_not_there_is_told(library, demo_library):
    with pytest.raises(NotFoundError, match="no library"):
        type(library)(library.folder / "none", library.settings).maps.get()
    with pytest.raises(NotFoundError, match="spaces of this library: builtin"):
        demo_library.maps.get("nobody")
    with pytest.raises(NotFoundError, match="no clustering 7"):
        demo_library.maps.get(clustering=7)
    with Store(demo_library.folder).writing() as db:
        db.execute("UPDATE files SET missing = 1")
    with pytest.raises(NotFoundError, match="earshot ingest"):
        demo_library.maps.get()


def test_how_a_map_took_shape_ends_at_the_map_also_when_sounds_came_and_went(mapped):
    library, _ = mapped
    new = fill(library, VECTORS[:2])
    with Store(library.folder).writing() as db:
        db.execute("UPDATE files SET missing = 1 WHERE sound_id = 3")
    shaped = library.maps.shaping("heaps", n_moments=6)
    ids = np.array(shaped.sound_map.ids)[shaped.rows].tolist()
    assert ids == [each for each in range(1, 49) if each != 3] and not set(ids) & set(new)
    assert sorted(shaped.line.tolist()) == list(range(47))
    assert [len(moment.places) for moment in shaped.moments] == [47] * len(shaped.moments)
