"""The commands that take groups away, as a person types them."""

import hashlib
import json
import os
import shutil
import signal
from pathlib import Path

import pytest

from agent import export_verbs
from tests.exporting import fill, group, tree
from tests.runs import cli, start_cli, wait_until


@pytest.fixture
def held(library, tmp_path) -> Path:
    """The folder of a library of three sounds in two groups, and one of no group."""
    fill(library, {tmp_path / "in" / f"{name}.wav": name.encode() * 50 for name in ("a", "b", "c", "d")})
    group(library, {1: ("[red]Thumps\x1b[2J", [1, 2]), 2: ("Rain", [3]), 0: ("", [4])})
    return library.folder


def test_an_export_is_one_document_and_so_is_its_undo(run, held, tmp_path):
    before = tree(tmp_path / "in")
    out = tmp_path / "out"
    done = run("export", 1, out, "--library", held, "--json")

    assert (done.code, done.document) == (
        0,
        {
            "dry_run": False,
            "folder": str(out),
            "files": 4,
            "manifest": str(out / "manifest.json"),
            "sounds": 4,
            "size_bytes": 200 + sum(path.stat().st_size for path in out.rglob("README.txt")),
            "form": "folders",
            "link": "copy",
            "clustering": 1,
            "left_out": [],
        },
    )
    assert sorted(os.listdir(out / "clusters")) == ["cluster-1", "cluster-2", "unassigned"]
    size = done.document["size_bytes"]
    for dry in (["--dry-run"], []):
        undone = run("export", "--undo", out / "manifest.json", *dry, "--json").document
        kept = {"folder": str(out), "removed": 7, "size_bytes": size, "gone": 0, "kept": []}
        assert undone == {"dry_run": bool(dry)} | kept
    assert not out.exists()
    assert tree(tmp_path / "in") == before


def test_a_dry_run_tells_what_would_be_written_and_writes_nothing(run, held, tmp_path):
    done = run("export", 1, tmp_path / "out", "--dry-run", "--library", held, "--json")
    assert done.document["dry_run"] is True
    assert done.document["would_write"] == [
        "clusters/cluster-1/a.wav",
        "clusters/cluster-1/b.wav",
        "clusters/cluster-1/README.txt",
        "clusters/cluster-2/c.wav",
        "clusters/cluster-2/README.txt",
        "clusters/unassigned/d.wav",
        "clusters/unassigned/README.txt",
        "manifest.json",
    ]
    told = run("export", 1, tmp_path / "out", "--dry-run", "--cluster", 2, "--link", "hard", "--library", held)
    out = told.out.replace("\n", "")
    assert out.startswith(f"Would write 1 hard links into {tmp_path / 'out'}:") and "clusters/cluster-2/c.wav" in out
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("link", ["hard", "symbolic"])
def test_links_are_made_where_they_are_asked_for(run, held, tmp_path, link):
    done = run("export", 1, tmp_path / "out", "--link", link, "--library", held)
    assert (done.code, done.out) == (0, f"4 {link} links in {tmp_path / 'out'}\n")
    assert f"earshot export --undo {tmp_path / 'out' / 'manifest.json'}" in done.err
    assert os.path.samefile(tmp_path / "out/clusters/cluster-2/c.wav", tmp_path / "in/c.wav")


@pytest.mark.parametrize("form", ["csv", "jsonl", "m3u8"])
def test_a_list_is_written_by_the_name_of_its_file_or_by_its_format(run, held, tmp_path, form):
    one = run("export", 1, tmp_path / f"groups.{form}", "--library", held, "--json").document
    assert (one["form"], one["files"], one["sounds"]) == (form, 1, 4)
    assert str(tmp_path / "in/c.wav") in (tmp_path / f"groups.{form}").read_text()
    many = run("export", 1, tmp_path / "lists", "--format", form, "--library", held, "--json").document
    assert many["files"] == (3 if form == "m3u8" else 1)
    for made in (one, many):
        assert run("export", "--undo", made["manifest"]).code == 0
    assert sorted(os.listdir(tmp_path)) == ["in", "library"]


def test_what_stays_is_told(run, held, tmp_path):
    run("export", 1, tmp_path / "out", "--library", held, "--json")
    changed = tmp_path / "out/clusters/cluster-1/a.wav"
    changed.write_bytes(b"mine")
    done = run("export", "--undo", tmp_path / "out")
    assert done.code == 0
    assert done.out.splitlines() == [
        f"Removed 6 files from {tmp_path / 'out'}",
        f"stays {changed}: was changed",
    ]
    again = run("export", "--undo", tmp_path / "out", "--json")
    assert (again.code, again.document) == (
        1,
        {"error": f"there is no manifest {tmp_path / 'out' / 'manifest.json'}; an export tells the path of its own"},
    )


def test_a_strangers_manifest_removes_no_sound_of_the_library(run, held, tmp_path):
    row = {"path": "a.wav", "source": "/etc/hostname", "id": 1, "sha256": hashlib.sha256(b"a" * 50).hexdigest()}
    document = {"made_at": "", "complete": True, "folder": "", "form": "folders", "clustering": None, "parents": 0}
    document |= {"files": [row | {"size_bytes": 50, "link": "copy"}], "folders": []}
    (tmp_path / "in/manifest.json").write_text(json.dumps(document))
    done = run("export", "--undo", tmp_path / "in", "--library", held, "--json").document
    kept = [{"path": str(tmp_path / "in/a.wav"), "reason": "is a sound of the library"}]
    assert (done["removed"], done["kept"]) == (0, kept)


