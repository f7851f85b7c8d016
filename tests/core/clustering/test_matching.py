"""Two clusterings of mostly the same sounds: which clusters are the same, and what is told of the rest."""

from core.clustering.matching import Difference, kept_numbers, match, told


def clusters(**members: list[int] | range) -> dict[int, int]:
    """The cluster of every sound, of the sounds of each: `clusters(c1=[1, 2], c2=[3])`."""
    return {sound: int(name[1:]) for name, sounds in members.items() for sound in sounds}


def test_the_same_clusters_under_other_numbers_are_no_change() -> None:
    difference = match(clusters(c1=range(10), c2=range(10, 15)), clusters(c2=range(10), c1=range(10, 15)))
    assert difference.same == {1: 2, 2: 1}
    assert difference.is_none
    assert told(difference) == "nothing changed"


def test_a_cluster_that_fell_apart_is_a_split_and_no_sound_moved() -> None:
    before = clusters(c1=range(20), c4=range(20, 30))
    difference = match(before, clusters(c1=range(20), c4=range(20, 26), c9=range(26, 30)))
    assert difference.same == {1: 1, 4: 4}  # 6 of 10 are in common: Jaccard 0.6
    assert difference.split == {4: [4, 9]}
    assert (difference.moved, difference.new, difference.vanished) == (0, [], [])
    assert told(difference, {4: "dogs"}) == "cluster 4 (dogs) split into 4 and 9"


def test_clusters_that_became_one_are_a_merge() -> None:
    before = clusters(c1=range(6), c2=range(6, 10), c3=range(10, 20))
    difference = match(before, clusters(c1=range(10), c2=range(10, 20)))
    assert difference.merged == {1: [1, 2]}
    assert difference.same == {1: 1, 2: 3}
    assert (difference.moved, difference.vanished) == (0, [])
    assert told(difference) == "clusters 1 and 2 became 1"


def test_single_sounds_that_go_elsewhere_moved() -> None:
    before = clusters(c1=range(10), c2=range(10, 20))
    after = clusters(c1=range(9), c2=range(9, 20))
    assert match(before, after).moved == 1
    assert told(match(before, after)) == "1 sound moved"


def test_sounds_that_leave_or_enter_the_groups_moved_and_those_that_stay_outside_did_not() -> None:
    before = clusters(c1=range(10), c0=range(10, 13))
    after = clusters(c1=[*range(8), 10], c0=[8, 9, 11, 12])
    assert match(before, after).moved == 3  # 8 and 9 went out, 10 came in


def test_sounds_that_only_one_clustering_holds_are_new_or_gone() -> None:
    difference = match(clusters(c1=range(10)), clusters(c1=range(3, 40)))
    assert (difference.added, difference.gone, difference.moved) == (30, 3, 0)
    assert difference.same == {1: 1}  # what only one holds does not count: 7 of 7
    assert told(difference) == "30 sounds are new, 3 sounds are not in it"


def test_the_sum_of_what_pairs_have_in_common_decides_and_not_who_is_asked_first() -> None:
    before = clusters(c1=range(10), c2=range(10, 16))
    after = clusters(c1=[0, 1, 2, 3, *range(10, 16)], c2=range(4, 10))
    assert match(before, after).same == {2: 1, 1: 2}  # 6/10 + 6/10 beats 4/16


def test_clusters_with_little_in_common_are_not_the_same() -> None:
    before = clusters(c1=range(12))
    after = clusters(**{f"c{n}": range(n * 3 - 3, n * 3) for n in range(1, 5)})  # four of three: Jaccard 0.25 each
    difference = match(before, after)
    assert difference.same == {}
    assert difference.split == {1: [1, 2, 3, 4]}
    assert (difference.new, difference.vanished) == ([], [])


def test_a_cluster_of_new_sounds_is_new_and_one_of_which_all_sounds_went_is_gone() -> None:
    difference = match(clusters(c1=range(5), c2=range(5, 9)), clusters(c1=range(5), c2=range(20, 24)))
    assert (difference.new, difference.vanished) == ([2], [2])
    assert (difference.added, difference.gone) == (4, 4)
    assert told(difference) == "cluster 2 is gone, cluster 2 is new, 4 sounds are new, 4 sounds are not in it"


def test_what_changed_much_is_told_short() -> None:
    before = clusters(**{f"c{n}": range(n * 4, n * 4 + 4) for n in range(1, 8)})
    after = {sound: (cluster if sound % 4 < 2 else cluster + 7) for sound, cluster in before.items()}
    sentence = told(match(before, after))
    assert sentence.startswith("cluster 1 split into 1 and 8, cluster 2 split into 2 and 9, cluster 3 split")
    assert sentence.endswith("4 more clusters split")


def test_nothing_before_or_nothing_after_is_a_difference_too() -> None:
    assert match({}, {}).is_none
    assert match({}, clusters(c1=[1, 2])) == Difference({}, {}, {}, [], [1], 0, 2, 0)
    assert match(clusters(c1=[1, 2]), {}) == Difference({}, {}, {}, [1], [], 0, 0, 2)


def test_clusters_keep_their_numbers_and_others_take_numbers_that_were_not_in_use() -> None:
    before = clusters(c1=range(10), c2=range(10, 15), c4=range(15, 20))
    after = clusters(c1=range(10, 15), c2=range(10), c3=range(50, 60), c4=range(70, 75))
    difference = match(before, after)
    assert kept_numbers(difference, before.values(), after.values()) == {2: 1, 1: 2, 3: 3, 4: 5}
    # 4 is gone, and still no other cluster is called 4: a person may have it in mind


def test_a_difference_is_a_record() -> None:
    assert match({1: 1}, {1: 1}).as_dict()["same"] == {1: 1}
