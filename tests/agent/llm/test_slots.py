"""What a sentence names: small grammars, each number in one slot."""

import pytest

from agent.llm.embedded.intents import vocabulary
from agent.llm.embedded.lists import lexicon
from agent.llm.embedded.slots import Ref, Slots, read_slots, seconds
from agent.llm.embedded.wording import read_wording
from core.ontology import audioset
from core.records import DOMAINS


def slots(text: str) -> Slots:
    return read_slots(read_wording(text, {"kick_01.wav": "412"}, vocabulary()))


def said(text: str) -> dict:
    return {name: value for name, value in vars(slots(text)).items() if value not in (None, [])}


@pytest.mark.parametrize(
    ("text", "length_s"),
    [
        ("1.5 s", 1.5), ("500 ms", 0.5), ("2 min", 120.0), ("3 minutes", 180.0), ("a minute", 60.0), ("1 h", 3600.0),
        ("1:02", 62.0), ("1:00:02", 3602.0), ("0:03.5", 3.5), ("7", 7.0), ("0.25 seconds", 0.25),
    ],
)  # fmt: skip
def test_lengths_are_read_in_seconds(text, length_s):
    assert seconds(text) == length_s


@pytest.mark.parametrize(
    ("text", "bounds"),
    [
        ("under 2 seconds", {"max_s": 2.0}),
        ("under 500ms", {"max_s": 0.5}),
        ("shorter than half a minute", {"max_s": 30.0}),
        ("no longer than two and a half seconds", {"max_s": 2.5}),
        ("at most 1.5 s", {"max_s": 1.5}),
        ("nothing over 10 s", {"max_s": 10.0}),
        ("up to a minute", {"max_s": 60.0}),
        ("3 seconds or less", {"max_s": 3.0}),
        ("< 2s", {"max_s": 2.0}),
        ("and under 3", {"max_s": 3.0}),
        ("over 30 s", {"min_s": 30.0}),
        ("longer then 2 min", {"min_s": 120.0}),
        ("at least five seconds", {"min_s": 5.0}),
        (">= 4 s", {"min_s": 4.0}),
        ("no shorter than 2 seconds", {"min_s": 2.0}),
        ("20 seconds or more", {"min_s": 20.0}),
        ("between 5 and 20 seconds", {"min_s": 5.0, "max_s": 20.0}),
        ("20 to 5 seconds long", {"min_s": 5.0, "max_s": 20.0}),
        ("2-4 min", {"min_s": 120.0, "max_s": 240.0}),
        ("between 500 ms and 2 s", {"min_s": 0.5, "max_s": 2.0}),
        ("longer than 2 seconds but shorter than 10 seconds", {"min_s": 2.0, "max_s": 10.0}),
        ("about 4 seconds", {"min_s": 3.0, "max_s": 5.0}),
    ],
)
def test_bounds_on_length(text, bounds):
    assert said(text) == bounds


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("the part from 2 to 4 seconds", (2.0, 4.0)),
        ("the bit between 1.5 s and 3 s of it", (1.5, 3.0)),
        ("seconds 3 to 7", (3.0, 7.0)),
        ("from 2 to 4 seconds", (2.0, 4.0)),
        ("0:05 - 0:07", (5.0, 7.0)),
        ("the first 3 seconds of it", (0.0, 3.0)),
        ("starting at 5 s", (5.0, None)),
        ("from 500 ms to 1.5 s", (0.5, 1.5)),
    ],
)
def test_moments_within_a_sound(text, span):
    found = slots(text)

    assert (found.start_s, found.end_s) == span
    assert (found.min_s, found.max_s) == (None, None)


@pytest.mark.parametrize(
    ("text", "k"),
    [
        ("top 20", 20), ("five sounds", 5), ("10 bright bells", 10), ("a dozen footsteps", 12), ("the 3 nearest", 3),
        ("find 3 dogs", 3), ("twenty five samples", 25), ("half a dozen clips", 6), ("twelve will do", 12),
    ],
)  # fmt: skip
def test_how_many(text, k):
    assert slots(text).k == k


