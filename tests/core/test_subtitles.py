"""Events as subtitles: what each is called, how long it stands, and the files, letter by letter."""

import itertools
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import EarshotError, NotFoundError
from core.events.event import Event
from core.settings import Settings
from core.subtitles.cues import Cue, Limits, make_cues
from core.subtitles.formats import as_audacity, as_csv, as_json, as_raven, as_srt, as_vtt
from core.subtitles.merging import subtitled
from core.subtitles.reading import read_words
from core.subtitles.saving import check_targets, write_texts
from core.subtitles.wording import is_speech, worded

LIMITS = Limits()


def event(label: str, start_s: float, end_s: float, score: float = 0.9) -> Event:
    return Event(start_s, end_s, label, score)


def times(cues: list[Cue]) -> list[tuple[float, float, str]]:
    return [(cue.start_s, cue.end_s, "|".join(cue.lines)) for cue in cues]


# --- wording ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("label", "seconds", "style", "text"),
    [
        ("Rain", 5, "events", "[rain]"),
        ("Rain", 5, "sdh", "[Rain]"),
        ("Rain", 5, "all", "[rain 0.90]"),
        ("Bark", 1, "events", "[dog barks]"),
        ("Bark", 1, "sdh", "[Dog barks]"),
        ("Speech", 5, "events", "[speech]"),
        ("Music", 5, "events", "[music]"),
        ("Music", 5, "sdh", "♪ Music ♪"),
        ("Piano", 5, "events", "[music: piano]"),
        ("Piano", 1, "events", "[piano]"),
        ("Singing", 5, "sdh", "♪ Singing ♪"),
        ("my <b>neighbour</b>\nshouts", 1, "events", "[my bneighbour/b shouts]"),
    ],
)
def test_an_event_is_said_in_the_words_of_its_style(label: str, seconds: float, style: str, text: str) -> None:
    assert worded(event(label, 0, seconds), style) == text


def test_all_that_is_spoken_is_speech() -> None:
    assert is_speech("Speech") and is_speech("Child speech, kid speaking")
    assert not is_speech("Dog") and not is_speech("my neighbour")


# --- cues -------------------------------------------------------------------------------------------------------------


def test_a_sound_is_shown_for_as_long_as_it_can_be_read_and_no_longer_than_anybody_reads_it() -> None:
    cues = make_cues([event("Bark", 1.0, 1.2), event("Rain", 10.0, 60.0)])
    assert times(cues) == [(1.0, 1.833, "[dog barks]"), (10.0, 17.0, "[rain]")]
    kept = make_cues([event("Rain", 10.0, 60.0)], limits=Limits(longest_s=0))
    assert times(kept) == [(10.0, 60.0, "[rain]")]


def test_what_sounds_at_once_stands_side_by_side_in_the_order_in_which_it_began() -> None:
    cues = make_cues([event("Rain", 0, 6), event("Bark", 2, 4)])
    assert times(cues) == [(0, 2, "[rain]"), (2, 4, "[rain] [dog barks]"), (4, 6, "[rain]")]


def test_what_begins_nearly_together_begins_together() -> None:
    cues = make_cues([event("Rain", 1.0, 5.0), event("Siren", 1.3, 5.1)])
    assert times(cues) == [(1.0, 5.1, "[rain] [siren]")]


def test_the_same_sound_again_and_again_does_not_blink() -> None:
    barks = [event("Bark", start_s, start_s + 0.3) for start_s in (1.0, 1.9, 2.8)]
    assert times(make_cues(barks)) == [(1.0, 3.633, "[dog barks]")]


def test_a_gap_is_left_before_what_shares_nothing_and_none_where_a_label_stays() -> None:
    cues = make_cues([event("Rain", 0, 3), event("Siren", 3, 6)])
    assert times(cues) == [(0, 2.917, "[rain]"), (3, 6, "[siren]")]


