"""Words against sounds in a real database: names, what is said of a sound, and what ears heard in it."""

import time
from collections.abc import Iterator, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlite_utils import Database

from core.heard import N_CLASSES, levels
from core.index import SpaceIndex, load_index
from core.ontology import audioset
from core.scan import FoundFile
from core.store import sounds, spaces
from core.store.db import Store
from core.store.vectors.exact import ExactIndex
from core.text_ears import ByClasses
from core.text_search import MOST_WORDS, SURE, SURELY_FITS, is_listing, matches, named, rank, wish
from tests.core.store.conftest import HandEars, listening

Windows = Sequence[dict[str, float]]


@pytest.fixture
def db(tmp_path) -> Iterator[Database]:
    store = Store(tmp_path / "library")
    with store.writing() as db:
        yield db


def add(db: Database, path: str, *windows: dict[str, float], caption: str = "", tags: tuple[str, ...] = ()) -> int:
    """A sound under a path, in whose windows some classes were heard; without windows nothing was."""
    space = spaces.put_space(db, HandEars())
    sound_id = sounds.add_sound(db, f"sha of {path}", 1, listening(caption, tags), "builtin")
    heard = np.zeros((max(1, len(windows)), N_CLASSES), np.float32)
    for row, window in zip(heard, windows, strict=False):
        for name, probability in window.items():
            row[audioset().index[name]] = probability
    spaces.put_vectors(db, space, sound_id, np.tile(np.array([1, 0], np.float16), (len(heard), 1)), levels(heard))
    sounds.put_file(db, FoundFile(path, 1, 1), sound_id)
    sounds.index_words(db, [sound_id])
    return sound_id


def index_of(db: Database) -> ByClasses:
    """What the ears of these tests heard."""
    space = spaces.find_space(db, "hand")
    held = spaces.all_vectors(db, space)
    by_sound, by_chunk = ExactIndex(), ExactIndex()
    by_sound.build(held.vectors)
    by_chunk.build(held.chunks)
    rows = (held.sounds, by_sound, held.chunk_sounds, held.chunk_indexes, by_chunk)
    return ByClasses(SpaceIndex(space, *rows, held.heard.T))


def found(db: Database, text: str, without: str = "", fits: float = 0.05) -> list[int]:
    return rank(db, index_of(db), *wish(text, without), sounds.present_ids(db), fits).ids.tolist()


def test_a_sound_is_found_by_what_is_heard_whatever_its_name(db):
    add(db, "/a/take_001.wav", {"Rain": 0.9})
    dog = add(db, "/a/take_002.wav", {"Dog": 0.9, "Bark": 0.8})
    add(db, "/a/take_003.wav", {"Piano": 0.9})
    for text in ("a dog barks", "dogs", "woof", "puppy"):
        assert found(db, text) == [dog], text


def test_a_name_counts_more_than_what_is_heard_and_that_more_than_what_is_said(db):
    said = add(db, "/a/1.wav", caption="Thunder.")
    heard = add(db, "/a/2.wav", {"Thunder": 0.5})
    name = add(db, "/a/thunder.wav")
    assert found(db, "thunder") == [name, heard, said]


def test_among_equal_names_the_ears_decide(db):
    quiet = add(db, "/a/rain_1.wav", {"Rain": 0.1})
    loud = add(db, "/a/rain_2.wav", {"Rain": 0.9})
    other = add(db, "/a/rain_3.wav", {"Piano": 0.9})
    assert found(db, "rain") == [loud, quiet, other]


def test_more_of_the_words_and_rarer_ones_count_more(db):
    for number in range(8):
        add(db, f"/a/kick_{number}.wav")
    metal, both = add(db, "/a/brass.wav"), add(db, "/a/brass_kick.wav")
    assert found(db, "brass kick")[:2] == [both, metal]


def test_what_is_not_wanted_is_left_out_by_name_and_lowered_by_ear(db):
    clean = add(db, "/a/1.wav", {"Dog": 0.6})
    street = add(db, "/a/2.wav", {"Dog": 0.9, "Traffic noise, roadway noise": 0.3})
    traffic = add(db, "/a/traffic.wav", {"Dog": 0.99})
    assert found(db, "dog") == [traffic, street, clean]
    assert found(db, "dog", "traffic") == [clean, street]
    assert found(db, "dog", "dog") == []


def test_a_part_of_what_is_not_wanted_must_be_named_whole(db):
    noise = add(db, "/a/noise.wav", {"Dog": 0.9})
    traffic = add(db, "/a/traffic_noise.wav", {"Dog": 0.9})
    said = add(db, "/a/3.wav", {"Dog": 0.9}, caption="A dog barks, with traffic noise.")
    tagged = add(db, "/a/4.wav", {"Dog": 0.9}, tags=("traffic", "noise"))  # tags hold what is hardly likely
    assert named(db, "traffic noise") == {traffic}
    assert named(db, "thunder, noise") == {noise, traffic}
    assert named(db, "thunder or  traffic\nnoise") == {traffic}
    assert set(found(db, "dog", "traffic noise")) == {noise, said, tagged}


