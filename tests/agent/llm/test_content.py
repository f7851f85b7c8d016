"""What a sentence is about, without the words around it."""

import pytest

from agent.llm.embedded.content import beside, folder_name, grouped, save_name, subject, with_qualities
from agent.llm.embedded.intents import vocabulary
from agent.llm.embedded.slots import read_slots
from agent.llm.embedded.wording import Wording, read_wording


def read(text: str) -> Wording:
    wording = read_wording(text, {}, vocabulary())
    read_slots(wording)
    return wording


@pytest.mark.parametrize(
    ("text", "about", "without"),
    [
        ("find short metallic sounds", "short metallic", ""),
        ("rain on a tin roof", "rain on a tin roof", ""),
        ("rain without thunder", "rain", "thunder"),
        ("rain, no thunder and no wind please", "rain", "thunder, wind"),
        ("find birds with no traffic in the background", "birds", "traffic in the background"),
        ("without the wind, find rain", "rain", "wind"),
        ("bells except for church bells", "bells", "church bells"),
        ("something that sounds like a door", "door", ""),
        ("the sound of waves on a beach, please", "waves on a beach", ""),
        ('find "to be or not to be"', "to be or not to be", ""),
        ("music with a piano", "music with a piano", ""),
        ("Oberheim pads", "oberheim pads", ""),
        ("find me some sounds", "", ""),
        ("nothing with voices", "", "voices"),
        ("no music, just wind", "wind", "music"),
        ("no cats but dogs", "dogs", "cats"),
        ("birds but no water", "birds", "water"),
        ("hi-hat", "hi hat", ""),
        ("hi, hi-hats please", "hi hats", ""),
        ("show me everything with voices", "voices", ""),
    ],
)
def test_what_to_look_for_and_what_to_leave_out(text, about, without):
    found = subject(read(text))

    assert (found.text, found.without) == (about, without)


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("cluster the drum sounds into 5", "drum"),
        ("cluster my sounds", ""),
        ("group them by how they sound", ""),
        ("cluster the speech", "speech"),
        ("sort my rain recordings into piles", "rain"),
        ("cluster sounds of running water into 4 groups", "running water"),
        ("make 6 groups of my samples", ""),
        ("cluster bells and gongs", "bells and gongs"),
        ("cluster these into 8 groups", ""),
        ("i want the bird sounds sorted into 3 piles", "bird"),
        ("cluster my sounds real quick", ""),
    ],
)
def test_which_sounds_to_group(text, query):
    assert grouped(read(text)) == query


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("save these sounds as drums", "drums"),
        ("copy them into a folder", ""),
        ("copy them into a folder called wet roofs please", "wet roofs"),
        ('export that as "My Drums"', "My Drums"),
        ("export them to /tmp/out", "out"),
        ("save them to C:\\sounds\\new", "new"),
        ("export cluster 3", ""),
        ("save them to my disk", ""),
        ('export that as "../../etc"', "etc"),
        ('export that as "../.."', ""),
    ],
)
def test_the_name_of_an_export_is_never_a_path(text, name):
    wording = read(text)
    quotes = [wording.aside[mark] for mark in wording.marks("QUOTE")]
    paths = [wording.aside[mark] for mark in wording.marks("PATH")]

    assert save_name(wording, quotes, paths) == name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("index the folder loops", "loops"),
        ("add the folder Downloads", "Downloads"),
        ("import the directory called Field Recordings please", "Field Recordings"),
        ("add the sounds in Sounds2", "Sounds2"),
        ("please take in everything from Tapes.", "Tapes"),
        ("add my Downloads folder", "Downloads"),
        ("index Loops", "Loops"),
        ("add samples/drums", "samples/drums"),
        ("put new sounds in the library", ""),
        ("import sounds from a folder", ""),
        ("add more sounds from my disk", ""),
        ("add a folder please", ""),
        ("add a folder", ""),
    ],
)
def test_a_folder_by_name_alone_keeps_its_case(text, name):
    assert folder_name(read(text)) == name


def test_the_name_of_an_export_keeps_its_case():
    assert save_name(read("export that as Wet Roofs"), [], []) == "Wet Roofs"


@pytest.mark.parametrize(
    ("text", "about", "without"),
    [
        ("find sounds like number 2", "", ""),
        ("find snare drums like number 2", "snare drums", ""),
        ("something like number 2 but louder", "loud", ""),
        ("more like 412 without drums or voices", "", "drums or voices"),
        ("similar to number 2 but with rain", "rain", ""),
        ("no, more like number 3", "", ""),
        ("could you show me what resembles this one the most", "", ""),
        ("gutiar like this", "guitar", ""),
    ],
)
def test_what_is_said_beside_a_sound(text, about, without):
    found = beside(read(text), vocabulary())

    assert (found.text, found.without) == (about, without)


@pytest.mark.parametrize(
    ("text", "asked", "then"),
    [("rain", ["bright"], "rain bright"), ("dark rain", ["bright"], "rain bright"), ("", ["low"], "low")],
)
def test_a_quality_joins_the_words_and_drops_its_opposite(text, asked, then):
    assert with_qualities(text, asked) == then
