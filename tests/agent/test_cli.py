"""The command line: one JSON document with --json, exit codes, errors as a sentence on stderr."""

import json
import re
import signal
import sqlite3
from pathlib import Path

import pytest

from agent import cli
from core.library import Library
from core.records import Progress
from tests.runs import ListenerInThisProcess, count_files, rows, start_cli, tiny_wav, tiny_wavs, wait_until
from tests.runs import cli as real_cli

VERBS = "ingest search show cluster clusters summarize ask chat doctor demo".split()
HIT = {"id", "path", "start_s", "end_s", "score", "caption", "tags", "duration_s", "domain"}
CLUSTER = {"cluster", "title", "size", "keywords", "exemplars"}


@pytest.fixture
def heard_here(monkeypatch) -> None:
    monkeypatch.setattr("core.ingest.ListenerPool", ListenerInThisProcess)


@pytest.fixture
def demo(demo_library) -> Path:
    """The folder of a library of 15 sounds."""
    return demo_library.folder


# Every verb with --json


def test_ingest_tells_what_it_did(run, tmp_path, heard_here):
    folder = tiny_wavs(tmp_path / "sounds", 3)
    (folder / "bad.wav").write_bytes(b"no sound")
    done = run("ingest", folder, "--library", tmp_path / "library", "--json")

    document = done.document
    assert set(document) == {"found", "indexed", "unchanged", "skipped", "seconds_of_audio", "elapsed_s"}
    assert (done.code, document["found"], document["indexed"], document["unchanged"]) == (0, 4, 3, 0)
    assert document["skipped"] == [
        {
            "path": str(folder / "bad.wav"),
            "reason": "is not a sound or video file that can be read; convert it or remove it",
        }
    ]
    assert document["seconds_of_audio"] == pytest.approx(0.05 + 0.06 + 0.07)


@pytest.mark.parametrize(
    "args", [["rain"], ["--like", "13"], ["--like", "13:0"], ["rain", "--like", "13"], ["rain", "--without", "kick"]]
)
def test_search_tells_one_hit_per_sound_best_first(run, demo, args):
    done = run("search", *args, "-k", "3", "--library", demo, "--json")

    hits = done.document["hits"]
    assert (done.code, set(done.document)) == (0, {"hits"})
    assert all(set(hit) == HIT for hit in hits)
    assert {Path(hit["path"]).name for hit in hits} == {"rain_0.wav", "rain_1.wav", "rain_2.wav"}
    scores = [hit["score"] for hit in hits]
    assert scores == sorted(scores, reverse=True)


def test_search_by_a_file_needs_no_ingest_of_it(run, demo, demo_folder):
    hits = run("search", "--like", demo_folder / "kick" / "kick_0.wav", "-k", 1, "--library", demo, "--json").document
    assert [hit["id"] for hit in hits["hits"]] == [9]


def test_search_by_likeness_leaves_out_what_is_not_wanted(run, demo):
    every, rest = (
        run("search", "--like", 13, "-k", 99, *args, "--library", demo, "--json").document["hits"]
        for args in ([], ["--without", "kick"])
    )
    kicks = {hit["id"] for hit in every if "kick" in Path(hit["path"]).name}
    assert {hit["id"] for hit in rest} == {hit["id"] for hit in every} - kicks
    assert len(kicks) == 4


def test_search_keeps_to_its_filters(run, demo):
    every = run("search", "rain kick", "-k", 99, "--library", demo, "--json").document["hits"]
    long = run("search", "rain kick", "-k", 99, "--min-s", 1, "--library", demo, "--json").document["hits"]
    none = run("search", "rain kick", "--domain", "silence", "--library", demo, "--json").document["hits"]

    assert {hit["id"] for hit in long} == {hit["id"] for hit in every if hit["duration_s"] >= 1} != set()
    assert none == []


def test_show_tells_everything_of_sounds_and_chunks(run, demo):
    sound, chunk = run("show", "9", "13:1", "--library", demo, "--json").document["sounds"]

    assert (sound["id"], Path(sound["path"]).name, sound["codec"]) == (9, "kick_0.wav", "pcm_s16le")
    assert (chunk["id"], chunk["chunk"], chunk["end_s"]) == (13, 1, 2.0)


