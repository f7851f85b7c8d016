"""What a sentence wants: the nearest example, and how good that is."""

import numpy as np
import pytest

from agent.llm.embedded.intents import Examples, blanked, features, guess, labelled_examples, telling, vocabulary
from agent.llm.embedded.planner import STEPS, plan
from agent.llm.embedded.turn import read_turn
from tests.agent.llm.conversations import saying


def share_right(variant: str, n_folds: int = 4) -> float:
    """Of the examples, those whose intent is found from the others, the weights fitted on the others too."""
    labelled = labelled_examples()
    right = 0
    for fold in range(n_folds):
        known = Examples([pair for place, pair in enumerate(labelled) if place % n_folds != fold], variant)
        unseen = [pair for place, pair in enumerate(labelled) if place % n_folds == fold]
        vectors = np.stack([known.vector(features(tokens, variant)) for _, tokens in unseen])
        nearest = (vectors @ known.matrix.T).argmax(axis=1)
        right += sum(known.intents[place] == intent for place, (intent, _) in zip(nearest, unseen, strict=True))
    return right / len(labelled)


def test_words_and_letters_together_beat_either_alone():
    shares = {variant: share_right(variant) for variant in ("words", "letters", "both")}

    assert shares["both"] > 0.75
    assert shares["both"] >= max(shares["words"], shares["letters"])


def test_an_example_is_nearest_to_itself():
    examples = Examples([("find", ["find", "<about>"]), ("cluster", ["cluster", "it"])])

    best, other = examples.guess(["cluster", "it"])

    assert (best.intent, round(best.score, 5)) == ("cluster", 1.0)
    assert other.score == pytest.approx(0.0)


def test_leaving_an_example_out_takes_its_score_away():
    examples = Examples([("find", ["find", "<about>"]), ("cluster", ["cluster", "it"])])

    assert examples.guess(["cluster", "it"], leave_out=1)[0].score == pytest.approx(0.0)


def test_a_feature_of_one_intent_tells_all_and_one_of_every_intent_tells_nothing():
    pairs = [("a", features(["please", "add"], "words")), ("b", features(["please", "find"], "words"))]

    weights = telling(pairs)

    assert weights["add"] == pytest.approx(1.0)
    assert weights["please"] == pytest.approx(0.0)


def test_what_a_sentence_is_about_is_blanked_as_one():
    assert blanked("find rain on a tin roof", False, frozenset({"find", "a"})) == ["find", "<about>", "a", "<about>"]
    assert blanked("like SOUND0 or FILE1 QUOTE2", True, frozenset({"like", "or"})) == [
        "like", "<sound>", "or", "<sound>", "<about>", "<attached>",
    ]  # fmt: skip


def test_command_words_are_known_and_contents_of_braces_are_not():
    assert {"cluster", "shorter", "export", "seconds"} <= vocabulary()
    assert not {"thunder", "snare", "qzthing"} & vocabulary()


def test_every_intent_of_the_examples_has_a_step():
    for intent, tokens in labelled_examples():
        assert tokens, intent
    intents = {intent for intent, _ in labelled_examples()}
    assert intents == set(STEPS)


@pytest.mark.parametrize("text", ["", "?", "...", "please", "!!! ???"])
def test_what_is_near_no_example_is_not_understood(text):
    answer = plan(read_turn(saying(text)))

    assert answer.intent == "unclear"
    assert answer.text.count("“") >= 3  # three things to say instead


def test_guesses_come_best_first():
    scores = [g.score for g in guess("cluster my sounds", False)]

    assert scores == sorted(scores, reverse=True)