def test_where_there_is_no_room_the_surest_stay() -> None:
    narrow = Limits(chars=12, lines=1)
    cues = make_cues([event("Rain", 0, 4, 0.5), event("Siren", 0, 4, 0.9), event("Wind", 0, 4, 0.4)], limits=narrow)
    assert times(cues) == [(0, 4, "[siren]")]
    long = make_cues([event("a very long name that a person has thought of for this", 0, 4)], limits=narrow)
    assert times(long) == [(0, 4, "[a very…")]


def test_all_events_have_cues_of_their_own_where_all_are_asked_for() -> None:
    cues = make_cues([event("Rain", 0, 60), event("Bark", 2, 2.1)], "all")
    assert times(cues) == [(0, 60, "[rain 0.90]"), (2, 2.1, "[dog barks 0.90]")]


some_events = st.lists(
    st.builds(
        lambda label, start, length, score: event(label, start / 100, (start + length) / 100, score / 100),
        st.sampled_from(["Rain", "Bark", "Siren", "Music", "Speech", "Piano", "Church bell", "Walk, footsteps"]),
        st.integers(0, 3000),
        st.integers(10, 1500),
        st.integers(1, 99),
    ),
    max_size=12,
)


@given(some_events)
def test_cues_keep_to_the_limits_whatever_is_heard(events: list[Event]) -> None:
    cues = make_cues(events)
    assert all(len(cue.lines) <= 2 and all(len(line) <= 42 for line in cue.lines) for cue in cues)
    assert all(cue.end_s - cue.start_s >= LIMITS.shortest_s - 0.002 for cue in cues)
    for cue, following in itertools.pairwise(cues):
        assert following.start_s >= cue.end_s
        assert cue.lines != following.lines or following.start_s > cue.end_s


@given(some_events)
def test_a_sound_that_finds_room_appears_within_half_a_second_of_where_it_begins(events: list[Event]) -> None:
    for one in events:
        others = [other for other in events if other != one and other.label != one.label]
        cues = make_cues([one, *others[:2]], limits=Limits(lines=3))
        text = worded(one, "events")
        begun = [cue.start_s for cue in cues if text in " ".join(cue.lines)]
        assert min(abs(start_s - one.start_s) for start_s in begun) <= 0.5


def test_the_limits_are_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Limits.of(Settings()) == Limits()
    monkeypatch.setenv("EARSHOT_SUBTITLE_MAX_S", "0")
    monkeypatch.setenv("EARSHOT_SUBTITLE_CHARS", "30")
    assert Limits.of(Settings()) == Limits(chars=30, longest_s=0)


# --- formats ----------------------------------------------------------------------------------------------------------

CUES = [Cue(0.0, 1.5, ("[rain]",)), Cue(3661.0425, 3662.0, ("[Dog & cat] <i>x</i>", "a --> b"))]
EVENTS = [event("Bark", 1.25, 2.0), event("=1+1", 3.0, 4.5, 0.5)]


def test_srt() -> None:
    assert as_srt(CUES) == (
        "1\n00:00:00,000 --> 00:00:01,500\n[rain]\n\n2\n01:01:01,042 --> 01:01:02,000\n[Dog & cat] <i>x</i>\na → b\n"
    )


def test_vtt() -> None:
    assert as_vtt(CUES) == (
        "WEBVTT\n\n00:00:00.000 --> 00:00:01.500\n[rain]\n\n"
        "01:01:01.042 --> 01:01:02.000\n[Dog &amp; cat] <i>x</i>\na → b\n"
    )
    assert as_vtt([Cue(0, 1, ("<script>",))]).splitlines()[-1] == "&lt;script&gt;"