def test_cluster_clusters_and_summarize_tell_the_same_groups(run, demo):
    made = run("cluster", "-k", 4, "--library", demo, "--json").document
    assert set(made) >= {"clustering", "k", "method", "clusters"}
    assert (made["clustering"], made["k"], made["method"]) == (1, 4, "gmm")
    assert all(set(cluster) >= CLUSTER for cluster in made["clusters"])
    assert all(isinstance(sound, int) for cluster in made["clusters"] for sound in cluster["exemplars"])
    assert sum(cluster["size"] for cluster in made["clusters"]) == 15

    kept = run("clusters", "--library", demo, "--json").document["clusterings"]
    assert [(each["clustering"], each["k"]) for each in kept] == [(1, 4)]
    whole = run("clusters", 1, "--library", demo, "--json").document
    assert whole["clusters"] == made["clusters"]

    summary = run("summarize", 1, 2, "--library", demo, "--json").document
    assert set(summary) >= {"title", "summary", "members"}
    assert (summary["title"], len(summary["members"])) == (made["clusters"][1]["title"], made["clusters"][1]["size"])


def test_cluster_of_a_query_by_another_method(run, demo):
    made = run("cluster", "-k", 2, "--method", "kmeans", "--query", "rain kick", "--library", demo, "--json").document
    assert (made["method"], sum(cluster["size"] for cluster in made["clusters"])) == ("kmeans", 7)


def test_ask_tells_the_answer_the_calls_and_the_sounds(run, demo):
    document = run("ask", "find rain", "--library", demo, "--json").document

    assert set(document) == {"answer", "tool_calls", "sounds"}
    assert [call["name"] for call in document["tool_calls"]] == ["search_by_text"]
    assert set(document["tool_calls"][0]) == {"name", "args"}
    assert {13, 14, 15} <= set(document["sounds"])
    assert "13" in document["answer"]


def test_ask_goes_on_in_a_thread_with_an_attached_file(run, demo, demo_folder):
    kick = demo_folder / "kick" / "kick_1.wav"
    first = run("ask", "find sounds like this", "--attach", kick, "--thread", "t", "--library", demo, "--json").document
    again = run("ask", "more like number 1", "--thread", "t", "--library", demo, "--json").document

    assert first["sounds"][0] == 10
    assert again["tool_calls"][0]["args"]["sound"] == "10"


def test_ask_with_json_exports_nothing(run, demo):
    document = run("ask", "export 9", "--library", demo, "--json").document

    assert [call["name"] for call in document["tool_calls"]] == ["export"]
    assert not list(Path.home().rglob("kick_0.wav"))


def test_doctor_tells_what_it_looked_at(run, demo):
    document = run("doctor", "--library", demo, "--json").document

    assert all(set(check) == {"name", "ok", "detail"} for check in document["checks"])
    assert {"program", "database", "index", "disk"} <= {check["name"] for check in document["checks"]}


def test_demo_tells_where_it_wrote(run, tmp_path, monkeypatch):
    monkeypatch.setattr("core.demo.make_demo", lambda folder: iter([Progress(1, 2, "a"), Progress(2, 2, "b")]))
    assert run("demo", tmp_path / "demo", "--json").document == {"folder": str(tmp_path / "demo"), "files": 2}


# For people


