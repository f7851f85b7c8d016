"""What the real tools answer is enough to say what they did, and an error makes nothing known."""

from typing import Any

import pytest
from langchain_core.messages import ToolMessage

from agent.grounding.checking import Checked, checked
from agent.grounding.known import Known
from core.library import Library
from tools import build_tools


@pytest.fixture
def grouped(demo_library) -> Library:
    """Clustering 1 of four groups, and clustering 2, in which two of them are one; a selection of three sounds."""
    demo_library.groups.make(4, method="kmeans")
    demo_library.groups.merge([1, 2])
    demo_library.keep_selection([1, 5, 9])
    return demo_library


def known_after(library: Library, tool: str, args: dict[str, Any]) -> Known:
    (chosen,) = [each for each in build_tools(library) if each.name == tool]
    answer = chosen.invoke({"name": tool, "args": args, "id": "c1", "type": "tool_call"})
    assert isinstance(answer, ToolMessage)
    known = Known()
    known.hear(answer)
    return known


@pytest.mark.parametrize(
    ("tool", "args", "said"),
    [
        ("search_by_audio", {"sound": "9"}, "Like sound 9 (`kick_0.wav`), which I took, are sounds 10, 11 and 12."),
        ("search_by_text", {"text": "kick"}, "Sound 9, kick_0.wav, is one; “kick_1.wav” another."),
        ("get_metadata", {"sounds": ["9:0"]}, "Sound 9 at 0.1 s is of kick_0.wav; its chunk 9:0 as well."),
        ("get_metadata", {}, "There are clusterings 1 and 2."),
        ("versions", {}, "Clusterings 1 and 2 are kept; clustering 2 is meant."),
        ("versions", {"compare": [1, 2]}, "From clustering 1 to clustering 2 clusters 1 and 2 became cluster 1."),
        ("versions", {"restore": 1}, "Clustering 1 has groups 1 to 4."),
        ("cluster", {"k": 2, "method": "kmeans"}, "Clustering 3 has cluster 1 and cluster 2."),
        ("edit_clusters", {"change": "undo"}, "Clustering 1 is meant, with clusters 1, 2, 3 and 4."),
        ("edit_clusters", {"change": "rename", "clusters": [1], "title": "Low"}, "Group 1 of clustering 3 is Low."),
        ("edit_clusters", {"change": "merge", "clusters": [3, 4]}, "Clusters 3 and 4 are cluster 3 in clustering 3."),
        (
            "edit_clusters",
            {"change": "move", "clusters": [4], "sounds": ["1", "2"]},
            "Sounds 1 and 2 are in group 4 of clustering 3 now.",
        ),
        ("summarize_cluster", {"cluster": 1}, "Cluster 1 of clustering 2."),
        ("show_map", {}, "The map shows groups 1, 3 and 4 of clustering 2."),
        ("describe_selection", {"selection": 1}, "Selection 1 holds sounds 1, 5 and 9."),
        ("export", {"sounds": ["9", "10"]}, "Sounds 9 and 10 were copied."),
        ("export", {"clustering": 1, "clusters": [2]}, "Group 2 of clustering 1 was copied."),
        ("find_moments", {"text": "rain"}, "It rains in sound 13 at 0.0 s and in sound 14 (rain_1.wav) at 0.0 s."),
        ("count_sounds", {"max_s": 0.5}, "There are 4 sounds in all, and 15 in the library."),
    ],
)
def test_what_a_tool_did_can_be_told(grouped, tool, args, said):
    assert checked(said, known_after(grouped, tool, args)) == Checked(said, mended=False)


@pytest.mark.parametrize(
    ("tool", "args"),
    [
        ("get_metadata", {"sounds": ["77"]}),
        ("get_metadata", {"sounds": ["#77 or sound 77"]}),
        ("search_by_audio", {"sound": "77:1"}),
        ("summarize_cluster", {"cluster": 77}),
        ("summarize_cluster", {"cluster": 1, "clustering": 77}),
        ("describe_selection", {"selection": 77}),
        ("edit_clusters", {"change": "rename", "clusters": [77], "title": "x"}),
        ("count_sounds", {"heard": ["sound 77"]}),
    ],
)
def test_an_error_makes_no_number_known(grouped, tool, args):
    known = known_after(grouped, tool, args)
    assert not any(known.numbers.values())


@pytest.mark.parametrize(
    ("tool", "args"),
    [
        ("show_map", {}),
        ("count_sounds", {"by": "domain"}),
        ("get_metadata", {}),
        ("versions", {}),
        ("find_moments", {"text": "rain in sound 77 or group 77"}),
        ("search_by_text", {"text": "sound 77 of group 77 in clustering 77"}),
        ("edit_clusters", {"change": "rename", "clusters": [1], "title": "sound 77, group 77"}),
        ("edit_clusters", {"change": "assign", "clusters": [77], "sounds": ["77"]}),
        ("edit_clusters", {"change": "undo", "clusters": [77], "sounds": ["77"]}),
        ("edit_clusters", {"change": "rename", "clusters": [1], "title": "x", "sounds": ["77"]}),
        ("versions", {"name": "clustering 77 of selection 77"}),
    ],
)
def test_counts_and_words_of_the_person_are_no_numbers_of_sounds(grouped, tool, args):
    known = known_after(grouped, tool, args)
    assert not [kind for kind, numbers in known.numbers.items() if 77 in numbers]
    assert known.numbers["sound"] <= set(range(1, 16))
    if tool in ("show_map", "count_sounds", "get_metadata") or args == {}:
        assert known.numbers["sound"] == set()
