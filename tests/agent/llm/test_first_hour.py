"""What newcomers say: the other one, shorter ones, qualities, groupings, limits in plain words."""

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage

from agent.llm.embedded.model import answer
from tests.agent.llm.conversations import ATTACHED_LINE, after, card, clustering, hits, metadata, saying, used
from tests.agent.llm.test_conversation import TOOLS, asked_and_answered, calls


def test_a_whole_sentence_is_never_the_end_of_an_earlier_question():
    for question, setting in [("more like number 99", "hits"), ("find sounds like this", ""), ("export that", "")]:
        messages = saying(question, setting)
        back = answer(messages, TOOLS)
        alone = answer(saying("cluster into 0 groups"), TOOLS)

        assert answer([*messages, back, HumanMessage("cluster into 0 groups")], TOOLS).text == alone.text
        assert calls([*messages, back, HumanMessage("cluster my sounds into 4 groups")]) == [("cluster", {"k": 4})]


def test_a_number_of_groups_below_one_is_asked_about_and_then_taken():
    for said in ("cluster into 0 groups", "cluster into -3 groups", "sort them into minus 2 piles"):
        assert asked_and_answered(said, "8") == [("cluster", {"k": 8})]


def two_hits() -> list[BaseMessage]:
    shown = {"kind": "hits", "title": "x", "hits": [card(7, 0.9), card(8, 0.8)]}
    return used("two bells", "search_by_text", {"text": "bells", "k": 2}, shown)


def test_the_other_of_two_is_the_one_not_spoken_of():
    assert calls([*two_hits(), HumanMessage("no, the other one")]) == [("get_metadata", {"sounds": ["8"]})]
    looked = used("number 2", "get_metadata", {"sounds": ["8"]}, {"kind": "sounds", "sounds": [metadata(8)]})
    assert calls([*two_hits(), *looked, HumanMessage("i meant the other")]) == [("get_metadata", {"sounds": ["7"]})]


def test_the_other_of_many_is_asked_about():
    assert asked_and_answered("no, the other one", "number 3", "hits") == [("get_metadata", {"sounds": ["3"]})]


def test_the_other_of_two_attached_sounds_is_searched():
    both = [HumanMessage(f'these\n{ATTACHED_LINE}\n[attached abbbbbbbb "other.wav"]'), AIMessage("ok")]
    found = used("like my snare.wav", "search_by_audio", {"sound": "a3fa9c2d1"}, hits())

    assert calls([*both, *found, HumanMessage("no, the other one")]) == [("search_by_audio", {"sound": "abbbbbbbb"})]


def test_these_two_are_the_attached_sounds():
    said = f'find sounds like these two\n{ATTACHED_LINE}\n[attached abbbbbbbb "other.wav"]'

    assert [args["sound"] for _, args in calls([*after("hits"), HumanMessage(said)])] == ["a3fa9c2d1", "abbbbbbbb"]


def test_two_attached_sounds_are_each_called_by_their_name():
    messages = [HumanMessage(f'sounds like these\n{ATTACHED_LINE}\n[attached abbbbbbbb "my snare.wav"]')]
    made = answer(messages, TOOLS)
    found = [
        ToolMessage(
            "ok", tool_call_id=call["id"], name="search_by_audio", artifact=hits("Sounds like the attached sound")
        )
        for call in made.tool_calls
    ]

    assert answer([*messages, made, *found], TOOLS).text.count("like “my snare.wav”") == 2


def test_shorter_than_the_one_sound_shown_is_below_its_length():
    looked = after("looked")  # 0.4 s long, in a list with a median of 2.5 s

    assert calls([*looked, HumanMessage("same but shorter")])[0][1]["max_s"] < 0.4
    assert calls([*looked, HumanMessage("same but longer")])[0][1]["min_s"] > 0.4


def test_the_long_ones_are_over_five_seconds_and_the_short_ones_under_one():
    assert calls(saying("only the long ones", "hits")) == [("search_by_text", {"text": "rain", "k": 5, "min_s": 5.0})]
    assert calls(saying("just the short ones", "hits")) == [("search_by_text", {"text": "rain", "k": 5, "max_s": 1.0})]


