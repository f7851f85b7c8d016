"""A title is true if a search for it finds the sounds of its group before all others."""

import numpy as np
import pytest

from core.grouping import name_check
from core.grouping.name_check import NameCheck
from core.library import Library
from core.store.clusterings import Members
from core.store.db import Store


@pytest.fixture
def check(demo_library: Library):
    """Checks titles of two groups: rain, and all else."""
    store = Store(demo_library.folder)
    with store.reading() as db:
        rows = db.execute("SELECT sound_id, path LIKE '%/rain/%' FROM files ORDER BY sound_id").fetchall()
        members = Members(
            np.array([row[0] for row in rows]), np.array([2 - row[1] for row in rows]), np.ones(len(rows))
        )
        yield NameCheck(db, demo_library.ears.for_text(), members), members


def test_a_true_title_finds_its_group_and_the_same_title_is_false_of_the_others(check) -> None:
    checks, _ = check
    assert checks.auc("rain", 1) == 1.0
    assert checks.auc("rain", 2) == 0.0
    assert checks.auc("xyzzy", 1) == 0.5, "a word that nobody knows says nothing"


def test_without_others_there_is_nothing_to_tell_apart(demo_library: Library, check) -> None:
    _, members = check
    with Store(demo_library.folder).reading() as db:
        alone = NameCheck(db, None, Members(members.sounds, np.ones(len(members.sounds), np.int64), members.typicality))
        assert alone.auc("rain", 1) is None
        assert alone.auc("rain", 7) is None


def test_of_many_sounds_each_group_sends_its_share_and_no_group_fewer_than_it_needs(monkeypatch) -> None:
    monkeypatch.setattr(name_check, "FEWEST", 5)
    clusters = np.repeat([1, 2, 3], [1000, 40, 3])
    rows = name_check.sample(clusters, 100)
    # 1000 * 100 // 1043 = 95 of the first; 40 * 100 // 1043 = 3, so 5 of the second; all three of the last
    assert np.bincount(clusters[rows])[1:].tolist() == [95, 5, 3]
    assert (np.diff(rows) > 0).all()


def test_a_word_is_borne_out_where_the_ears_hear_it_more_than_elsewhere(check) -> None:
    checks, _ = check
    assert checks.is_heard("rain", 1)
    assert not checks.is_heard("rain", 2)
    assert not checks.is_heard("xyzzy", 1)
