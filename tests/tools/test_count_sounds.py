"""The tool that counts: text for the model, cards for the page, words of strangers in quotes."""

import pytest

from agent.cards import card_for
from tools import build_tools


@pytest.fixture
def count(demo_library):
    tool = next(tool for tool in build_tools(demo_library) if tool.name == "count_sounds")

    def count(**args):
        return tool.invoke({"name": tool.name, "args": args, "id": "1", "type": "tool_call"})

    return count


def test_it_tells_how_many_how_long_and_what_was_counted(count):
    answer = count(heard=["bell"])
    artifact = answer.artifact
    assert answer.text.startswith(f'"Sounds with bell": {artifact["n"]} of 15 sounds, ')
    assert 'tagged with a probability of at least 0.5: "bell" is "Bell, Bicycle bell' in answer.text
    assert len(artifact["hits"]) == artifact["n"]
    card = card_for(artifact)
    assert card is not None
    assert (card.element, card.props["title"]) == ("SoundList", "Sounds with bell")


def test_several_things_tell_where_they_are_heard_at_once(count):
    artifact = count(heard=["bell", "glass"]).artifact
    assert 0 <= artifact["at_once"] <= artifact["n"]


def test_domains_are_a_table(count):
    artifact = count(by="domain").artifact
    assert artifact["columns"] == ["domain", "sounds", "seconds"]
    assert sum(int(row[1]) for row in artifact["rows"]) == 15


@pytest.mark.parametrize(
    ("args", "told"), [({"heard": ["quux"]}, "no sound that is called"), ({"by": "age"}, "by 'age'")]
)
def test_what_cannot_be_counted_is_told(count, args, told):
    answer = count(**args)
    assert answer.status == "error"
    assert told in answer.text
