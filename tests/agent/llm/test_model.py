"""The chat model as LangChain sees it: streaming, tools, call ids, and a whole turn of an agent."""

import asyncio
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage, ToolMessage
from langchain_core.tools import BaseTool, tool
from langgraph.checkpoint.memory import InMemorySaver

from agent.llm.embedded import EmbeddedChatModel
from tests.agent.llm.conversations import ATTACHED_LINE, card, cluster, clustering, hits, metadata, saying

Answer = tuple[str, dict[str, Any]]


@tool(response_format="content_and_artifact")
def ingest(folder: str) -> Answer:
    """Listens to a folder."""
    counts = {"found": 1, "indexed": 1, "unchanged": 0, "skipped": [], "seconds_of_audio": 1.0, "elapsed_s": 0.1}
    return "ok", {"kind": "ingest", **counts}


@tool(response_format="content_and_artifact")
def search_by_audio(
    sound: str,
    k: int = 10,
    start_s: float | None = None,
    end_s: float | None = None,
    min_s: float | None = None,
    max_s: float | None = None,
    domain: str | None = None,
) -> Answer:
    """Finds sounds like one."""
    return "ok", {"kind": "hits", "title": f"Sounds like {sound}", "hits": [card(57, 0.9)]}


@tool(response_format="content_and_artifact")
def search_by_text(
    text: str,
    without: str = "",
    k: int = 10,
    min_s: float | None = None,
    max_s: float | None = None,
    domain: str | None = None,
) -> Answer:
    """Finds sounds by words."""
    return "ok", hits(f"Sounds for “{text}”")


@tool(response_format="content_and_artifact")
def cluster_sounds(k: int | None = None, method: str = "gmm", query: str | None = None) -> Answer:
    """Groups sounds."""
    return "ok", clustering(k or 8)


@tool(response_format="content_and_artifact")
def summarize_cluster(cluster: int, clustering: int | None = None) -> Answer:
    """Tells about a cluster."""
    return "ok", summary(cluster, clustering)


@tool(response_format="content_and_artifact")
def get_metadata(sounds: list[str] = []) -> Answer:  # noqa: B006
    """Tells about sounds."""
    if not sounds:
        return "ok", {"kind": "overview", "sounds": 5, "files": 5, "seconds_of_audio": 46.0}
    return "ok", {"kind": "sounds", "sounds": [metadata(int(sound)) for sound in sounds]}


@tool(response_format="content_and_artifact")
def export(clustering: int, clusters: list[int], name: str = "") -> Answer:
    """Copies sounds."""
    return "ok", {"kind": "export", "folder": f"/exports/{name}", "files": 10 * len(clusters), "manifest": ""}


def summary(number: int, of: int | None) -> dict[str, Any]:
    return cluster(number, of or 3)


cluster_sounds.name = "cluster"
TOOLS: list[BaseTool] = [
    ingest,
    search_by_audio,
    search_by_text,
    cluster_sounds,
    summarize_cluster,
    get_metadata,
    export,
]
SETTINGS = [
    ("find rain", ""),
    ("find sounds like this", "attaching"),
    ("find sounds like this", ""),
    ("help", ""),
    ("xyz why", ""),
    ("same but shorter", "hits"),
    ("export clusters 1 and 2", "clustering"),
]


@pytest.fixture
def model() -> Any:
    return EmbeddedChatModel().bind_tools(TOOLS)


def same(streamed: BaseMessage, whole: AIMessage) -> None:
    assert isinstance(streamed, AIMessage)
    assert streamed.content == whole.content
    assert streamed.tool_calls == whole.tool_calls
    assert streamed.invalid_tool_calls == []
    assert streamed.additional_kwargs == whole.additional_kwargs


def joined(chunks: list[AIMessageChunk]) -> AIMessageChunk:
    whole = chunks[0]
    for chunk in chunks[1:]:
        whole = whole + chunk
    return whole


@pytest.mark.parametrize(("text", "setting"), SETTINGS)
def test_a_streamed_answer_is_the_answer(model, text, setting):
    messages = saying(text, setting)

    chunks = list(model.stream(messages))

    same(joined(chunks), model.invoke(messages))
    assert chunks[-1].chunk_position == "last"


