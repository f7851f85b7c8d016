"""Counts are what the tags in the database say, whatever a word covers."""

import pytest

from core.counting import HEARD, PERHAPS, labels_of
from core.errors import NotFoundError, UnknownNameError
from core.records import Filters
from tests.runs import rows


def counted_by_hand(library, labels: list[str], least: float) -> set[int]:
    marks = ",".join("?" * len(labels))
    query = f"SELECT DISTINCT sound_id FROM tags WHERE label IN ({marks}) AND score >= ? AND source = 'builtin'"
    return {row[0] for row in rows(library.folder, query, *labels, least)}


@pytest.mark.parametrize(
    ("thing", "label"),
    [("birds", "Crow"), ("bird", "Owl"), ("dogs", "Bark"), ("speech", "Conversation"), ("rain", "Raindrop")],
)
def test_a_word_covers_what_stands_below_it(thing, label):
    assert label in labels_of(thing)


def test_a_word_that_names_no_sound_is_told():
    with pytest.raises(NotFoundError, match="no sound that is called 'quux'"):
        labels_of("quux")


def test_the_count_is_that_of_the_tags_and_the_seconds_those_of_the_sounds(demo_library):
    counted = demo_library.count(["bell"])
    assert set(counted.ids) == counted_by_hand(demo_library, labels_of("bell"), HEARD)
    assert len(counted.ids) + counted.perhaps == len(counted_by_hand(demo_library, labels_of("bell"), PERHAPS))
    assert 1 <= len(counted.ids) < 15, "some, and not all"
    lengths = dict(rows(demo_library.folder, "SELECT id, duration_s FROM sounds"))
    assert counted.seconds == pytest.approx(sum(lengths[each] for each in counted.ids))
    assert (counted.of, counted.of_seconds) == (15, pytest.approx(sum(lengths.values())))


def test_without_takes_away_and_several_things_have_to_be_there_together(demo_library):
    bells, rain = demo_library.count(["bell"]), demo_library.count(["rain"])
    both = demo_library.count(["bell", "rain"])
    assert set(both.ids) == set(bells.ids) & set(rain.ids)
    rest = demo_library.count([], ["bell"])
    assert set(rest.ids) == set(range(1, 16)) - set(bells.ids)


def test_what_is_heard_at_once_is_heard_in_one_window(demo_library):
    counted = demo_library.count(["bell", "glass"])
    for sound_id, (start_s, end_s) in counted.moments.items():
        assert sound_id in counted.ids
        length = demo_library.cards([sound_id])[0]["duration_s"]
        assert 0 <= start_s < end_s <= length + 1e-3


def test_limits_count_and_a_wrong_domain_is_told(demo_library):
    long = demo_library.count(filters=Filters(min_s=1.0))
    assert set(long.ids) == {row[0] for row in rows(demo_library.folder, "SELECT id FROM sounds WHERE duration_s >= 1")}
    assert long.of == 15
    with pytest.raises(UnknownNameError, match="no domain is called"):
        demo_library.count(filters=Filters(domain="noise"))


def test_domains_add_up_to_the_library(demo_library):
    found = demo_library.count_by_domain()
    assert sum(n for n, _ in found.values()) == 15
    assert list(found.values()) == sorted(found.values(), key=lambda each: -each[0])


def test_where_there_is_no_library_it_says_so(library):
    with pytest.raises(NotFoundError, match="there is no library"):
        library.count(["rain"])
