"""A conversation that a model is shown is whole: each call is answered once, right after it, and by its own answer."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, InvalidToolCall, SystemMessage, ToolMessage

from agent.origin import CUT_OFF
from agent.repair import NOT_RUN, RepairMiddleware, paired, with_small_numbers
from tests.agent.scripted import call, says

IDS = st.sampled_from(["1", "2", "3"])  # few, so that models that number their calls anew in each turn are met


def answer(call_id: str, text: str = "done") -> ToolMessage:
    return ToolMessage(text, tool_call_id=call_id, name="tool")


@st.composite
def messages(draw) -> list[AnyMessage]:
    """Any order of what may stand in a thread, also what a crash, a Stop or a faulty model leaves there."""
    some = draw(st.lists(st.sampled_from(["human", "system", "calls", "answer"]), max_size=12))
    made: list[AnyMessage] = []
    for number, kind in enumerate(some):
        if kind == "human":
            made.append(HumanMessage(f"said {number}"))
        elif kind == "system":
            made.append(SystemMessage(f"rule {number}"))
        elif kind == "calls":
            made.append(says(f"text {number}", *(call("tool", each) for each in draw(st.lists(IDS, unique=True)))))
        else:
            made.append(answer(draw(IDS), f"answer {number}"))
    return made


@st.composite
def whole_conversations(draw) -> list[AnyMessage]:
    """Conversations in which every call is answered right after it; ids may come again in a later turn."""
    made: list[AnyMessage] = []
    for number in range(draw(st.integers(0, 5))):
        ids = draw(st.lists(IDS, unique=True))
        made += [HumanMessage(f"said {number}"), says("", *(call("tool", each) for each in ids))]
        made += [answer(each, f"answer {number}.{each}") for each in ids]
    return made


def test_only_whole_numbers_beyond_64_bits_become_text():
    args = {"k": 2**63, "ids": [1, -(2**63), 2**63 - 1], "deep": {"x": [2**70]}, "yes": True, "f": 1e300, "t": "a"}
    assert with_small_numbers(args) == args | {
        "k": str(2**63),
        "ids": [1, str(-(2**63)), 2**63 - 1],
        "deep": {"x": [str(2**70)]},
    }


@given(messages())
def test_each_call_is_followed_by_one_answer_for_each_id_in_order(before):
    after = paired(before)
    expected: list[str] = []
    for message in after:
        if isinstance(message, ToolMessage):
            assert expected, "an answer that nobody waits for"
            assert message.tool_call_id == expected.pop(0)
            continue
        assert not expected, f"unanswered before {message}"
        if isinstance(message, AIMessage):
            expected = [each["id"] for each in message.tool_calls]
    assert not expected


@given(messages())
def test_what_people_and_the_model_said_is_left_as_it_is_and_in_order(before):
    def said(some: list[AnyMessage]) -> list[AnyMessage]:
        return [message for message in some if not isinstance(message, ToolMessage)]

    assert said(paired(before)) == said(before)


@given(messages())
def test_an_answer_is_one_that_was_given_after_its_call_or_says_that_the_call_was_not_run(before):
    after = paired(before)
    given_after = Counter()
    for position, message in enumerate(before):
        if isinstance(message, AIMessage):
            given_after |= Counter(each.text for each in before[position:] if isinstance(each, ToolMessage))
    answers = Counter(message.text for message in after if isinstance(message, ToolMessage))
    del answers[NOT_RUN]

    assert answers <= given_after, "no answer is made up, used twice, or older than its call"


@given(whole_conversations())
def test_a_whole_conversation_is_left_as_it_is(conversation):
    assert paired(conversation) == conversation


@given(messages())
def test_what_was_paired_stays_as_it_is(before):
    once = paired(before)
    assert paired(once) == once


def test_a_call_without_an_answer_is_said_not_to_be_run():
    """A Stop in the middle of the second tool."""
    before = [HumanMessage("a"), says("", call("one", "1"), call("two", "2")), answer("1"), HumanMessage("b")]
    after = paired(before)

    assert after[:3] == before[:3]
    assert (after[3].text, after[3].tool_call_id, after[3].name, after[3].status) == (NOT_RUN, "2", "two", "error")
    assert after[4:] == before[3:]


def test_an_answer_that_came_late_is_put_where_it_belongs():
    late = answer("1")
    before = [says("", call("one", "1")), HumanMessage("meanwhile"), late]
    assert paired(before) == [before[0], late, before[1]]


def test_an_id_that_comes_again_gets_the_answer_of_its_own_turn():
    first, second = answer("1", "old"), answer("1", "new")
    unanswered = says("", call("tool", "1"))

    assert paired([says("", call("tool", "1")), first, says("", call("tool", "1")), second])[1::2] == [first, second]
    assert [each.text for each in paired([unanswered, says("", call("tool", "1")), second])[1::2]] == [NOT_RUN, "new"]


# Calls that must not run


def broken(call_id: str = "9") -> InvalidToolCall:
    return InvalidToolCall(name="export", args='{"sounds": ["1', id=call_id, error="no JSON", type="invalid_tool_call")


def after_model(message: AIMessage) -> dict | None:
    return RepairMiddleware().after_model({"messages": [HumanMessage("x"), message]}, None)


@pytest.mark.parametrize(
    "message",
    [
        says("An answer."),
        says("", call("cluster")),
        says("", call("cluster"), response_metadata={"finish_reason": "stop"}),
    ],
)
def test_a_sound_answer_goes_its_way(message):
    assert after_model(message) is None


@pytest.mark.parametrize("reason", CUT_OFF)
def test_calls_of_an_answer_that_was_cut_off_are_not_run(reason):
    done = after_model(says("", call("one", "1"), call("two", "2"), response_metadata={"finish_reason": reason}))

    assert done["jump_to"] == "model"
    assert [(each.tool_call_id, each.name, each.status) for each in done["messages"]] == [
        ("1", "one", "error"),
        ("2", "two", "error"),
    ]
    assert {each.text for each in done["messages"]} == {"This call was not run: the answer was cut off. Call again."}


def test_a_text_that_was_cut_off_is_an_answer_all_the_same():
    assert after_model(says("It began", response_metadata={"finish_reason": "length"})) is None


def test_a_call_that_cannot_be_read_holds_back_the_calls_beside_it():
    done = after_model(says("", call("cluster", "1"), invalid_tool_calls=[broken()]))

    assert done["jump_to"] == "model"
    assert {each.tool_call_id: each.text for each in done["messages"]} == {
        "9": "This call was not run: its arguments are not valid JSON. Call again.",
        "1": "This call was not run: another call beside it was broken. Call again.",
    }


def test_the_refusal_of_a_call_that_cannot_be_read_stays_with_it():
    message = says("", invalid_tool_calls=[broken()])
    conversation = [HumanMessage("x"), message, *after_model(message)["messages"]]
    assert paired(conversation) == conversation
