"""Who may log in."""

import json
import stat

import pytest

from agent.accounts import ACCOUNTS, Accounts
from core.errors import EarshotError, NotFoundError

PASSWORD = "correct horse"


@pytest.fixture
def accounts(tmp_path):
    return Accounts(tmp_path / "library")


def test_a_password_proves_its_person_alone(accounts):
    assert accounts.put("Ada", PASSWORD) is True
    assert accounts.put("bob", "another one") is True
    assert accounts.names() == ["ada", "bob"]
    assert accounts.proves("ada", PASSWORD)
    assert accounts.proves(" ADA ", PASSWORD), "capitals and blanks around a name do not count"
    assert not accounts.proves("ada", "another one")
    assert not accounts.proves("ada", PASSWORD + "!")
    assert not accounts.proves("ada", "")
    assert not accounts.proves("eve", PASSWORD)


def test_a_password_is_the_same_however_its_letters_are_put_together(accounts):
    accounts.put("ada", "caf\u00e9 cr\u00e8me")
    assert accounts.proves("ada", "cafe\u0301 cre\u0300me")


def test_the_file_is_its_owners_and_holds_no_password(accounts, tmp_path):
    accounts.put("ada", PASSWORD)
    path = tmp_path / "library" / ACCOUNTS
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert PASSWORD not in path.read_text()
    first = json.loads(path.read_text())["ada"]
    accounts.put("bob", PASSWORD)
    second = json.loads(path.read_text())["bob"]
    assert first["salt"] != second["salt"]
    assert first["hash"] != second["hash"]
    assert [each.name for each in path.parent.iterdir()] == [ACCOUNTS], "nothing half-written is left"


def test_a_new_password_takes_the_place_of_the_old(accounts):
    accounts.put("ada", PASSWORD)
    assert accounts.put("ada", "another one") is False
    assert accounts.proves("ada", "another one")
    assert not accounts.proves("ada", PASSWORD)


def test_who_is_removed_is_out(accounts):
    accounts.put("ada", PASSWORD)
    assert accounts.since_s("ada") is not None
    accounts.remove("Ada")
    assert accounts.names() == []
    assert accounts.since_s("ada") is None
    assert not accounts.proves("ada", PASSWORD)
    with pytest.raises(NotFoundError, match="no account is called 'ada'; there is: nobody"):
        accounts.remove("ada")


@pytest.mark.parametrize("name", ["", "a b", "a/b", "a\nb", "x" * 65, "<b>", "a\u202eb"])
def test_a_name_that_cannot_be_one_changes_nothing(accounts, name):
    with pytest.raises(EarshotError, match="cannot be a name"):
        accounts.put(name, PASSWORD)
    assert accounts.names() == []


@pytest.mark.parametrize("password", ["", "1234567", "x" * 1025])
def test_a_password_that_is_too_short_or_too_long_changes_nothing(accounts, password):
    with pytest.raises(EarshotError, match="8 to 1024 letters"):
        accounts.put("ada", password)
    assert accounts.names() == []


def test_a_file_that_cannot_be_read_lets_nobody_in(accounts, tmp_path):
    accounts.put("ada", PASSWORD)
    (tmp_path / "library" / ACCOUNTS).write_text("{")
    for call in (accounts.names, lambda: accounts.proves("ada", PASSWORD), lambda: accounts.put("bob", PASSWORD)):
        with pytest.raises(EarshotError, match="cannot be read; mend it"):
            call()
    assert (tmp_path / "library" / ACCOUNTS).read_text() == "{", "nothing is written over it"
