"""The commands about ears, as a person types them; large models with tiny random weights."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.runs import ListenerInThisProcess, rows, tiny_wav
from tests.sounds import sine, write_sound
from tests.tiny import choose_tiny

LARGE = ("clap", "wav2vec2", "vggish")


@pytest.fixture
def heard_here(monkeypatch) -> None:
    monkeypatch.setattr("core.ingest.ListenerPool", ListenerInThisProcess)


@pytest.fixture
def tiny(tmp_path_factory, monkeypatch, heard_here):
    """Has the settings choose tiny checkpoints."""
    return lambda name: choose_tiny(name, tmp_path_factory, monkeypatch)


def test_each_of_the_large_ears_adds_a_space_that_searches_and_groups_can_use(run, demo_library, tiny):
    library = demo_library.folder
    for name in LARGE:
        tiny(name)
        done = run("ingest", "--library", library, "--embedder", name, "--json")
        assert (done.code, done.document["indexed"], done.document["skipped"]) == (0, 15, [])

    cards = run("spaces", "--library", library, "--json").document["spaces"]
    assert [(card["name"], card["sounds"], card["problem"]) for card in cards] == [
        (name, 15, "") for name in ("builtin", *LARGE)
    ]
    for name in LARGE:
        hits = run("search", "--like", "1", "--space", name, "--library", library, "--json").document["hits"]
        assert hits[0]["id"] == 1 and len(hits) == 10
        made = run("cluster", "-k", "2", "--space", name, "--library", library, "--json").document
        assert sum(cluster["size"] for cluster in made["clusters"]) == 15
    assert run("search", "rain", "--space", "clap", "--library", library, "--json").code == 0


def test_a_space_is_chosen_and_dropped(run, demo_library, tiny):
    library = demo_library.folder
    tiny("vggish")
    run("ingest", "--library", library, "--embedder", "vggish", "--json")

    chosen = run("spaces", "--use", "vggish", "--library", library, "--json").document["spaces"]
    assert [card["name"] for card in chosen if card["answers"]] == ["vggish"]
    dropped = run("spaces", "--drop", "vggish", "--library", library, "--json").document["spaces"]
    assert [(card["name"], card["answers"]) for card in dropped] == [("builtin", True)]
    assert rows(library, "SELECT count(*) FROM vectors") == [(15,)]


def test_captions_of_conette_stand_in_lists_and_are_found(run, demo_library, tiny):
    tiny("conette")
    before = run("show", "1", "--library", demo_library.folder, "--json").document["sounds"][0]["caption"]
    done = run("ingest", "--captioner", "conette", "--library", demo_library.folder, "--json")
    assert (done.code, done.document["indexed"]) == (0, 15)

    sound = run("show", "1", "--library", demo_library.folder, "--json").document["sounds"][0]
    assert {each["captioner"] for each in sound["captions"]} == {"builtin", "conette"}
    assert sound["caption"] != before
    word = sound["caption"].rstrip(".").split()[-1]
    hits = run("search", word, "-k", "15", "--library", demo_library.folder, "--json").document["hits"]
    assert 1 in [hit["id"] for hit in hits]


@pytest.mark.parametrize("post", [False, True])
def test_embed_gives_vggish_vectors_of_any_container(run, tmp_path, tiny, post):
    tiny("vggish")
    paths = [tmp_path / f"sound.{kind}" for kind in ("wav", "mp3", "m4a", "mp4")]
    for path in paths:
        write_sound(
            path,
            sine(440, 2, 44100)[None],
            44100,
            {"wav": "pcm_s16le", "mp3": "libmp3lame"}.get(path.suffix[1:], "aac"),
        )
    options = ["--embedder", "vggish", "--npy", tmp_path / "x.npy", *(["--post"] if post else [])]
    done = run("embed", *paths, *options, "--library", tmp_path / "library", "--json")

    vectors = np.load(tmp_path / "x.npy")
    assert (vectors.shape, vectors.dtype) == ((4, 128), np.float32)
    assert [Path(each["path"]) for each in done.document["embeddings"]] == paths
    assert np.array_equal(np.array([each["vector"] for each in done.document["embeddings"]], np.float32), vectors)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(4), abs=1e-5)
    assert not (tmp_path / "library").exists()


def test_bench_ranks_the_spaces_by_the_folders_of_the_sounds(run, demo_library, tiny):
    tiny("vggish")
    run("ingest", "--library", demo_library.folder, "--embedder", "vggish", "--json")
    told = run("bench", "--folders", "--library", demo_library.folder, "--json").document
    assert [row["space"] for row in told["rows"]] == ["builtin", "vggish"]
    assert told["labelled"] and told["labels"] == 4 and told["rows"][0]["map"] > 0.8
    shown = run("bench", "--folders", "--library", demo_library.folder).out
    assert "mAP" in shown and "builtin" in shown


def test_a_head_is_trained_and_heard_with(run, demo_library, demo_folder, tiny, tmp_path, monkeypatch):
    monkeypatch.setenv("EARSHOT_MODELS", str(tmp_path / "models"))
    tiny("wav2vec2")
    table = tmp_path / "labels.csv"
    kinds = {
        path: "drum" if path.parent.name in ("kick", "closed_hat") else "other" for path in demo_folder.rglob("*.wav")
    }
    table.write_text("path,label\n" + "".join(f"{path},{label}\n" for path, label in sorted(kinds.items())))
    done = run("train", "heads", "--labels", table, "--name", "drums", "--library", demo_library.folder, "--json")
    assert done.code == 0, done.err
    assert set(done.document["heads"]["drums"]["scores"]) >= {"before", "after"}

    heard = run("ingest", "--embedder", "wav2vec2:drums", "--library", demo_library.folder, "--json")
    assert (heard.code, heard.document["indexed"]) == (0, 15)
    known = run("ingest", "--embedder", "wav2vec2:cats", "--library", demo_library.folder)
    assert known.code == 1 and "drums" in known.err and known.err.count("\n") <= 2


@pytest.mark.parametrize(
    ("arguments", "setting"),
    [
        (["ingest", "FOLDER", "--embedder", "clap"], "clap"),
        (["ingest", "FOLDER", "--embedder", "wav2vec2"], "wav2vec2"),
        (["ingest", "FOLDER", "--embedder", "vggish"], "vggish"),
        (["ingest", "FOLDER", "--embedder", "autoencoder"], "autoencoder"),
        (["ingest", "FOLDER", "--captioner", "conette"], "conette"),
        (["embed", "FOLDER/a.wav", "--embedder", "clap"], "clap"),
        (["train", "heads", "--labels", "TABLE"], "wav2vec2"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_without_a_network_a_model_is_told_in_one_sentence_and_nothing_is_written(
    run, tmp_path, arguments, setting, monkeypatch, heard_here
):
    """A proxy that refuses stands for the network that is not there."""
    pytest.importorskip("torch", exc_type=ImportError)
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("EARSHOT_MODELS", str(tmp_path / "models"))
    sounds = [
        tiny_wav(tmp_path / "sounds" / kind / f"{n}.wav", seed=n + 10 * len(kind))
        for kind in ("x", "yy")
        for n in range(5)
    ]
    tiny_wav(tmp_path / "sounds" / "a.wav")
    table = tmp_path / "labels.csv"
    table.write_text("path,label\n" + "".join(f"{path},{path.parent.name}\n" for path in sounds))
    places = {"FOLDER": tmp_path / "sounds", "TABLE": table, "FOLDER/a.wav": tmp_path / "sounds" / "a.wav"}
    done = run(*[places.get(each, each) for each in arguments], "--library", tmp_path / "library", "--json")

    assert done.code == 1
    assert json.loads(done.out)["error"].count("\n") == 0
    assert done.err.startswith("earshot:") or "\nearshot:" in done.err
    assert not (tmp_path / "library").exists()
    assert not any((tmp_path / "models").rglob("*.*")), list((tmp_path / "models").rglob("*"))


def test_ctrl_c_ends_a_comparison_with_one_word(run, demo_library, monkeypatch):
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("core.library.Library.compare_spaces", interrupted)
    done = run("bench", "--folders", "--library", demo_library.folder)
    assert (done.code, done.out, done.err.strip()) == (130, "", "Stopped.")


def test_a_table_may_lie_elsewhere_than_the_sounds_it_names(run, demo_library, demo_folder, tmp_path):
    table = tmp_path / "elsewhere" / "labels.csv"
    table.parent.mkdir()
    rows = [f"{path.relative_to(demo_folder)},{path.parent.name}" for path in sorted(demo_folder.rglob("*.wav"))]
    table.write_text("\n".join(["path,label", *rows]))

    refused = run("bench", "--labels", table, "--library", demo_library.folder, "--json")
    assert (refused.code, "--base" in refused.document["error"]) == (1, True)
    done = run("bench", "--labels", table, "--base", demo_folder, "--library", demo_library.folder, "--json")
    assert (done.code, done.document["labels"], done.document["sounds"]) == (0, 4, 15)


@pytest.mark.parametrize("what", [["heads", "--labels", "x.csv"], ["autoencoder"]])
@pytest.mark.parametrize("seed", [-1, 2**32, 10**25])
def test_a_seed_that_no_generator_takes_is_told(run, what, seed):
    done = run("train", *what, "--seed", seed)
    assert (done.code, done.out) == (2, "")
    assert "Invalid value for '--seed'" in done.err