@pytest.mark.parametrize("text", ["808 kicks", "TR-909 snares", "find 300 spartans", "find rain over a roof"])
def test_numbers_that_count_nothing(text):
    assert slots(text).k is None


@pytest.mark.parametrize(
    ("text", "groups"),
    [
        ("into 8 groups", 8), ("eight clusters", 8), ("into 5", 5), ("k=12", 12), ("k is 4", 4), ("4 ways", 4),
        ("split it in 6", 6), ("a dozen piles", 12), ("about 10 different categories", 10),
    ],
)  # fmt: skip
def test_how_many_groups(text, groups):
    assert slots(text).groups == groups


@pytest.mark.parametrize(
    ("text", "clusters", "clustering"),
    [
        ("cluster 3", [3], None), ("group two", [2], None), ("the third cluster", [3], None),
        ("the last group", [-1], None),
        ("cluster 4 of clustering 2", [4], 2), ("cluster number 7", [7], None),
        ("clusters 3 and 4", [3, 4], None),
        ("pile 5 in clustering number one", [5], 1), ("the 2nd pile", [2], None),
    ],
)  # fmt: skip
def test_which_cluster(text, clusters, clustering):
    found = slots(text)

    assert (found.clusters, found.clustering) == (clusters, clustering)
    assert found.refs == []


def place(*numbers: int) -> list[Ref]:
    return [Ref("place", number=number) for number in numbers]


@pytest.mark.parametrize(
    ("text", "refs"),
    [
        ("number 2", place(2)),
        ("number two", place(2)),
        ("the second one", place(2)),
        ("the last one", place(-1)),
        ("the first", place(1)),
        ("the 3rd hit", place(3)),
        ("number 2 and 5", place(2, 5)),
        ("the second and third one", place(2, 3)),
        ("412", [Ref("number", "412", 412)]),
        ("#412", [Ref("number", "412", 412)]),
        ("sound 412", [Ref("id", "412")]),
        ("sounds 412 and 57", [Ref("id", "412"), Ref("id", "57")]),
        ("412:7", [Ref("id", "412:7")]),
        ("sound 412:7", [Ref("id", "412:7")]),
        ("a3fa9c2d1", [Ref("id", "a3fa9c2d1")]),
        ("kick_01.wav", [Ref("id", "412")]),
        ("KICK_01.WAV", [Ref("id", "412")]),
        ("other.wav", [Ref("name", "other.wav")]),
        ("the first three", [Ref("first", number=3)]),
        ("the last 2 sounds", [Ref("last", number=2)]),
    ],
)
def test_which_sound(text, refs):
    assert slots(text).refs == refs


@pytest.mark.parametrize("text", ["wait a second", "the first cuckoo of spring", "two seconds", "one second of rain"])
def test_a_second_is_not_always_a_place(text):
    assert [ref for ref in slots(text).refs if ref.kind == "place"] == []


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("only music", "music"), ("just speech", "speech"), ("bells, music only", "music"),
        ("in the domain machine", "machine"),
        ("domain = animal", "animal"), ("only animals", "animal"), ("music with a piano", None),
        ("which domains are there", None),
        ("only singing", "singing"), ("just the vocals", "singing"), ("machines only", "machine"),
        ("only music with drums", None), ("from the nature domain", "nature"),
    ],
)  # fmt: skip
def test_a_domain_only_where_it_is_said(text, domain):
    assert slots(text).domain == domain


def test_every_domain_of_the_library_can_be_asked_for():
    assert set(lexicon()["domains"].values()) == set(audioset().by_domain) == set(DOMAINS)
    assert [domain for domain in DOMAINS if slots(f"only {domain}").domain != domain] == []


def test_each_number_has_its_own_slot():
    assert said("cluster the sounds under 3 s into 8 groups like number 2 of clustering 4 with k-means") == {
        "max_s": 3.0,
        "groups": 8,
        "refs": place(2),
        "clustering": 4,
        "method": "kmeans",
    }
