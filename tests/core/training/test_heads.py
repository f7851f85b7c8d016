"""Heads taught on a tiny random backbone: what they learn, what they are tested on, and what is left behind."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core import heads
from core.embedding import make_embedder
from core.embedding.wav2vec2 import Wav2Vec2Embedder
from core.errors import MissingDependencyError, UnknownNameError, UnsupportedError
from core.heads import Head
from core.labels import Labelled
from core.settings import Settings
from core.training.head_lesson import TAUGHT, TESTED, WATCHED, Gathered, Lesson, gather, split
from core.training.heads import Course, contrast, tasks_of, teach, train_heads
from tests import tiny_wav2vec2
from tests.sounds import clicks, noise, silence, sine, write_sound

RATE_HZ = 16_000
SOURCES = 12  # of each label
SHORT = Course(rounds=25, hidden=64, dim=16, batch=64)
PITCHES_HZ = {"low": 300.0, "medium": 450.0, "high": 675.0}


@pytest.fixture
def torch() -> Any:
    return pytest.importorskip("torch", exc_type=ImportError)


@pytest.fixture(scope="session")
def backbone(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    pytest.importorskip("torch", exc_type=ImportError)
    return tiny_wav2vec2.make(tmp_path_factory.mktemp("backbone") / "tiny")


@pytest.fixture
def settings(backbone: dict[str, Any], tmp_path: Path) -> Settings:
    return Settings(models=tmp_path / "models", device="cpu", **backbone)


@pytest.fixture(scope="session")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> list[Labelled]:
    """Tones of three pitches, each in twelve recordings with other noise and clicks, each recording cut in two."""
    folder = tmp_path_factory.mktemp("labelled")
    return [
        Labelled(write_sound(folder / label / f"{number}{part}.wav", sound, RATE_HZ), label, f"{label}-{number}")
        for label in PITCHES_HZ
        for number in range(SOURCES)
        for part, sound in zip("ab", np.split(recording(label, number), 2), strict=True)
    ]


def recording(label: str, number: int) -> np.ndarray:
    """Two seconds of a tone, behind noise and clicks that say nothing of it and change more of what is heard."""
    rng = np.random.default_rng((len(label), number))
    hz, level, beat, per_s = rng.uniform([0.97, 0, 0, 3], [1.03, 0.6, 1, 12])
    tone, hiss = sine(PITCHES_HZ[label] * hz, 2, RATE_HZ, 0.3), noise(2, RATE_HZ, level, number)
    return (tone + hiss + beat * clicks(per_s, 2, RATE_HZ)).astype(np.float32)


def run(training: Iterator[Any]) -> Any:
    """What a generator returns."""
    while True:
        try:
            next(training)
        except StopIteration as end:
            return end.value


def labelled(counts: dict[str, list[int]]) -> list[Labelled]:
    """For each label, sources with so many sounds each."""
    return [
        Labelled(Path(f"{label}-{source}-{cut}.wav"), label, f"{label}-{source}")
        for label, sizes in counts.items()
        for source, size in enumerate(sizes)
        for cut in range(size)
    ]


# --- what is on which side --------------------------------------------------------------------------------------------


def test_a_source_is_never_on_two_sides_and_every_label_is_tested() -> None:
    sounds = labelled({"a": [3] * 20, "b": [1] * 7, "c": [2, 5, 1, 1]})
    parts = split(sounds, 0)
    sides = defaultdict(set)
    for sound, part in zip(sounds, parts, strict=True):
        sides[sound.source].add(part)
    assert all(len(part) == 1 for part in sides.values())
    counts = Counter((source[0], *part) for source, part in sides.items())
    assert counts == {
        ("a", TAUGHT): 13, ("a", WATCHED): 3, ("a", TESTED): 4,
        ("b", TAUGHT): 4, ("b", WATCHED): 1, ("b", TESTED): 2,
        ("c", TAUGHT): 2, ("c", TESTED): 2,
    }  # fmt: skip
    assert (split(sounds, 0) == parts).all()
    assert (split(sounds, 1) != parts).any()


def test_a_label_with_one_source_is_taught() -> None:
    sounds = labelled({"a": [1] * 5, "b": [1] * 5, "rare": [4]})
    parts = split(sounds, 0)
    assert {part for sound, part in zip(sounds, parts, strict=True) if sound.label == "rare"} == {TAUGHT}
    lesson = Lesson(sounds, [np.ones((1, 4), np.float32) * row for row in range(len(sounds))], parts)
    assert lesson.counted()["untested"] == ["rare"]
    assert lesson.counted()["labels"]["rare"] == {TAUGHT: 4, WATCHED: 0, TESTED: 0}


def test_a_label_that_only_comes_in_sources_of_others_is_taught() -> None:
    """Else there would be sounds to test of a label that nothing was learned of."""
    sounds = labelled({"a": [2] * 15, "b": [2] * 15})
    for seed in range(5):
        tested = [s.source for s, part in zip(sounds, split(sounds, seed), strict=True) if part == TESTED]
        hidden = [Labelled(Path("x.wav"), "hidden", tested[0])]
        parts = split([*sounds, *hidden], seed)
        assert parts[-1] == TAUGHT
        assert {p for s, p in zip(sounds, parts, strict=False) if s.source == tested[0]} == {TAUGHT}


@pytest.mark.parametrize("counts", [{"a": [1] * 9, "b": [1] * 3}, {"a": [9], "b": [9]}])
def test_what_could_not_be_tested_is_not_taught(counts: dict[str, list[int]], settings: Settings) -> None:
    with pytest.raises(UnsupportedError, match=r"can be tested.*at least 4 sources"):
        next(train_heads({"few": labelled(counts)}, settings=settings))
    assert not settings.models.exists()


def test_labels_come_up_equally_often_and_so_do_the_sounds_of_one() -> None:
    sounds = labelled({"a": [1] * 4, "b": [1] * 20})
    heard = [np.ones((1 + 3 * (number % 2), 4), np.float32) for number in range(len(sounds))]
    lesson = Lesson(sounds, heard, split(sounds, 0))
    rows, chances = lesson.windows(TAUGHT), lesson.chances()
    for label in (0, 1):
        of_label = lesson.label_of_window[rows] == label
        assert chances[of_label].sum() == pytest.approx(1 / 2)
        shares = np.bincount(lesson.of_window[rows][of_label], chances[of_label])
        assert np.ptp(shares[shares > 0]) < 1e-12


# --- the loss ---------------------------------------------------------------------------------------------------------


def test_the_loss_is_that_of_the_paper(torch: Any) -> None:
    """Its equation 2, written out; the third vector has no other of its label and is only told apart from."""
    vectors = np.array([[1, 0], [0.6, 0.8], [0, 1], [-1, 0], [-0.8, -0.6]])
    labels, temperature, losses = [0, 0, 1, 2, 2], 0.5, []
    for i, label in enumerate(labels):
        others = [a for a in range(5) if a != i]
        below = sum(np.exp(vectors[i] @ vectors[a] / temperature) for a in others)
        alike = [p for p in others if labels[p] == label]
        if alike:
            losses.append(-np.mean([np.log(np.exp(vectors[i] @ vectors[p] / temperature) / below) for p in alike]))
    found = contrast(torch.from_numpy(vectors), torch.tensor(labels), temperature)
    assert float(found) == pytest.approx(np.mean(losses), abs=1e-9)


def test_a_batch_in_which_nothing_is_alike_teaches_nothing(torch: Any) -> None:
    vectors = torch.eye(3, requires_grad=True)
    loss = contrast(vectors, torch.arange(3), 0.1)
    loss.backward()
    assert float(loss.detach()) == 0
    assert not vectors.grad.any()


# --- a training -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def taught(backbone: dict[str, Any], sounds: list[Labelled], tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings of someone who has trained the head "pitch"; do not write there."""
    settings = Settings(models=tmp_path_factory.mktemp("taught") / "models", device="cpu", **backbone)
    run(train_heads({"pitch": sounds}, settings=settings, course=SHORT))
    return settings


