"""Keywords, titles and summaries of groups, with weights that can be worked out by hand."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from core.grouping.naming import Described, keywords, sound_words, summarise, titles


def sound(*words: str, duration_s: float = 1.0, domain: str = "effect") -> Described:
    return Described(frozenset(words), duration_s, domain)


# --- keywords ---------------------------------------------------------------------------------------------------------


def test_what_all_groups_share_sets_none_apart() -> None:
    # "short" is in all sounds: 1 * log(1/1) = 0, no keyword. "kick" is in all of one group: 1 * log(1/0.5) = 0.69.
    drums, bells = [sound("short", "kick")] * 4, [sound("short", "bell")] * 4
    assert keywords([drums, bells]) == [["kick"], ["bell"]]


def test_a_word_weighs_by_the_share_of_sounds_that_have_it() -> None:
    # rain: 1 * log(1/0.5) = 0.69; tin: 0.5 * log(1/0.25) = 0.69, later in the alphabet; loud: 1 * log(1/1) = 0;
    # wind: 1 * log(1/0.75) = 0.29 in the first group, 0.5 * log(1/0.75) = 0.14 in the second.
    wet = [sound("rain", "loud", "tin", "wind"), sound("rain", "loud", "wind")]
    dry = [sound("loud", "wind"), sound("loud")]
    assert keywords([wet, dry]) == [["rain", "tin", "wind"], ["wind"]]


def test_a_word_of_few_sounds_is_not_a_keyword() -> None:
    mostly = [sound("rain")] * 7
    assert keywords([[*mostly, sound("tram")]]) == [["rain"]]  # 1 of 8 is under 0.15
    assert keywords([[*mostly[:5], sound("tram")]]) == [["rain", "tram"]]  # 1 of 6 is over


def test_a_large_group_does_not_rule() -> None:
    small, large = [sound("bell", "short")] * 2, [sound("kick", "short")] * 200
    assert keywords([small, large]) == [["bell"], ["kick"]]


def test_equal_weights_come_in_order_of_the_alphabet_and_eight_are_kept() -> None:
    words = [f"word{letter}" for letter in "ihgfedcba"]
    assert keywords([[sound(*words)]]) == [[f"word{letter}" for letter in "abcdefgh"]]


def test_groups_without_words_have_no_keywords() -> None:
    assert keywords([[sound()], [sound("rain")]]) == [[], ["rain"]]


def test_a_kind_is_left_out_beside_what_is_one_of_it() -> None:
    # In the first group "dog" weighs 1 * log(1 / 0.5) = 0.69 and "animal" 1 * log(1 / 0.75) = 0.29.
    dogs = [sound("animal", "dog")] * 4
    others = [sound("animal")] * 2 + [sound("rain")] * 2
    assert keywords([dogs, others]) == [["dog"], ["rain", "animal"]]


def test_two_words_for_one_thing_are_one_word() -> None:
    group = [sound("cricket", "crickets", "church bell", "bell", "wood block", "woodblock", "knock", "knocking")] * 2
    (words,) = keywords([group])
    assert words == ["church bell", "cricket", "knock", "wood block"]


def test_what_it_is_stands_before_how_it_sounds() -> None:
    loud = [sound("loud", "dark", "repeated", "gong")] * 2 + [sound("loud", "dark", "repeated")] * 2
    assert keywords([loud, [sound("rain")]])[0] == ["gong", "dark", "loud", "repeated"]


# --- titles -----------------------------------------------------------------------------------------------------------


def test_a_title_is_made_of_the_first_three_words() -> None:
    assert titles([["kick", "low", "short", "dark"], []]) == ["Kick, low, short", "Mixed sounds"]


def test_twins_are_told_apart_by_a_longer_title_then_by_a_number() -> None:
    ranked = [["a", "b", "c", "d"], ["a", "b", "c", "e"], ["a", "b", "c"], [], []]
    assert titles(ranked) == ["A, b, c", "A, b, c, e", "A, b, c (2)", "Mixed sounds", "Mixed sounds (2)"]


def test_the_same_words_in_another_order_are_no_other_title() -> None:
    assert titles([["a", "b", "c"], ["b", "a", "c", "d"], ["c", "b", "a"]]) == ["A, b, c", "B, a, c, d", "C, b, a (2)"]


@given(st.lists(st.lists(st.sampled_from("a b c d (2)".split()), unique=True, max_size=5), max_size=12))
def test_no_two_titles_are_alike(ranked: Sequence[Sequence[str]]) -> None:
    given = titles(ranked)
    assert len(given) == len(ranked) == len(set(given))
    for title, words in zip(given, ranked, strict=True):
        assert title.lower().startswith(", ".join(words[:3]) or "mixed sounds")


@given(st.lists(st.lists(st.text(min_size=1), unique=True, max_size=5), max_size=8))
def test_any_words_make_titles_that_differ(ranked: Sequence[Sequence[str]]) -> None:
    assert len(set(titles(ranked))) == len(ranked)


# --- summaries --------------------------------------------------------------------------------------------------------


def test_a_summary_counts_and_says_the_lengths_and_the_kind() -> None:
    group = [sound(duration_s=d) for d in (1.0, 2.0, 3.0)] + [sound(duration_s=0.05, domain="speech")]
    said = summarise(group, ["rain", "loud"])
    assert said.startswith("4 sounds, 50 ms to 3.0 s long")
    assert "rain, loud" in said
    assert said.endswith("Most are heard as effect.")


def test_a_summary_of_one_sound_or_of_like_ones_is_short() -> None:
    assert summarise([sound(duration_s=1.0)], []) == "One sound, 1.0 s long. It is heard as effect."
    like = [sound(duration_s=1.0, domain=""), sound(duration_s=1.1, domain="")]
    assert summarise(like, []) == "2 sounds, each about 1.1 s long."


def test_words_of_names_count_only_if_they_say_something() -> None:
    said = sound_words(["kick", "01", "b2", "wav", "final", "track", "of", "deep"], ["Short", "low"])
    assert said == {"kick", "deep", "short", "low"}


def test_a_class_is_called_as_it_is_spoken_of_and_one_that_is_not_spoken_of_is_left_out() -> None:
    labels = ["Vehicle horn, car horn, honking", "Glass", "Bark", "Inside, small room", "Sound effect"]
    assert sound_words([], labels) == {"car horn", "glass", "dog barking"}


def test_of_two_words_that_say_the_opposite_the_more_telling_one_is_kept() -> None:
    # Each weighs 0.69: 1 * log(1/0.5) or 0.5 * log(1/0.25); so the first in the alphabet is kept.
    mixed = [sound("short", "bright"), sound("short", "sustained", "bright", "dark")]
    assert keywords([mixed, [sound(), sound("long")]])[0] == ["bright", "short"]