@pytest.mark.parametrize("number", ["0", "-1", "-99999999999999999999999", "99999999999999999999999"])
def test_a_number_that_no_clustering_can_have_is_told(run, held, tmp_path, number):
    done = run("export", "--library", held, "--", number, tmp_path / "out")
    assert (done.code, done.out) == (2, "")
    assert "Input should be" in done.err and "equal to" in done.err


def test_sounds_that_are_gone_are_told_and_left_out_where_that_is_wanted(run, held, tmp_path):
    (tmp_path / "in/c.wav").unlink()
    done = run("export", 1, tmp_path / "out", "--library", held)
    assert (done.code, done.out) == (1, "")
    assert "1 of 4 sounds cannot be exported: sound 3" in done.err and "--skip-missing" in done.err
    done = run("export", 1, tmp_path / "out", "--library", held, "--skip-missing", "--json")
    left_out = [{"id": 3, "path": str(tmp_path / "in/c.wav"), "reason": "is gone"}]
    assert (done.code, done.document["left_out"], done.document["sounds"]) == (0, left_out, 3)


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["1"], 2, "say what and where to"),
        ([], 2, "say what and where to"),
        (["1", "OUT", "--undo", "OUT"], 2, "--undo takes the manifest and nothing else"),
        (["9", "OUT"], 1, "there is no clustering 9; known are: 1"),
        (["1", "OUT", "--cluster", "7"], 1, "clustering 1 has no cluster 7"),
        (["1", "OUT", "--link", "soft"], 1, "known are copy, hard, symbolic"),
        (["1", "OUT", "--format", "zip"], 1, "known are folders, csv, m3u8, jsonl"),
        (["1", "IN"], 1, "among the sounds of the library"),
        (["1", "LIBRARY"], 1, "lies in the folder of the library"),
    ],
)
def test_a_wrong_call_is_one_sentence_and_writes_nothing(run, held, tmp_path, arguments, code, told):
    places = {"OUT": tmp_path / "out", "IN": tmp_path / "in", "LIBRARY": held}
    before = tree(tmp_path)
    done = run("export", *[places.get(each, each) for each in arguments], "--library", held)
    assert (done.code, done.out) == (code, "")
    assert told in " ".join(done.err.replace("│", "").split())
    assert tree(tmp_path) == before


def test_what_a_title_holds_does_not_reach_the_terminal(run, held, tmp_path):
    done = run("export", 1, tmp_path / "out", "--format", "m3u8", "--dry-run", "--library", held)
    assert "\x1b" not in done.out
    assert "cluster-1 red Thumps 2J.m3u8" in done.out


def test_ctrl_c_removes_what_was_written_and_says_so(run, held, tmp_path, monkeypatch):
    def stopped(steps):
        next(steps), next(steps)
        raise KeyboardInterrupt

    monkeypatch.setattr(export_verbs, "with_bar", stopped)
    done = run("export", 1, tmp_path / "out", "--library", held)
    assert (done.code, done.out, done.err.strip()) == (130, "", export_verbs.NOTHING_LEFT)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_stopped_export_leaves_nothing_and_a_killed_one_can_be_taken_back(library, tmp_path, number):
    fill(library, {tmp_path / "in" / f"{n}.wav": b"%d" % n for n in range(3000)})
    group(library, {1: ("All", range(1, 3001))})
    before, inside = tree(tmp_path / "in"), tmp_path / "out/clusters/cluster-1"
    process = start_cli("export", "1", tmp_path / "out", "--library", library.folder)
    wait_until(lambda: inside.exists() and len(os.listdir(inside)) > 50)
    process.send_signal(number)
    _, told = process.communicate(timeout=60)

    if number == signal.SIGINT:
        assert (process.returncode, told.strip().splitlines()[-1]) == (130, export_verbs.NOTHING_LEFT)
    else:
        document = json.loads(cli("export", "--undo", tmp_path / "out", "--json").stdout)
        assert document["kept"] == []
        assert document["removed"] + document["gone"] == 3001
    assert not (tmp_path / "out").exists()
    assert tree(tmp_path / "in") == before


@pytest.mark.skipif(not shutil.which("mount") or os.geteuid() != 0, reason="makes a small disk, which takes root")
def test_a_small_disk_that_fills_up_is_empty_again(run, held, tmp_path, monkeypatch):
    disk = tmp_path / "disk"
    disk.mkdir()
    if os.system(f"mount -t tmpfs -o size=16k none {disk} 2>/dev/null"):
        pytest.skip("no disk may be mounted here")
    try:
        monkeypatch.setattr("core.export.places.check_room", lambda *_: None)
        done = run("export", 1, disk / "out", "--library", held)
        assert (done.code, done.out) == (1, "")
        assert "No space left on device; nothing was exported" in done.err
        assert os.listdir(disk) == []
    finally:
        os.system(f"umount {disk}")
