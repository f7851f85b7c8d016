"""What is known of weights is found out once, and again for changed files; what holds it may come to harm."""

import hashlib
import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from core import known_weights, selftest, weights
from core.embedding import make_embedder
from core.errors import NotFoundError, UnsupportedError
from core.settings import Settings
from tests import tiny_vggish, tiny_wav2vec2

PLANTED = "0123456789abcdef"
OLD_NS = 1_600_000_000 * 10**9


@pytest.fixture
def chosen(tmp_path: Path) -> Settings:
    return Settings(models=tmp_path / "models", device="cpu")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return written(tmp_path / "weights.bin", b"1")


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Path, ...]]:
    """The files that were read, call by call, as in a new process."""
    hash_of, read = weights.hash_of, []

    def counted(*paths: Path, extra: str = "") -> str:
        read.append(paths)
        return hash_of(*paths, extra=extra)

    monkeypatch.setattr(weights, "hash_of", counted)
    known_weights._hash.cache_clear()
    return read


def written(path: Path, data: bytes, mtime_ns: int = OLD_NS) -> Path:
    path.write_bytes(data)
    os.utime(path, ns=(mtime_ns, mtime_ns))
    return path


def digits(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]


def kept(settings: Settings) -> Path:
    return settings.models / "cache" / "known_weights.json"


def plant(settings: Settings) -> None:
    """Changes all the hashes that are known to `PLANTED`, so that it is seen where they are used."""
    held = json.loads(kept(settings).read_text())
    for each in held["hashes"]:
        each["digits"] = PLANTED
    kept(settings).write_text(json.dumps(held))


# --- hashes -----------------------------------------------------------------------------------------------------------


