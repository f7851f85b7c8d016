"""A library that several ears have heard: a space for each, one that answers, and none that disturbs another."""

from pathlib import Path

import numpy as np
import pytest

from core.embedding import EMBEDDERS
from core.embedding.base import Embedder, Heard
from core.errors import NotFoundError, UnsupportedError
from core.library import Library
from tests.runs import ListenerInThisProcess, rows


class LoudEars(Embedder):
    """Two numbers: the level of the first half and of the second. They read nothing."""

    name, version, dim = "loud", "1", 2
    sample_rate_hz, window_s, hop_s = 8000, 1.0, 0.5
    clustering = ("kmeans", 3)

    def hear(self, clips):
        halves = [[np.abs(half).sum() + 1e-6 for half in np.array_split(clip, 2)] for clip in clips]
        vectors = [np.array(half) / np.linalg.norm(half) for half in halves]
        return Heard(np.array(vectors, np.float32).reshape(-1, 2), np.zeros((len(clips), 0), np.float32))

    def weights_hash(self):
        return "none"


class ReadingEars(LoudEars):
    """How much of a sound lies under 1 kHz, between, and over 3 kHz; "boom" and "zing" are the first and the last."""

    name, dim, understands_text, sample_rate_hz = "reading", 3, True, 32000
    clustering = ("gmm", None)

    def hear(self, clips):
        vectors = np.zeros((len(clips), 3), np.float32)
        for row, clip in zip(vectors, clips, strict=True):
            power = np.abs(np.fft.rfft(clip, 32000)) ** 2
            row[:] = [power[:1000].sum(), power[1000:3000].sum(), power[3000:].sum()]
            row /= max(float(np.linalg.norm(row)), 1e-9)
        return Heard(vectors, np.zeros((len(clips), 0), np.float32))

    def embed_text(self, texts):
        """Texts without one of the words are near to everything alike."""
        axes = {"boom": [1.0, 0, 0], "zing": [0, 0, 1.0]}
        vectors = np.array([axes.get(text.lower(), [0.57735, 0.57735, 0.57735]) for text in texts], np.float32)
        return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture
def several(demo_library: Library, monkeypatch: pytest.MonkeyPatch) -> Library:
    """The small library, heard by three pairs of ears."""
    monkeypatch.setattr("core.ingest.ListenerPool", ListenerInThisProcess)
    load, more = type(EMBEDDERS).load, {"loud": LoudEars, "reading": ReadingEars}
    monkeypatch.setattr(type(EMBEDDERS), "load", lambda self, name: more.get(name) or load(self, name))
    for name in more:
        ingest = demo_library.ingest(embedder=name)
        list(ingest)
        assert (ingest.report.again, ingest.report.indexed) == (15, 15)
    return Library(demo_library.folder, demo_library.settings.model_copy())


def vectors_of(library: Library, *names: str) -> list[tuple]:
    marks = ", ".join("?" * len(names))
    query = f"SELECT v.* FROM vectors v JOIN spaces s ON s.id = v.space_id WHERE s.name IN ({marks}) ORDER BY 1, 2"
    return rows(library.folder, query, *names)


def test_every_space_answers_searches_by_sound(several):
    for name in ("builtin", "loud", "reading"):
        best = several.search_by_audio("3", space=name, k=15)
        assert best[0].score == pytest.approx(1, abs=1e-3)
        assert len(best) == 15
        index = several.load_index(name)
        assert index.space.fingerprint.name == name
        whole = dict(zip(index.sounds.tolist(), index.by_sound._vectors(np.arange(15)), strict=True))
        cosines = {sound: float(vector @ whole[3]) for sound, vector in whole.items()}
        assert all(hit.score >= cosines[hit.id] - 1e-5 for hit in best)  # a best window may be nearer than the mean


def test_dropping_a_space_leaves_the_others_as_they_were(several):
    made = several.groups.make(2, space="loud").clustering
    kept = several.groups.make(2, space="reading").clustering
    others, words = vectors_of(several, "builtin", "reading"), rows(several.folder, "SELECT * FROM words")

    assert several.ears.drop("loud") == [made]

    assert [card.name for card in several.ears.spaces()] == ["builtin", "reading"]
    assert vectors_of(several, "builtin", "reading") == others
    assert rows(several.folder, "SELECT * FROM words") == words
    assert several.groups.get(kept).k == 2
    for table in ("clusters", "members"):
        assert rows(several.folder, f"SELECT count(*) FROM {table} WHERE clustering_id = {made}") == [(0,)]
    with pytest.raises(
        NotFoundError, match="no sound was heard with the ears 'loud'; spaces of this library: builtin, reading"
    ):
        several.search_by_audio("3", space="loud")
    for name in ("builtin", "reading"):
        assert several.search_by_audio("3", space=name, k=1)[0].score == pytest.approx(1, abs=1e-3)


