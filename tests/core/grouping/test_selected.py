"""What some sounds hold, told from what a list shows of them."""

from core.grouping.selected import describe


def card(sound: int, tags: list[str], duration_s: float = 1.0, path: str = "/a/x.wav") -> dict:
    return {"id": sound, "path": path, "caption": "", "tags": tags, "duration_s": duration_s, "domain": "nature"}


def test_the_commonest_words_are_told_with_their_shares_and_who_has_most_of_them_stands_first():
    cards = [card(4, ["crackly"]), card(5, ["dripping", "soft"], 3.0), card(9, ["dripping"], 2.0)]
    told = describe(cards)

    assert told.words == {"dripping": 0.67, "crackly": 0.33, "soft": 0.33}
    assert told.typical == [5, 9, 4]
    assert told.summary.startswith("3 sounds, 1.0 s to 3.0 s long, in the middle 2.0 s. All are heard as nature.")
    assert told.summary.endswith(" Said of them: dripping (67 %), crackly (33 %), soft (33 %).")


def test_a_single_sound_without_words_is_told_by_its_length():
    told = describe([card(7, [])])

    assert (told.words, told.typical) == ({}, [7])
    assert told.summary == "One sound, 1.0 s long. It is heard as nature."


def test_what_hardly_any_sound_has_is_not_told():
    cards = [card(n, ["dripping"]) for n in range(1, 20)] + [card(20, ["rusty"])]
    assert describe(cards).words == {"dripping": 0.95}


def test_what_sounds_are_is_told_before_how_they_sound():
    cards = [card(1, ["bright", "short", "high", "rusty"]), card(2, ["bright", "short", "high"])]
    told = describe(cards)
    assert list(told.words) == ["rusty", "bright", "high"]
    assert told.summary.endswith(" Said of them: rusty (50 %); they are bright (100 %), high (100 %).")
    assert describe(cards[1:]).summary.endswith(" They are bright (100 %), high (100 %).")
