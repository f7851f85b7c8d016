"""The tools about ears: which there are, that others answer from now on, and which are best."""

import pytest

from core.errors import CancelledError, UnsupportedError
from core.library import Library
from tests.core.test_several_ears import LoudEars, ReadingEars, several
from tests.tools.test_tools import artifact, call

__all__ = ["LoudEars", "ReadingEars", "several"]


def test_the_ears_of_a_library_are_told_as_a_table(demo_library):
    made = artifact(demo_library, "ears")
    assert made["title"] == "The ears builtin answer."
    assert made["rows"] == [["builtin (ears-1)", "15 of 15", "1 s", "yes", "answers"]]


def test_other_ears_hear_what_they_have_not_heard_and_answer_from_now_on(several):
    several.ears.drop("loud")
    seen = []
    answer = call(several, "ears", seen.append, use="loud")

    assert answer.text.startswith('"From now on the ears loud answer; they have heard 15 sounds for that."')
    assert several.ears.chosen() == "loud"
    assert [step.done for step in seen] == list(range(1, 16))
    assert artifact(several, "ears", use="builtin")["title"] == "From now on the ears builtin answer."
    assert artifact(several, "ears")["title"] == "The ears builtin answer; 2 others have heard this library."


def test_ears_that_cannot_be_had_are_told_and_the_old_ones_stay(demo_library):
    answer = call(demo_library, "ears", use="nobody")
    assert (answer.status, demo_library.ears.chosen()) == ("error", "builtin")
    assert answer.text.startswith("no embedder is called 'nobody'; known are")


def test_a_stopped_change_keeps_what_was_heard_and_the_old_ears(several):
    several.ears.drop("loud")

    def stop(progress):
        if progress.done == 5:
            raise CancelledError("stopped")

    assert call(several, "ears", stop, use="loud").status == "error"
    assert several.ears.chosen() == "builtin"
    assert call(several, "ears", use="loud").status == "success"


@pytest.mark.parametrize("by_folder", [False, True, None])
def test_the_best_ears_stand_first_by_folders_if_nothing_is_said(several, by_folder):
    made = artifact(several, "compare_ears", **{} if by_folder is None else {"by_folder": by_folder})
    assert len(made["rows"]) == 3
    assert made["columns"][:2] == ["", "ears"]
    assert ("mAP" in made["columns"]) == (by_folder is not False)
    if by_folder is not False:
        assert made["rows"][0][1] == "builtin"


def test_ears_are_compared_without_labels_where_the_folders_say_nothing(several, monkeypatch):
    asked = []

    def compare(self, *, by_folder=False, report):
        asked.append(by_folder)
        if by_folder:
            raise UnsupportedError("the library's folders give no two different labels")
        return compared(self, report=report)

    compared = Library.compare_spaces
    monkeypatch.setattr(Library, "compare_spaces", compare)
    made = artifact(several, "compare_ears")
    assert asked == [True, False]
    assert "agreement" in made["columns"]
    assert made["remark"].endswith("put sounds of a kind into a folder of its own to know more.")