def test_a_head_finds_what_was_not_taught_better_than_the_bare_ears(taught: Settings) -> None:
    scores = heads.read_card(taught, "pitch")["scores"]
    assert scores["after"]["map"] > scores["before"]["map"] + 0.1
    assert scores["after"]["accuracy"] > scores["before"]["accuracy"]


def test_the_ears_with_the_head_do_what_the_card_says(taught: Settings, sounds: list[Labelled]) -> None:
    """The card is told from what was kept while teaching; here the files are heard anew, as an ingest would."""
    from core import audio
    from core.training.scoring import quality

    ears = make_embedder("wav2vec2:pitch", taught)
    tested = [sound for sound, part in zip(sounds, split(sounds, 0), strict=True) if part == TESTED]
    vectors = ears.hear([audio.decode(sound.path, ears.sample_rate_hz) for sound in tested]).vectors
    found = quality(vectors, [sound.label for sound in tested], [sound.source for sound in tested])
    assert found.map == pytest.approx(heads.read_card(taught, "pitch")["scores"]["after"]["map"], abs=1e-6)


def test_the_card_counts_and_names_everything(taught: Settings, sounds: list[Labelled]) -> None:
    card = heads.read_card(taught, "pitch")
    assert (card["sounds"], card["windows"], card["sources"]) == (len(sounds), len(sounds), 3 * SOURCES)
    assert card["labels"] == {label: {TAUGHT: 16, WATCHED: 4, TESTED: 4} for label in PITCHES_HZ}
    assert card["untested"] == []
    assert card["backbone"] == Wav2Vec2Embedder(taught).weights_hash()
    assert card["left_out"] == {"unread": [], "silent": [], "copies": []}
    page = (heads.folder_of(taught, "pitch") / "card.md").read_text()
    for told in ("'pitch'", "| medium | 16 | 4 | 4 |", f"{card['scores']['after']['map']:.3f}", card["backbone"]):
        assert told in page