def test_without_json_the_same_is_told_in_words(run, demo, demo_folder, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    told = [
        (["ingest", demo_folder], "found 15 = indexed 0 + unchanged 15 + skipped 0"),
        (["search", "rain"], "rain_0.wav"),
        (["search", "zebra"], "Nothing found. Try other words, or fewer of them."),
        (["show", "9"], "kick_0.wav"),
        (["cluster", "-k", 2], "clustering 1: 2 groups, the number asked for"),
        (["clusters"], "gmm"),
        (["clusters", 1], "clustering 1: 2 groups"),
        (["summarize", 1, 1], "Members: "),
        (["ask", "find rain"], "rain_0.wav"),
        (["doctor"], "15 sounds in 15 files, 0 skipped"),
    ]
    for args, expected in told:
        done = run(*args, "--library", demo)
        assert (done.code, expected in done.out) == (0, True), (args, done)


@pytest.mark.parametrize("name", ["[bold]x[/bold].wav", "[/nothing].wav", "a [link=http://x]b.wav"])
def test_a_name_that_looks_like_markup_is_printed_as_it_is(run, tmp_path, name, heard_here, monkeypatch):
    monkeypatch.setenv("COLUMNS", "300")
    (tmp_path / "sounds").mkdir()
    target = tmp_path / "sounds" / name.replace("/", "∕")
    tiny_wav(target)
    (tmp_path / "sounds" / f"bad {target.name}").write_bytes(b"no sound")
    library = tmp_path / "library"

    done = run("ingest", tmp_path / "sounds", "--library", library)
    assert (done.code, f"bad {target.name}: is not a sound" in done.out) == (0, True), done
    for args in (["show", "1"], ["search", "--like", "1"]):
        assert target.name in run(*args, "--library", library).out


def test_control_signs_of_names_do_not_reach_the_terminal(run, tmp_path, heard_here, monkeypatch):
    monkeypatch.setenv("COLUMNS", "300")
    name = "x\x1b]0;t\x07\x1b[31mred.wav"
    (tmp_path / "sounds").mkdir()
    tiny_wav(tmp_path / "sounds" / name)
    tiny_wav(tmp_path / "sounds" / "y.wav", 2)
    (tmp_path / "sounds" / f"bad {name}").write_bytes(b"no sound")
    library = tmp_path / "library"

    told = [
        run("ingest", tmp_path / "sounds", "--library", library),
        run("search", "--like", 1, "--library", library),
        run("show", 1, "--library", library),
        run("cluster", "-k", 1, "--method", "kmeans", "--library", library),
        run("clusters", "--library", library),
        run("summarize", 1, 1, "--library", library),
        run("search", "--like", "\x1b[31mred.wav", "--library", library),
    ]
    assert [done.code for done in told] == [0, 0, 0, 0, 0, 0, 1], told
    assert [done for done in told if re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", done.out + done.err)] == []
    assert all("x]0;t[31mred.wav" in done.out for done in told[:3])


def test_a_list_that_only_limits_make_is_not_told_as_a_guess(run, demo):
    for text in ("sounds", "some sounds"):
        done = run("search", text, "--max-s", 1, "--library", demo)
        assert (done.code, "kick_0.wav" in done.out) == (0, True), done
        assert "surely" not in done.out
        assert "score" not in done.out
    guess = run("search", "wooden drawers squeaking in an old empty kitchen kick", "--library", demo)
    assert "Nothing surely fits. The nearest, perhaps:" in guess.out


def test_scores_that_are_sums_of_ranks_are_not_shown(run, demo):
    assert "score" in run("search", "rain", "--library", demo).out
    assert "score" in run("search", "--like", 13, "--library", demo).out
    both = run("search", "rain", "--like", 13, "--library", demo).out
    assert "rain_1.wav" in both
    assert not re.search(r"score|0\.0[123]", both)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help(run, verb):
    done = run(verb, "--help")
    assert done.code == 0
    assert re.search(rf"Usage: .*{verb}", done.out)
    described = [line for line in done.out.splitlines() if "--library" in line or "DIR" in line]
    assert described


def test_the_help_lists_every_verb(run):
    done = run("--help")
    assert done.code == 0
    assert [verb for verb in VERBS if not re.search(rf"\b{verb}\b", done.out)] == []
    assert {command.name or command.callback.__name__ for command in cli.app.registered_commands} >= set(VERBS)


# What goes wrong


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (["ingest", "/no/such/folder"], "/no/such/folder does not exist; check the path"),
        (["ingest", ".", "--embedder", "nobody"], "no embedder is called 'nobody'; known are autoencoder, builtin"),
        (["search", "--like", "/no/such.wav"], "/no/such.wav is neither a file nor the id of a sound; check the path"),
        (["search", "--like", "999"], "there is no sound 999"),
        (["search", "--like", "9", "--space", "clap"], "no sound was heard with the ears 'clap'"),
        (["search", "x", "--domain", "nobody's"], 'no domain is called "nobody\'s"; known are speech,'),
        (["show", "999"], "there is no sound 999"),
        (["show", "9" * 20], f"'{'9' * 20}' names no sound"),
        (["show", "kick"], "'kick' names no sound; name one as 412, or a chunk of it as 412:7"),
        (["show", "9:99"], "sound 9 has no chunk 99; it has 0 to 0"),
        (["cluster", "-k", "99"], "15 sounds cannot make 99 groups; ask for 1 to 15"),
        (["cluster", "--method", "magic"], "no clustering method is called 'magic'"),
        (["clusters", "7"], "there is no clustering 7; known are: none yet"),
        (["summarize", "7", "1"], "there is no clustering 7; known are: none yet"),
        (["ask", "like this", "--attach", "/no/such.wav"], "such.wav: does not exist; check the path"),
    ],
)
def test_an_error_is_one_sentence_on_stderr_and_ends_with_1(run, demo, args, sentence):
    told = run(*args, "--library", demo)
    assert (told.code, told.out) == (1, "")
    assert re.fullmatch(rf"\n?earshot: .*{re.escape(sentence)}.*\n", told.err)  # a bar that was begun leaves a line

    as_json = run(*args, "--library", demo, "--json")
    assert as_json.code == 1
    assert as_json.document == {"error": told.err.strip().removeprefix("earshot: ")}


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("EARSHOT_WORKERS", "abc", "EARSHOT_WORKERS cannot be 'abc' (input should be a valid integer, unable to parse"),
        ("earshot_port", "70000", "EARSHOT_PORT cannot be '70000' (input should be less than or equal to 65535);"),
        ("EARSHOT_EXPORTS", "~nobody-here/x", "a folder in the settings has no known home; write its path in full"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named_in_a_sentence(run, demo, monkeypatch, name, value, sentence):
    monkeypatch.setenv(name, value)
    told = run("search", "rain", "--library", demo)
    assert (told.code, told.out) == (1, "")
    assert re.fullmatch(rf"earshot: {re.escape(sentence)}.*\n", told.err)
    assert sentence in run("search", "rain", "--library", demo, "--json").document["error"]


def test_settings_that_are_no_text_are_told_in_a_sentence(run, demo, tmp_path, monkeypatch):
    (tmp_path / ".env").write_bytes(b"\xff\xfe")
    monkeypatch.chdir(tmp_path)
    assert (
        run("search", "rain", "--library", demo).err == "earshot: .env is not UTF-8 text; save it anew or remove it\n"
    )


def test_a_library_that_is_set_to_nothing_is_the_one_of_the_default(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    expected = run("search", "rain").err
    monkeypatch.setenv("EARSHOT_LIBRARY", "")
    assert run("search", "rain").err == expected != ""
    assert str(tmp_path) not in expected


def test_what_the_system_refuses_is_told_in_a_sentence(run, demo, monkeypatch):
    long = demo / ("a" * 300)
    done = run("search", "rain", "--library", long)
    assert (done.code, done.out) == (1, "")
    assert "File name too long; check the path, its permissions and the room on the disk" in done.err
    assert done.err.count("\n") == 1

    def broken(*_, **__):
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(Library, "search_by_text", broken)
    done = run("search", "rain", "--library", demo, "--json")
    assert done.code == 1
    assert done.document["error"] == (
        "a database of the library cannot be used (disk I/O error); look at it with: earshot doctor"
    )


def test_a_mistake_of_the_program_is_not_told_as_one_of_the_person(run, demo, monkeypatch):
    def broken(*_, **__):
        raise ZeroDivisionError

    monkeypatch.setattr(Library, "search_by_text", broken)
    with pytest.raises(ZeroDivisionError):
        run("search", "rain", "--library", demo)


def test_json_is_an_option_and_not_a_word_that_is_looked_for(run, tmp_path):
    done = run("search", "--library", tmp_path / "none", "--", "--json")
    assert (done.code, done.out) == (1, "")


@pytest.mark.parametrize("args", [["search", "x"], ["show", "1"], ["cluster"], ["clusters"], ["summarize", "1", "1"]])
def test_where_there_is_no_library_the_next_step_is_told_and_none_is_made(run, tmp_path, args):
    done = run(*args, "--library", tmp_path / "none")
    assert done.code == 1
    assert "there is no library in" in done.err
    assert "add sounds with: earshot ingest FOLDER" in done.err
    assert not (tmp_path / "none").exists()


def test_a_library_that_cannot_be_one_is_told_in_a_sentence(run, tmp_path):
    file = tiny_wav(tmp_path / "a.wav")
    for args in (["ingest", file], ["ask", "hello"]):
        done = run(*args, "--library", file)
        assert (done.code, done.out) == (1, "")
        assert f"{file} cannot hold a library (File exists); choose another folder" in done.err

    (tmp_path / "junk").mkdir()
    (tmp_path / "junk" / "earshot.db").write_bytes(b"not a database" * 1000)
    done = run("search", "x", "--library", tmp_path / "junk")
    assert (done.code, done.out) == (1, "")
    assert "is damaged (file is not a database); put it aside and ingest your folders again" in done.err


def test_a_sick_doctor_visit_ends_with_1(run, demo):
    (demo / "earshot.db").write_bytes(b"not a database" * 1000)
    done = run("doctor", "--library", demo, "--json")
    assert done.code == 1
    sick = [check["name"] for check in done.document["checks"] if not check["ok"]]
    assert sick == ["database", "sounds", "heard by", "index"]


@pytest.mark.parametrize(
    "args",
    [
        ["search"],
        ["search", "x", "-k", "0"],
        ["search", "x", "-k", "many"],
        ["search", "x", "-k", "9" * 20],
        ["clusters", "9" * 20],
        ["summarize", "9" * 20, "1"],
        ["summarize", "1", "9" * 20],
        ["cluster", "--seed", "4294967296"],
        ["search", "x", "--nonsense"],
        ["cluster", "-k", "0"],
        ["clusters", "one"],
        ["summarize", "1"],
        ["show"],
        ["nonsense"],
    ],
)
def test_a_wrong_use_ends_with_2_and_says_why_on_stderr(run, demo, args):
    done = run(*args, *(["--library", demo] if args != ["nonsense"] else []), *(["--json"] if len(args) > 2 else []))
    assert (done.code, done.out) == (2, "")
    assert "Usage" in done.err


# The real command


def test_the_real_command_keeps_stdout_for_the_document(tmp_path):
    folder = tiny_wavs(tmp_path / "sounds", 2)
    bad = folder / "bad \udce9.wav"
    bad.write_bytes(b"x")
    done = real_cli("ingest", folder, "--library", tmp_path / "library", "--json")

    assert done.returncode == 0
    assert done.stdout.count("\n") == 1
    assert json.loads(done.stdout)["skipped"] == [
        {"path": str(folder / "bad \\xe9.wav"), "reason": "its name is not valid text; rename it"}
    ]
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("after", [1, 70])
def test_ctrl_c_ends_an_ingest_with_130_a_true_summary_and_a_sound_library(tmp_path, after):
    folder, library = tiny_wavs(tmp_path / "sounds", 180), tmp_path / "library"
    tiny_wav(folder / "zz.wav", 999, seconds=900)  # so that the run is not at its end before the signal comes
    process = start_cli("ingest", folder, "--library", library, "--json")
    wait_until(lambda: count_files(library) >= after)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)

    assert process.returncode == 130
    assert err.strip().endswith("Stopped. What was finished is kept; run the same command again to go on.")
    assert "Traceback" not in err
    committed = count_files(library)
    assert out.count("\n") == 1
    assert json.loads(out)["found"] == json.loads(out)["indexed"] == committed < 181
    assert json.loads(out)["elapsed_s"] > 0
    assert rows(library, "PRAGMA integrity_check") == [("ok",)]
    sounds, vectors = rows(library, "SELECT (SELECT count(*) FROM sounds), (SELECT count(*) FROM vectors)")[0]
    assert sounds == vectors == committed


def test_a_stop_between_two_files_is_summed_up_after_the_last_batch_is_kept(run, tmp_path, monkeypatch, heard_here):
    """Ctrl-C may also come while the bar is drawn, outside of the run itself."""
    drawn = []

    def interrupted(self, *_: object, **__: object) -> None:
        drawn.append(1)
        if len(drawn) == 5:
            raise KeyboardInterrupt

    monkeypatch.setattr("agent.terminal.Bar.update", interrupted)
    folder, library = tiny_wavs(tmp_path / "sounds", 9), tmp_path / "library"
    (folder / "s000.wav").write_bytes(b"no sound")
    done = run("ingest", folder, "--library", library, "--json")

    assert done.code == 130
    document = done.document
    assert document["indexed"] == count_files(library) == 4
    assert document["found"] == document["indexed"] + document["unchanged"] + len(document["skipped"]) == 5

    drawn.clear()
    done = run("ingest", folder, "--library", library)
    assert done.code == 130
    assert "5 of 9 files done: indexed 0 + unchanged 4 + skipped 1" in done.out
    assert Library(library).overview()["sounds"] == 4


@pytest.mark.parametrize("door", [("chat", "--port", 0, "--no-browser"), ("ask", "find rain")])
@pytest.mark.parametrize(
    ("key", "told"), [("", "set MISTRAL_API_KEY"), ("sk secret\n2", "copy it again into MISTRAL_API_KEY")]
)
def test_a_key_that_is_missing_or_cannot_be_one_is_told_before_anything_opens(
    run, tmp_path, monkeypatch, door, key, told
):
    monkeypatch.setenv("EARSHOT_MODEL", "mistralai:mistral-small-latest")
    monkeypatch.setenv("MISTRAL_API_KEY", key)
    done = run(*door, "--library", tmp_path / "library")
    assert done.code == 1
    assert told in done.err
    assert done.err.strip().count("\n") == 0
    assert "secret" not in done.err
    assert done.out == ""
