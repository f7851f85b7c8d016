"""What is said of the ears themselves, in many wordings, and what only sounds like it."""

import pytest
from langchain_core.messages import HumanMessage

from agent.llm.embedded.hearing import about_ears
from agent.llm.embedded.planner import plan
from agent.llm.embedded.tables import table
from agent.llm.embedded.turn import read_turn


def step(text: str):
    return about_ears(read_turn([HumanMessage(text)]))


@pytest.mark.parametrize(
    ("text", "name", "args"),
    [
        ("use CLAP for this library", "ears", {"use": "clap"}),
        ("please use clap", "ears", {"use": "clap"}),
        ("switch to vggish", "ears", {"use": "vggish"}),
        ("Use wav2vec2:birds from now on", "ears", {"use": "wav2vec2:birds"}),
        ("hear everything with the autoencoder", "ears", {"use": "autoencoder"}),
        ("switch back to the built-in ears", "ears", {"use": "builtin"}),
        ("use your own ears again", "ears", {"use": "builtin"}),
        ("which ears are you using?", "ears", {}),
        ("what embedding model is this?", "ears", {}),
        ("show me the spaces", "ears", {}),
        ("caption everything again with CoNeTTE", "ingest", {"captioner": "conette"}),
        ("recaption all sounds using conette", "ingest", {"captioner": "conette"}),
        ("write the captions with the builtin captioner", "ingest", {"captioner": "builtin"}),
        ("which ears are best for my sounds?", "compare_ears", {}),
        ("compare the embedders by folder", "compare_ears", {"by_folder": True}),
    ],
)
def test_a_wish_about_ears_becomes_its_call(text, name, args):
    made = plan(read_turn([HumanMessage(text)]))
    (call,) = made.calls
    assert (call.name, call.args) == (name, args)


@pytest.mark.parametrize(
    "text",
    [
        "find a clap",
        "clap",
        "use the clap sample as a query",
        "show me claps with reverb",
        "which sounds hurt my ears?",
        "use sound 12",
        "use 8 groups",
        "find sounds whose captions mention conette",
        "what is in this space?",
    ],
)
def test_a_wish_about_sounds_is_none_about_ears(text):
    assert step(text) is None


def test_a_table_is_inert_markdown():
    made = table({"title": "T", "columns": ["a", ""], "rows": [["x|y", "[z](http://e)"]], "remark": "r"})
    assert made.splitlines() == ["T", "", "| a |  |", "| --- | --- |", made.splitlines()[4], "", "r"]
    assert r"x\|y" in made and r"\[z\]" in made and "](http://" not in made
