"""Taking sounds away: what is written and where, what is refused, and that all of it can be taken back."""

import contextlib
import csv
import errno
import hashlib
import io
import json
import os
import shutil
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlite_utils import Database

from core.errors import EarshotError, NotFoundError, UnknownNameError, UnsupportedError
from core.export import Exported, undo, writing
from core.export.names import Names, harmless_name, title_name
from core.export.records import readable_size
from core.library import Library
from tests.exporting import fill, group, tree
from tests.runs import ListenerInThisProcess, tiny_wav

LINKS = ("copy", "hard", "symbolic")


@pytest.fixture
def sounds(tmp_path) -> Path:
    return tmp_path / "in"


@pytest.fixture
def filled(library, sounds) -> Library:
    """Six sounds: four in two groups, one of no group, one in no clustering; two bear the same name."""
    names = ["kick/a.wav", "kick/b.wav", "rain/a.wav", "rain/c.wav", "odd.wav", "apart.wav"]
    fill(library, {sounds / name: name.encode() * 100 for name in names})
    group(library, {1: ("Low thumps", [2, 1]), 2: ("Rain", [3, 4]), 0: ("", [5])})
    return library


def files_below(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir())


def manifest_of(exported: Exported) -> dict:
    return json.loads(Path(exported.manifest).read_text())


# What is written


def test_each_cluster_gets_a_folder_with_a_readme_and_the_sounds_of_no_group_get_one_too(filled, tmp_path):
    exported = filled.export(clustering=1, to=tmp_path / "out")

    assert files_below(tmp_path / "out") == [
        "clusters/cluster-1/README.txt",
        "clusters/cluster-1/a.wav",
        "clusters/cluster-1/b.wav",
        "clusters/cluster-2/README.txt",
        "clusters/cluster-2/a.wav",
        "clusters/cluster-2/c.wav",
        "clusters/unassigned/README.txt",
        "clusters/unassigned/odd.wav",
        "manifest.json",
    ]
    assert (tmp_path / "out/clusters/cluster-1/README.txt").read_text() == (
        "Low thumps\n\nWhat 1 holds.\n\nKeywords: low\n\n"
        "Cluster 1 of clustering 1: 2 sounds, the most typical first:\n  b.wav\n  a.wav\n"
    )
    assert (exported.files, exported.sounds, exported.left_out) == (5, 5, [])


def test_the_readme_of_a_group_says_what_sets_it_apart_from_which_others(filled, tmp_path):
    with filled._store.writing() as db:
        db.conn.execute("UPDATE clusters SET apart = 'Lower than {cluster 2}.' WHERE cluster = 1")
    filled.export(clustering=1, clusters=[1], to=tmp_path / "out")
    assert (tmp_path / "out/clusters/cluster-1/README.txt").read_text().split("\n\n")[:4] == [
        "Low thumps",
        "What 1 holds.",
        "Lower than “Rain”.",
        "Keywords: low",
    ]


def test_a_copy_has_the_bytes_and_the_time_of_its_original_and_the_permissions_of_the_person(filled, sounds, tmp_path):
    original = sounds / "kick/a.wav"
    os.utime(original, ns=(1, 1_500_000_000_123_456_789))
    original.chmod(0o444)
    filled.export([1], to=tmp_path / "out")

    copied = tmp_path / "out/a.wav"
    assert copied.read_bytes() == original.read_bytes()
    assert copied.stat().st_mtime_ns == 1_500_000_000_123_456_789
    assert os.access(copied, os.W_OK)


@pytest.mark.parametrize("link", LINKS)
def test_the_manifest_says_of_every_file_where_from_what_it_is_and_how_it_got_there(filled, sounds, tmp_path, link):
    exported = filled.export([3], clustering=1, clusters=[1], to=tmp_path / "out", link=link)
    manifest = manifest_of(exported)

    assert (manifest["format"], manifest["maker"], manifest["complete"]) == (2, "earshot", True)
    assert (manifest["form"], manifest["clustering"], manifest["folder"]) == ("folders", 1, str(tmp_path / "out"))
    assert manifest["folders"] == [".", "clusters", "clusters/cluster-1"]
    rows = {row["path"]: row for row in manifest["files"]}
    assert set(rows) == set(files_below(tmp_path / "out")) - {"manifest.json"}
    data = b"rain/a.wav" * 100
    assert rows["a.wav"] == {
        "path": "a.wav",
        "source": str(sounds / "rain/a.wav"),
        "id": 3,
        "sha256": hashlib.sha256(data).hexdigest(),
        "size_bytes": 1000,
        "link": link,
    }
    assert rows["clusters/cluster-1/README.txt"]["link"] == "written"


def test_hard_links_are_the_file_and_symbolic_ones_name_it(filled, sounds, tmp_path):
    filled.export([1], to=tmp_path / "hard", link="hard")
    filled.export([1], to=tmp_path / "symbolic", link="symbolic")
    assert os.path.samefile(tmp_path / "hard/a.wav", sounds / "kick/a.wav")
    assert not (tmp_path / "hard/a.wav").is_symlink()
    assert os.readlink(tmp_path / "symbolic/a.wav") == str(sounds / "kick/a.wav")


