"""Cards: what a tool found, as the name of an element and JSON that it can be redrawn from."""

import json
from pathlib import Path

import pytest

from agent.cards import CARDS, MAX_ROWS, MAX_SKIPS, Card, audio_url, card_for, literal, plain, progress_line
from agent.repeats import Repeats

ELEMENTS = Path(__file__).parents[2] / "agent" / "ui" / "elements"

KICK = {
    "id": 412,
    "name": "kick_01.wav",
    "start_s": 0.1,
    "end_s": 0.4,
    "score": 0.93,
    "caption": "A low drum hit.",
    "tags": ["drum", "short"],
    "duration_s": 0.5,
    "domain": "effect",
}
CLUSTER = {"cluster": 1, "title": "Low thumps", "size": 20, "keywords": ["low", "drum"], "exemplars": [KICK]}
DETAIL = {
    "id": 412,
    "name": "kick_01.wav",
    "path": "/sounds/kick_01.wav",
    "duration_s": 0.5,
    "sample_rate_hz": 44100,
    "channels": 1,
    "codec": "pcm_s16le",
    "loudness_lufs": -18.2,
    "peak_dbfs": -1.0,
    "brightness_hz": 900.0,
    "noisiness": 0.2,
    "pitch_hz": None,
    "tempo_bpm": None,
    "domain": "effect",
    "caption": "A low drum hit.",
    "tags": [{"label": "Drum", "score": 0.9}],
    "n_chunks": 1,
    "files": [{"path": "/sounds/kick_01.wav", "missing": False}],
    "sha256": "not shown",
}
INGEST = {
    "kind": "ingest",
    "found": 40,
    "indexed": 3,
    "unchanged": 2,
    "skipped": [{"path": f"{n}.txt", "reason": "holds no sound"} for n in range(35)],
    "seconds_of_audio": 7.5,
    "elapsed_s": 1.25,
    "changed": 1,
    "copies": 0,
    "moved": 0,
    "missing": 0,
    "damaged": 1,
}
MAP = {
    "kind": "map",
    "title": "A map of 300 sounds",
    "clustering": 3,
    "space": "builtin",
    "colour": "domain",
    "n": 300,
    "groups": 12,
}
TIMELINE = {
    "kind": "timeline",
    "sound": "a3fa9c2d1",
    "name": "the attached sound",
    "duration_s": 9.5,
    "has_picture": True,
    "events": [
        {"start_s": 0.0, "end_s": 4.0, "label": "Music", "score": 0.9},
        {"start_s": 6.0, "end_s": 6.5, "label": "Bark", "score": 0.8},
        {"start_s": 7.0, "end_s": 7.5, "label": "Bark", "score": 0.7},
    ],
    "hidden": 0,
    "edits": {},
    "srt": "1\n",
    "vtt": "WEBVTT\n",
    "note": "",
}
YARD = {"id": 412, "name": "yard.wav", "duration_s": 60.0}
MOMENTS = {
    "kind": "moments",
    "title": "Moments with “dog”",
    "total": 5,
    "hits": [
        {**YARD, "start_s": 10.0, "end_s": 11.0, "score": 0.93, "label": "Bark", "is_sure": True},
        {**YARD, "start_s": 27.0, "end_s": 27.8, "score": 0.66, "label": "Dog", "is_sure": False},
    ],
}
ARTIFACTS = [
    {"kind": "hits", "title": "Sounds like kick_01.wav", "hits": [KICK]},
    {"kind": "clustering", "clustering": 3, "k": 1, "method": "gmm", "clusters": [CLUSTER]},
    {"kind": "cluster", "clustering": 3, "summary": "Drums.", "members": [412], **CLUSTER},
    {"kind": "sounds", "sounds": [DETAIL]},
    {"kind": "count", "title": "Sounds with kick", "n": 4, "hits": [KICK]},
    {"kind": "selection", "selection": 3, "title": "Selection 3, 4 sounds", "size": 4, "hits": [KICK]},
    MAP,
    INGEST,
    TIMELINE,
    MOMENTS,
]


def test_a_moment_is_a_player_that_begins_at_its_second_and_says_what_is_heard():
    props = drawn(MOMENTS).props
    assert [(row["start_s"], row["end_s"], row["caption"]) for row in props["hits"]] == [
        (10.0, 11.0, "Bark"),
        (27.0, 27.8, "Dog, perhaps"),
    ]
    assert props["hidden"] == 3


