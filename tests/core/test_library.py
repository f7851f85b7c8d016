"""The facade: everything a caller may ask of a library of 15 sounds in four kinds (`tests/conftest.py`)."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from core.audio import decode
from core.errors import AudioError, EarshotError, NotFoundError, UnsupportedError
from core.library import Library
from core.records import Filters, Hit
from core.references import parse_reference
from core.search import fused
from core.settings import Settings
from tests.sounds import noise, sine, write_sound

HATS, BELLS, KICKS, RAINS = {1, 2, 3, 4}, {5, 6, 7, 8}, {9, 10, 11, 12}, {13, 14, 15}  # in order of the paths
EVERY = HATS | BELLS | KICKS | RAINS


def ids(hits: list[Hit]) -> list[int]:
    return [hit.id for hit in hits]


# --- by likeness ------------------------------------------------------------------------------------------------------


def test_every_sound_finds_itself_first(demo_library: Library) -> None:
    for sound_id in sorted(EVERY):
        by_id = demo_library.search_by_audio(str(sound_id), k=3)
        assert by_id[0].id == sound_id
        assert by_id[0].score == pytest.approx(1, abs=1e-6)
        by_file = demo_library.search_by_audio(demo_library.audio_path(sound_id), k=3)
        assert by_file[0].id == sound_id
        assert 0.999 < by_file[0].score <= 1.000001  # vectors are kept in 16 bits
        scores = [hit.score for hit in by_id]
        assert scores == sorted(scores, reverse=True)


def test_a_sound_may_be_named_in_several_ways(demo_library: Library) -> None:
    answers = [demo_library.search_by_audio(name, k=4) for name in (9, "9", "#9", " 9 ")]
    assert answers.count(answers[0]) == 4


def test_like_sounds_come_before_unlike_ones(demo_library: Library) -> None:
    for kind in (HATS, RAINS):
        for sound_id in kind:
            assert set(ids(demo_library.search_by_audio(sound_id, k=len(kind)))) == kind


def test_a_hit_says_what_a_list_shows(demo_library: Library, demo_folder: Path) -> None:
    hit = demo_library.search_by_audio("9", k=1)[0]
    known = demo_library.sounds(["9"])[0]
    assert hit.path == str(demo_folder / "kick" / "kick_0.wav")
    assert (hit.caption, hit.duration_s, hit.domain) == (known["caption"], known["duration_s"], known["domain"])
    assert hit.tags and set(hit.tags) <= {tag["label"] for tag in known["tags"]}
    assert (hit.start_s, hit.end_s) == (0, round(hit.duration_s, 3))


def test_a_chunk_finds_itself_and_its_moment(demo_library: Library) -> None:
    for sound_id in sorted(RAINS):
        n_chunks = demo_library.sounds([str(sound_id)])[0]["n_chunks"]
        assert n_chunks >= 2
        for chunk in range(n_chunks):
            best = demo_library.search_by_audio(f"{sound_id}:{chunk}", k=1)[0]
            start_s = min(chunk, round(best.duration_s - 1, 3))  # one begins every second, the last ends with the sound
            assert (best.id, best.start_s) == (sound_id, start_s)
            assert best.score == pytest.approx(1, abs=1e-6)
            assert best.end_s == pytest.approx(start_s + 1, abs=0.002)


def test_a_part_of_a_file_or_of_a_sound_finds_its_moment(demo_library: Library) -> None:
    path = demo_library.audio_path(13)
    for source in (path, "13", 13):
        best = demo_library.search_by_audio(source, start_s=1.4236, end_s=3.0, k=1)[0]
        assert (best.id, best.end_s) == (13, round(best.duration_s, 3))  # its last window, which ends with it
        assert best.score > 0.999
    assert demo_library.search_by_audio("13", start_s=1.0, k=1)[0].id == 13


def test_a_moment_in_a_long_recording_is_found(library: Library, tmp_path: Path) -> None:
    tone = sine(1000, 2, 16_000)
    recording = noise(60, 16_000, 0.05)
    recording[41 * 16_000 : 43 * 16_000] = tone
    write_sound(tmp_path / "in" / "long.wav", recording, 16_000)
    write_sound(tmp_path / "in" / "other.wav", noise(5, 16_000, seed=3), 16_000)
    list(library.ingest([tmp_path / "in"]))
    best = library.search_by_audio(write_sound(tmp_path / "tone.wav", tone, 16_000), k=2)[0]
    assert (Path(best.path).name, best.start_s, best.end_s) == (
        "long.wav",
        41,
        42,
    )  # two windows are equally like it, and the first is told


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("999", "there is no sound 999; search for one"),
        ("1:99", "sound 1 has no chunk 99; it has 0 to 0"),
        ("kick", "'kick' names no sound; name one as 412, or a chunk of it as 412:7"),
        ("", "'' names no sound"),
        ("-1", "'-1' names no sound"),
        ("1:", "'1:' names no sound"),
        ("a00000000", "there is no attached sound 'a00000000'; attach it again"),
    ],
)
def test_what_does_not_exist_is_named(demo_library: Library, source: str, sentence: str) -> None:
    with pytest.raises(NotFoundError) as caught:
        demo_library.search_by_audio(source)
    assert str(caught.value).startswith(sentence)


def test_a_file_or_part_that_cannot_be_heard_is_refused(demo_library: Library, tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="does not exist"):
        demo_library.search_by_audio(tmp_path / "no.wav")
    with pytest.raises(AudioError, match="nothing at 500 s"):
        demo_library.search_by_audio("1", start_s=500)
    with pytest.raises(AudioError, match="is empty"):
        demo_library.search_by_audio("13", start_s=2, end_s=1)


@pytest.mark.parametrize(("reference", "parts"), [("5:1", (5, 1)), ("412", (412, None)), (" #7:0 ", (7, 0))])
def test_a_reference_is_a_sound_and_perhaps_a_chunk(reference: str, parts: tuple[int, int | None]) -> None:
    assert parse_reference(reference) == parts


# --- filters ----------------------------------------------------------------------------------------------------------


def test_filters_hold_for_every_search(demo_library: Library) -> None:
    known = demo_library.sounds([str(sound_id) for sound_id in sorted(EVERY)])
    domain = next(sound["domain"] for sound in known if sound["domain"])
    middle_s = sorted(sound["duration_s"] for sound in known)[7]
    for filters, holds in (
        (Filters(min_s=middle_s), lambda sound: sound["duration_s"] >= middle_s),
        (Filters(max_s=middle_s), lambda sound: sound["duration_s"] <= middle_s),
        (Filters(min_s=middle_s, max_s=middle_s), lambda sound: sound["duration_s"] == middle_s),
        (Filters(domain=domain), lambda sound: sound["domain"] == domain),
        (Filters(domain="singing"), lambda sound: False),
        (Filters(min_s=2, max_s=1), lambda sound: False),
    ):
        expected = {sound["id"] for sound in known if holds(sound)}
        assert set(ids(demo_library.search_by_audio("1", k=99, filters=filters))) == expected
        words = "kick hat bell rain"
        assert set(ids(demo_library.search_by_text(words, k=99, filters=filters))) == expected
        assert set(ids(demo_library.search_by_both(words, "1", k=99, filters=filters))) == expected


@pytest.mark.parametrize("k", [0, -1])
def test_none_asked_for_none_found(demo_library: Library, k: int) -> None:
    assert demo_library.search_by_audio("1", k=k) == []
    assert demo_library.search_by_text("kick", k=k) == []
    assert demo_library.search_by_both("kick", "1", k=k) == []


# --- by words ---------------------------------------------------------------------------------------------------------


def test_words_find_names_and_the_best_come_first(demo_library: Library) -> None:
    hits = demo_library.search_by_text("kick", k=99)
    assert set(ids(hits[:4])) == KICKS
    assert all(hit.score < 0.5 < hits[3].score for hit in hits[4:])  # what only sounds a little like it comes after
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert all(hit.score > 0 for hit in hits) and all(hit.start_s == 0 for hit in hits[:4])
    assert set(ids(demo_library.search_by_text("rain kick", k=7))) == KICKS | RAINS
    assert len(demo_library.search_by_text("rain kick", k=2)) == 2


def test_without_leaves_out_what_fits_it(demo_library: Library) -> None:
    asked = ids(demo_library.search_by_text("kick rain", without="rain", k=9))
    assert ids(demo_library.search_by_text("kick rain, no rain", k=9)) == asked
    assert not {*ids(demo_library.search_by_text("kick rain bell", without="rain, bell", k=99))} & (RAINS | BELLS)
    assert set(ids(demo_library.search_by_text("kick rain bell", without="rain, bell", k=4))) == KICKS
    assert demo_library.search_by_text("kick", without="kick") == []
    assert set(ids(demo_library.search_by_text("kick", without="the", k=4))) == KICKS


@pytest.mark.parametrize("text", ["", "the sound of", "quarterly report", "*", '"', "!?"])
def test_words_that_fit_nothing_find_nothing(demo_library: Library, text: str) -> None:
    assert demo_library.search_by_text(text) == []


def test_words_and_likeness_together_are_both_rankings_fused(demo_library: Library) -> None:
    worded = ids(demo_library.search_by_text("kick", k=99))
    alike = ids(demo_library.search_by_audio("13", k=99))
    scores = fused([worded, alike])
    hits = demo_library.search_by_both("kick", "13", k=6)
    assert [(hit.id, hit.score) for hit in hits] == sorted(scores.items(), key=lambda item: (-item[1], item[0]))[:6]


def test_without_holds_for_likeness_too(demo_library: Library) -> None:
    found = ids(demo_library.search_by_both("kick", "13", without="rain", k=99))
    assert set(found) == EVERY - RAINS
    assert ids(demo_library.search_by_both("kick, no rain", "13", k=99)) == found


# --- what is known ----------------------------------------------------------------------------------------------------


def test_metadata_says_what_was_measured(library: Library, tmp_path: Path) -> None:
    path = write_sound(tmp_path / "in" / "Tones" / "testTone_440Hz.wav", sine(440, 2.5, 44_100), 44_100)
    list(library.ingest([tmp_path / "in"]))
    known = library.sounds(["1"])[0]
    assert (known["id"], known["path"], known["files"]) == (1, str(path), [{"path": str(path), "missing": False}])
    assert (known["sample_rate_hz"], known["channels"], known["codec"]) == (44_100, 1, "pcm_s16le")
    assert known["duration_s"] == 2.5
    assert known["peak_dbfs"] == pytest.approx(-6.02, abs=0.01)
    assert known["loudness_lufs"] == pytest.approx(-9.7, abs=0.3)
    assert known["pitch_hz"] == pytest.approx(440, rel=0.005)
    assert known["n_chunks"] == 3  # 0 to 1 s, 1 to 2 s and 1.5 to 2.5 s
    assert {"label": "pitched", "source": "signal"}.items() <= next(
        tag for tag in known["tags"] if tag["label"] == "pitched"
    ).items()
    assert known["captions"] == [{"captioner": "builtin", "text": known["caption"]}]
    assert "A4" in known["caption"]
    assert len(known["sha256"]) == 64
    json.dumps(known)


def test_a_chunk_says_where_it_lies(demo_library: Library) -> None:
    whole, chunk = demo_library.sounds(["13", "13:1"])
    assert "chunk" not in whole
    assert (chunk["id"], chunk["chunk"], chunk["start_s"]) == (13, 1, 1.0)
    assert chunk["end_s"] == 2.0 < whole["duration_s"]


def test_the_tags_of_a_chunk_are_what_was_heard_in_it_and_calibrated_like_those_of_a_sound(
    library: Library, tmp_path: Path, demo_folder: Path
) -> None:
    rate_hz = 16_000
    rain, bell = (decode(demo_folder / f"{name}_0.wav", rate_hz) for name in ("rain/rain", "hand_bell/hand_bell"))
    seconds = [np.resize(rain, rate_hz), np.zeros(rate_hz, np.float32), np.resize(bell, rate_hz)]
    write_sound(tmp_path / "in" / "a.wav", np.concatenate(seconds), rate_hz)
    for name, second in zip("bcd", seconds, strict=True):
        write_sound(tmp_path / "in" / f"{name}.wav", second, rate_hz)
    list(library.ingest([tmp_path / "in"]))
    ids = {Path(hit.path).stem: hit.id for hit in library.search_by_text("", filters=Filters(min_s=0.5))}

    whole = library.sounds([str(ids["a"])])[0]
    measured = [tag for tag in whole["tags"] if tag["source"] == "signal"]
    assert measured
    for chunk, alone in enumerate("bcd"):
        tags = library.sounds([f"{ids['a']}:{chunk}"])[0]["tags"]
        heard = {tag["label"]: tag["score"] for tag in tags if tag["source"] == "builtin"}
        expected = {
            tag["label"]: tag["score"]
            for tag in library.sounds([str(ids[alone])])[0]["tags"]
            if tag["source"] == "builtin" and tag["score"] > 0.12
        }
        assert expected and heard | expected == pytest.approx(heard, abs=0.02), "as if that second were a file"
        assert [tag for tag in tags if tag["source"] == "signal"] == measured
    assert heard != {tag["label"]: tag["score"] for tag in whole["tags"] if tag["source"] == "builtin"}


def test_sounds_come_in_the_order_asked_and_the_missing_one_is_named(demo_library: Library) -> None:
    assert [sound["id"] for sound in demo_library.sounds(["9", "2", "9"])] == [9, 2, 9]
    assert demo_library.sounds([]) == []
    with pytest.raises(NotFoundError, match="there is no sound 77"):
        demo_library.sounds(["9", "77"])
    assert [card["id"] for card in demo_library.cards([9, 77, 2])] == [9, 2]


def test_the_overview_counts_what_is_there(demo_library: Library) -> None:
    known = demo_library.sounds([str(sound_id) for sound_id in sorted(EVERY)])
    overview = demo_library.overview()
    assert (overview["sounds"], overview["files"], overview["skipped"]) == (15, 15, 0)
    assert overview["seconds_of_audio"] == pytest.approx(sum(sound["duration_s"] for sound in known), abs=0.01)
    assert sum(overview["domains"].values()) == 15
    assert [space["name"] for space in overview["spaces"]] == ["builtin"]
    assert overview["clusterings"] == []
    json.dumps(overview)


def test_an_empty_library_has_an_overview_and_says_how_to_fill_it(library: Library) -> None:
    assert library.overview()["sounds"] == 0
    assert library.overview().keys() == {
        *("sounds", "files", "seconds_of_audio", "domains", "spaces", "clusterings", "skipped")
    }
    for ask in (
        lambda: library.search_by_text("rain"),
        lambda: library.search_by_audio("1"),
        lambda: library.sounds(["1"]),
        lambda: library.groups.make(2),
        lambda: library.audio_path(1),
        library.groups.current,
    ):
        with pytest.raises(NotFoundError, match="earshot ingest FOLDER"):
            ask()
    assert not library.folder.exists()  # asking writes nothing


def test_a_sound_whose_file_is_gone_is_known_but_cannot_be_played(library: Library, tmp_path: Path) -> None:
    path = write_sound(tmp_path / "in" / "tone.wav", sine(440, 0.5))
    list(library.ingest([tmp_path / "in"]))
    assert library.audio_path(1) == path
    path.unlink()
    with pytest.raises(NotFoundError, match="the file of sound 1 is gone"):
        library.audio_path(1)
    with pytest.raises(NotFoundError, match="there is no sound 2"):
        library.audio_path(2)
    copy = write_sound(tmp_path / "in" / "copy.wav", sine(440, 0.5))
    list(library.ingest([tmp_path / "in"]))
    assert library.audio_path(1) == copy


# --- attachments ------------------------------------------------------------------------------------------------------


def test_an_attached_copy_finds_its_original(demo_library: Library, demo_folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "mine.wav"
    shutil.copyfile(demo_folder / "kick" / "kick_2.wav", path)
    attached = demo_library.attach(path, "My kick.wav")
    path.unlink()
    best = demo_library.search_by_audio(attached.id, k=1)[0]
    assert (best.id, attached.name) == (11, "My kick.wav")
    assert best.score > 0.999
    assert demo_library.overview()["sounds"] == 15  # it is not one of the library


def test_an_attachment_is_named_by_its_content(library: Library, tmp_path: Path) -> None:
    one, same, other = (
        library.attach(write_sound(tmp_path / f"{name}.wav", sine(hz, 0.2)), f"{name}.wav")
        for name, hz in (("one", 440), ("same", 440), ("other", 441))
    )
    assert one.id == same.id != other.id
    assert len(one.id) == 9 and one.id[0] == "a"
    assert int(one.id[1:], 16) >= 0
    assert library.attachment(one.id).path == one.path
    assert one.path.is_relative_to(library.folder / "attachments")
    assert len(list((library.folder / "attachments").iterdir())) == 2


def test_what_holds_no_sound_is_not_kept(library: Library, tmp_path: Path) -> None:
    text = tmp_path / "upload-17"
    text.write_text("not a sound")
    with pytest.raises(AudioError) as caught:
        library.attach(text, "notes.txt")
    assert str(caught.value).startswith("notes.txt: ")
    assert not library.folder.exists()


@pytest.mark.parametrize("name", ["a00000000", "", "a123", "../secret", "a0000000/", "/etc/passwd", "A00000000"])
def test_no_other_name_is_an_attachment(library: Library, tmp_path: Path, name: str) -> None:
    (library.folder / "attachments").mkdir(parents=True)
    (library.folder / "secret").write_text("secret")
    with pytest.raises(NotFoundError, match="attach it again"):
        library.attachment(name)


# --- groups -----------------------------------------------------------------------------------------------------------


def test_a_clustering_holds_every_sound_once_and_is_kept(demo_library: Library, settings: Settings) -> None:
    first, second = demo_library.groups.make(4), demo_library.groups.make(2, method="kmeans")
    assert (first.clustering, first.k, first.method, first.bic) == (1, 4, "gmm", [])
    members = [demo_library.groups.summary(1, cluster.cluster).members for cluster in first.clusters]
    assert sorted(sound_id for each in members for sound_id in each) == sorted(EVERY)
    assert [cluster.size for cluster in first.clusters] == [len(each) for each in members]
    for cluster, each in zip(first.clusters, members, strict=True):
        assert cluster.exemplars == each[:3]
    assert len({cluster.title for cluster in first.clusters}) == 4
    again = Library(settings.library, settings)
    assert again.groups.all() == [first, second]
    assert again.groups.current() == second
    assert again.overview()["clusterings"] == [1, 2]


def test_a_clustering_may_start_from_words(demo_library: Library) -> None:
    clustering = demo_library.groups.make(2, query="kick rain")
    members = [demo_library.groups.summary(1, number).members for number in (1, 2)]
    assert sorted(map(set, members), key=min) == [KICKS, RAINS]
    assert clustering.query == "kick rain"


def test_a_clustering_without_a_number_says_how_it_was_chosen(demo_library: Library) -> None:
    clustering = demo_library.groups.make()
    assert clustering.k == min(clustering.bic, key=lambda point: point[1])[0] == len(clustering.clusters)


def test_what_cannot_be_grouped_leaves_no_trace(demo_library: Library) -> None:
    with pytest.raises(UnsupportedError, match="15 sounds cannot make 16 groups"):
        demo_library.groups.make(16)
    with pytest.raises(UnsupportedError, match="0 sounds"):
        demo_library.groups.make(2, query="quarterly report")
    assert demo_library.groups.all() == []
    with pytest.raises(NotFoundError, match="nothing was clustered yet"):
        demo_library.groups.current()


def test_an_unknown_cluster_is_named_with_those_there_are(demo_library: Library) -> None:
    demo_library.groups.make(3)
    with pytest.raises(NotFoundError, match="clustering 1 has no cluster 4; it has 1 to 3"):
        demo_library.groups.summary(1, 4)
    with pytest.raises(NotFoundError, match="there is no clustering 2; known are: 1"):
        demo_library.groups.summary(2, 1)


# --- export -----------------------------------------------------------------------------------------------------------


def test_an_export_copies_the_bytes_and_lists_them(demo_library: Library, settings: Settings) -> None:
    exported = demo_library.export([9, 13], name="Two sounds")
    folder = Path(exported.folder)
    assert folder == settings.exports / "Two sounds"
    rows = json.loads(Path(exported.manifest).read_text())["files"]
    assert [row["path"] for row in rows] == ["kick_0.wav", "rain_0.wav"]
    assert exported.files == 2
    for row in rows:
        assert (folder / row["path"]).read_bytes() == Path(row["source"]).read_bytes()


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("../../evil", "evil"),
        ("/etc/cron.d", "etc cron.d"),
        ("..", "sounds"),
        ("", "sounds"),
        ("a/b\\c", "a b c"),
        ("line\nbreak\0", "line break"),
        ("Vögel im Frühling (2)", "Vögel im Frühling (2)"),
        ("x" * 300, "x" * 60),
    ],
)
def test_no_name_leads_out_of_the_exports_folder(
    demo_library: Library, settings: Settings, name: str, folder: str
) -> None:
    exported = Path(demo_library.export([1], name=name).folder)
    assert exported.parent == settings.exports
    assert exported.name == folder
    assert sorted(os.listdir(settings.exports)) == [folder]


def test_a_second_export_of_a_name_gets_a_number(demo_library: Library) -> None:
    names = [Path(demo_library.export([1], name="mine").folder).name for _ in range(3)]
    assert names == ["mine", "mine (2)", "mine (3)"]


def test_a_clustering_is_exported_cluster_by_cluster(demo_library: Library) -> None:
    clustering = demo_library.groups.make(3)
    folder = Path(demo_library.export(clustering=1).folder)
    assert sorted(os.listdir(folder / "clusters")) == ["cluster-1", "cluster-2", "cluster-3"]
    for cluster in clustering.clusters:
        inside = folder / "clusters" / f"cluster-{cluster.cluster}"
        assert len(list(inside.glob("*.wav"))) == cluster.size
        assert (inside / "README.txt").read_text().startswith(cluster.title)


def test_a_file_in_the_way_of_the_exports_folder_stays(demo_library: Library, settings: Settings) -> None:
    settings.exports.write_text("a file in the way")
    with pytest.raises(EarshotError, match="exports is a file; name a folder"):
        demo_library.export([1])
    assert settings.exports.read_text() == "a file in the way"