def test_a_hard_link_to_a_sound_that_is_known_by_a_link_is_to_the_file(library, sounds, tmp_path):
    fill(library, {sounds / "a.wav": b"1"})
    (sounds / "a.wav").rename(tmp_path / "a.wav")
    (sounds / "a.wav").symlink_to(tmp_path / "a.wav")
    library.export([1], to=tmp_path / "out", link="hard")
    assert not (tmp_path / "out/a.wav").is_symlink()
    assert os.path.samefile(tmp_path / "out/a.wav", tmp_path / "a.wav")


def test_only_the_named_clusters_are_exported_of_the_meant_clustering_if_none_is_named(filled, tmp_path):
    exported = filled.export(clusters=[2], to=tmp_path / "two")
    assert exported.clustering == 1
    assert os.listdir(tmp_path / "two/clusters") == ["cluster-2"]
    filled.export(clusters=[0], to=tmp_path / "none")
    assert os.listdir(tmp_path / "none/clusters") == ["unassigned"]


def test_two_files_of_one_sound_are_exported_once(library, sounds, tmp_path):
    fill(library, {sounds / "a.wav": b"same", sounds / "b.wav": b"same"})
    assert library.export([1, 1], to=tmp_path / "out").files == 1


# Lists


ROWS = [(2, "kick/b.wav", 1, "Low thumps"), (1, "kick/a.wav", 1, "Low thumps"), (3, "rain/a.wav", 2, "Rain")]
ROWS += [(4, "rain/c.wav", 2, "Rain"), (5, "odd.wav", 0, "")]


def test_a_csv_has_a_row_for_each_sound(filled, sounds, tmp_path):
    filled.export(clustering=1, to=tmp_path / "groups.csv", form="csv")
    head, *rows = (tmp_path / "groups.csv").read_text().splitlines()
    assert head == "id,path,cluster,title,caption,tags,duration_s,domain"
    assert rows == [f"{n},{sounds / path},{c},{title},Sound {n}.,,1.5,effect" for n, path, c, title in ROWS]
    assert files_below(tmp_path)[0] == "groups.csv"


def test_jsonl_has_an_object_for_each_sound(filled, sounds, tmp_path):
    filled.export(clustering=1, to=tmp_path / "out", form="jsonl")
    rows = [json.loads(line) for line in (tmp_path / "out/sounds.jsonl").read_text().splitlines()]
    assert [(row["id"], row["path"], row["cluster"], row["title"]) for row in rows] == [
        (n, str(sounds / path), c, title) for n, path, c, title in ROWS
    ]
    assert rows[0] | {"id": 0, "path": "", "cluster": 0} == {
        "id": 0,
        "path": "",
        "cluster": 0,
        "title": "Low thumps",
        "caption": "Sound 2.",
        "tags": [],
        "duration_s": 1.5,
        "domain": "effect",
    }


def test_each_cluster_gets_a_playlist_and_a_named_one_holds_all(filled, sounds, tmp_path):
    filled.export(clustering=1, to=tmp_path / "out", form="m3u8")
    assert files_below(tmp_path / "out") == [
        "cluster-1 Low thumps.m3u8",
        "cluster-2 Rain.m3u8",
        "manifest.json",
        "unassigned.m3u8",
    ]
    assert (tmp_path / "out/cluster-1 Low thumps.m3u8").read_text() == (
        f"#EXTM3U\n#PLAYLIST:Low thumps\n"
        f"#EXTINF:1.500,b\n{sounds / 'kick/b.wav'}\n#EXTINF:1.500,a\n{sounds / 'kick/a.wav'}\n"
    )
    filled.export(clustering=1, to=tmp_path / "all.m3u8", form="m3u8")
    assert (tmp_path / "all.m3u8").read_text().count("#EXTINF") == 5


@pytest.mark.parametrize("start", ["=", "+", "-", "@"])
def test_nothing_in_a_csv_is_a_formula(library, sounds, tmp_path, start):
    fill(library, {sounds / f"{start}1+1.wav": b"1"})
    group(library, {1: (f"{start}cmd()", [1])})
    library.export(clustering=1, to=tmp_path / "x.csv", form="csv")
    (row,) = csv.DictReader(io.StringIO((tmp_path / "x.csv").read_text()))
    assert (row["path"], row["title"]) == (str(sounds / f"{start}1+1.wav"), f"'{start}cmd()")


@pytest.mark.parametrize("form", ["csv", "m3u8", "jsonl"])
def test_a_line_break_in_a_name_makes_no_line_of_its_own(library, sounds, tmp_path, form):
    path = sounds / "a\n#EXTINF:1,b\nhttp:x.wav"
    fill(library, {path: b"1"})
    group(library, {1: ("T\n/etc/passwd", [1])})
    folder = Path(library.export(clustering=1, to=tmp_path / "out", form=form).folder)
    (written,) = (folder / each for each in os.listdir(folder) if each != "manifest.json")
    text = written.read_text()
    if form == "m3u8":
        assert text.splitlines() == [
            "#EXTM3U",
            "#PLAYLIST:T /etc/passwd",
            "#EXTINF:1.500,a #EXTINF:1,b http:x",
            path.as_uri(),
        ]
    elif form == "jsonl":
        assert json.loads(text)["path"] == str(path)
    else:
        assert next(csv.DictReader(io.StringIO(text)))["path"] == str(path)


# Names