def test_what_cannot_be_done_is_said_before_what_was_found():
    def said(question: str, tool: str = "search_by_text") -> str:
        messages = saying(question)
        made = answer(messages, TOOLS)
        return answer(
            [*messages, made, ToolMessage("ok", tool_call_id=made.tool_calls[0]["id"], name=tool, artifact=hits())],
            TOOLS,
        ).text

    assert said("the quietest sounds").startswith("I can not put sounds in order of that")
    assert said("got any flac files?").startswith("I can not search by file format")
    assert said("tones at 440 Hz").startswith("I can not search by a frequency")
    assert said("find rain").startswith("I found")


def test_a_part_of_a_sound_is_compared_without_words_and_this_is_said():
    messages = [HumanMessage(f"snares like the part from 1 to 2 seconds\n{ATTACHED_LINE}")]
    made = answer(messages, TOOLS)
    found = ToolMessage("ok", tool_call_id=made.tool_calls[0]["id"], name="search_by_audio", artifact=hits())

    assert made.tool_calls[0]["args"] == {"sound": "a3fa9c2d1", "start_s": 1.0, "end_s": 2.0}
    assert "left the words out" in answer([*messages, made, found], TOOLS).text


def test_which_languages_are_understood_is_said_once():
    def asked(messages: list[BaseMessage]) -> list[BaseMessage]:
        made = answer(messages, TOOLS)
        found = ToolMessage("ok", tool_call_id=made.tool_calls[0]["id"], name="search_by_text", artifact=hits())
        messages = [*messages, made, found]
        return [*messages, answer(messages, TOOLS)]

    first = asked([HumanMessage("trova gli uccelli con il vento")])
    second = asked([*first, HumanMessage("mostra la pioggia senza il tuono")])

    assert first[1].tool_calls[0]["args"] == {"text": "trova gli uccelli con il vento"}
    assert first[-1].text.startswith("I did not understand that in your language")
    assert second[-1].text.startswith("I found")


def test_a_larger_model_is_offered_once_in_a_conversation():
    first = answer(saying("write a poem"), TOOLS)
    second = answer([*saying("write a poem"), first, HumanMessage("tell me a joke")], TOOLS)

    assert "MISTRAL_API_KEY" in first.text
    assert second.text.startswith("I cannot do that.")
    assert "MISTRAL_API_KEY" not in second.text


def test_groups_are_found_by_their_titles_keywords_and_members():
    groups = clustering(2)
    groups["clusters"][1] |= {"title": "Snare, bright", "keywords": ["snare", "drum"]}
    shown = used("cluster my sounds", "cluster", {}, groups)

    def said(text: str) -> str:
        found = answer([*shown, HumanMessage(text)], TOOLS)
        assert found.tool_calls == []
        return found.text

    assert said("which cluster has the snares?").startswith("- cluster 2, “Snare, bright”")
    assert said("in which group is 101?").startswith("- cluster 1, “Kind 1”")
    assert said("which group are the whales in?").startswith("The titles and keywords of the groups shown do not say.")
    assert "Say “cluster my sounds”" in answer(saying("which cluster has the snares?"), TOOLS).text


def test_skips_of_the_last_ingest_are_told_with_their_reasons():
    skipped = [{"path": "/data/notes.wav", "reason": "no audio stream"}]
    ingested = {"kind": "ingest", "found": 2, "indexed": 1, "unchanged": 0, "skipped": skipped}
    messages = used("add /data", "ingest", {"folder": "/data"}, ingested)

    said = answer([*messages, HumanMessage("which files were skipped and why?")], TOOLS)

    assert said.tool_calls == []
    assert "“/data/notes.wav”: no audio stream" in said.text
    assert calls(saying("which files were skipped and why?")) == [("get_metadata", {})]


def test_an_export_of_hits_like_a_sound_is_named_by_it():
    assert calls(saying("export these", "liked"))[0][1]["name"] == "like my snare"


def test_fewer_than_all_of_a_cluster_still_bear_its_title():
    assert calls(saying("save the first two", "cluster")) == [("export", {"sounds": ["5", "9"], "name": "Low thumps"})]