@pytest.mark.parametrize(("text", "setting"), SETTINGS)
async def test_an_answer_streamed_in_an_event_loop_is_the_answer(model, text, setting):
    messages = saying(text, setting)

    chunks = [chunk async for chunk in model.astream(messages)]

    same(joined(chunks), await model.ainvoke(messages))


def test_text_comes_word_by_word(model):
    texts = [chunk.text for chunk in model.stream([HumanMessage("hello")]) if chunk.text]

    assert texts[:3] == ["Hello. ", "Attach ", "a "]


def test_the_event_loop_runs_between_words(model):
    async def count() -> int:
        ticks = 0

        async def tick() -> None:
            nonlocal ticks
            while True:
                ticks += 1
                await asyncio.sleep(0)

        task = asyncio.ensure_future(tick())
        async for _ in model.astream([HumanMessage("help")]):
            pass
        task.cancel()
        return ticks

    assert asyncio.run(count()) > 20


def test_call_ids_are_nine_letters_or_digits_and_repeatable(model):
    messages = saying("what is in clusters 1 and 2?", "clustering")

    first, second = model.invoke(messages).tool_calls
    again = model.invoke(messages).tool_calls

    assert all(len(call["id"]) == 9 and call["id"].isalnum() and call["id"].isascii() for call in (first, second))
    assert first["id"] != second["id"]
    assert [call["id"] for call in again] == [first["id"], second["id"]]


def test_the_same_request_twice_gets_two_ids(model):
    messages: list[BaseMessage] = [HumanMessage("find rain")]
    first = model.invoke(messages)
    messages += [
        first,
        ToolMessage("ok", tool_call_id=first.tool_calls[0]["id"], name="search_by_text", artifact=hits()),
    ]
    messages += [AIMessage("Here."), HumanMessage("find rain")]

    assert model.invoke(messages).tool_calls[0]["id"] != first.tool_calls[0]["id"]


async def test_an_agent_searches_points_back_groups_and_exports():
    agent = create_agent(EmbeddedChatModel(), TOOLS, checkpointer=InMemorySaver(), system_prompt="You know sounds.")
    thread: Any = {"configurable": {"thread_id": "1"}, "recursion_limit": 12}

    async def said(text: str) -> tuple[list[tuple[str, dict]], str]:
        before = len((await agent.aget_state(thread)).values.get("messages", []))
        state = await agent.ainvoke({"messages": [HumanMessage(text)]}, thread)
        new = state["messages"][before:]
        calls = [
            (call["name"], call["args"])
            for message in new
            if isinstance(message, AIMessage)
            for call in message.tool_calls
        ]
        return calls, new[-1].text

    calls, text = await said("find short rain without thunder")
    assert calls == [("search_by_text", {"text": "short rain", "without": "thunder"})]
    assert text.startswith("I found 5 sounds for “short rain”.")
    calls, text = await said("how long is the second one?")
    assert calls == [("get_metadata", {"sounds": ["57"]})]
    assert text == "Sound 57, “tin roof.flac”, 0.4 s long."
    calls, text = await said(f"find sounds like this\n{ATTACHED_LINE}")
    assert calls == [("search_by_audio", {"sound": "a3fa9c2d1"})]
    calls, text = await said("cluster these into 4 groups")
    assert calls == [("cluster", {"k": 4})]
    assert text.startswith("4 groups (clustering 3), by GMM:")
    calls, text = await said("export cluster 2 as thumps")
    assert calls == [("export", {"clustering": 3, "clusters": [2], "name": "thumps"})]
    assert text == "10 files copied to “/exports/thumps”."
    calls, text = await said("thanks")
    assert (calls, text) == ([], "You are welcome.")


async def test_an_agent_streams_the_answer_in_pieces():
    agent = create_agent(EmbeddedChatModel(), TOOLS)

    pieces = [
        part["data"][0].text
        async for part in agent.astream(
            {"messages": [HumanMessage("find rain")]}, stream_mode=["messages"], version="v2"
        )
        if isinstance(part["data"][0], AIMessageChunk)
    ]

    assert len([piece for piece in pieces if piece]) > 20
    assert "".join(pieces).startswith("I found 5 sounds for “rain”.")
