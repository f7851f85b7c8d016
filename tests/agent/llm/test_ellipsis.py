"""What a short message leaves out is taken from the call before it; a message of its own is left to others."""

from typing import Any

import pytest
from langchain_core.messages import BaseMessage, HumanMessage

from agent.llm.embedded.lenient.ellipsis import goes_on
from agent.llm.embedded.turn import read_turn
from tests.agent.llm.conversations import after, clustering, hits, saying, titled, used


def step(text: str, before: list[BaseMessage]) -> list[tuple[str, dict[str, Any]]] | None:
    """The calls that a message becomes because of what was done before it; None where it goes on from nothing."""
    plan = goes_on(read_turn([*before, HumanMessage(text)]))
    return None if plan is None else [(each.name, each.args) for each in plan.calls]


def heard(**more: Any) -> list[BaseMessage]:
    moments = {"kind": "moments", "text": "thunder", "hits": hits()["hits"]}
    return used("where does it thunder?", "find_moments", {"text": "thunder", **more}, moments)


def counted(*things: str, **more: Any) -> list[BaseMessage]:
    count = {"kind": "count", "hits": hits()["hits"]}
    return [
        message for thing in things for message in used("how many?", "count_sounds", {"heard": [thing], **more}, count)
    ]


def compared(**more: Any) -> list[BaseMessage]:
    return [*after("hits"), *used("like 57", "search_by_audio", {"sound": "57", **more}, hits())]


def listened(**more: Any) -> list[BaseMessage]:
    timeline = {"kind": "timeline", "sound": "412", "events": [], "edits": {}}
    return used("what is heard in 412?", "hear_events", {"sound": "412", **more}, timeline)


def renamed() -> list[BaseMessage]:
    args = {"change": "rename", "clusters": [1], "title": "Night"}
    return [*after("titled"), *used("call group 1 Night", "edit_clusters", args, titled(edit="rename"))]


def refused() -> list[BaseMessage]:
    args = {"sounds": ["412"], "name": "rain"}
    return [*after("hits"), *used("export the first", "export", args, None, "The person said no.", status="error")]


@pytest.mark.parametrize(
    ("text", "before", "calls"),
    [
        ("and church bells?", heard(), [("find_moments", {"text": "church bells"})]),
        ("just two moments please", heard(), [("find_moments", {"text": "thunder", "k": 2})]),
        (
            "only those with a score of at least 0.5",
            heard(),
            [("find_moments", {"text": "thunder", "min_score": 0.5})],
        ),
        (
            "listen to all the other recordings too",
            heard(),
            [("find_moments", {"text": "thunder", "listen_to_all": True})],
        ),
        ("same question for rain", heard(k=3), [("find_moments", {"text": "rain", "k": 3})]),
        ("and a dog?", counted("rain"), [("count_sounds", {"heard": ["dog"]})]),
    ],
)
def test_the_same_question_is_asked_of_another_thing_or_of_fewer(text, before, calls):
    assert step(text, before) == calls


@pytest.mark.parametrize(
    ("text", "args"),
    [
        ("make it five instead of three", {"text": "rain", "k": 5}),
        ("two will be enough", {"text": "rain", "k": 2}),
        ("only 3 results", {"text": "rain", "k": 3}),
        ("now crickets, but only four", {"text": "crickets", "k": 4}),
        ("and seven with thunder", {"text": "thunder", "k": 7}),
        ("only 5 seconds", None),
        ("find crickets", None),
    ],
)
def test_a_list_gets_another_length(text, args):
    assert step(text, after("hits")) == (None if args is None else [("search_by_text", args)])


def test_a_bound_is_replaced_by_another():
    short = used("rain under a second", "search_by_text", {"text": "rain", "max_s": 1.0}, hits())
    assert step("make that half a second", short) == [("search_by_text", {"text": "rain", "max_s": 0.5})]
    assert step("make that half a second", after("hits")) is None


@pytest.mark.parametrize(
    ("text", "args"),
    [
        ("each at least 2 s long", {"text": "rain", "max_s": 9.0, "min_s": 2.0}),
        ("up to one second is fine too", {"text": "rain", "max_s": 1.0}),
        ("only those over 10 s", {"text": "rain", "min_s": 10.0}),
        ("thunder of at least 2 s", None),
        ("from 2 s on", None),
        ("recordings of at least 2 s", None),
        ("at least 5 of them", None),
        ("give me all over 10 seconds", None),
    ],
)
def test_a_message_of_nothing_but_lengths_bounds_the_last_search(text, args):
    short = used("rain under 9 s", "search_by_text", {"text": "rain", "max_s": 9.0}, hits())
    assert step(text, short) == (None if args is None else [("search_by_text", args)])


def test_a_count_is_bounded_as_well_and_a_timeline_is_not():
    assert step("count only those over 1.5 s", counted("bell")) == [("count_sounds", {"heard": ["bell"], "min_s": 1.5})]
    assert step("at least 2 seconds", listened()) is None


def test_another_kind_is_searched_for_without_the_same():
    assert step("now crickets, also with no rain", after("hits")) == [
        ("search_by_text", {"text": "crickets", "without": "rain"})
    ]
    assert step("crickets at night, 3 examples", after("hits")) == [
        ("search_by_text", {"text": "crickets at night", "k": 3})
    ]


def test_what_is_heard_before_and_after_a_stretch():
    stretch = listened(start_s=2.0, end_s=4.0)
    assert step("and what is heard in it after that?", stretch) == [("hear_events", {"sound": "412", "start_s": 4.0})]
    assert step("and before that?", stretch) == [("hear_events", {"sound": "412", "end_s": 2.0})]
    assert step("and after that?", listened()) is None


