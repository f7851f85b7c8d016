"""The spaces of a real small library compared: which sounds count, and where their labels come from."""

import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

import core.embedding
from core.comparison import compare_spaces
from core.errors import NotFoundError, UnsupportedError
from core.library import Library
from core.store.db import Store
from core.store.spaces import find_space, get_vectors, list_spaces
from tests.core.ingesting import in_this_process, run
from tests.sounds import noise, silence, sine, write_sound

pytestmark = in_this_process

RATE_HZ = 8000
PITCHES = {"low": 200, "middle": 800, "high": 2200}
EACH = 4  # sounds of each pitch: 12 in all, of 2.0 to 2.3 s

EARS = '''
"""Ears of a test: {name}."""
import hashlib
import numpy as np
from core.embedding.base import Embedder, Heard

class ToyEmbedder(Embedder):
    name, version, dim, sample_rate_hz, window_s, hop_s = "{name}", "1", 8, 8000, {window_s}, {window_s} / 2
    def hear(self, clips):
        vectors = np.zeros((len(clips), 8), np.float32)
        for row, clip in enumerate(clips):
            if clip.any():
                made = self.numbers(clip)
                vectors[row] = made / np.linalg.norm(made)
        return Heard(vectors, np.zeros((len(clips), 0), np.float32))
    def numbers(self, clip):
        {numbers}
    def weights_hash(self):
        return "none"

BACKEND = ToyEmbedder
'''
KINDS = {
    "pitch": "return [band.sum() + 1e-3 for band in np.array_split(np.abs(np.fft.rfft(clip, 4096)), 8)]",
    "dice": "return np.random.default_rng(hashlib.sha256(clip.tobytes()).digest()[0]).normal(size=8)",
    "slow": "return [band.sum() + 1e-3 for band in np.array_split(np.abs(np.fft.rfft(clip, 4096)), 8)]",
}


@pytest.fixture
def ears(tmp_path, monkeypatch) -> None:
    """Three more ears: `pitch` tells pitches apart, `dice` throws dice, `slow` needs three seconds at a time."""
    package = tmp_path / "more_ears"
    package.mkdir()
    for name, numbers in KINDS.items():
        window_s = 3.0 if name == "slow" else 1.0
        (package / f"{name}.py").write_text(EARS.format(name=name, numbers=numbers, window_s=window_s))
    monkeypatch.setattr(core.embedding, "__path__", [*core.embedding.__path__, str(package)])
    yield
    for name in KINDS:
        sys.modules.pop(f"core.embedding.{name}", None)


@pytest.fixture
def folder(tmp_path) -> Path:
    """`low/0.wav` and so on: tones in noise, the folder named by their pitch."""
    for place, (label, hz) in enumerate(PITCHES.items()):
        for number in range(EACH):
            seconds = 2 + number / 10
            tone = sine(hz * 1.02**number, seconds, RATE_HZ) + noise(seconds, RATE_HZ, 0.1, 10 * place + number)
            write_sound(tmp_path / "sounds" / label / f"{number}.wav", tone, RATE_HZ)
    return tmp_path / "sounds"


@pytest.fixture
def heard(library, folder, ears) -> Library:
    """A library in which `pitch` and `dice` have heard the folder."""
    for name in ("pitch", "dice"):
        hear(library, folder, name)
    return library


def hear(library: Library, path: Path, name: str) -> None:
    ingest = library.ingest([path], embedder=name)
    list(ingest)
    assert not ingest.report.skipped, ingest.report


def store(library: Library) -> Store:
    return Store(library.folder)


def table(path: Path, rows: list[str], header: str = "path,label") -> Path:
    path.write_text("\n".join([header, *rows]))
    return path


def test_labels_of_a_folder_rank_the_ears_that_hear_them_first(heard, folder) -> None:
    compared = compare_spaces(store(heard), spaces=["dice", "pitch"], labels=folder)
    first, last = compared.rows
    assert (first.space, first.map, first.top1, first.v_measure) == ("pitch", 1.0, 1.0, pytest.approx(1.0))
    assert (last.space, last.told_apart) == ("dice", True)
    assert last.map < 0.6
    assert (compared.sounds, compared.labels, compared.left_out, compared.unmatched) == (12, 3, 0, 0)
    assert compared.chance == pytest.approx(3 / 11)
    assert (first.sounds, first.dim) == (12, 8)
    assert compare_spaces(store(heard), spaces=["dice", "pitch"], labels=folder) == compared