HOSTILE = ["../../evil", "a\0b", "x" * 5000, "CON", "...", "\u202egnp.exe", "a/b\\c", "line\nbreak", "", "🥁" * 300]


@pytest.mark.parametrize("title", HOSTILE)
@pytest.mark.parametrize("form", ["folders", "m3u8"])
def test_no_title_leads_out_of_its_folder(library, sounds, tmp_path, title, form):
    fill(library, {sounds / "a.wav": b"1"})
    group(library, {1: (title, [1])})
    before = set(files_below(tmp_path))
    exported = library.export(clustering=1, to=tmp_path / "out", form=form)

    new = set(files_below(tmp_path)) - before
    assert len(new) == (3 if form == "folders" else 2)
    assert all(path.startswith("out/") for path in new)
    assert not any(sign in path for path in new for sign in "\n\\\u202e")
    text = (tmp_path / "out" / manifest_of(exported)["files"][-1]["path"]).read_text()
    assert "\0" not in text and "\u202e" not in text
    undo(Path(exported.manifest))
    assert set(files_below(tmp_path)) == before


@pytest.mark.parametrize(
    ("name", "harmless"),
    [
        ("kick #2 [wet]! (final).wav", "kick #2 [wet]! (final).wav"),
        ("Vögel.wav", "Vögel.wav"),
        ("a:b*c?.wav", "a_b_c_.wav"),
        ("../x.wav", "_x.wav"),
        ("a\nb\x1b[31m.wav", "a b[31m.wav"),
        ("\u202evaw.exe", "vaw.exe"),
        ("con.wav", "_con.wav"),
        (".hidden.wav", "hidden.wav"),
        ("...", "sound"),
        ("", "sound"),
        ("x. . ", "x"),
        ("x" * 300 + ".wav", "x" * 176 + ".wav"),
        ("é" * 150 + ".flac", "é" * 87 + ".flac"),
        ("a." + "b" * 300, "a." + "b" * 178),
    ],
)
def test_a_name_is_changed_only_where_it_could_do_harm(name, harmless):
    assert harmless_name(name) == harmless


def test_a_title_as_a_name_is_short():
    assert title_name("nul") == "_nul"
    assert title_name("../..") == "sounds"
    assert len(title_name("雨" * 300).encode()) <= 148


def test_names_that_a_disk_takes_for_one_get_numbers():
    names = Names("README.txt")
    taken = ["a.wav", "A.WAV", "a.wav", "a (2).wav", "\u00e9.wav", "e\u0301.wav", "readme.TXT"]
    assert [names.take(each) for each in taken] == [
        "a.wav",
        "A (2).WAV",
        "a (3).wav",
        "a (2) (2).wav",
        "\u00e9.wav",
        "e\u0301 (2).wav",
        "readme (2).TXT",
    ]


def test_files_of_one_name_are_all_there(library, sounds, tmp_path):
    fill(library, {sounds / name: name.encode() for name in ["x/take.wav", "y/take.wav", "z/Take.wav"]})
    group(library, {1: ("T", [1, 2, 3])})
    library.export(clustering=1, to=tmp_path / "out")
    folder = tmp_path / "out/clusters/cluster-1"
    assert {path.name: path.read_bytes() for path in folder.glob("*.wav")} == {
        "take.wav": b"x/take.wav",
        "take (2).wav": b"y/take.wav",
        "Take (3).wav": b"z/Take.wav",
    }


# Taking back


@pytest.mark.parametrize("link", LINKS)
@pytest.mark.parametrize("form", ["folders", "csv", "m3u8", "jsonl"])
def test_after_an_export_and_its_undo_all_is_as_it_was(filled, tmp_path, link, form):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/note.txt").write_text("mine")
    before = {path: seen for path, seen in tree(tmp_path).items() if not path.startswith("library")}
    for place in (tmp_path / "mine", tmp_path / "new/deep/er", tmp_path / f"mine/one.{form}", None):
        exported = filled.export([6], clustering=1, to=place, link=link, form=form)
        undone = undo(Path(exported.manifest))
        assert (undone.kept, undone.gone) == ([], 0)
        assert {path: seen for path, seen in tree(tmp_path).items() if not path.startswith("library")} == before


def test_what_a_person_changed_or_added_stays_and_is_told(filled, sounds, tmp_path):
    exported = filled.export(clustering=1, to=tmp_path / "out")
    one, two = tmp_path / "out/clusters/cluster-1", tmp_path / "out/clusters/cluster-2"
    (one / "a.wav").write_bytes(b"edited")
    (one / "mine.wav").write_bytes(b"added")
    (two / "a.wav").unlink()
    (two / "a.wav").symlink_to(sounds / "rain/a.wav")
    (two / "c.wav").unlink()
    told = undo(Path(exported.manifest), dry_run=True)
    undone = undo(Path(exported.manifest))

    assert undone == told
    assert {each.path: each.reason for each in undone.kept} == {
        str(one / "a.wav"): "was changed",
        str(one / "mine.wav"): "is not of this export",
        str(two / "a.wav"): "was changed",
    }
    assert (undone.removed, undone.gone) == (5, 1)
    assert files_below(tmp_path / "out") == [
        "clusters/cluster-1/a.wav",
        "clusters/cluster-1/mine.wav",
        "clusters/cluster-2/a.wav",
    ]
    with pytest.raises(NotFoundError, match="there is no manifest"):
        undo(Path(exported.manifest))


