"""Numbers that no row can have are told as unknown, wherever they enter."""

import pytest

from core.errors import NotFoundError
from core.library import Library
from core.store.ids import can_be_id
from tests.exporting import fill

BEYOND = [2**63, 2**70, -(2**70), 0, -1]


@pytest.fixture
def filled(library, tmp_path) -> Library:
    fill(library, {tmp_path / "in/a.wav": b"1"})
    return library


def test_an_id_is_what_sqlite_counts_to():
    assert [can_be_id(number) for number in (1, 2**63 - 1)] == [True, True]
    assert not any(can_be_id(number) for number in BEYOND)


@pytest.mark.parametrize("number", BEYOND)
def test_a_number_that_no_sound_or_selection_can_have_is_told_as_unknown(filled, number):
    with pytest.raises(NotFoundError, match=f"there is no selection {number}"):
        filled.selection(number)
    with pytest.raises(NotFoundError, match=f"there is no sound {number}"):
        filled.audio_path(number)
    with pytest.raises(NotFoundError, match=f"there is no sound {number}"):
        filled.exports.plan([number])
    with pytest.raises(NotFoundError, match=f"there is no sound {number}"):
        filled.keep_selection([number])
    assert [card["id"] for card in filled.cards([number, 1])] == [1]
