"""What a person may set in the page."""

import pytest

from core.errors import EarshotError
from core.library import Library

pytestmark = pytest.mark.usefixtures("with_chainlit")


def shown(library: Library, **settings) -> dict[str, dict]:
    from agent.panel import Choice, widgets

    choice = Choice.of(settings.pop("kept", {}))
    libraries = {"ours": library.folder, **settings.pop("others", {})}
    given = library.settings.model_copy(update=settings)
    return {each.id: each.to_dict() for each in widgets(library, given, choice, libraries)}


def test_without_a_key_there_is_one_model_and_one_pair_of_ears(demo_library):
    panel = shown(demo_library)
    assert panel["model"]["disabled"]
    assert panel["model"]["initial"] == "embedded"
    assert [item["value"] for item in panel["ears"]["items"]] == ["builtin"]
    assert panel["ears"]["disabled"]
    assert panel["ask"]["initial"] == "unasked"
    assert not panel["ask"]["disabled"]
    assert panel["library"]["items"] == [{"label": "ours", "value": panel["library"]["initial"]}]
    assert str(demo_library.folder) not in str(panel), "no path is told"
    assert panel["library"]["disabled"]


def test_what_was_chosen_is_shown_and_what_cannot_be_counts_as_not_chosen(demo_library):
    from agent.panel import Choice

    panel = shown(demo_library, model="ollama:llama3.2", kept={"model": "embedded", "ask": "always"})
    assert panel["model"]["items"][0]["label"] == "ollama:llama3.2"
    assert panel["model"]["initial"] == "embedded"
    assert panel["ask"]["initial"] == "always"
    assert (
        shown(demo_library, model="ollama:llama3.2", kept={"model": 3, "ask": None})["model"]["initial"] == "configured"
    )
    for choice in (Choice(), Choice(embedded=True), Choice(asks_always=True)):
        assert Choice.of(choice.as_dict()) == choice


def test_ears_that_heard_nothing_do_not_answer(demo_library):
    from agent.panel import choose_ears

    choose_ears(demo_library, {})
    choose_ears(demo_library, {"ears": "builtin"})
    with pytest.raises(EarshotError, match="have not heard the library"):
        choose_ears(demo_library, {"ears": "clap"})
    assert demo_library.ears.chosen() == "builtin"


def test_only_a_library_that_is_offered_and_can_be_read_is_gone_to(demo_library, tmp_path):
    from agent.panel import chosen_library

    others = {"other": tmp_path / "other", "odd": tmp_path / "odd"}
    libraries = {"ours": demo_library.folder, **others}
    panel = shown(demo_library, others=others)["library"]
    keys = {item["label"]: item["value"] for item in panel["items"]}
    assert list(keys) == ["ours", "other", "odd"]
    assert not panel["disabled"]
    for stays in ({}, {"library": None}, {"library": keys["ours"]}):
        assert chosen_library(demo_library, libraries, stays) is None
    gone_to = chosen_library(demo_library, libraries, {"library": keys["other"]})
    assert gone_to is not None
    assert gone_to.folder == tmp_path / "other"
    for unknown in ("other", str(tmp_path), [keys["other"]], 3):
        with pytest.raises(EarshotError, match="not there any more"):
            chosen_library(demo_library, libraries, {"library": unknown})
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / "earshot.db").write_bytes(b"no database" * 100)
    with pytest.raises(EarshotError, match=r"earshot\.db"):
        chosen_library(demo_library, libraries, {"library": keys["odd"]})


async def test_a_library_whose_chats_cannot_be_opened_is_not_gone_to(demo_library):
    from agent.server import check_served

    await check_served(demo_library.folder)
    for name in ("history.db", "chats.db"):
        kept = (demo_library.folder / name).read_bytes()
        (demo_library.folder / name).write_bytes(b"no database" * 100)
        with pytest.raises(EarshotError):
            await check_served(demo_library.folder)
        (demo_library.folder / name).write_bytes(kept)


def test_where_people_log_in_only_the_library_of_theirs_is_told(demo_library, tmp_path):
    from agent.accounts import Accounts
    from agent.login import Logins
    from agent.server import Running
    from agent.shelf import Shelf

    shelf = Shelf(tmp_path)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "earshot.db").touch()
    shelf.put(tmp_path / "other")
    state = Running(demo_library, demo_library.settings, None, Logins(None, "s"), shelf)
    assert list(state.libraries()) == [demo_library.folder.name, "other"]
    state.logins = Logins(Accounts(demo_library.folder), "s")
    assert list(state.libraries()) == [demo_library.folder.name]


async def test_each_person_has_settings_of_their_own_and_they_are_kept(demo_library):
    from chainlit.user import User

    from agent.history import History

    async def nothing(_: str) -> None:
        return

    history = History(demo_library.folder, nothing)
    ada, bob = [await history.create_user(User(identifier=name, metadata={"a": 1})) for name in ("ada", "bob")]
    assert await history.chosen(ada.id) == {}
    await history.choose(ada.id, {"ask": "always"})
    again = History(demo_library.folder, nothing)
    assert await again.chosen(ada.id) == {"ask": "always"}
    assert await again.chosen(bob.id) == {}
    assert (await again.get_user("ada")).metadata["a"] == 1