def test_an_edited_hard_link_is_only_unlinked_and_a_turned_symbolic_one_stays(filled, sounds, tmp_path):
    hard = filled.export([1], to=tmp_path / "hard", link="hard")
    (tmp_path / "hard/a.wav").write_bytes(b"edited")
    assert undo(Path(hard.manifest)).removed == 1
    assert (sounds / "kick/a.wav").read_bytes() == b"edited"
    symbolic = filled.export([2], to=tmp_path / "symbolic", link="symbolic")
    (tmp_path / "symbolic/b.wav").unlink()
    (tmp_path / "symbolic/b.wav").symlink_to(sounds / "odd.wav")
    assert [each.reason for each in undo(Path(symbolic.manifest)).kept] == ["was changed"]


@pytest.mark.parametrize("link", ["copy", "hard"])
def test_what_may_be_the_last_copy_of_a_sound_stays(filled, sounds, tmp_path, link):
    exported = filled.export([1, 2], to=tmp_path / "out", link=link)
    (sounds / "kick/a.wav").unlink()
    undone = undo(Path(exported.manifest))
    assert (undone.removed, [each.reason for each in undone.kept]) == (
        1,
        ["may be the last copy: its original is gone"],
    )
    assert (tmp_path / "out/a.wav").read_bytes() == b"kick/a.wav" * 100


@pytest.mark.parametrize("link", ["copy", "hard"])
@pytest.mark.parametrize("data", [b"edited", b"x" * 1000], ids=["other size", "same size"])
def test_a_copy_stays_if_its_original_does_not_hold_the_same_bytes_any_more(filled, sounds, tmp_path, link, data):
    filled.export([1, 2], to=tmp_path / "out", link=link)
    (sounds / "new").write_bytes(data)
    (sounds / "new").replace(sounds / "kick/a.wav")  # as editors save; a hard link keeps what was there before
    for dry_run in (True, False):
        undone = filled.exports.undo(dry_run=dry_run)
        assert (undone.removed, {each.path: each.reason for each in undone.kept}) == (
            1,
            {str(tmp_path / "out/a.wav"): "may be the last copy: its original was changed"},
        )
    assert (tmp_path / "out/a.wav").read_bytes() == b"kick/a.wav" * 100


def test_a_folder_that_was_moved_is_taken_back_where_it_is(filled, tmp_path):
    filled.export(clustering=1, to=tmp_path / "new/out")
    (tmp_path / "else").mkdir()
    shutil.move(tmp_path / "new/out", tmp_path / "else/where")
    assert undo(tmp_path / "else/where").removed == 8
    assert os.listdir(tmp_path / "else") == []
    assert os.listdir(tmp_path / "new") == []


@pytest.mark.parametrize("path", ["../in/odd.wav", "/etc/hostname", "a/../../in/odd.wav", "", "c:\\x", "."])
def test_a_manifest_of_a_stranger_names_nothing_outside_of_its_folder(filled, sounds, tmp_path, path):
    manifest = Path(filled.export([5], to=tmp_path / "out").manifest)
    document = json.loads(manifest.read_text())
    document["files"][0]["path"] = path
    manifest.write_text(json.dumps(document))
    with pytest.raises(EarshotError, match="is no manifest of an export"):
        undo(manifest)
    assert (sounds / "odd.wav").exists()


def test_nothing_is_removed_behind_a_link_that_took_the_place_of_a_folder(filled, sounds, tmp_path):
    exported = filled.export(clustering=1, clusters=[1], to=tmp_path / "out")
    folder = tmp_path / "out/clusters/cluster-1"
    shutil.rmtree(folder)
    folder.symlink_to(sounds / "kick")
    undone = undo(Path(exported.manifest))
    assert {each.reason for each in undone.kept} == {"lies behind a link", "is not of this export"}
    assert len(os.listdir(sounds / "kick")) == 2


def test_an_original_that_a_manifest_calls_its_copy_stays(filled, sounds):
    source = sounds / "odd.wav"
    data = source.read_bytes()
    row = {"path": "odd.wav", "source": str(source), "id": 5, "sha256": hashlib.sha256(data).hexdigest()}
    document = {"made_at": "", "complete": True, "folder": "", "form": "folders", "clustering": None, "parents": 0}
    document |= {"files": [row | {"size_bytes": len(data), "link": "copy"}], "folders": []}
    (sounds / "manifest.json").write_text(json.dumps(document))
    assert undo(sounds / "manifest.json").removed == 0
    assert source.exists()


def stranger(folder: Path, name: str, link: str, source: str = "/etc/hostname") -> Path:
    """A manifest that says with the right hash that a file in a folder was exported."""
    data = (folder / name).read_bytes()
    row = {"path": name, "source": source, "id": 5, "sha256": hashlib.sha256(data).hexdigest(), "size_bytes": len(data)}
    document = {"made_at": "", "complete": True, "folder": "", "form": "folders", "clustering": None, "parents": 0}
    document |= {"files": [row | {"link": link}], "folders": []}
    (folder / "manifest.json").write_text(json.dumps(document))
    return folder / "manifest.json"


