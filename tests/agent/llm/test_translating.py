"""Other languages become the English that the program reads, and English stays as it is."""

import pytest

from agent.llm.embedded.intents import labelled_texts, vocabulary
from agent.llm.embedded.lists import lexicon
from agent.llm.embedded.translating import in_english, languages


@pytest.mark.parametrize(
    ("said", "english"),
    [
        ("finde Hundegebell", "find dog barking"),
        ("suche Polizeisirenen", "search for police sirens"),  # a word made of two
        ("loesche alle Dateien", "delete all files"),  # without the dots
        ("trouve de l'eau", "find of the water"),
        ("montre-moi la carte", "show me the map"),
        ("busca pajaros sin musica", "find birds without music"),  # without accents
        ("más como la primera", "more like the first"),
        ('nenne Gruppe 2 "Regen und Donner"', 'rename group 2 to "Regen und Donner"'),
    ],
)
def test_a_sentence_is_put_into_english_word_by_word(said, english):
    assert in_english(said).casefold() == english.casefold()


def test_what_stands_in_quotes_and_names_of_files_stay():
    assert in_english('finde "Regen" und Donner.wav') == 'find "Regen" and Donner.wav'


def test_english_is_never_taken_for_another_language():
    english = [text.replace("{", "").replace("}", "") for _, text in labelled_texts()]
    assert [text for text in english if in_english(text) != text] == []


@pytest.mark.parametrize("language", languages(), ids=lambda each: min(each.sure))
def test_no_word_that_tells_a_language_is_english(language):
    kept, sounds = lexicon()["spelling"]["kept"].split(), lexicon()["sounds"]["words"].split()
    assert language.sure.isdisjoint(vocabulary() | {*kept, *sounds})