def test_teaching_again_hears_nothing_and_gives_the_same_bytes(
    taught: Settings, sounds: list[Labelled], monkeypatch: pytest.MonkeyPatch
) -> None:
    def deaf(*_: object) -> None:
        raise AssertionError("a file was heard that had been heard before")

    path = heads.folder_of(taught, "pitch") / "head.npz"
    before = path.read_bytes()
    path.unlink()
    monkeypatch.setattr(Wav2Vec2Embedder, "_run", deaf)
    run(train_heads({"pitch": sounds[::-1][::-1]}, settings=taught, course=SHORT))
    assert path.read_bytes() == before


def test_another_seed_gives_another_head(taught: Settings, sounds: list[Labelled]) -> None:
    gathered = run(gather([sound.path for sound in sounds], Wav2Vec2Embedder(taught)))
    lesson = Lesson(sounds, gathered.of(sounds), split(sounds, 0))
    one, other = (run(teach(lesson, seed, Course(rounds=1, hidden=8, dim=4), "x"))[0] for seed in (0, 1))
    assert (one.inner != other.inner).any()


def test_a_cut_copy_or_damage_in_the_cache_is_heard_again(taught: Settings, sounds: list[Labelled]) -> None:
    ears = Wav2Vec2Embedder(taught)
    paths = [sound.path for sound in sounds[:3]]
    before = run(gather(paths, ears))
    kept = next((taught.models / "cache").glob(f"*/{before.contents[paths[0]]}.npz"))
    kept.write_bytes(kept.read_bytes()[:-30])
    after = run(gather(paths, ears))
    assert [rows.tobytes() for rows in before.of(sounds[:3])] == [rows.tobytes() for rows in after.of(sounds[:3])]


def test_teaching_stops_when_what_is_watched_gets_no_better(torch: Any) -> None:
    """Labels at random: what is learned of the taught ones makes it worse on others."""
    rng = np.random.default_rng(0)
    sounds = labelled({"a": [1] * 30, "b": [1] * 30})
    heard = [rng.standard_normal((1, 40)).astype(np.float32) for _ in sounds]
    lesson = Lesson(sounds, heard, split(sounds, 0))
    _, curve = run(teach(lesson, 0, Course(hidden=64, dim=8, patience=3), "x"))
    assert len(curve) < Course().rounds
    assert np.argmin(curve) == len(curve) - 1 - 3


def test_with_nothing_to_watch_it_ends_after_a_fixed_time(torch: Any) -> None:
    rng = np.random.default_rng(0)
    sounds = labelled({"a": [1] * 4, "b": [1] * 4})
    heard = [rng.standard_normal((2, 10)).astype(np.float32) for _ in sounds]
    _, curve = run(teach(Lesson(sounds, heard, split(sounds, 0)), 0, Course(hidden=8, dim=4, blind_rounds=3), "x"))
    assert curve == [None, None, None]


def test_files_that_cannot_be_used_are_left_out_and_named(
    settings: Settings, sounds: list[Labelled], tmp_path: Path
) -> None:
    broken, copy = tmp_path / "broken.wav", tmp_path / "copy.wav"
    broken.write_bytes(b"no sound")
    copy.write_bytes(sounds[0].path.read_bytes())
    still = write_sound(tmp_path / "still.wav", silence(1, RATE_HZ), RATE_HZ)
    more = [Labelled(path, "low", path.stem) for path in (broken, copy, still)]
    card = run(train_heads({"some": [*sounds, *more]}, settings=settings, course=Course(rounds=1, hidden=8)))["some"]
    assert card["left_out"] == {"unread": [str(broken)], "silent": [str(still)], "copies": [str(copy)]}
    assert card["sounds"] == len(sounds)


def test_only_the_first_minute_of_a_file_is_heard(settings: Settings, tmp_path: Path) -> None:
    path = write_sound(tmp_path / "long.wav", noise(75, RATE_HZ), RATE_HZ)
    gathered = run(gather([path], Wav2Vec2Embedder(settings)))
    assert gathered.heard[gathered.contents[path]].shape == (12, 2 * tiny_wav2vec2.WIDTH)