@pytest.mark.parametrize("link", ["copy", "hard", "written"])
@pytest.mark.parametrize("source", ["/etc/hostname", "TWIN", "", "a\0b", "/dev/zero", "odd.wav"])
def test_a_sound_of_the_library_stays_whatever_a_manifest_says_of_it(filled, sounds, tmp_path, link, source):
    (tmp_path / "twin.wav").write_bytes((sounds / "odd.wav").read_bytes())
    source = str(tmp_path / "twin.wav") if source == "TWIN" else source
    undone = filled.exports.undo(stranger(sounds, "odd.wav", link, source))
    assert {each.path: each.reason for each in undone.kept} == {str(sounds / "odd.wav"): "is a sound of the library"}
    assert (sounds / "odd.wav").exists()


@pytest.mark.parametrize("kind", ["hard link to it", "link that is known", "folder behind a link"])
def test_a_sound_of_the_library_stays_under_its_other_names_too(library, sounds, tmp_path, kind):
    (tmp_path / "else").mkdir()
    twin, real = tmp_path / "twin.wav", tmp_path / "else/odd.wav"
    twin.write_bytes(b"1")
    if kind == "folder behind a link":
        sounds.symlink_to(tmp_path / "else")
    fill(library, {sounds / "odd.wav": b"1"})
    if kind == "hard link to it":
        real.hardlink_to(sounds / "odd.wav")
    elif kind == "link that is known":
        (sounds / "odd.wav").rename(real)
        (sounds / "odd.wav").symlink_to(real)
    links = {"copy": twin, "written": twin} | ({} if kind == "hard link to it" else {"hard": sounds / "odd.wav"})
    for link, source in links.items():
        undone = library.exports.undo(stranger(tmp_path / "else", "odd.wav", link, str(source)))
        assert [each.reason for each in undone.kept] == ["is a sound of the library"]
    assert real.read_bytes() == (sounds / "odd.wav").read_bytes() == b"1"


def test_a_link_that_is_known_as_a_sound_stays(library, sounds, tmp_path):
    fill(library, {sounds / "a.wav": b"1"})
    (sounds / "a.wav").rename(tmp_path / "a.wav")
    (sounds / "a.wav").symlink_to(tmp_path / "a.wav")
    undone = library.exports.undo(stranger(sounds, "a.wav", "symbolic", str(tmp_path / "a.wav")))
    assert (undone.removed, (sounds / "a.wav").is_symlink()) == (0, True)


@pytest.mark.parametrize("name", ["kick.wav", "notes.csv", "README.txt", "clusters/cluster-1/mine.txt"])
def test_of_texts_only_those_that_an_export_writes_are_removed(filled, tmp_path, name):
    path = tmp_path / "mine" / name
    path.parent.mkdir(parents=True)
    path.write_text("mine")
    undone = filled.exports.undo(stranger(tmp_path / "mine", name, "written"))
    assert {each.path: each.reason for each in undone.kept} == {str(path): "is not of this export"}
    assert path.exists()


def test_a_copy_that_was_added_to_the_library_stays(filled, tmp_path):
    exported = filled.export([1], to=tmp_path / "out")
    with filled._store.writing() as db:
        db.conn.execute("UPDATE files SET path = ? WHERE sound_id = 1", [str(tmp_path / "out/a.wav")])
    assert filled.exports.undo(Path(exported.manifest)).removed == 0


@pytest.mark.parametrize("text", ["{}", "no json", '{"format": 3, "maker": "earshot"}', "[]", '{"files": "x"}'])
def test_what_is_no_manifest_is_told_in_a_sentence(tmp_path, text):
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(EarshotError, match="is no manifest of an export"):
        undo(tmp_path / "manifest.json")


def test_the_last_export_is_remembered_and_then_the_one_before(filled):
    first, second = filled.export([1], name="one"), filled.export([2], name="two")
    assert filled.exports.last() == Path(second.manifest)
    assert filled.exports.undo().folder == second.folder
    assert filled.exports.undo().folder == first.folder
    with pytest.raises(NotFoundError, match="nothing was exported"):
        filled.exports.undo()


# Refused


def test_a_dry_run_writes_nothing(filled, tmp_path):
    before = tree(tmp_path)
    plan = filled.exports.plan([6], clustering=1, to=tmp_path / "out").as_dict()
    assert tree(tmp_path) == before
    assert (plan["sounds"], plan["files"], plan["folder"]) == (6, 6, str(tmp_path / "out"))
    assert plan["would_write"][:2] == ["apart.wav", "clusters/cluster-1/b.wav"]
    filled.export([6], clustering=1, to=tmp_path / "out")
    assert sorted(plan["would_write"]) == files_below(tmp_path / "out")


@pytest.mark.parametrize("inside", ["", "kick", "out", "kick/deep/out", "x.csv"])
@pytest.mark.parametrize("form", ["folders", "csv"])
def test_nothing_is_written_among_the_sounds(filled, sounds, tmp_path, inside, form):
    before = tree(tmp_path)
    (tmp_path / "link").symlink_to(sounds)
    for start in (sounds, tmp_path / "link", sounds / "kick/..", tmp_path / "none/../in"):
        with pytest.raises(EarshotError, match=r"the sounds of the library; choose a folder that lies elsewhere"):
            filled.export([1], to=start / inside, form=form)
    (tmp_path / "link").unlink()
    assert tree(tmp_path) == before