def drawn(artifact) -> Card:
    card = card_for(artifact)
    assert card is not None
    return card


def test_there_is_an_artifact_of_each_kind_that_has_a_card():
    assert {artifact["kind"] for artifact in ARTIFACTS} == set(CARDS)


@pytest.mark.parametrize("artifact", ARTIFACTS, ids=lambda artifact: artifact["kind"])
def test_a_card_names_an_element_that_exists_and_is_json(artifact):
    card = drawn(artifact)
    assert (ELEMENTS / f"{card.element}.jsx").is_file()
    assert json.loads(json.dumps(card.props, allow_nan=False)) == card.props


@pytest.mark.parametrize(
    "artifact",
    [
        None,
        {},
        {"kind": "overview", "sounds": 3},
        {"kind": "export", "files": 2},
        {"kind": "hits", "title": "t", "hits": []},
    ],
)
def test_what_its_text_says_in_full_gets_no_card(artifact):
    assert card_for(artifact) is None


def test_of_a_selection_the_card_tells_how_many_sounds_it_does_not_show():
    card = drawn(next(each for each in ARTIFACTS if each["kind"] == "selection"))
    assert (card.element, card.props["title"], card.props["hidden"]) == ("SoundList", "Selection 3, 4 sounds", 3)
    assert card.names == {"412"}


def test_a_map_is_shown_from_an_address_that_holds_what_it_shows():
    props = drawn(MAP).props
    assert props["url"] == "/library/map?clustering=3&space=builtin&colour=domain"
    assert (
        drawn(MAP | {"clustering": None, "space": "a&b=c"}).props["url"] == "/library/map?space=a%26b%3Dc&colour=domain"
    )


def test_a_group_says_how_firm_it_is_and_whether_its_name_is_weak():
    def group(**more):
        artifact = {"kind": "clustering", "clustering": 3, "method": "gmm", "clusters": [CLUSTER | more]}
        return drawn(artifact).props["clusters"][0]

    firm = group(stability=0.93, name_auc=0.91, named_by="person")
    assert (firm["stability"], firm["name_auc"], firm["weak"], firm["named_by_person"]) == (0.93, 0.91, False, True)
    assert group(name_auc=0.69)["weak"]
    plain_one = group()
    assert (plain_one["stability"], plain_one["name_auc"], plain_one["weak"]) == (None, None, False)


def test_a_clustering_says_what_is_different_and_what_fits_nowhere():
    artifact = {"kind": "clustering", "clustering": 3, "method": "hdbscan", "clusters": [CLUSTER]}
    props = drawn(artifact | {"outliers": 7, "change": "12 sounds moved; group 4 split.", "name": "take two"}).props
    assert (props["outliers"], props["change"], props["name"]) == (7, "12 sounds moved; group 4 split.", "take two")
    assert (drawn(artifact).props["outliers"], drawn(artifact).props["change"]) == (0, "")


def test_a_hit_keeps_its_order_score_and_moment():
    second = {**KICK, "id": 7, "score": 0.5}
    rows = drawn({"kind": "hits", "title": "t", "hits": [KICK, second]}).props["hits"]
    assert [(row["id"], row["score"], row["start_s"], row["end_s"]) for row in rows] == [
        (412, 0.93, 0.1, 0.4),
        (7, 0.5, 0.1, 0.4),
    ]


def test_a_sound_is_heard_at_an_address_made_of_its_number_alone():
    assert audio_url(412) == "/library/audio/412"
    row = drawn({"kind": "hits", "title": "t", "hits": [{**KICK, "path": "/etc/passwd"}]}).props["hits"][0]
    assert row["audio"] == "/library/audio/412"
    assert "path" not in row


def test_an_id_that_is_no_number_never_becomes_an_address():
    with pytest.raises(ValueError, match="invalid literal"):
        audio_url("../secret")  # type: ignore[arg-type]


def test_a_sound_that_was_not_searched_for_has_no_score():
    props = drawn({"kind": "cluster", "clustering": 3, **CLUSTER, "exemplars": [{**KICK, "score": None}]}).props
    assert props["hits"][0]["score"] is None


def test_a_cluster_says_how_many_of_its_sounds_are_not_shown():
    assert drawn({"kind": "cluster", "clustering": 3, **CLUSTER}).props["hidden"] == 19


