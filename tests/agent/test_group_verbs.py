"""The commands about groups, as a person types them."""

import pytest

from core.library import Library


@pytest.fixture
def library(demo_library: Library) -> Library:
    """The small library in four groups."""
    demo_library.groups.make(4)
    return demo_library


def test_groups_are_told_with_how_firm_they_are_and_whether_their_names_find_them(run, demo_library) -> None:
    done = run("cluster", "-k", "4", "--library", demo_library.folder, "--json")
    assert done.code == 0
    assert list(done.document) == ["clustering", "k", "method", "clusters", "outliers", "change"]
    for each in done.document["clusters"]:
        assert {"cluster", "title", "size", "keywords", "exemplars", "stability", "name_auc"} <= set(each)
    shown = run("clusters", "1", "--library", demo_library.folder).out
    assert "holds still" in shown
    assert "name finds it" in shown


def test_sounds_that_fit_nowhere_can_be_left_out(run, demo_library) -> None:
    made = run("cluster", "--method", "hdbscan", "--library", demo_library.folder, "--json").document
    assert made["method"] == "hdbscan"
    assert sum(each["size"] for each in made["clusters"]) + made["outliers"] == 15


def test_groups_are_changed_by_hand_and_every_change_is_taken_back(run, library) -> None:
    folder = library.folder
    renamed = run("regroup", "rename", "2", "Soft things", "--library", folder, "--json")
    assert (renamed.code, renamed.document["clustering"]) == (0, 2)
    assert "is called “Soft things” now. Take it back with: earshot regroup undo" in renamed.err
    assert run("regroup", "merge", "1", "3", "--library", folder, "--json").document["k"] == 3
    assert run("regroup", "split", "1", "-k", "3", "--library", folder, "--json").document["k"] == 5
    members = run("summarize", "4", "2", "--library", folder, "--json").document["members"]
    moved = run("regroup", "move", "4", members[0], "--library", folder, "--json")
    assert moved.document["clustering"] == 5
    for clustering in (4, 3, 2, 1):
        undone = run("regroup", "undo", "--library", folder, "--json")
        assert (undone.code, undone.document["clustering"]) == (0, clustering)
    refused = run("regroup", "undo", "--library", folder)
    assert refused.code == 1
    assert "there is nothing to undo" in refused.err


def test_versions_are_listed_named_compared_and_gone_back_to(run, library) -> None:
    folder = library.folder
    run("regroup", "merge", "1", "2", "--library", folder, "--json")
    told = run("clusters", "2", "--compare", "1", "--library", folder, "--json").document
    assert (told["before"], told["after"], told["merged"]) == (1, 2, {"1": [1, 2]})
    named = run("clusters", "1", "--restore", "--name", "As it was", "--library", folder, "--json").document
    assert named["name"] == "As it was"
    assert library.groups.current().clustering == 1
    listed = run("clusters", "--library", folder, "--json").document["clusterings"]
    assert [(each["clustering"], each["name"], each["based_on"]) for each in listed] == [
        (1, "As it was", None),
        (2, "", 1),
    ]
    assert run("clusters", "--restore", "--library", folder).code == 2


def test_a_summary_says_how_sure_it_is(run, library) -> None:
    shown = run("summarize", "1", "1", "--library", library.folder).out
    assert "made anew from parts of the sounds it comes back to" in " ".join(shown.split())
    assert "a search for it puts a sound of the group before another one" in " ".join(shown.split())


@pytest.mark.parametrize(
    ("args", "why"),
    [
        (("rename", "9", "x"), "has no cluster 9; it has 1 to 4"),
        (("rename", "1", " "), "is no title"),
        (("merge", "1"), "name at least two"),
        (("split", "1", "-k", "99"), "cannot be split into 99"),
        (("move", "1", "999"), "sound 999 is not in clustering 1"),
        (("assign",), "holds all sounds"),
    ],
)
def test_a_change_that_cannot_be_made_is_one_sentence_and_changes_nothing(run, library, args, why) -> None:
    done = run("regroup", *args, "--library", library.folder, "--json")
    assert done.code == 1
    assert why in done.document["error"]
    assert [each.clustering for each in library.groups.all()] == [1]


def test_a_chat_model_names_groups_only_where_there_is_one(run, demo_library) -> None:
    done = run("cluster", "-k", "4", "--titles", "model", "--library", demo_library.folder)
    assert done.code == 1
    assert "the embedded chat model names no groups; set MISTRAL_API_KEY" in " ".join(done.err.split())
    assert run("cluster", "--titles", "mother", "--library", demo_library.folder).code == 2