def test_folders_that_were_looked_into_are_no_place_also_where_only_their_subfolders_hold_sounds(
    library, tmp_path, monkeypatch
):
    monkeypatch.setattr("core.ingest.ListenerPool", ListenerInThisProcess)
    tiny_wav(tmp_path / "in/kick/a.wav")
    tiny_wav(tmp_path / "single/b.wav", 1)
    list(library.ingest([tmp_path / "in", tmp_path / "single/b.wav"]))

    for place in ("in", "in/out", "in/kick/out", "single"):
        with pytest.raises(EarshotError, match="choose a folder that lies elsewhere"):
            library.export([1], to=tmp_path / place)
    library.export([1], to=tmp_path / "single/out")  # a file was named, nothing else is looked for beside it
    library.export([1], to=tmp_path / "out")


def test_the_parent_of_the_sounds_is_a_place(filled, tmp_path):
    filled.export(clustering=1, to=tmp_path)
    assert (tmp_path / "clusters/cluster-1/a.wav").exists()


def test_nothing_is_written_in_the_folder_of_the_library(filled, tmp_path):
    for place in (filled.folder, filled.folder / "out"):
        with pytest.raises(EarshotError, match="lies in the folder of the library"):
            filled.export([1], to=place)


def test_nothing_is_written_over_what_is_there(filled, tmp_path):
    (tmp_path / "out/clusters").mkdir(parents=True)
    with pytest.raises(EarshotError, match=r"out/clusters is there already and stays as it is"):
        filled.export(clustering=1, to=tmp_path / "out")
    (tmp_path / "two").mkdir()
    (tmp_path / "two/manifest.json").write_text("{}")
    with pytest.raises(EarshotError, match=r"two/manifest.json is there already"):
        filled.export(clustering=1, to=tmp_path / "two")
    (tmp_path / "x.csv").write_text("mine")
    with pytest.raises(EarshotError, match=r"x.csv is there already"):
        filled.export(clustering=1, to=tmp_path / "x.csv", form="csv")
    (tmp_path / "file").write_text("mine")
    with pytest.raises(EarshotError, match=r"file is a file; name a folder"):
        filled.export(clustering=1, to=tmp_path / "file" / "out")
    assert (tmp_path / "x.csv").read_text() == "mine"


def test_a_second_export_to_a_place_says_how_to_take_the_first_one_back(filled, tmp_path):
    first = filled.export(clustering=1, to=tmp_path / "out")
    with pytest.raises(EarshotError, match=f"holds the export of clustering 1 already; .*--undo {first.manifest}"):
        filled.export([1], to=tmp_path / "out")
    undo(Path(first.manifest))
    filled.export([1], to=tmp_path / "out")


@pytest.mark.parametrize("form", ["folders", "csv"])
def test_sounds_that_are_gone_or_changed_are_told_before_anything_is_written(filled, sounds, tmp_path, form):
    (sounds / "kick/a.wav").unlink()
    (sounds / "rain/a.wav").write_bytes(b"other")
    with pytest.raises(NotFoundError) as told:
        filled.export(clustering=1, to=tmp_path / "out", form=form)
    assert str(told.value) == (
        f"2 of 5 sounds cannot be exported: sound 1 ({sounds / 'kick/a.wav'}) is gone, sound 3"
        f" ({sounds / 'rain/a.wav'}) has changed since it was heard; ingest the folders that hold them now, or leave"
        " them out with: --skip-missing"
    )
    assert not (tmp_path / "out").exists()

    exported = filled.export(clustering=1, to=tmp_path / "out", form=form, skip_missing=True)
    assert exported.sounds == 3
    assert [(each.id, each.reason) for each in exported.left_out] == [
        (1, "is gone"),
        (3, "has changed since it was heard"),
    ]
    with pytest.raises(NotFoundError, match="1 of 1 sounds cannot be exported"):
        filled.export([1], skip_missing=True)


def test_a_file_whose_time_alone_changed_is_the_same_sound(filled, sounds, tmp_path):
    os.utime(sounds / "kick/a.wav", ns=(5, 5))
    assert filled.export([1], to=tmp_path / "out").files == 1


def test_a_sound_with_another_file_is_taken_from_that(library, sounds, tmp_path):
    fill(library, {sounds / "a.wav": b"same", sounds / "b.wav": b"same"})
    (sounds / "a.wav").unlink()
    library.export([1], to=tmp_path / "out")
    assert (tmp_path / "out/b.wav").read_bytes() == b"same"


@pytest.mark.parametrize(
    ("arguments", "problem", "told"),
    [
        ({}, UnsupportedError, "there is nothing to export; name some sounds or a clustering"),
        ({"ids": [99]}, NotFoundError, "there is no sound 99; search for one"),
        ({"clustering": 7}, NotFoundError, "there is no clustering 7"),
        ({"clustering": 1, "clusters": [9]}, NotFoundError, "clustering 1 has no cluster 9; it has 1 to 2"),
        ({"clustering": 1, "clusters": [2**70]}, NotFoundError, f"clustering 1 has no cluster {2**70}; it has 1 to 2"),
        ({"clustering": 1, "clusters": []}, NotFoundError, "clustering 1 has no sound there; name another cluster"),
        ({"ids": [1], "link": "soft"}, UnknownNameError, "no link is called 'soft'; known are copy, hard, symbolic"),
        ({"ids": [1], "form": "zip"}, UnknownNameError, "no form is called 'zip'"),
        ({"ids": [1], "to": Path("a\0b")}, EarshotError, "cannot be a folder"),
    ],
)
def test_what_cannot_be_asked_for_is_told_and_leaves_nothing(filled, tmp_path, arguments, problem, told):
    before = tree(tmp_path)
    with pytest.raises(problem, match=told):
        filled.export(**arguments)
    assert tree(tmp_path) == before


