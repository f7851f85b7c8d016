"""Answers: short, complete, and inert whatever a file is called."""

import re

import pytest
from langchain_core.messages import ToolMessage

from agent.llm.embedded.asked import Asked
from agent.llm.embedded.phrasing import phrase, phrase_artifact
from agent.llm.embedded.quoting import inert, quoted
from tests.agent.llm.conversations import NAMES, card, cluster, clustering, hits, metadata


def result(
    text: str = "", artifact: dict | None = None, name: str = "search_by_text", status: str = "success"
) -> ToolMessage:
    return ToolMessage(text, tool_call_id="abcdefghi", name=name, artifact=artifact, status=status)


def test_hits_are_counted_the_nearest_told_and_all_listed():
    said = phrase_artifact(hits("Sounds like my snare.wav"), Asked({}))

    assert said.startswith(
        "I found 5 sounds like “my snare.wav”. The nearest is sound 412, “kick_01.wav” (0.93) at 0.0 s: A short sound."
    )
    lines = said.split("\n\n")[1].split("\n")
    assert lines[3] == "4. sound 900, “storm (long).ogg”, at 0.0 s, 0.63: A short sound"
    assert len(lines) == 5


def test_what_perhaps_fits_is_told_from_what_surely_does():
    said = phrase_artifact(hits() | {"sure": 2}, Asked({"text": "rain"}))
    assert said.startswith("I found 2 sounds for “rain”, and 3 more that perhaps fit. The nearest is sound 412")
    one = phrase_artifact(hits() | {"sure": 1}, Asked({"text": "rain"}))
    assert one.startswith("I found 1 sound for “rain”, and 4 more that perhaps fit.")


def test_where_nothing_surely_fits_that_is_said_first():
    title = "Sounds that perhaps fit “a helicopter” without “wind”"
    said = phrase_artifact(hits(title) | {"sure": 0}, Asked({"text": "a helicopter", "max_s": 2.0}))
    head, _, listed = said.partition("\n\n")
    assert head == "Nothing here surely fits “a helicopter” without “wind” under 2 s. The nearest, perhaps:"
    assert len(listed.split("\n")) == 5


def test_only_ids_of_the_artifact_are_named():
    said = phrase_artifact(hits(), Asked({}))

    named = {int(number) for number in re.findall(r"^\d+\. sound (\d+), “", said, re.MULTILINE)}
    assert named == set(NAMES)


def test_a_hit_without_a_score_has_none():
    said = phrase_artifact({"kind": "hits", "title": "Sounds", "hits": [card(3)]}, Asked({}))

    assert "None" not in said
    assert said.startswith("I found 1 sound. It is sound 3, “drip.wav” at 0.0 s")


def test_the_sound_of_a_search_is_called_by_its_name():
    names = {"a3fa9c2d1": "my snare.wav", "412": "kick_01.wav"}

    def head(title: str, sound: str) -> str:
        return phrase_artifact(hits(title), Asked({"sound": sound}, names=names)).partition(". ")[0]

    assert head("Sounds like a3fa9c2d1", "a3fa9c2d1") == "I found 5 sounds like “my snare.wav”"
    assert (
        head("Sounds like a3fa9c2d1 from 2 s to 4 s", "a3fa9c2d1")
        == "I found 5 sounds like “my snare.wav” from 2 s to 4 s"
    )
    assert (
        head("Sounds like the attached sound from 2 s", "a3fa9c2d1") == "I found 5 sounds like “my snare.wav” from 2 s"
    )
    assert head("Sounds like 412", "412") == "I found 5 sounds like sound 412, “kick_01.wav”"
    assert head("Sounds like 88", "88") == "I found 5 sounds like sound 88"
    assert head("Sounds like snare.wav", "a3fa9c2d1") == "I found 5 sounds like “snare.wav”"


@pytest.mark.parametrize(
    ("args", "hint"),
    [
        ({"text": "x", "max_s": 1.0}, "without the limit on length"),
        ({"text": "x", "domain": "music"}, "without the limit on domain"),
        ({"text": "x", "without": "y"}, "without leaving anything out"),
        ({"text": "x"}, "other words"),
    ],
)
def test_no_hits_says_what_to_try(args, hint):
    said = phrase_artifact({"kind": "hits", "title": "Sounds for “x”", "hits": []}, Asked(args))

    assert said.startswith("I found no sounds for “x”")
    assert hint in said