def test_a_number_that_no_group_has_is_another_number_of_groups():
    four = used("make 4 groups", "cluster", {"k": 4}, clustering(4))
    assert step("now 6", four) == [("cluster", {"k": 6})]
    assert step("now 3", four) is None
    assert step("6", four) is None


def test_groups_get_another_number_and_the_others_are_told_of():
    grouped = [*used("group the rain", "cluster", {"query": "rain"}, clustering())]
    assert step("with three groups please", grouped) == [("cluster", {"query": "rain", "k": 3})]
    assert step("now do that with the sirens", grouped) == [("cluster", {"query": "sirens"})]

    told = after("cluster")
    assert step("and the sixth?", told) == [("summarize_cluster", {"clustering": 3, "cluster": 6})]
    assert step("number 5 as well please", told) == [("summarize_cluster", {"clustering": 3, "cluster": 5})]
    assert step("and the one after that?", told) == [("summarize_cluster", {"cluster": 4})]
    assert step("what about the second one?", told) is None  # a sound of that group


def test_the_other_of_two_groups_is_told_of():
    two = [
        *used("into 2", "cluster", {"k": 2}, clustering(2)),
        *used("what is in 2?", "summarize_cluster", {"cluster": 2}, {"kind": "cluster", "cluster": 2, "clustering": 3}),
    ]
    assert step("and in the other one?", two) == [("summarize_cluster", {"cluster": 1})]
    assert step("and in the other one?", after("cluster")) is None


def test_a_title_is_given_another_way():
    args = {"change": "rename", "clusters": [1], "title": "Insects at Night"}
    assert step("Actually, make that Insects at Night", renamed()) == [("edit_clusters", args)]
    assert step("make it 8", renamed()) is None


def test_sounds_are_moved_copied_and_heard_as_the_one_before():
    moved = {"change": "move", "clusters": [2], "sounds": ["5"]}
    after_move = [*after("titled"), *used("move 5 to 2", "edit_clusters", moved, titled(edit="move"))]
    assert step("also sounds 9 and 10", after_move) == [("edit_clusters", {**moved, "sounds": ["9", "10"]})]

    exported = used("export the first", "export", {"sounds": ["412"], "format": "csv"}, {"kind": "export"})
    assert step("the third as well", [*after("hits"), *exported]) == [("export", {"sounds": ["3"], "format": "csv"})]

    assert step("and like sound 31?", compared(k=3)) == [("search_by_audio", {"sound": "31", "k": 3})]
    part = compared(start_s=0.0, end_s=1.0)
    assert step("now match the whole recording", part) == [("search_by_audio", {"sound": "57"})]


@pytest.mark.parametrize("text", ["it should have been 2 and 4", "sorry, I meant 2 and 4", "do it for 2 and 4"])
def test_what_was_taken_back_is_done_with_others(text):
    copied = used("export the first", "export", {"sounds": ["412"], "format": "csv", "name": "a"}, {"kind": "export"})
    undone = used("undo that", "export", {"undo": True}, {"kind": "export_undone"})
    args = {"sounds": ["57", "900"], "format": "csv"}
    assert step(text, [*after("hits"), *copied, *undone]) == [("export", args)]
    assert step("just two", [*after("hits"), *copied, *undone]) is None


def test_a_number_that_no_list_has_is_only_a_sound_to_compare_with():
    moved = {"change": "move", "clusters": [2], "sounds": ["5"]}
    assert (
        step("number 20", [*after("hits"), *used("move 5 to 2", "edit_clusters", moved, titled(edit="move"))]) is None
    )
    assert step("and number 20?", compared()) == [("search_by_audio", {"sound": "20"})]


@pytest.mark.parametrize("text", ["copy cats?", "and delete dogs?", "now export cats", "find rain?"])
def test_another_thing_to_do_is_no_other_thing_to_look_for(text):
    assert step(text, heard()) is None


def test_subtitles_of_another_sound_are_saved_in_the_same_form():
    args = {"sound": "412", "format": "vtt", "name": "kick_01"}
    saved = used("save them as vtt", "save_subtitles", args, {"kind": "export", "form": "vtt"})
    undone = used("wrong one, undo that", "export", {"undo": True}, {"kind": "export_undone"})
    for before in ([*after("hits"), *saved], [*after("hits"), *saved, *undone]):
        assert step("do it for sound 57", before) == [
            ("save_subtitles", {"sound": "57", "format": "vtt", "name": "tin roof"})
        ]


@pytest.mark.parametrize(
    "text",
    ["do copy it after all", "sorry, wrong button, try it again", "Doch, kopiere sie bitte.", "on second thought"],
)
def test_what_was_refused_is_done_when_a_person_thinks_better_of_it(text):
    assert step(text, refused()) == [("export", {"sounds": ["412"], "name": "rain"})]
    assert step(text, after("exported")) is None


def test_a_copy_that_was_refused_is_not_made_of_another_kind_unasked():
    assert step("make it a csv instead after all", refused()) is None


def test_ears_are_compared_by_folder():
    before = used("which ears are best?", "compare_ears", {}, {"kind": "comparison"})
    assert step("take the folders as what the sounds are", before) == [("compare_ears", {"by_folder": True})]


@pytest.mark.parametrize("setting", ["", "attaching", "hits", "clustering", "cluster", "liked", "looked", "exported"])
@pytest.mark.parametrize("text", ["find rain on a tin roof", "cluster my sounds into 8 groups", "thanks", "help"])
def test_a_message_that_says_all_it_wants_goes_on_from_nothing(text, setting):
    assert goes_on(read_turn(saying(text, setting))) is None
