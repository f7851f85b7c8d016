"""What a message wants by the two models: what ships is what the sentences make, and it reads what it has not seen."""

import numpy as np
import pytest

from agent.llm.embedded import learning
from agent.llm.embedded import wants as module
from agent.llm.embedded.wants import MODEL, about, shipped, wants

BRACES = str.maketrans("", "", "{}")
FEW = ("search", "cluster", "export", "map", "thanks", "split")
N_EACH = 80


def test_the_shipped_models_are_made_of_these_sentences_by_this_code():
    with np.load(MODEL, allow_pickle=False) as kept:
        assert str(kept["made_of"]) == learning.fingerprint(), "run `python -m agent.llm.embedded.learning`"


def test_the_models_know_every_want_that_has_sentences():
    model = shipped()
    assert list(model.names) == sorted(learning.said())
    assert model.weights.shape[0] == len(model.bias) == len(model.names)


@pytest.mark.parametrize("text", ["find rain", "", "?", "gruppiere alles", "/data/x", "zzz " * 300])
def test_scores_are_shares_of_all_wants_the_likeliest_first(text):
    found = wants(text)
    scores = [want.score for want in found]
    assert sorted(want.name for want in found) == list(shipped().names)
    assert sum(scores) == pytest.approx(1.0, abs=1e-5)
    assert scores == sorted(scores, reverse=True)
    assert min(scores) >= 0.0


def test_sentences_of_each_want_get_it():
    """The first of every want as it stands; a few are said alike by several wants."""
    firsts = {want: texts[0] for want, texts in learning.said().items()}
    got = {
        want: wants(
            text.translate(BRACES).removesuffix(learning.ATTACHED).strip(), attached=text.endswith(learning.ATTACHED)
        )[0].name
        for want, text in firsts.items()
    }
    assert sum(got[want] == want for want in firsts) >= 0.9 * len(firsts), {w: g for w, g in got.items() if w != g}


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("would you kindly look out a creaking gate for me", "search"),
        ("finde bitte ein knarrendes gartentor", "search"),
        ("sort the whole lot into piles", "cluster"),
        ("copy those over to a directory", "export"),
        ("cheers, that is lovely", "thanks"),
    ],
)
def test_a_sentence_that_nobody_wrote_down_is_understood(text, want):
    assert wants(text)[0].name == want


def test_an_attached_sound_makes_likeness_likelier():
    def likeness(attached: bool) -> float:
        return next(want.score for want in wants("more of these", attached=attached) if want.name == "like")

    assert likeness(True) > likeness(False)


@pytest.mark.parametrize(
    ("text", "want", "stretches"),
    [
        ("find rain on a tin roof", "search", ["rain on a tin roof"]),
        ("is there any vinyl crackle, please?", "search", ["vinyl crackle"]),
        ("group everything", "cluster", []),
        ("", "search", []),
    ],
)
def test_the_stretch_that_a_sentence_is_about_is_found(text, want, stretches):
    assert [text[start:end] for start, end in about(text, want)] == stretches


def test_a_stretch_neither_begins_with_a_sign_nor_goes_across_one():
    text = "find thunder, distant traffic"
    assert all(not set(text[start:end]) & set(",.;:!?") for start, end in about(text, "search"))


def test_the_same_message_is_always_read_alike():
    text = "might i have some thunder over a lake"
    assert wants(text) == wants(text)
    assert about(text, "search") == about(text, "search")


def test_what_is_held_back_is_read_by_models_of_the_rest(tmp_path, monkeypatch):
    """Every fifth of 80 sentences of six wants, from all files; so few are read in three of four cases."""
    said = learning.said()
    sentences = {want: said[want][:: len(said[want]) // N_EACH][:N_EACH] for want in FEW}
    kept = {want: [text for place, text in enumerate(texts) if place % 5] for want, texts in sentences.items()}
    held = [(want, text.translate(BRACES)) for want, texts in sentences.items() for text in texts[::5]]
    learning.learn(kept, tmp_path / "few.npz")
    monkeypatch.setattr(module, "MODEL", tmp_path / "few.npz")
    assert shipped().names == tuple(sorted(FEW))
    right = [wants(text)[0].name == want for want, text in held]
    assert len(right) == len(FEW) * N_EACH / 5
    assert sum(right) > 0.75 * len(right)  # by chance 0.17


def test_learning_twice_gives_the_same_models(tmp_path):
    few = {want: learning.said()[want][:5] for want in ("search", "thanks")}
    for name in ("a.npz", "b.npz"):
        learning.learn(few, tmp_path / name)
    with np.load(tmp_path / "a.npz") as a, np.load(tmp_path / "b.npz") as b:
        assert all(np.array_equal(a[name], b[name]) for name in a.files)
