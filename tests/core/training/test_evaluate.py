"""The ears scored on a few synthesised sounds: by the same steps as an ingest, part by part, and by what names mean."""

import csv
import json
import sys
from pathlib import Path

import numpy as np
import pytest

from core.embedding.builtin import JOINT, read_joint
from core.errors import MissingDependencyError
from core.labels import read_labels
from core.library import Library
from core.store.db import Store
from core.store.spaces import all_vectors
from core.training.__main__ import main
from core.training.evaluate import JOINED, NETWORK, TIMBRE, evaluate, hear


@pytest.fixture
def table(demo_folder: Path, tmp_path: Path) -> Path:
    """A table of the small library's sounds, with the column `kind`."""
    path = tmp_path / "labels.csv"
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["path", "kind"])
        for sound in sorted(demo_folder.rglob("*.wav")):
            rows.writerow([sound.relative_to(demo_folder).as_posix(), sound.parent.name])
    return path


def test_what_is_scored_is_what_a_library_holds(demo_folder: Path, demo_library: Library) -> None:
    heard = hear(sorted(demo_folder.rglob("*.wav")))
    index = demo_library.load_index()
    with Store(demo_library.folder).reading() as db:
        held = all_vectors(db, index.space)
    assert np.allclose(heard[JOINED].vectors, held.vectors, atol=1e-3)  # float16 in the library
    assert np.array_equal(heard[JOINED].heard, held.heard)


def test_the_parts_together_are_the_whole(demo_folder: Path) -> None:
    """A cosine of joined vectors of one window is the mean of the parts' cosines, weighed by their shares."""
    heard = hear(sorted((demo_folder / "kick").iterdir()))
    whole, network, timbre = (
        float(vectors[0] @ vectors[1]) for vectors in (heard[part].vectors for part in (JOINED, NETWORK, TIMBRE))
    )
    share = read_joint(JOINT).timbre_share
    assert whole == pytest.approx((1 - share) * network + share * timbre, abs=2e-3)
    assert abs(network - timbre) > 0.02  # else any share would do


def test_the_ears_tell_a_few_kinds_of_sound_apart_and_know_their_names(table: Path, demo_folder: Path) -> None:
    results = evaluate(read_labels(table, folder=demo_folder), teacher=None)
    assert list(results) == [JOINED, NETWORK, TIMBRE]
    joined = results[JOINED]
    assert joined.by_sound.map > 0.8
    assert joined.by_text is not None
    assert joined.by_text.accuracy > 0.5  # chance is a quarter
    assert results[NETWORK].by_text is results[TIMBRE].by_text is None


def test_a_teacher_without_its_package_is_told_before_anything_is_heard(
    table: Path, demo_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.setattr("core.training.evaluate.hear", lambda _: pytest.fail("it heard the sounds first"))
    with pytest.raises(MissingDependencyError, match=r"earshot\[train\]"):
        evaluate(read_labels(table, folder=demo_folder), teacher=table)


def test_the_command_prints_one_report(
    table: Path, demo_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["training", "evaluate", "--table", str(table), "--folder", str(demo_folder)]
    monkeypatch.setattr(sys, "argv", command)
    main()
    report = json.loads(capsys.readouterr().out)
    assert report["sounds"] == 15
    assert report[JOINED]["by_sound"]["map"] > 0.8
    monkeypatch.setattr(sys, "argv", [*command[:3], "nowhere.csv", *command[4:]])
    with pytest.raises(SystemExit, match="there is no table or folder at nowhere"):
        main()
