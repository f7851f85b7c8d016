"""The clusterings that are kept, through the tool: listed, compared, gone back to, named."""

import pytest

from tests.tools.test_tools import artifact, call
from tools.versions import COLUMNS, SHOWN


@pytest.fixture
def two(demo_library):
    """A library with clustering 1, four kinds, and clustering 2, in which the first two are merged."""
    demo_library.groups.make(4, method="kmeans")
    demo_library.groups.merge([1, 2])
    return demo_library


def test_versions_are_listed_with_the_newest_first_and_the_one_that_is_meant_marked(two):
    made = artifact(two, "versions")
    assert (made["kind"], made["title"], made["columns"]) == (
        "table",
        "2 clusterings are kept, the newest first.",
        COLUMNS,
    )
    assert [row[:3] for row in made["rows"]] == [["2, meant now", "3", "kmeans"], ["1", "4", "kmeans"]]
    assert made["rows"][0][3].startswith("Clusters 1 and 2, ")


def test_one_that_was_gone_back_to_is_the_one_that_is_meant(two):
    made = artifact(two, "versions", restore=1)
    assert (made["kind"], made["clustering"], made["k"]) == ("clustering", 1, 4)
    assert made["told"] == "Clustering 1 is the one that is meant now."
    assert [row[0] for row in artifact(two, "versions")["rows"]] == ["2", "1, meant now"]


def test_the_one_that_is_meant_gets_a_name(two):
    made = artifact(two, "versions", name="before the tour")
    assert (made["clustering"], made["name"]) == (2, "before the tour")
    assert made["told"] == "Clustering 2 is called “before the tour” now."
    assert artifact(two, "versions")["rows"][0][3].startswith('"before the tour": ')


def test_an_earlier_one_is_gone_back_to_and_named_at_once(two):
    made = artifact(two, "versions", restore=1, name="first try")
    assert (made["clustering"], made["name"]) == (1, "first try")
    assert made["told"] == "Clustering 1 is called “first try” now and is the one that is meant."


def test_the_groups_of_the_one_that_is_meant_are_shown(two):
    made = artifact(two, "versions", current=True)
    assert (made["kind"], made["clustering"], made["k"], "told" in made) == ("clustering", 2, 3, False)


@pytest.mark.parametrize("compare", [[1, 2], [2, 1], [2], [0]])
def test_two_are_compared_the_earlier_first_and_one_with_what_it_was_made_from(two, compare):
    made = artifact(two, "versions", compare=compare)
    assert (made["kind"], made["title"]) == ("difference", "From clustering 1 to 2: clusters 1 and 2 became 1.")
    assert (made["moved"], made["merged"]) == (0, {"1": [1, 2]})


def test_many_versions_are_cut_off(demo_library):
    demo_library.groups.make(4, method="kmeans")
    for number in range(SHOWN + 2):
        demo_library.groups.rename(1, f"title {number}")
    made = artifact(demo_library, "versions")
    assert (len(made["rows"]), made["title"]) == (SHOWN, f"{SHOWN + 3} clusterings are kept, the newest first.")


def test_where_nothing_was_clustered_none_are_kept(demo_library):
    made = artifact(demo_library, "versions")
    assert (made["title"], made["rows"]) == ("No clustering is kept yet; cluster the sounds first.", [])
    demo_library.groups.make(4, method="kmeans")
    assert artifact(demo_library, "versions")["title"] == "1 clustering is kept."


@pytest.mark.parametrize(
    ("args", "reason"),
    [
        ({"restore": 9}, "there is no clustering 9; known are: 1, 2"),
        ({"compare": [1, 9]}, "there is no clustering 9; known are: 1, 2"),
        ({"compare": [1]}, "clustering 1 is the first of its kind; name another one to compare it with"),
    ],
)
def test_what_is_not_there_is_told_in_one_sentence(two, args, reason):
    answer = call(two, "versions", **args)
    assert (answer.status, answer.artifact, answer.text) == ("error", None, reason)


def test_without_groups_nothing_gets_a_name(demo_library):
    assert call(demo_library, "versions", name="x").text == "nothing was clustered yet; cluster the sounds first"