def test_another_process_does_not_read_the_files_again(chosen: Settings, path: Path) -> None:
    assert known_weights.hash_of(chosen, path) == weights.hash_of(path) == digits(b"1")
    plant(chosen)
    code = (
        "from pathlib import Path; from core import known_weights; from core.settings import Settings;"
        f"print(known_weights.hash_of(Settings(models={str(chosen.models)!r}), Path({str(path)!r})))"
    )
    run = subprocess.run([sys.executable, "-B", "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == PLANTED


@pytest.mark.parametrize(("data", "mtime_ns"), [(b"2", OLD_NS + 1), (b"12", OLD_NS), (b"1", OLD_NS + 1)])
def test_a_file_of_another_size_or_time_is_read_again(chosen: Settings, path: Path, data: bytes, mtime_ns: int) -> None:
    known_weights.hash_of(chosen, path)
    plant(chosen)
    assert known_weights.hash_of(chosen, path) == PLANTED
    written(path, data, mtime_ns)
    assert known_weights.hash_of(chosen, path) == digits(data)


def test_other_files_and_another_text_are_other_entries(chosen: Settings, path: Path, tmp_path: Path) -> None:
    other = written(tmp_path / "config.json", b"{}")
    asked = [((path,), ""), ((path,), "x"), ((path, other), ""), ((other, path), "")]
    found = [known_weights.hash_of(chosen, *paths, extra=extra) for paths, extra in asked]
    assert found == [digits(data) for data in (b"1", b"x1", b"1{}", b"{}1")]
    assert found == [known_weights.hash_of(chosen, *paths, extra=extra) for paths, extra in asked]
    assert len(json.loads(kept(chosen).read_text())["hashes"]) == 4


def test_a_file_that_was_written_just_now_is_not_known_for_good(chosen: Settings, tmp_path: Path) -> None:
    """It may change once more without another time to tell, if the file system counts coarsely."""
    path = tmp_path / "fresh.bin"
    path.write_bytes(b"1")
    assert known_weights.hash_of(chosen, path) == digits(b"1")
    assert not kept(chosen).exists()


def test_files_that_are_gone_or_changed_are_forgotten_and_the_rest_is_bounded(
    chosen: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = [written(tmp_path / name, b"1") for name in "abc"]
    for path in paths[:2]:
        known_weights.hash_of(chosen, path)
    paths[0].unlink()
    written(paths[1], b"12")
    known_weights.hash_of(chosen, paths[2])
    files = [each["files"] for each in json.loads(kept(chosen).read_text())["hashes"]]
    assert files == [[[str(paths[2].resolve()), 1, OLD_NS]]]

    monkeypatch.setattr(known_weights, "MOST", 2)
    for extra in "xyz":
        known_weights.hash_of(chosen, paths[2], extra=extra)
        known_weights.pass_once(chosen, extra, lambda: None)
    held = json.loads(kept(chosen).read_text())
    assert ([each["extra"] for each in held["hashes"]], held["passed"]) == (["y", "z"], ["y", "z"])


# --- the file itself --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[]",
        b'{"format": 2}',
        b'{"hashes": 7}',
        b'{"hashes": [{"files": [], "extra": "", "digits": "?"}]}',
        b'{"passed": {"a": 1}}',
    ],
)
def test_a_damaged_file_is_as_good_as_none_and_is_made_anew(
    chosen: Settings, path: Path, damage: bytes, reads: list[tuple[Path, ...]]
) -> None:
    known_weights.hash_of(chosen, path)
    whole = kept(chosen).read_text()
    kept(chosen).write_bytes(damage)
    known_weights._hash.cache_clear()
    assert known_weights.hash_of(chosen, path) == digits(b"1")
    assert len(reads) == 2
    assert kept(chosen).read_text() == whole
    assert os.listdir(kept(chosen).parent) == [kept(chosen).name]


def test_where_nothing_can_be_kept_all_goes_on_and_a_process_reads_once(
    tmp_path: Path, path: Path, reads: list[tuple[Path, ...]]
) -> None:
    written(tmp_path / "models", b"a file in the place of the folder")
    chosen, tests = Settings(models=tmp_path / "models"), []
    for _ in range(2):
        assert known_weights.hash_of(chosen, path) == digits(b"1")
        known_weights.pass_once(chosen, "a", lambda: tests.append("a"))
    assert (len(reads), tests) == (1, ["a", "a"])


def test_two_processes_that_write_at_once_leave_a_whole_file(chosen: Settings, path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from core import known_weights; from core.settings import Settings\n"
        f"settings = Settings(models={str(chosen.models)!r})\n"
        "for n in range(40):\n"
        f"    known_weights.hash_of(settings, Path({str(path)!r}), extra=sys.argv[1] + str(n))\n"
    )
    runs = [subprocess.Popen([sys.executable, "-B", "-c", code, name]) for name in "ab"]
    while any(run.poll() is None for run in runs):
        if kept(chosen).exists():
            json.loads(kept(chosen).read_text())  # never a half one
    assert [run.returncode for run in runs] == [0, 0]
    last = json.loads(kept(chosen).read_text())["hashes"][-1]
    assert last["extra"] in {"a39", "b39"}
    assert os.listdir(kept(chosen).parent) == [kept(chosen).name]


# --- tests that were passed -------------------------------------------------------------------------------------------


def test_a_check_is_made_until_it_is_passed_and_then_no_more(chosen: Settings) -> None:
    made: list[str] = []

    def check() -> None:
        made.append("made")
        if len(made) < 3:
            raise UnsupportedError("broken")

    for _ in range(2):
        with pytest.raises(UnsupportedError):
            known_weights.pass_once(chosen, "a", check)
    for _ in range(2):
        known_weights.pass_once(chosen, "a", check)
    assert len(made) == 3
    known_weights.pass_once(chosen, "b", check)
    assert len(made) == 4


@pytest.fixture
def tests(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the ears that were tested."""
    check, made = selftest.check, []
    monkeypatch.setattr(selftest, "check", lambda ears: (made.append(ears.name), check(ears)))
    return made


@pytest.fixture(params=["clap", "wav2vec2", "vggish"])
def large(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Settings that choose a tiny checkpoint of a large model; `large.embedder` is its name."""
    return tiny(request.param, tmp_path)


def tiny(name: str, tmp_path: Path) -> Settings:
    pytest.importorskip("torch", exc_type=ImportError)
    pytest.importorskip("transformers", exc_type=ImportError)
    made = importlib.import_module(f"tests.tiny_{name}").make(tmp_path / "tiny")
    return Settings(embedder=name, models=tmp_path / "models", device="cpu", **made)


def test_ears_that_passed_once_are_made_ready_without_loading_them(
    large: Settings, tests: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    name = large.embedder
    for _ in range(2):
        ears = make_embedder(name, large)
        assert list(ears.prepare()) == []
    assert tests == [name]
    assert not {"_model", "_network"} & vars(ears).keys()
    monkeypatch.setattr(selftest, "VERSION", "0")
    list(make_embedder(name, large).prepare())
    assert tests == [name, name]


def test_ears_that_failed_are_tested_again(tmp_path: Path, tests: list[str]) -> None:
    chosen = tiny("vggish", tmp_path)
    next((tmp_path / "tiny").glob("vggish-*.pth")).unlink()
    deaf = {name: values * 0 for name, values in tiny_vggish.state().items()}
    tiny_vggish.write(tmp_path / "tiny", "vggish", deaf)
    for _ in range(2):
        with pytest.raises(UnsupportedError, match="'vggish' are broken"):
            list(make_embedder("vggish", chosen).prepare())
    assert tests == ["vggish", "vggish"]
    assert not kept(chosen).exists()


def test_weights_that_changed_are_tested_again(tmp_path: Path, tests: list[str]) -> None:
    chosen = tiny("wav2vec2", tmp_path)
    list(make_embedder("wav2vec2", chosen).prepare())
    tiny_wav2vec2.make(tmp_path / "tiny", seed=8)
    list(make_embedder("wav2vec2", chosen).prepare())
    assert tests == ["wav2vec2", "wav2vec2"]


def test_a_changed_file_must_still_be_what_its_name_promises(tmp_path: Path, tests: list[str]) -> None:
    chosen = tiny("vggish", tmp_path)
    path = next((tmp_path / "tiny").glob("vggish-*.pth"))
    os.utime(path, ns=(OLD_NS, OLD_NS))
    list(make_embedder("vggish", chosen).prepare())
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    written(path, bytes(data), OLD_NS + 1)
    with pytest.raises(NotFoundError, match="is damaged or another file"):
        list(make_embedder("vggish", chosen).prepare())


def test_a_captioner_that_passed_once_is_made_ready_without_loading_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from core.captioning import CAPTIONERS

    pytest.importorskip("torch", exc_type=ImportError)
    from core.captioning import conette
    from tests import tiny_conette

    chosen = Settings(models=tmp_path / "models", device="cpu", **tiny_conette.make(tmp_path / "tiny"))
    made: list[object] = []
    check = conette._check
    monkeypatch.setattr(conette, "_check", lambda model: (made.append(model), check(model)))
    for _ in range(2):
        captioner = CAPTIONERS.load("conette")(chosen)
        assert list(captioner.prepare()) == []
    assert len(made) == 1
    assert "_model" not in vars(captioner)
    other = chosen.model_copy(update={"conette_task": "audiocaps"})  # each task is one that it must know
    list(CAPTIONERS.load("conette")(other).prepare())
    assert len(made) == 2