def test_where_no_sound_is_outside_of_the_groups_that_is_told(library, sounds, tmp_path):
    fill(library, {sounds / "a.wav": b"1"})
    group(library, {1: ("T", [1])})
    told = "^clustering 1 has no sound outside of its groups; name another cluster$"
    with pytest.raises(NotFoundError, match=told):
        library.export(clustering=1, clusters=[0], to=tmp_path / "out")
    assert library.export(clustering=1, clusters=[0, 1], to=tmp_path / "out").sounds == 1


# When something goes wrong


def failing(monkeypatch, problem: BaseException, after: int) -> None:
    """Has the copying of a file fail half-way, when some were copied."""
    copied: list[Path] = []
    copy = writing._copy_bytes

    def copy_some(file, target):
        if len(copied) == after:
            target.write_bytes(b"half of i")
            raise problem
        copied.append(target)
        copy(file, target)

    monkeypatch.setattr(writing, "_copy_bytes", copy_some)


@pytest.mark.parametrize("place", ["out", "new/deep", "mine", None])
def test_a_full_disk_leaves_nothing_behind(filled, tmp_path, monkeypatch, place):
    (tmp_path / "mine").mkdir()
    before = {path: seen for path, seen in tree(tmp_path).items() if not path.startswith("library")}
    failing(monkeypatch, OSError(errno.ENOSPC, "No space left on device"), after=3)
    with pytest.raises(EarshotError, match="No space left on device; nothing was exported, choose another place"):
        filled.export(clustering=1, to=place and tmp_path / place)
    assert {path: seen for path, seen in tree(tmp_path).items() if not path.startswith("library")} == before


@pytest.mark.parametrize("stop", [KeyboardInterrupt(), RuntimeError("a mistake")])
def test_a_stop_in_the_middle_leaves_nothing_behind(filled, tmp_path, monkeypatch, stop):
    failing(monkeypatch, stop, after=2)
    with pytest.raises(type(stop)):
        filled.export(clustering=1, to=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_leaving_the_iteration_leaves_nothing_behind(filled, tmp_path):
    run = filled.exports.write(filled.exports.plan(clustering=1, to=tmp_path / "out"))
    with contextlib.closing(iter(run)) as steps:
        assert next(steps).done == 1
        assert len(files_below(tmp_path / "out")) == 2
    assert not (tmp_path / "out").exists()


def test_a_killed_export_can_be_taken_back(filled, sounds, tmp_path):
    """What a kill leaves behind is what is there in the middle: the manifest, some files, and half of one."""
    plan = filled.exports.plan(clustering=1, to=tmp_path / "out")
    with contextlib.closing(iter(filled.exports.write(plan))) as steps:
        next(steps), next(steps)
        shutil.copytree(tmp_path / "out", tmp_path / "left")
    (tmp_path / "left/clusters/cluster-2/.earshot-partial").write_bytes(b"half of i")

    with pytest.raises(EarshotError, match="holds the export of clustering 1 that was cut off already"):
        filled.export([1], to=tmp_path / "left")
    undone = undo(tmp_path / "left")
    assert (undone.removed, undone.gone, undone.kept) == (2, 6, [])
    assert not (tmp_path / "left").exists()


def test_a_target_that_may_not_be_written_to_is_told(filled, tmp_path, monkeypatch):
    (tmp_path / "read only").mkdir()
    monkeypatch.setattr("core.export.places.os.access", lambda *_: False)
    with pytest.raises(EarshotError, match="read only may not be written to; choose another folder"):
        filled.export([1], to=tmp_path / "read only/out")


def test_a_read_only_disk_is_told_and_leaves_nothing(filled, tmp_path, monkeypatch):
    mkdir = Path.mkdir

    def refuse(self, *rest, **named):
        if self.name == "cluster-2":
            raise OSError(errno.EROFS, "Read-only file system")
        mkdir(self, *rest, **named)

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(EarshotError, match="Read-only file system; nothing was exported"):
        filled.export(clustering=1, to=tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="writes to /proc, where nothing can be written")
def test_proc_is_no_place(filled):
    with pytest.raises(EarshotError):
        filled.export([1], to=Path("/proc/earshot"))


def test_room_is_looked_for_before_a_copy_and_not_for_links(filled, tmp_path, monkeypatch):
    monkeypatch.setattr("core.export.places.shutil.disk_usage", lambda _: SimpleNamespace(free=1500))
    with pytest.raises(EarshotError, match=r"has room for 1.5 kB, and 2.0 kB would be copied; choose another disk"):
        filled.export([1, 2], to=tmp_path / "out")
    assert not (tmp_path / "out").exists()
    filled.export([1, 2], to=tmp_path / "out", link="hard")


def test_hard_links_to_another_disk_are_refused_before_anything_is_written(filled, sounds, tmp_path, monkeypatch):
    stat = os.stat
    there = str(sounds / "kick/a.wav")

    def elsewhere(path, **named):
        status = stat(path, **named)
        if str(path) != there:
            return status
        return SimpleNamespace(
            st_dev=status.st_dev + 1, st_size=status.st_size, st_mtime_ns=status.st_mtime_ns, st_mode=status.st_mode
        )

    monkeypatch.setattr(os, "stat", elsewhere)
    with pytest.raises(UnsupportedError, match=r"lies on another disk than .* choose copies or symbolic links"):
        filled.export([1], to=tmp_path / "out", link="hard")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("number", [errno.EXDEV, errno.EPERM])
def test_hard_links_that_a_disk_refuses_are_told_and_leave_nothing(filled, tmp_path, monkeypatch, number):
    def refuse(*_, **__):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "link", refuse)
    with pytest.raises(EarshotError, match=r"hard links to these sounds cannot be made in .*; choose copies"):
        filled.export(clustering=1, to=tmp_path / "out", link="hard")
    assert not (tmp_path / "out").exists()