def test_what_is_only_said_to_be_perhaps_so_is_not_left_out(db):
    perhaps = add(db, "/a/1.wav", {"Dog": 0.9}, caption="A dog, perhaps a drum.", tags=("Drum",))
    add(db, "/a/drum.wav", {"Dog": 0.9})
    assert found(db, "dog, no drum") == [perhaps]


@pytest.mark.parametrize("without", ["traffic", "traffic, thunder", "thunder or traffic", "no traffic and no thunder"])
def test_each_of_several_things_that_are_not_wanted_lowers_as_if_it_were_the_only_one(db, without):
    clean = add(db, "/a/1.wav", {"Dog": 0.6})
    add(db, "/a/2.wav", {"Dog": 0.9, "Traffic noise, roadway noise": 0.9})
    street = add(db, "/a/3.wav", {"Dog": 0.9, "Traffic noise, roadway noise": 0.3})
    index, present = index_of(db), sounds.present_ids(db)
    ranking = rank(db, index, "dog", without, present)
    assert ranking.ids.tolist() == [clean, street]
    assert np.array_equal(ranking.scores, rank(db, index, "dog", "traffic", present).scores)


@pytest.mark.parametrize(
    ("text", "wanted", "without"),
    [
        ("rain", "rain", ""),
        ("rain without thunder", "rain", "thunder"),
        ("a dog, no traffic", "a dog", "traffic"),
        ("birds but no water", "birds", "water"),
        ("birds but not crows", "birds", "crows"),
        ("rain, with no thunder or wind", "rain", "thunder or wind"),
        ("Drums except snares.", "Drums", "snares"),
        ("no traffic, a dog", "a dog", "traffic"),
        ("rain, thunder", "rain, thunder", ""),
        ("no input mixer", "no input mixer", ""),  # a name, and nothing else is asked for
        ("do not disturb", "do not disturb", ""),
        ("no thunder, no rain, wind", "wind", "thunder, rain"),
        ("no rain, no wind, birds", "birds", "rain, wind"),
        ("no thunder, wind, no rain", "wind", "thunder, rain"),
        ("no drums, no vocals", "", "drums, vocals"),
        ("no drums and no vocals", "", "drums, vocals"),
        ("no wind but rain", "rain", "wind"),
        ("no wind, but rain", "rain", "wind"),
        ("a dog; no traffic", "a dog", "traffic"),
        ("wind, no rain but thunder", "wind, thunder", "rain"),
        ("  a  dog ,\n\tno\ntraffic ", "a dog", "traffic"),
        ("without voices", "without voices", ""),
        ("", "", ""),
    ],
)
def test_what_is_not_wanted_may_be_said_in_the_text(text, wanted, without):
    assert wish(text) == (wanted, without)
    assert wish(wanted, without) == (wanted, without)
    both = ", ".join(part for part in ("wind", without) if part)
    assert wish(text, "wind") == (wanted, both)


@given(st.lists(st.sampled_from(["no", "not", "but", "and", "without", "with", "any", "rain", "a dog", ",", ";", "."])))
def test_a_wish_that_is_read_again_stays_as_it_is(words):
    wanted, without = wish(" ".join(words))
    assert wish(wanted, without) == (wanted, without)
    assert wish(wanted) == (wanted, "")


@pytest.mark.parametrize("run", [" ", " \n", ", ", "no ", "but no ", "dog and ", "a"])
def test_a_long_text_is_cut_and_read_in_no_time(db, run):
    add(db, "/a/dog.wav", {"Dog": 0.9})
    text = f"dog{run * 10_000}cat"
    began = time.perf_counter()
    wanted, without = wish(text, text)
    named(db, text)
    found(db, text, text)
    assert time.perf_counter() - began < 2
    assert len(wanted) <= 300
    assert len(without) <= 300
    assert wish(f"a dog,{' ' * 10_000}no traffic") == ("a dog", "traffic")


def test_only_the_first_words_of_a_long_text_are_looked_for(db):
    asked = []
    add(db, "/a/dog.wav")
    with db.tracer(lambda sql, _: asked.append(sql)):
        rank(db, None, " ".join(f"x{number}" for number in range(75)), "", {1})
    assert sum("MATCH" in sql.upper() for sql in asked) <= 2 * MOST_WORDS


@pytest.mark.parametrize(
    ("text", "lists"),
    [("", True), ("sounds", True), ("some sounds, no rain", True), ("no drums, no vocals", True), ("rain", False)],
)
def test_a_text_that_says_nothing_to_look_for_lists(text, lists):
    assert is_listing(text) is lists


def test_where_nothing_is_wanted_but_things_are_denied_nothing_is_found(db):
    add(db, "/a/vocals.wav", {"Singing": 0.9})
    add(db, "/a/dog.wav", {"Dog": 0.9})
    assert found(db, "no drums, no vocals") == []


def test_a_text_that_denies_finds_what_the_two_texts_find(db):
    for number, heard in enumerate(({"Dog": 0.9}, {"Traffic noise, roadway noise": 0.9}, {"Dog": 0.5, "Rain": 0.5})):
        add(db, f"/a/{number}.wav", heard)
    add(db, "/a/dog_traffic.wav")
    assert found(db, "a dog, no traffic") == found(db, "a dog", "traffic") == [1, 3]