def test_groups_say_who_chose_their_number():
    assert phrase_artifact(clustering(8), Asked({})).startswith(
        "8 groups (clustering 3), the number found by GMM + BIC:"
    )
    assert phrase_artifact(clustering(8), Asked({"k": 8})).startswith("8 groups (clustering 3), by GMM:")
    assert phrase_artifact(clustering(2), Asked({"query": "drums"})).startswith(
        "2 groups of sounds for “drums” (clustering 3)"
    )


def test_what_the_tool_says_of_the_number_of_groups_goes_first():
    found = clustering(8) | {"automatic": True, "query": "rain"}

    said = phrase_artifact(found, Asked({"k": 8}))

    assert said.startswith("8 groups of sounds for “rain” (clustering 3), the number found by GMM + BIC:")


def test_every_group_is_listed_with_two_examples():
    said = phrase_artifact(clustering(3), Asked({"k": 3})).split("\n\n")[1].split("\n")

    assert said == [
        "- cluster 1, “Kind 1”, 11 sounds: sound 101, “sound_101.wav”; sound 102, “sound_102.wav”",
        "- cluster 2, “Kind 2”, 12 sounds: sound 201, “sound_201.wav”; sound 202, “sound_202.wav”",
        "- cluster 3, “Kind 3”, 13 sounds: sound 301, “sound_301.wav”; sound 302, “sound_302.wav”",
    ]


def test_a_cluster_tells_its_title_size_summary_and_examples():
    said = phrase_artifact(cluster(), Asked({}))

    assert said.startswith(
        "Cluster 3 of clustering 3, “Low thumps”: Short low thumps, mostly drums.\n\n"
        "Most typical is sound 5: A short sound. Hear sound 9 and sound 14 too.\n\n1. "
    )
    assert "2. sound 9, “sound_9.wav”" in said
    assert phrase_artifact(cluster() | {"summary": ""}, Asked()).startswith(
        "Cluster 3 of clustering 3, “Low thumps”: 3 sounds."
    )


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("how long is it", "Sound 412, “kick_01.wav”, 0.4 s long."),
        ("how loud is PLACE0", "Sound 412, “kick_01.wav”, -14.2 LUFS, peak -1.0 dBFS."),
        ("what is the pitch of it", "Sound 412, “kick_01.wav”, pitch 55.0 Hz."),
        ("what is its tempo", "Sound 412, “kick_01.wav”, without a clear tempo."),
        ("is it stereo", "Sound 412, “kick_01.wav”, stereo 44100 Hz pcm\\_s16le."),
        ("which tags does it have", "Sound 412, “kick_01.wav”, tags drum, thump."),
        ("where is the file", "Sound 412, “kick_01.wav”, at “/data/kick_01.wav”."),
        ("is it music or speech", "Sound 412, “kick_01.wav”, domain effect."),
    ],
)
def test_what_is_asked_of_a_sound_is_answered(question, answer):
    said = phrase_artifact({"kind": "sounds", "sounds": [metadata()]}, Asked({}, question=question))

    assert said.replace("\\_", "_") == answer.replace("\\_", "_")


def test_without_a_special_question_all_is_told():
    said = phrase_artifact(
        {"kind": "sounds", "sounds": [metadata(), metadata(57)]}, Asked({}, question="tell me about it")
    )

    first, second = said.split("\n\n")
    assert first.startswith("Sound 412, “kick_01.wav”: A low thump. 0.4 s long, domain effect, stereo 44100 Hz")
    assert second.startswith("Sound 57, “tin roof.flac”")


def test_a_chunk_is_named_with_its_seconds():
    chunk = metadata() | {"chunk": 7, "start_s": 3.5, "end_s": 4.5}

    said = phrase_artifact({"kind": "sounds", "sounds": [chunk]}, Asked())

    assert said.startswith("Chunk 412:7 (3.5 s to 4.5 s) of “kick_01.wav”: A low thump.")


def ingested(n_skips: int = 0, **more: int) -> dict:
    skipped = [{"path": f"/data/{n}.wav", "reason": "no audio stream"} for n in range(n_skips)]
    counts = {"found": 5 + n_skips, "indexed": 3, "unchanged": 2, "changed": 0, "copies": 0, "moved": 0, "missing": 0}
    return {"kind": "ingest", **counts, "skipped": skipped, "seconds_of_audio": 125.0, "elapsed_s": 2.5, **more}


def test_an_ingest_adds_up():
    said = phrase_artifact(ingested(), Asked({}))

    assert said == "Added 3 files: 5 found = 3 indexed + 2 unchanged + 0 skipped; 2 min 5 s of audio in 2.5 s."