def test_all_spaces_are_compared_unless_some_are_named(heard, folder) -> None:
    names = {row.space for row in compare_spaces(store(heard), labels=folder).rows}
    assert names >= {"pitch", "dice"}
    with store(heard).reading() as db:
        assert names == {space.fingerprint.name for space in list_spaces(db)}
    with pytest.raises(NotFoundError, match="ears 'clap'"):
        compare_spaces(store(heard), spaces=["pitch", "clap"], labels=folder)


def test_the_folders_of_the_library_are_labels_too(heard, folder) -> None:
    by_folder = compare_spaces(store(heard), by_folder=True)
    assert by_folder.rows == compare_spaces(store(heard), labels=folder).rows
    with pytest.raises(UnsupportedError, match="not both"):
        compare_spaces(store(heard), by_folder=True, labels=folder)


def test_copies_elsewhere_are_known_by_their_bytes_and_strangers_are_counted(heard, folder, tmp_path) -> None:
    expected = compare_spaces(store(heard), labels=folder)
    copied = shutil.copytree(folder, tmp_path / "copied", copy_function=shutil.copyfile)
    write_sound(copied / "low" / "stranger.wav", noise(1, RATE_HZ, seed=99), RATE_HZ)
    compared = compare_spaces(store(heard), labels=copied)
    assert (compared.rows, compared.unmatched) == (expected.rows, 1)
    assert "Not in the library: 1 of the labelled files." in compared.note


def test_a_file_that_changed_since_it_was_heard_is_a_stranger(heard, folder) -> None:
    write_sound(folder / "low" / "0.wav", noise(1, RATE_HZ, seed=99), RATE_HZ)
    compared = compare_spaces(store(heard), labels=folder)
    assert (compared.sounds, compared.unmatched) == (11, 1)


def test_a_sound_with_two_labels_counts_for_none(heard, folder, tmp_path) -> None:
    copied = shutil.copytree(folder, tmp_path / "copied")
    shutil.copy(folder / "low" / "0.wav", copied / "high" / "low too.wav")
    compared = compare_spaces(store(heard), labels=copied)
    assert (compared.sounds, compared.ambiguous, compared.unmatched) == (11, 1, 0)
    assert "Two labels each, so none: 1 sounds." in compared.note


def test_the_recordings_of_a_table_are_kept_apart(heard, folder, tmp_path) -> None:
    rows = [f"{label}/{number}.wav,{label},{label}{number // 2}" for label in PITCHES for number in range(EACH)]
    compared = compare_spaces(store(heard), labels=table(folder / "t.csv", rows, "path,label,source"))
    assert compared.chance == pytest.approx(2 / 10), "two of the ten sounds of other recordings"
    elsewhere = table(tmp_path / "t.csv", rows, "path,label,source")
    assert compare_spaces(store(heard), labels=elsewhere, folder=folder) == compared
    one_each = [f"{label}/{number}.wav,{label},{label}" for label in PITCHES for number in range(EACH)]
    with pytest.raises(UnsupportedError, match="no label has sounds of two recordings"):
        compare_spaces(store(heard), labels=table(folder / "t.csv", one_each, "path,label,source"))


def test_one_space_is_scored_with_labels_and_there_is_nothing_to_rank_without(heard, folder) -> None:
    compared = compare_spaces(store(heard), spaces=["pitch"], labels=folder)
    assert [(row.space, row.rank, row.map) for row in compared.rows] == [("pitch", 1, 1.0)]
    assert compared.note == "There is only the space 'pitch'; add another with: earshot ingest --embedder clap."
    with pytest.raises(UnsupportedError, match="add another with: earshot ingest --embedder clap"):
        compare_spaces(store(heard), spaces=["pitch"])