def test_tables_and_label_tracks() -> None:
    assert as_csv(EVENTS) == "start_s,end_s,label,score\n1.25,2.0,Bark,0.9\n3.0,4.5,'=1+1,0.5\n"
    assert as_audacity(EVENTS) == "1.250000\t2.000000\tBark\n3.000000\t4.500000\t=1+1\n"
    header, first, second = (line.split("\t") for line in as_raven(EVENTS).splitlines())
    assert header[3:5] == ["Begin Time (s)", "End Time (s)"]
    assert first == ["1", "Spectrogram 1", "1", "1.250", "2.000", "0", "16000", "Bark", "0.9"]
    assert (second[0], second[7]) == ("2", "=1+1")


def test_json_holds_what_was_heard_and_of_which_file() -> None:
    document = json.loads(as_json(EVENTS, "a\nb\udc80.wav", 5.12345))
    assert (document["file"], document["duration_s"]) == ("a b.wav", 5.123)
    assert document["events"][0] == {"start_s": 1.25, "end_s": 2.0, "label": "Bark", "score": 0.9}
    assert [each["label"] for each in document["events"]] == ["Bark", "=1+1"]
    assert json.loads(as_json([], "quiet.wav", 1.0))["events"] == []


def test_nothing_heard_is_an_empty_file_of_its_kind() -> None:
    assert (as_srt([]), as_vtt([]), as_audacity([])) == ("", "WEBVTT\n\n", "")
    assert make_cues([]) == []


# --- words ------------------------------------------------------------------------------------------------------------


