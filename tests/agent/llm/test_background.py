"""What a person tells is parted from what they ask, and stays where it is needed."""

import pytest
from langchain_core.messages import AIMessage, HumanMessage

from agent.llm.embedded.background import without_background
from agent.llm.embedded.turn import ASKED, read_turn


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        ("I am cutting a film about the sea, so please find rain on a roof.", "please find rain on a roof."),
        ("My pupils like animals. Could you find me a dog?", "Could you find me a dog?"),
        ("For a lesson about the weather I would like to hear thunder.", "I would like to hear thunder."),
        ("Find crickets, as we are short of summer evenings", "Find crickets"),
        ("a siren for my new film", "a siren"),
        (
            "The chapter begins at dawn, and for that I would like to hear birds.",
            "I would like to hear birds.",
        ),
        ("If you don't mind, find rain.", "find rain."),
        ("And number 27, since he wrote down that one as well?", "And number 27?"),
        ("Only from one second on, I'm cutting off the start.", "Only from one second on."),
        (
            "My son made four groups for me; would you tell me what is in group one?",
            "would you tell me what is in group one?",
        ),
        ("Wir drehen einen Film, und dafür bräuchte ich Regen.", "bräuchte ich Regen."),
        (
            "Für den Bericht müsste ich wissen, in wie vielen Aufnahmen ein Hund bellt.",
            "in wie vielen Aufnahmen ein Hund bellt.",
        ),
        (
            "We have a new archivist, so please sort all sounds into six groups.",
            "please sort all sounds into six groups.",
        ),
    ],
)
def test_what_is_told_of_the_person_is_no_part_of_the_request(said, asked):
    assert without_background(said) == asked


@pytest.mark.parametrize(
    "said",
    [
        "find rain without thunder",
        "I want rain. Please list 5.",
        "I am looking for rain. Please give me five.",
        "I need rain on a roof. Could you show me five recordings?",
        "I would like a dog barking, please only one",
        "I like the loudest one, please copy that one",
        "Copy the first three, as I said, to Downloads",
        "Export the first two, because I need links, not copies",
        "I need links. Please export the first two.",
        "Kopiere die Vögel, weil ich eine Playlist brauche",
        "My new recordings are in Music, could you add the rain ones",
        "Label group 2 as Rain for my film",
        "export the first two as Rain for my film",
        "Split group 2, because I want four parts",
        "Group the dogs, since I want three",
        "I don't want thunder, but please find rain",
        "Find dogs, as my client wants no cats",
        "The sound must be longer than ten seconds. Could you find birds?",
        "Find rain, because I want at least 10 seconds of it",
        "Find dogs, as I need five of them",
        "I want dogs, and please find cats",
        "The dogs and I need the birds",
        "When a dog barks, which birds sing?",
        "For the last recording I would like subtitles",
        "For everything under two seconds I want a count",
        "Find cheering in the background of a football game",
        "call group 2 Rain for my film",
        "add the sounds in ~/Samples/Rain for the film",
        "find “rain for my film”",
        "rename group 2 to Rain, since we are short of names",
        "something soft, I'm looking for rain",
        "I need rain and I need thunder",
        "The second one is fine, please copy it",
        "In my catalogue group 3 is called Bells, so please rename it",
        "I marked selection 1 on the map; could you tell me what is in common?",
        "We want a siren, and I would like it short",
        'I call this "rain, please find a dog"',
        "For sound 9 I need subtitles",
        "For rain I would like five results",
        "copy the first for my wife",
        "I like films. Could you tell me a joke?",
        "",
    ],
)
def test_a_message_whose_parts_need_each_other_stays_whole(said):
    assert without_background(said) == said


def test_the_answer_to_a_question_back_stays_whole():
    asked = AIMessage("What shall cluster 2 be called?", additional_kwargs={ASKED: "rename"})
    answer = "Rain for my film"
    assert read_turn([HumanMessage("rename cluster 2"), asked, HumanMessage(answer)]).said == answer
    assert read_turn([HumanMessage(answer)]).said == "Rain"