def test_without_labels_ears_that_know_a_sound_again_come_first(heard) -> None:
    compared = compare_spaces(store(heard), spaces=["dice", "pitch"])
    first, last = compared.rows
    assert (first.space, last.space, compared.labelled, compared.sounds) == ("pitch", "dice", False, 12)
    assert first.recognition > last.recognition
    assert first.stability > last.stability
    assert first.agreement == last.agreement
    assert first.map is None
    assert compare_spaces(store(heard), spaces=["dice", "pitch"]) == compared


def test_halves_are_of_sounds_twice_as_long_as_the_longest_window(heard, folder) -> None:
    hear(heard, folder, "slow")
    compared = compare_spaces(store(heard))
    assert {row.space: row.recognition for row in compared.rows}["pitch"] is None
    assert "Too few sounds are long enough" in compared.note


def test_only_sounds_that_all_have_heard_and_that_are_there_count(heard, folder) -> None:
    write_sound(folder / "low" / "new.wav", noise(1, RATE_HZ, seed=5), RATE_HZ)
    write_sound(folder / "low" / "silent.wav", silence(1, RATE_HZ), RATE_HZ)
    hear(heard, folder, "pitch")
    (folder / "high" / "3.wav").unlink()
    run(heard, folder)
    compared = compare_spaces(store(heard), spaces=["pitch", "dice"], by_folder=True)
    held = {row.space: row.sounds for row in compared.rows}
    assert (compared.sounds, compared.left_out) == (11, 2)
    assert held == {"pitch": 13, "dice": 11}
    assert "Left out: 2 sounds" in compared.note
    assert "have dice hear them with: earshot ingest --embedder dice" in compared.note
    hear(heard, folder, "dice")
    compared = compare_spaces(store(heard), spaces=["pitch", "dice"], by_folder=True)
    assert (compared.sounds, compared.left_out) == (12, 1), "silence has no neighbours"
    assert "earshot ingest" not in compared.note


def test_too_few_labels_are_told_with_what_is_missing(heard, folder, tmp_path) -> None:
    for label in ("one", "other"):
        write_sound(tmp_path / "strangers" / label / "a.wav", noise(1, RATE_HZ, seed=len(label)), RATE_HZ)
    with pytest.raises(UnsupportedError, match=r"to the 0 of its sounds .* and 2 of its files are not in the library"):
        compare_spaces(store(heard), labels=tmp_path / "strangers")
    with pytest.raises(NotFoundError, match="no table or folder"):
        compare_spaces(store(heard), labels=tmp_path / "nowhere")


def test_a_library_that_has_heard_nothing_says_what_to_do(library, tmp_path) -> None:
    with pytest.raises(NotFoundError, match="earshot ingest FOLDER"):
        compare_spaces(store(library))
    (tmp_path / "empty").mkdir()
    run(library, tmp_path / "empty")
    with pytest.raises(UnsupportedError, match="earshot ingest"):
        compare_spaces(store(library))


def test_the_halves_of_a_sound_share_no_moment(heard, monkeypatch) -> None:
    """Windows of 1 s every half second of 2.0 to 2.3 s: the first half holds the first, the second the last."""
    seen = []
    monkeypatch.setattr("core.comparison.compare_by_agreement", lambda spaces, seed: seen.extend(spaces) or 1 / 0)
    with pytest.raises(ZeroDivisionError):
        compare_spaces(store(heard), spaces=["pitch", "dice"])
    with store(heard).reading() as db:
        ids = sorted(row[0] for row in db.execute("SELECT id FROM sounds"))
        for space in seen:
            windows = [get_vectors(db, find_space(db, space.name), each) for each in ids]
            assert space.halves[0] == pytest.approx(np.array([each[0] for each in windows]), abs=1e-6)
            assert space.halves[1] == pytest.approx(np.array([each[-1] for each in windows]), abs=1e-6)


def test_it_tells_how_far_it_is_in_each_space(heard):
    steps = []
    compare_spaces(store(heard), spaces=["pitch", "dice"], by_folder=True, report=steps.append)
    assert [(step.done, step.total, step.label) for step in steps] == [
        (0, 24, "reading pitch"),
        (12, 24, "scoring pitch"),
        (12, 24, "reading dice"),
        (24, 24, "scoring dice"),
    ]