def test_a_training_that_is_stopped_leaves_what_was_there(settings: Settings, sounds: list[Labelled]) -> None:
    run(train_heads({"pitch": sounds}, settings=settings, course=Course(rounds=1, hidden=8)))
    folder = settings.models / "heads"
    before = {path.name: path.read_bytes() for path in (folder / "pitch").iterdir()}
    training = train_heads({"pitch": sounds}, settings=settings, course=Course(rounds=9, hidden=8))
    for progress in training:
        if progress.label.startswith("teaching") and progress.done == 5:
            break
    training.close()
    assert {path.name: path.read_bytes() for path in (folder / "pitch").iterdir()} == before
    assert [path.name for path in folder.iterdir()] == ["pitch"]


def test_ctrl_c_while_a_head_is_put_in_place_leaves_the_old_one(tmp_path: Path, monkeypatch: Any) -> None:
    heads.save(tmp_path / "heads" / "a", {"head.npz": b"old", "card.md": b"old"})
    replace = heads.os.replace

    def interrupted(source: Path, target: Path) -> None:
        if source.name == "made":
            raise KeyboardInterrupt
        replace(source, target)

    monkeypatch.setattr(heads.os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        heads.save(tmp_path / "heads" / "a", {"head.npz": b"new"})
    kept = {path.relative_to(tmp_path).as_posix(): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert kept == {"heads/a/head.npz": b"old", "heads/a/card.md": b"old"}


# --- several heads, and what is missing -------------------------------------------------------------------------------


def test_each_of_several_columns_becomes_a_head(settings: Settings, sounds: list[Labelled], tmp_path: Path) -> None:
    rows = [f"{sound.path},{sound.label},{'warm' if number % 4 < 2 else 'cold'},{sound.source}" for number, sound in
            enumerate(sounds)]  # fmt: skip
    table = tmp_path / "sounds.csv"
    table.write_text("\n".join(["path,label,How it feels,source", *rows]))
    assert list(tasks_of(table, "mine")) == ["mine"]
    assert list(tasks_of(table, "mine", ["How it feels"])) == ["mine"]
    tasks = tasks_of(table, "mine", ["label", "How it feels"])
    assert {name: sorted({each.label for each in given}) for name, given in tasks.items()} == {
        "mine-label": ["high", "low", "medium"],
        "mine-How-it-feels": ["cold", "warm"],
    }
    run(train_heads(tasks, settings=settings, course=Course(rounds=1, hidden=8, dim=4)))
    assert heads.trained(settings) == ["mine-How-it-feels", "mine-label"]
    assert make_embedder("wav2vec2:mine-label", settings).dim == 4


def test_without_torch_the_command_that_installs_it_is_told(
    settings: Settings, sounds: list[Labelled], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.training.heads.importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingDependencyError, match=r"torch.*pip install 'earshot\[models\]'"):
        next(train_heads({"pitch": sounds}, settings=settings))


def test_a_name_that_cannot_be_one_is_refused_before_anything_is_heard(settings: Settings) -> None:
    with pytest.raises(UnknownNameError, match=r"'\.\./x'"):
        next(train_heads({"../x": labelled({"a": [1] * 5, "b": [1] * 5})}, settings=settings))


def test_usable_sounds_keep_their_order() -> None:
    gathered = Gathered({Path("a"): "1", Path("b"): "2", Path("c"): "1"}, {"1": np.ones((1, 2)), "2": np.ones((0, 2))})
    sounds = [Labelled(Path(name), "x", name) for name in "cabd"]
    kept, left_out = gathered.usable(sounds)
    assert [sound.path.name for sound in kept] == ["c"]
    assert left_out == {"unread": ["d"], "silent": ["b"], "copies": ["a"]}


def test_the_head_in_numpy_is_the_one_that_was_taught(torch: Any) -> None:
    rng = np.random.default_rng(0)
    shapes = ((6,), (6,), (5, 6), (5,), (3, 5), (3,))
    head = Head(*(rng.uniform(0.5, 1.5, shape).astype(np.float32) for shape in shapes))
    heard = rng.standard_normal((4, 6)).astype(np.float32)
    rows = (torch.from_numpy(heard) - torch.from_numpy(head.mean)) / torch.from_numpy(head.scale)
    rows /= rows.square().mean(dim=1, keepdim=True).sqrt()
    hidden = rows @ torch.from_numpy(head.inner).T + torch.from_numpy(head.inner_bias)
    hidden = torch.nn.functional.gelu(hidden, approximate="tanh")
    out = hidden @ torch.from_numpy(head.outer).T + torch.from_numpy(head.outer_bias)
    assert head.vectors(heard) == pytest.approx(torch.nn.functional.normalize(out).numpy(), abs=1e-6)
    assert head.vectors(heard)[2].tobytes() == head.vectors(heard[2:3])[0].tobytes()
