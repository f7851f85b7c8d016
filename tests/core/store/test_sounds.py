"""Sounds, files and words: rows in, rows out."""

import pytest

from core.records import Filters, Skip
from core.scan import FoundFile
from core.store import sounds
from tests.core.store.conftest import listening


def add(db, number: int, *paths: str, **heard) -> int:
    sound_id = sounds.add_sound(db, f"sha{number}", 100, listening(**heard), "builtin")
    for path in paths:
        sounds.put_file(db, FoundFile(path, 100, 1), sound_id)
    sounds.index_words(db, [sound_id])
    return sound_id


def words(db, sound_id: int) -> tuple[str, str, str]:
    return db.execute("SELECT names, tags, captions FROM words WHERE rowid = ?", [sound_id]).fetchone()


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("Drums/bassDrum_03.wav", "drums bass drum 03"),
        ("/a/b/FX/door-slam (2).flac", "fx door slam 2"),
        ("kick.wav", "kick"),
        ("/x/808Kick.wav", "x 808 kick"),
        ("/x/take12b.wav", "x take 12 b"),
        ("/x/HTMLSound.wav", "x htmlsound"),
        ("/Große Trommel/Überschall.ogg", "große trommel überschall"),
        ("/声音/雨.wav", "声音 雨"),
        ("/x/v1.2.wav", "x v 1 2"),
        ("/x/_.wav", "x"),
        ('/x/it\'s "quoted" & <b>.wav', "x it s quoted b"),
    ],
)
def test_the_words_of_a_name_are_those_of_the_file_and_its_folder(path, expected):
    assert " ".join(sounds.name_words(path)) == expected


def test_a_sound_that_is_heard_again_keeps_its_id_and_takes_the_new_words(store):
    with store.writing() as db:
        first = add(db, 1, "/x/a.wav", caption="Old.", tags=("old", "both"))
        again = add(db, 1, caption="New.", tags=("both", "new"))

        assert first == again == 1
        assert words(db, 1) == ("x a", "both, new", "New.")
        assert [row["label"] for row in db.query("SELECT label FROM tags ORDER BY label")] == ["both", "new"]
        assert db["captions"].count == db["descriptors"].count == 1


def test_the_words_of_a_sound_are_those_of_all_its_files(store):
    with store.writing() as db:
        add(db, 1, "/drums/kick.wav", "/loops/Boom2.wav", tags=("low", "short"), caption="A low hit.")

        assert words(db, 1) == ("drums kick loops boom 2", "low, short", "A low hit.")
        assert sounds.matching(db, '"boom"') == sounds.matching(db, '"hits"') == {1}


def test_accents_and_endings_do_not_matter_to_a_search(store):
    with store.writing() as db:
        add(db, 1, "/x/Ñandú singing.wav")
        assert [sounds.matching(db, f'"{word}"') for word in ("nandu", "SINGS", "dog")] == [{1}, {1}, set()]


def test_a_card_says_what_a_list_shows_and_the_file_that_is_there_comes_first(store):
    with store.writing() as db:
        add(db, 1, "/a/gone.wav", "/b/here.wav", caption="A hit.", tags=("short", "loud"), duration_s=0.5)
        sounds.mark_missing(db, ["/a/gone.wav"])

        expected = {"id": 1, "path": "/b/here.wav", "caption": "A hit.", "tags": ["short", "loud"], "duration_s": 0.5}
        assert sounds.cards(db, [1]) == {1: expected | {"domain": "effect"}}
        assert sounds.cards(db, [2]) == sounds.cards(db, []) == {}


def test_cards_of_more_sounds_than_fit_one_statement_are_all_found(store):
    with store.writing() as db:
        ids = [add(db, number, f"/x/{number}.wav") for number in range(1, 2 * sounds.CHUNK + 3)]
        assert sorted(sounds.cards(db, ids)) == ids == list(range(1, 1003))


def test_a_label_with_a_comma_stays_one_label(store):
    with store.writing() as db:
        add(db, 1, "/x/a.wav", tags=("Domestic animals, pets", "dog"))
        assert sounds.cards(db, [1])[1]["tags"] == ["Domestic animals, pets", "dog"]


def test_the_caption_of_a_larger_model_is_shown_before_the_built_in_one(store):
    with store.writing() as db:
        add(db, 1, "/x/a.wav", caption="A short hit.")
        db.table("captions").insert({"sound_id": 1, "captioner": "conette", "text": "a dog barks"})
        sounds.index_words(db, [1])

        assert sounds.cards(db, [1])[1]["caption"] == "a dog barks"
        assert sounds.matching(db, '"dog"') == sounds.matching(db, '"hit"') == {1}


def test_metadata_is_whole_and_unknown_sounds_have_none(store):
    with store.writing() as db:
        add(db, 1, "/x/a.wav", tags=("short",))
        found = sounds.metadata(db, 1)

        assert sounds.metadata(db, 2) is None
        assert (found["sha256"], found["codec"], found["loudness_lufs"]) == ("sha1", "pcm_s16le", -20.0)
        assert found["tags"] == [{"label": "short", "score": 0.9, "source": "signal"}]
        assert found["captions"] == [{"captioner": "builtin", "text": "A short hit."}]
        assert found["files"] == [{"path": "/x/a.wav", "missing": False}]


def test_of_two_ears_that_heard_the_same_the_surer_is_told_and_the_order_is_by_score(store):
    with store.writing() as db:
        add(db, 1, "/x/a.wav")
        for source, label, score in (("a", "Rain", 0.3), ("b", "Rain", 0.9), ("b", "Dog", 0.5), ("a", "Dog", 0.6)):
            db.table("tags").insert({"sound_id": 1, "label": label, "score": score, "source": source})

        assert [(tag["label"], tag["score"], tag["source"]) for tag in sounds.metadata(db, 1)["tags"]] == [
            ("Rain", 0.9, "b"),
            ("Dog", 0.6, "a"),
            ("short", 0.9, "signal"),
        ]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (Filters(), {1, 2, 3}),
        (Filters(min_s=1.0), {2, 3}),
        (Filters(max_s=1.0), {1, 2}),
        (Filters(min_s=1.0, max_s=1.0), {2}),
        (Filters(max_s=0.0), set()),
        (Filters(domain="music"), {3}),
        (Filters(min_s=2.0, domain="effect"), set()),
        (Filters(domain="nobody's"), set()),
    ],
)
def test_filters_include_their_bounds(store, filters, expected):
    with store.writing() as db:
        for number, (seconds, domain) in enumerate([(0.5, "effect"), (1.0, "effect"), (4.0, "music")], start=1):
            add(db, number, f"/x/{number}.wav", duration_s=seconds, domain=domain)
        add(db, 4, "/x/gone.wav")
        sounds.mark_missing(db, ["/x/gone.wav"])

        assert sounds.present_ids(db, filters) == expected


def test_totals_count_what_is_present(store):
    with store.writing() as db:
        add(db, 1, "/x/1.wav", "/x/1 copy.wav", duration_s=0.5)
        add(db, 2, "/x/2.wav", duration_s=1.25, domain="music")
        add(db, 3, "/x/gone.wav", duration_s=9.0)
        sounds.mark_missing(db, ["/x/gone.wav"])
        sounds.put_skip(db, Skip("/x/bad.wav", "no sound"))

        expected = {"sounds": 2, "files": 3, "seconds_of_audio": 1.75, "domains": {"effect": 1, "music": 1}}
        assert sounds.totals(db, sounds.present_ids(db)) == expected | {"skipped": 1}