def test_an_ingest_of_known_files_says_first_that_nothing_is_new():
    said = phrase_artifact(ingested(indexed=0, found=1, unchanged=1, copies=1), Asked({}))

    assert said.startswith("Nothing new: 1 found = 0 indexed + 1 unchanged + 0 skipped; ")
    assert said.endswith("Also 1 copy of a known sound.")


def test_files_that_are_heard_again_are_not_new_and_who_captioned_them_is_told():
    again = ingested(found=2, indexed=2, unchanged=0, skipped=[], again=2)
    assert phrase_artifact(again, Asked({})).startswith("No new files: 2 found = 2 indexed + 0 unchanged + 0 skipped; ")
    said = phrase_artifact(again | {"captioner": "conette"}, Asked({}))
    assert said.startswith("conette has captioned 2 sounds: 2 found = 2 indexed + 0 unchanged + 0 skipped; ")
    assert said.endswith("Also 2 known and heard again.")
    assert phrase_artifact(ingested(indexed=0, found=0, unchanged=0), Asked({})).startswith("No sounds there: 0 found")


def test_every_skip_is_told_with_its_reason_up_to_twenty():
    said = phrase_artifact(ingested(23), Asked({}))

    assert "28 found = 3 indexed + 2 unchanged + 23 skipped" in said
    assert said.count(": no audio stream") == 20
    assert said.endswith("- and 3 more")


def test_what_moved_or_is_missing_is_told_only_where_it_happened():
    said = phrase_artifact(ingested(moved=1, missing=2, copies=1), Asked({}))

    assert said.endswith("Also 1 copy of a known sound, 1 moved, 2 missing.")
    assert ", changed" not in said


def test_an_overview_sums_up():
    library = {
        "kind": "overview",
        "sounds": 42,
        "files": 44,
        "seconds_of_audio": 7800.0,
        "domains": {"music": 2, "effect": 40},
    }

    said = phrase_artifact({**library, "spaces": ["builtin"], "clusterings": [1, 2], "skipped": 1}, Asked({}))

    assert said == (
        "42 sounds in 44 files, 2 h 10 min of audio. By domain: effect 40, music 2. "
        "2 clusterings kept (1, 2); see “cluster 1 of clustering 2”. 1 file could not be read."
    )
    assert phrase_artifact({"kind": "overview", "sounds": 0}, Asked({})).startswith("The library is empty.")


def test_an_export_names_folder_and_manifest():
    said = phrase_artifact(
        {"kind": "export", "folder": "/out/my drums", "files": 1, "manifest": "/out/m.json"}, Asked({})
    )

    assert said == "1 file copied to “/out/my drums”. The manifest is “/out/m.json”. “undo” takes it back."


def failed(text: str, name: str = "search_by_audio") -> str:
    return phrase([result(text, name=name, status="error")], {}, Asked())


def test_an_error_is_its_sentence_and_a_next_step_only_where_it_names_none():
    assert failed("no sound 9999") == "No sound 9999. Attach a sound, or name one that was found."
    assert failed("no sound 9999; search for one") == "No sound 9999; search for one."
    assert failed("the library is in use; wait for the other run", "ingest") == (
        "The library is in use; wait for the other run."
    )
    assert failed("/x/My does not exist; check the path", "ingest").endswith("may stand in quotes.")


def test_limits_are_named_where_a_search_had_them():
    def head(**args: object) -> str:
        return phrase_artifact(hits(), Asked({"text": "rain", **args})).partition(". ")[0]

    assert head(max_s=0.88) == "I found 5 sounds for “rain” under 0.88 s"
    assert head(min_s=5.0) == "I found 5 sounds for “rain” over 5 s"
    assert head(min_s=1.0, max_s=2.5, domain="music") == "I found 5 sounds for “rain” from 1 s to 2.5 s, only music"


def test_what_is_only_listed_is_in_no_order_of_nearness():
    said = phrase_artifact(hits("Sounds"), Asked({"text": "", "min_s": 20.0}))

    assert said.startswith("I found 5 sounds over 20 s. The first is sound 412, “kick_01.wav” at 0.0 s")
    assert "0.93" not in said


def test_words_beside_a_likeness_are_told():
    args = {"sound": "a3fa9c2d1", "text": "snare"}

    said = phrase_artifact(
        hits("Sounds like the attached sound from 1 s for “snare” without “drums”"),
        Asked(args, names={"a3fa9c2d1": "dog1.mp3"}),
    )

    assert said.startswith("I found 5 sounds like “dog1.mp3” from 1 s for “snare” without “drums”. ")