def test_two_things_at_once_come_before_one_alone(db):
    add(db, "/a/1.wav", {"Rain": 0.99})
    add(db, "/a/2.wav", {"Dog": 0.99})
    both = add(db, "/a/3.wav", {"Rain": 0.3, "Dog": 0.3})
    assert found(db, "a dog barking in front of me and rain")[0] == both


@pytest.mark.parametrize("text", ["quarterly report", "xyzzy", "", "the sound of", "воробей", "short"])
def test_a_text_that_says_nothing_of_sounds_finds_nothing_by_ear(db, text):
    add(db, "/a/1.wav", {"Rain": 0.9, "Dog": 0.9, "Music": 0.9})
    assert found(db, text) == []


def test_words_of_form_find_what_was_measured(db):
    add(db, "/a/1.wav", {"Clang": 0.9}, tags=("long", "metallic"))
    short = add(db, "/a/2.wav", {"Clang": 0.9}, tags=("short", "metallic"))
    assert found(db, "short metallic hit")[0] == short
    assert found(db, "short") == [short]


def test_what_was_measured_counts_like_a_name(db):
    measured = add(db, "/a/1.wav", caption="A bright hit.", tags=("short", "bright"))
    called = add(db, "/a/bright_hit.wav", tags=("long",))
    assert found(db, "short bright hits") == [measured, called]


def test_what_is_named_so_surely_fits_and_what_is_hardly_heard_does_not(db):
    add(db, "/a/dog.wav")
    add(db, "/a/2.wav", {"Dog": 0.9})
    add(db, "/a/3.wav", {"Dog": 0.03})
    scores = rank(db, index_of(db), "dog", "", sounds.present_ids(db)).scores
    assert [bool(score >= SURE) for score in scores] == [True, True, False]


def test_a_hit_is_shown_at_the_window_that_fits(db):
    bark = {"Dog": 0.9}
    long = add(db, "/a/1.wav", {"Rain": 0.9}, {"Rain": 0.9}, bark, {"Rain": 0.9})
    worded = add(db, "/a/dog.wav")
    index, present = index_of(db), sounds.present_ids(db)
    best = matches(db, index, "dog", rank(db, index, "dog", "", present), 5)
    assert {match.sound_id: match.chunk for match in best} == {long: 2, worded: None}


def test_without_ears_the_words_decide_alone(db):
    add(db, "/a/1.wav", {"Dog": 0.9})
    worded = add(db, "/a/dog.wav")
    ranking = rank(db, None, "dog", "", sounds.present_ids(db))
    assert ranking.ids.tolist() == [worded]
    assert matches(db, None, "dog", ranking, 3)[0].chunk is None


def test_only_allowed_sounds_are_found(db):
    one, two = (add(db, f"/a/dog_{number}.wav", {"Dog": 0.9}) for number in (1, 2))
    index = index_of(db)
    assert rank(db, index, "dog", "", {two}).ids.tolist() == [two]
    assert rank(db, index, "dog", "", set()).ids.tolist() == []
    assert sorted(named(db, "dog")) == [one, two]
    assert named(db, "") == named(db, "the") == set()


def test_scores_rise_with_the_evidence_and_stay_below_one(db):
    for number, probability in enumerate((0.02, 0.1, 0.5, 0.99)):
        add(db, f"/a/{number}.wav", {"Dog": probability})
    add(db, "/a/dog.wav", {"Dog": 0.99}, caption="A dog.", tags=("Dog",))
    ranking = rank(db, index_of(db), "dog", "", sounds.present_ids(db))
    assert ranking.ids.tolist() == [5, 4, 3, 2, 1]
    assert ranking.scores[0] < 1
    assert ranking.scores[-1] > 0
    assert np.all(np.diff(ranking.scores) < 0)


def test_a_group_asks_for_more_than_a_list(db):
    add(db, "/a/1.wav", {"Dog": 0.03})
    sure = add(db, "/a/2.wav", {"Dog": 0.9})
    assert found(db, "dog") == [sure, 1]
    assert found(db, "dog", fits=SURELY_FITS) == [sure]


def test_the_cache_on_disk_holds_what_was_heard_and_grows_with_the_library(tmp_path):
    """Ten sounds are cached, read again, and brought up to date with one more: the ears always know them all."""
    store = Store(tmp_path / "library")

    def dogs(last: int) -> list[int]:
        with store.reading() as db:
            index = ByClasses(load_index(store, spaces.find_space(db, "hand"), "exact"))
            assert index.index.heard.shape == (N_CLASSES, last)
            return sorted(rank(db, index, "dog", "", sounds.present_ids(db)).ids.tolist())

    for number in range(1, 12):
        with store.writing() as db:
            add(db, f"/a/{number}.wav", {"Dog" if number % 2 else "Rain": 0.9})
            spaces.touch(db, spaces.find_space(db, "hand"))
        if number in (10, 11):
            assert dogs(number) == dogs(number) == list(range(1, number + 1, 2))
    assert (store.folder / "cache" / "hand-1-exact" / "heard.npy").exists()
