"""The tool that shows the map."""

import pytest
from langchain_core.messages import ToolMessage

from tools.show_map import show_map_tool


def shown(library, **args) -> ToolMessage:
    tool = show_map_tool(library, lambda _: None)
    return tool.invoke({"name": tool.name, "args": args, "id": "c1", "type": "tool_call"})


def test_a_map_tells_how_many_sounds_and_groups_it_shows(demo_library):
    clustering = demo_library.groups.make(4)
    answer = shown(demo_library)
    assert answer.artifact == {
        "kind": "map",
        "title": "A map of 15 sounds",
        "clustering": clustering.clustering,
        "space": "builtin",
        "colour": "cluster",
        "n": 15,
        "groups": 4,
    }
    assert "15 sounds in 4 groups" in answer.text
    assert all(f'"{cluster.title}", {cluster.size} sounds' in answer.text for cluster in clustering.clusters)


def test_sounds_that_are_not_grouped_have_a_map_as_well(demo_library):
    answer = shown(demo_library)
    assert (answer.artifact["clustering"], answer.artifact["groups"]) == (None, 0)
    assert "not grouped yet" in answer.text


@pytest.mark.parametrize(
    ("colour", "name"), [("brightness", "brightness_hz"), ("Loudness", "loudness_lufs"), ("domain", "domain")]
)
def test_a_colour_may_be_named_as_a_person_would(demo_library, colour, name):
    assert shown(demo_library, colour=colour).artifact["colour"] == name


def test_what_does_not_exist_is_told_with_what_does(demo_library):
    assert shown(demo_library, colour="taste").status == "error"
    assert "known are cluster, domain," in shown(demo_library, colour="taste").text
    assert shown(demo_library, clustering=7).status == "error"