def srt(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


def test_words_are_read_as_other_programs_write_them(tmp_path: Path) -> None:
    text = (
        "\ufeff2\r\n00:00:04.500 --> 00:00:06,0 X1:10 X2:20\r\nWhat?\r\n\r\n"
        "1\r\n0:00:01,000-->0:00:02,500\r\n<i>Hello,</i>\r\nyou.\r\n\r\n\r\n3\r\n00:00:07,000 --> 00:00:08,000\r\n\r\n"
    )
    assert read_words(srt(tmp_path / "words.srt", text)) == [
        Cue(1.0, 2.5, ("<i>Hello,</i>", "you.")),
        Cue(4.5, 6.0, ("What?",)),
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1\nHello\n", "line 2 is no time like"),
        ("1\n00:00:01,000 --> 00:00:02,000\nA\n\n2\n00:00:03,000 -> 00:00:04,000\nB\n", "line 6 is no time like"),
        ("1\n00:00:02,000 --> 00:00:01,000\nA\n", "line 2 ends before it begins"),
        ("1\n00:99:02,000 --> 01:00:01,000\nA\n", "line 2 ends before it begins or names no time of a clock"),
        ("1", "line 2 is no time like"),
        ("", "holds no subtitle"),
        ("WEBVTT\n\n00:01.000 --> 00:02.000\nA\n", "line 1 is no time like"),
    ],
)
def test_words_that_cannot_be_understood_are_refused_in_a_sentence(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(EarshotError, match=said) as refused:
        read_words(srt(tmp_path / "words.srt", text))
    assert str(refused.value).startswith("words.srt") and "\n" not in str(refused.value)


def test_words_in_another_encoding_or_nowhere_are_refused(tmp_path: Path) -> None:
    text = "1\n00:00:01,000 --> 00:00:02,000\nGrüß Gott\n"
    with pytest.raises(EarshotError, match=r"words\.srt is not text in UTF-8"):
        read_words(srt(tmp_path / "words.srt", text, "latin-1"))
    with pytest.raises(NotFoundError, match="there is no file"):
        read_words(tmp_path / "none.srt")


# --- words and sounds -------------------------------------------------------------------------------------------------

WORDS = [Cue(2.0, 4.0, ("Hello.",)), Cue(8.0, 9.0, ("Who is there?",))]


def test_words_stay_and_sounds_stand_above_them() -> None:
    found = subtitled([event("Speech", 2.0, 9.0), event("Rain", 0.0, 7.0)], WORDS, "events", LIMITS)
    assert times(found) == [
        (0.0, 2.0, "[rain]"),
        (2.0, 4.0, "[rain]|Hello."),
        (4.0, 7.0, "[rain] [speech]"),
        (7.0, 8.0, "[speech]"),
        (8.0, 9.0, "Who is there?"),
    ]


def test_speech_is_marked_where_its_words_are_not_and_for_long_enough() -> None:
    assert times(subtitled([event("Speech", 0.0, 12.0)], WORDS, "events", LIMITS)) == [
        (0.0, 2.0, "[speech]"),
        (2.0, 4.0, "Hello."),
        (4.0, 8.0, "[speech]"),
        (8.0, 9.0, "Who is there?"),
        (9.0, 12.0, "[speech]"),
    ]
    for start_s, end_s in ((1.5, 4.5), (2.5, 3.0)):  # less than can be shown is left beside the words, or nothing
        found = subtitled([event("Speech", start_s, end_s)], WORDS, "events", LIMITS)
        assert times(found) == [(2.0, 4.0, "Hello."), (8.0, 9.0, "Who is there?")]


def test_speech_without_words_is_still_marked() -> None:
    found = subtitled([event("Speech", 12.0, 14.0)], WORDS, "sdh", LIMITS)
    assert times(found)[-1] == (12.0, 14.0, "[Speech]")


def test_a_sound_in_the_midst_of_words_cuts_them_only_where_both_parts_can_be_read() -> None:
    words = [Cue(0.0, 6.0, ("A long sentence.",))]
    assert times(subtitled([event("Bark", 3.0, 4.0)], words, "events", LIMITS)) == [
        (0.0, 3.0, "A long sentence."),
        (3.0, 4.0, "[dog barks]|A long sentence."),
        (4.0, 6.0, "A long sentence."),
    ]
    assert times(subtitled([event("Bark", 0.3, 0.5)], words, "events", LIMITS)) == [
        (0.0, 1.133, "[dog barks]|A long sentence."),
        (1.133, 6.0, "A long sentence."),
    ]


@given(some_events)
def test_no_word_is_lost_moved_or_covered(events: list[Event]) -> None:
    found = subtitled(events, WORDS, "events", LIMITS)
    for word in WORDS:
        parts = [cue for cue in found if cue.lines[-len(word.lines) :] == word.lines]
        assert (parts[0].start_s, parts[-1].end_s) == (word.start_s, word.end_s)
        assert all(one.end_s == other.start_s for one, other in itertools.pairwise(parts))
    for cue, following in itertools.pairwise(found):
        assert following.start_s >= cue.end_s


# --- files ------------------------------------------------------------------------------------------------------------


def test_nothing_is_written_over_and_all_is_written_or_nothing(tmp_path: Path) -> None:
    source, new, old = tmp_path / "clip.mp4", tmp_path / "new.srt", tmp_path / "old.vtt"
    source.write_text("video")
    old.write_text("mine")
    with pytest.raises(EarshotError, match=r"old\.vtt is there already; choose another name, or write over it"):
        check_targets([new, old], [source], replace=False)
    with pytest.raises(EarshotError, match="is there already"):  # one that has appeared since it was looked for
        write_texts({new: "a", old: "b"}, replace=False)
    assert old.read_text() == "mine" and sorted(path.name for path in tmp_path.iterdir()) == ["clip.mp4", "old.vtt"]
    check_targets([new, old], [source], replace=True)
    write_texts({new: "a", old: "b"}, replace=True)
    assert (new.read_text(), old.read_text()) == ("a", "b")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["clip.mp4", "new.srt", "old.vtt"]


def test_a_file_that_is_read_is_never_a_target(tmp_path: Path) -> None:
    source = tmp_path / "clip.mp4"
    for targets, said in (
        ([source], "is a file that is read here"),
        ([tmp_path], "is a folder"),
        ([tmp_path / "none" / "a.srt"], "there is no folder"),
        ([tmp_path / "a.srt", tmp_path / "a.srt"], "is named twice"),
    ):
        with pytest.raises(EarshotError, match=said):
            check_targets(targets, [source], replace=True)