def test_a_length_that_the_caption_says_is_not_said_twice():
    sound = metadata() | {"caption": "A short hit; 0.4 s."}

    assert phrase_artifact({"kind": "sounds", "sounds": [sound]}, Asked()).count("0.4 s") == 1
    assert "0.4 s long" in phrase_artifact({"kind": "sounds", "sounds": [metadata()]}, Asked())


def test_clusterings_and_skips_are_told_alone_where_they_are_asked_for():
    library = {"kind": "overview", "sounds": 42, "files": 44, "clusterings": [1, 4], "skipped": 3}

    groupings = phrase_artifact(library, Asked({}, question="which groupings do i have"))
    skips = phrase_artifact(library, Asked({}, question="what did you skip"))
    none = phrase_artifact({**library, "clusterings": [], "skipped": 0}, Asked({}, question="show my clusterings"))

    assert groupings == "2 clusterings kept (1, 4); see “cluster 1 of clustering 4”."
    assert skips.startswith("3 files could not be read. ")
    assert "`earshot ingest FOLDER`" in skips
    assert none.startswith("No clustering is kept yet.")


@pytest.mark.parametrize(
    ("hz", "answer"), [(440.0, "its pitch is near A4 (440.0 Hz)"), (55.0, "near A1"), (None, "without a clear pitch")]
)
def test_a_key_is_answered_by_the_note_of_the_pitch(hz, answer):
    sound = metadata() | {"pitch_hz": hz}

    assert answer in phrase_artifact({"kind": "sounds", "sounds": [sound]}, Asked(question="what key is it in ?"))


def test_a_sound_to_be_played_is_named_with_its_button_and_path():
    said = phrase_artifact({"kind": "sounds", "sounds": [metadata()]}, Asked(question="play it"))

    assert said == "Sound 412, “kick_01.wav”, plays by its button; its file is “/data/kick_01.wav”."


def test_a_rejection_says_that_nothing_was_written():
    text = "User rejected the tool call for `export` with reason: no"

    assert phrase([result(text, name="export", status="error")], {}, Asked()) == "Nothing was written."
    assert phrase([result(text, name="cluster", status="error")], {}, Asked()) == "Nothing was done."


def test_without_an_artifact_the_text_of_the_tool_is_given_inert():
    assert phrase([result("3 found\n*x*")], {}, Asked()) == "3 found\n\\*x\\*"
    assert phrase([result("")], {}, Asked()) == "Done."


def test_an_artifact_with_nothing_but_its_kind_is_phrased():
    for kind in ("hits", "clustering", "cluster", "ingest", "export", "overview", "sounds"):
        assert phrase_artifact({"kind": kind}, Asked())


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("kick_01.wav", "kick_01.wav"),
        ("_kick_.wav", "\\_kick\\_.wav"),
        ("*bold*.wav", "\\*bold\\*.wav"),
        ("![x](http://evil.example/a.png)", "!\\[x\\](http:\u2060//evil.example/a.png)"),
        ("<script>alert(1)</script>", "\\<script\\>alert(1)\\</script\\>"),
        ("a\nb\r\n# c", "a b # c"),
        ("`code`", "\\`code\\`"),
        ("www.evil.example", "www\u2060.evil.example"),
        ("me@evil.example", "me@\u2060evil.example"),
        ("&lt;b&gt;", "\\&lt;b\\&gt;"),
        ("\u202egnp.wav", "gnp.wav"),
        ("x" * 61, "x" * 59 + "…"),
    ],
)
def test_a_name_is_rendered_inert(name, written):
    assert inert(name) == written


def test_a_name_cannot_close_its_own_quotes():
    assert quoted("a” and “b") == "“a' and 'b”"


def test_hostile_names_and_captions_stay_on_their_line_in_every_answer():
    hostile = "x](http://evil.example) \n\n# Title\n- item <img src=x> “"
    shown = {**hits(f"Sounds like {hostile}"), "hits": [card(7, 0.9, name=hostile, caption=hostile)]}
    groups = clustering(2)
    groups["clusters"][0] |= {"title": hostile, "exemplars": [card(7, name=hostile)]}
    group = cluster() | {"title": hostile, "summary": hostile, "keywords": [hostile]}
    sound = metadata() | {
        "name": hostile,
        "caption": hostile,
        "tags": [{"label": hostile}],
        "codec": hostile,
        "domain": hostile,
    }

    for artifact in (shown, groups, group, {"kind": "sounds", "sounds": [sound]}):
        said = phrase_artifact(artifact, Asked({}))
        assert not re.search(r"^# |^- (?!cluster )", said, re.MULTILINE)
        assert not re.search(r"(?<!\\)\]|(?<!\\)<|://", said)