def test_a_long_list_of_hits_is_cut_with_a_count():
    props = drawn({"kind": "hits", "title": "t", "hits": [KICK] * (MAX_ROWS + 5)}).props
    assert len(props["hits"]) == MAX_ROWS
    assert props["hidden"] == 5


def test_skips_are_cut_but_counted_and_the_sum_holds():
    card = drawn(INGEST)
    assert len(card.props["skipped"]) == MAX_SKIPS
    assert card.props["n_skipped"] == 35
    assert card.props["found"] == card.props["indexed"] + card.props["unchanged"] + card.props["n_skipped"]
    assert card.names == {f"{n}.txt" for n in range(MAX_SKIPS)}


def test_a_clustering_counts_the_sounds_of_its_groups():
    clusters = [CLUSTER, {**CLUSTER, "cluster": 2, "size": 4}]
    card = drawn({"kind": "clustering", "clustering": 3, "k": 2, "method": "gmm", "clusters": clusters})
    assert card.props["title"] == "24 sounds in 2 groups"


def test_a_card_says_what_it_lists():
    assert [drawn(artifact).names for artifact in ARTIFACTS[:4]] == [{"412"}, {"Low thumps"}, {"412"}, {"412"}]


def test_details_leave_out_what_the_card_does_not_show():
    detail = drawn({"kind": "sounds", "sounds": [DETAIL]}).props["sounds"][0]
    assert detail["pitch_hz"] is None
    assert detail["tags"] == [{"label": "Drum", "score": 0.9}]
    assert "sha256" not in detail


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("kick.wav", "kick.wav"),
        ("a\nb\tc", "a b c"),
        ("gpj\u202egnp.exe", "gpjgnp.exe"),
        ("bell\x07\x1b[31m", "bell[31m"),
        ("Grüße 日本 🥁", "Grüße 日本 🥁"),
        ("<b>x</b>", "<b>x</b>"),
        ("abcdef", "abc…"),
    ],
)
def test_text_of_strangers_is_one_line_without_hidden_signs(text, shown):
    assert plain(text, limit=4 if shown.endswith("…") else 300) == shown


def test_a_text_is_shown_letter_by_letter_in_markdown():
    assert literal("![x](http://a.test/b_c.png) <b>*") == "\\!\\[x\\](http:\u2060//a.test/b\\_c.png) \\<b\\>\\*"
    assert literal("kick 01.wav: no sound; convert it") == "kick 01.wav: no sound; convert it"


@pytest.mark.parametrize(
    ("done", "total", "label", "line"),
    [
        (0, 40, "", "`░░░░░░░░░░░░░░░░░░░░` 0 of 40"),
        (10, 40, "kick.wav", "`█████░░░░░░░░░░░░░░░` 10 of 40 · `kick.wav`"),
        (40, 40, "a`b\n![c](d)", "`████████████████████` 40 of 40 · `a'b ![c](d)`"),
        (0, 0, "", "`░░░░░░░░░░░░░░░░░░░░` 0 of 0"),
    ],
)
def test_progress_is_a_bar_with_its_numbers_and_what_was_just_finished(done, total, label, line):
    assert progress_line(done, total, label) == line


def test_what_is_heard_when_is_drawn_in_lanes_and_played_from_its_own_address():
    props = drawn(TIMELINE).props
    assert [lane["label"] for lane in props["lanes"]] == ["Music", "Bark"]
    assert props["lanes"][1]["spans"] == [[6.0, 6.5, 0.8], [7.0, 7.5, 0.7]]
    assert props["url"] == "/library/attachment/a3fa9c2d1"
    police = {"start_s": 1.0, "end_s": 2.0, "label": "Police car (siren)", "score": 0.9}
    repeats = Repeats(drawn({**TIMELINE, "events": [police]}).names)
    assert repeats.feed("- Police car (siren): 0:01 to 0:02\n") == ""
    assert drawn({**TIMELINE, "sound": "412"}).props["url"] == "/library/audio/412"
    hostile = drawn({**TIMELINE, "name": "../../\u202e<img src=x>.wav", "sound": "../x"}).props
    assert hostile["url"] == "/library/attachment/..%2Fx"
    assert set(hostile["file"]) & set("/<>\u202e ") == set()