def test_the_built_in_space_cannot_be_dropped_nor_one_that_is_not_there(several):
    with pytest.raises(UnsupportedError, match="the space 'builtin' stays"):
        several.ears.drop("builtin")
    with pytest.raises(NotFoundError, match="nobody"):
        several.ears.drop("nobody")


def test_the_ears_that_are_chosen_answer_and_hear_what_is_added(several, tmp_path):
    assert several.ears.chosen() == "builtin"
    several.ears.choose("reading")

    again = Library(several.folder, several.settings.model_copy())
    assert again.ears.chosen() == "reading"
    assert again.load_index().space.fingerprint.name == "reading"
    assert [card.name for card in again.ears.spaces() if card.answers] == ["reading"]
    with pytest.raises(NotFoundError, match="no sound was heard with the ears 'nobody'"):
        again.ears.choose("nobody")
    assert again.ears.chosen() == "reading"
    again.ears.drop("reading")
    assert again.ears.chosen() == "builtin"


def test_an_argument_or_the_environment_goes_before_what_was_chosen(several, monkeypatch):
    several.ears.choose("reading")
    asked = several.settings.model_copy(update={"embedder": "loud"})
    assert Library(several.folder, asked).ears.chosen() == "loud"


def test_words_are_looked_for_by_a_text_tower_where_the_ears_have_one(several):
    """Most of a hat lies over 3 kHz; no name and no tag says "zing"."""
    index = several.load_index("reading")
    vectors = index.by_sound._vectors(np.arange(15))
    high = [int(index.sounds[row]) for row in np.argsort(-vectors[:, 2], kind="stable")[:4]]

    found = several.search_by_text("zing", space="reading", k=4)

    assert {Path(hit.path).parent.name for hit in found} == {"closed_hat"}
    assert {hit.id for hit in found} == set(high)
    assert [hit.score for hit in found] == sorted((hit.score for hit in found), reverse=True)


def test_a_text_that_is_near_to_everything_alike_finds_nothing_by_a_tower(several):
    assert several.search_by_text("unheard-of", space="reading") == []


def test_ears_that_know_no_words_are_told_when_they_are_asked_by_name(several):
    with pytest.raises(UnsupportedError, match="the ears 'loud' know no words; search with a sound"):
        several.search_by_text("rain", space="loud")
    several.ears.choose("loud")  # not asked by name: words are looked for by the built-in ears
    assert Path(several.search_by_text("rain", k=1)[0].path).parent.name == "rain"


def test_ears_may_say_how_they_are_best_grouped(several):
    made = several.groups.make(space="loud")
    assert (made.k, made.method) == (3, "kmeans")
    assert several.groups.make(2, space="loud").method == "gmm"


def test_a_space_whose_ears_are_gone_goes_on_answering_from_what_it_holds(several, monkeypatch):
    from core.registry import Registry

    several.ears.choose("loud")
    monkeypatch.undo()
    assert "loud" not in Registry("core.embedding", "embedder").names()
    later = Library(several.folder, several.settings.model_copy())

    assert later.search_by_audio("3", k=1)[0].score == pytest.approx(1, abs=1e-3)
    assert later.note().startswith("the ears 'loud' cannot hear here: no embedder is called 'loud'")
    (card,) = [card for card in later.ears.spaces() if card.name == "loud"]
    assert "no embedder is called 'loud'" in card.problem


def test_a_space_that_is_made_again_is_another_one_also_for_a_process_that_held_the_old(several):
    """The other process has the index of all sounds in memory while one of them alone is heard again."""
    other = Library(several.folder, several.settings.model_copy())
    assert len(other.search_by_audio("3", space="reading", k=15)) == 15
    before = other.load_index("reading").space.id

    several.ears.drop("reading")
    list(several.ingest([Path(several.cards([3])[0]["path"])], embedder="reading"))

    assert [hit.id for hit in other.search_by_audio("3", space="reading", k=15)] == [3]
    assert other.load_index("reading").space.id > before