def test_a_sound_that_cannot_be_read_is_named(filled, sounds, tmp_path, monkeypatch):
    source = str(sounds / "rain/a.wav")
    failing(monkeypatch, PermissionError(errno.EACCES, "Permission denied", source), after=2)
    with pytest.raises(EarshotError, match=f"^{source}: Permission denied; nothing was exported, check that this file"):
        filled.export(clustering=1, to=tmp_path / "out")


def test_an_exports_folder_among_the_sounds_is_told_with_its_setting(library, settings):
    fill(library, {settings.exports / "a.wav": b"1"})
    with pytest.raises(EarshotError, match="; set EARSHOT_EXPORTS to a folder that lies elsewhere"):
        library.export([1])


def test_a_file_that_changes_under_the_copy_is_noticed_by_its_hash(filled, sounds, tmp_path):
    path = sounds / "rain/c.wav"
    times = path.stat()
    path.write_bytes(b"x" * times.st_size)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    with pytest.raises(EarshotError, match=r"rain/c.wav has changed since it was heard.*: --skip-missing$"):
        filled.export(clustering=1, to=tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("link", LINKS)
def test_a_file_that_changed_and_kept_its_time_and_size_is_left_out_of_copies_and_links(filled, sounds, tmp_path, link):
    path = sounds / "rain/c.wav"
    times = path.stat()
    path.write_bytes(b"x" * times.st_size)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    if link != "copy":
        with pytest.raises(NotFoundError, match=r"rain/c.wav\) has changed since it was heard"):
            filled.export(clustering=1, to=tmp_path / "out", link=link)
    exported = filled.export(clustering=1, to=tmp_path / "out", link=link, skip_missing=True)
    assert [(each.id, each.reason) for each in exported.left_out] == [(4, "has changed since it was heard")]
    for row in manifest_of(exported)["files"]:
        data = (tmp_path / "out" / row["path"]).read_bytes()
        assert (row["sha256"], row["size_bytes"]) == (hashlib.sha256(data).hexdigest(), len(data))


def test_what_cannot_be_removed_is_told_and_can_be_tried_again(filled, tmp_path, monkeypatch):
    exported = filled.export([1, 2], to=tmp_path / "out")
    unlink = Path.unlink

    def refuse(self, *rest, **named):
        if self.name == "a.wav":
            raise PermissionError(errno.EACCES, "Permission denied")
        unlink(self, *rest, **named)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", refuse)
        undone = undo(Path(exported.manifest))
    assert [each.reason for each in undone.kept] == ["cannot be removed (Permission denied)"]
    again = undo(Path(exported.manifest))
    assert (again.removed, again.gone, again.kept) == (1, 1, [])
    assert not (tmp_path / "out").exists()


# Many


def test_a_clustering_is_read_as_a_whole_however_many_groups_it_has(library, sounds, tmp_path, monkeypatch):
    fill(library, {sounds / f"{n}.wav": b"%d" % n for n in range(1, 31)})
    group(library, {n: (f"T{n}", [n]) for n in range(1, 31)})
    read: list[str] = []
    execute = Database.execute
    monkeypatch.setattr(Database, "execute", lambda self, sql, *rest: read.append(sql) or execute(self, sql, *rest))
    assert library.exports.plan(clustering=1, to=tmp_path / "out").sounds == 30
    assert sum("FROM members" in sql for sql in read) <= 2


def test_ten_thousand_sounds_are_linked_and_taken_back_in_seconds(library, sounds, tmp_path):
    """Seconds of this process; what a busy disk adds is not ours."""
    fill(
        library, {sounds / f"{n % 100}/take.wav" if n < 100 else sounds / f"{n}.wav": b"%d" % n for n in range(10_000)}
    )
    group(library, {1: ("All", range(1, 10_001))})
    before, started = tree(sounds), time.process_time()
    exported = library.export(clustering=1, to=tmp_path / "out", link="hard")
    assert len(os.listdir(tmp_path / "out/clusters/cluster-1")) == 10_001
    assert undo(Path(exported.manifest)).removed == 10_001
    assert time.process_time() - started < 15
    assert tree(sounds) == before
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("n_bytes", "text"), [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (96_300, "96.3 kB"), (3_200_000_000, "3.2 GB")]
)
def test_a_size_is_told_in_the_unit_that_a_person_reads(n_bytes, text):
    assert readable_size(n_bytes) == text
