"""Whatever stands in a thread, what Mistral is sent is in an order that it accepts."""

from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, InvalidToolCall, SystemMessage, ToolMessage
from langchain_mistralai.chat_models import _convert_message_to_mistral_chat_message

from agent.llm.ordering import INTERRUPTED, accepted
from agent.repair import paired
from tests.agent.mistral_server import refusal

IDS = st.sampled_from(["1", "call-2", "abcdefghi"])


@st.composite
def messages(draw: st.DrawFn) -> list[AnyMessage]:
    """Any order of what may stand in a thread, also what a crash, a Stop or a faulty model leaves there."""
    made: list[AnyMessage] = []
    for kind in draw(
        st.lists(st.sampled_from(["human", "blank", "system", "text", "calls", "broken", "answer"]), max_size=14)
    ):
        ids = draw(st.lists(IDS, unique=True, min_size=1))
        if kind in ("human", "blank"):
            made.append(HumanMessage("said" if kind == "human" else "  "))
        elif kind == "system":
            made.append(SystemMessage("rule"))
        elif kind == "text":
            made.append(AIMessage(draw(st.sampled_from(["", " ", "text"]))))
        elif kind == "calls":
            made.append(AIMessage("", tool_calls=[{"name": "tool", "args": {}, "id": each} for each in ids]))
        elif kind == "broken":
            bad = [InvalidToolCall(name=None, args="{", id=each, error="", type="invalid_tool_call") for each in ids]
            made.append(AIMessage("", invalid_tool_calls=bad))
            made += [ToolMessage("unreadable", tool_call_id=each, name="tool") for each in ids]
        else:
            made.append(ToolMessage("answer", tool_call_id=ids[0], name="tool"))
    return made


@given(messages())
def test_any_thread_is_accepted(before: list[AnyMessage]) -> None:
    sent = [_convert_message_to_mistral_chat_message(each) for each in accepted(paired(before))]
    assert refusal(sent) is None


@given(messages())
def test_nothing_that_was_said_is_lost_before_the_last_word_of_the_person(before: list[AnyMessage]) -> None:
    after = accepted(paired(before))
    said = sum(each.text.count("said") for each in before if isinstance(each, HumanMessage))
    assert sum(each.text.count("said") for each in after) == said


def test_a_message_after_a_tool_is_bridged() -> None:
    call = AIMessage("", tool_calls=[{"name": "tool", "args": {}, "id": "1"}])
    after = accepted([HumanMessage("a"), call, ToolMessage("b", tool_call_id="1"), HumanMessage("c")])
    assert [each.text for each in after] == ["a", "", "b", INTERRUPTED, "c"]


def test_messages_in_a_row_are_one() -> None:
    assert [each.text for each in accepted([HumanMessage("a"), HumanMessage("b")])] == ["a\n\nb"]
