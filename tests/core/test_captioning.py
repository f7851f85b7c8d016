"""The built-in captions: whole sentences, worked out by hand from their measurements."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.captioning import CAPTIONERS, Subject
from core.captioning.builtin import COUNTED
from core.ontology import audioset
from core.phrases import bare, counted, phrases, times, with_article
from core.qualities import WORDS, Measured
from core.records import Tag
from core.spoken import note_name, spoken_duration, spoken_frequency
from core.tagging import BODIES, SURE_OF_BODIES, SURE_OF_HEDGED, SURE_OF_STATED
from tests.core.test_qualities import PLAIN


def caption(
    words: Sequence[str],
    duration_s: float = 1.4,
    heard: Mapping[str, float] | None = None,
    **changes: float | None,
) -> str:
    """The caption of a sound with some words of measurements, and classes with their probabilities."""
    tags = [Tag(word, 0.9) for word in words] + [Tag(name, score) for name, score in (heard or {}).items()]
    subject = Subject(Measured(duration_s, -20.0, replace(PLAIN, **changes)), tags, "")
    return CAPTIONERS.load("builtin")().caption([subject])[0]


SURE, MIDDLING, WEAK = 0.9, (SURE_OF_STATED + SURE_OF_HEDGED) / 2, SURE_OF_HEDGED - 0.01


def dog(score: float) -> dict[str, float]:
    return dict.fromkeys(("Animal", "Domestic animals, pets", "Dog", "Bark"), score)


def playing(*instruments: str, score: float = SURE) -> dict[str, float]:
    return dict.fromkeys(("Music", "Musical instrument", *instruments), score)


@pytest.mark.parametrize(
    ("hz", "name"),
    [
        (440, "A4"),
        (261.63, "C4"),
        (27.5, "A0"),
        (880, "A5"),
        (466.16, "A#4"),
        (493.88, "B4"),
        (4186, "C8"),
        (452, "A4"),
    ],
)
def test_a_frequency_is_called_by_the_nearest_note(hz: float, name: str) -> None:
    assert note_name(hz) == name


@pytest.mark.parametrize(
    ("seconds", "spoken"),
    [
        (0.0, "1 ms"),
        (0.0301, "30 ms"),
        (0.1, "0.1 s"),
        (1.44, "1.4 s"),
        (12, "12.0 s"),
        (60, "1 min 00 s"),
        (125, "2 min 05 s"),
        (3599.7, "1 h 00 min"),
        (3700, "1 h 01 min"),
    ],
)
def test_a_length_is_said_as_one_would_say_it(seconds: float, spoken: str) -> None:
    assert spoken_duration(seconds) == spoken


@pytest.mark.parametrize(("hz", "spoken"), [(92, "90 Hz"), (440, "440 Hz"), (1440, "1.4 kHz"), (12_000, "12.0 kHz")])
def test_a_frequency_is_said_as_one_would_say_it(hz: float, spoken: str) -> None:
    assert spoken_frequency(hz) == spoken


@pytest.mark.parametrize(
    ("words", "changes", "said"),
    [
        ([], {}, "A sound; centred near 1.5 kHz, 1.4 s."),
        (["silent"], {"silence": 1.0}, "Silence, 1.4 s."),
        (["percussive", "bright"], {}, "A bright hit; 1.4 s."),
        (["pitched", "low"], {"pitch_hz": 110}, "A low tone; near A2 (110 Hz), 1.4 s."),
        (["pitched", "percussive"], {"pitch_hz": 880}, "A pitched hit; near A5 (880 Hz), 1.4 s."),
        (["noisy", "sustained", "dark"], {}, "A dark sustained noise; 1.4 s."),
        (["rhythmic", "noisy"], {"tempo_bpm": 119.6}, "A noisy rhythm; about 120 beats a minute, 1.4 s."),
        (["repeated", "short"], {"onsets": 4}, "A short series of four sounds; 1.4 s."),
        (["bright"], {"onsets": 2}, "A bright sound; two onsets, 1.4 s."),
        (["bright"], {"onsets": 13}, "A bright sound; 13 onsets, 1.4 s."),
        (["short", "quiet", "low", "dark", "noisy"], {}, "A short, quiet, low, dark noise; 1.4 s."),
    ],
)
def test_a_caption_says_what_was_measured(words: list[str], changes: dict[str, float], said: str) -> None:
    assert caption(words, **changes) == said


@given(
    words=st.sets(st.sampled_from(sorted(WORDS))),
    pitch_hz=st.none() | st.floats(30, 4000),
    tempo_bpm=st.none() | st.floats(55, 190),
    onsets=st.integers(0, 40),
)
def test_nothing_is_said_that_was_not_measured(
    words: set[str], pitch_hz: float | None, tempo_bpm: float | None, onsets: int
) -> None:
    said = caption(sorted(words), pitch_hz=pitch_hz, tempo_bpm=tempo_bpm, onsets=onsets)
    spoken = set(said.lower().replace(",", "").replace(";", "").replace(".", "").split())
    assert spoken & WORDS.keys() <= words
    assert ("beats" in spoken) is (tempo_bpm is not None)
    assert "(" not in said or (pitch_hz is not None and f"({pitch_hz:.0f} Hz)" in said)
    assert "onsets" not in spoken or onsets > 1
    assert said.startswith("A ")
    assert said.endswith((", 1.4 s.", "; 1.4 s."))


@pytest.mark.parametrize(
    ("heard", "words", "changes", "said"),
    [
        (dog(SURE), ["bright"], {"onsets": 1}, "A dog barks; bright, 1.4 s."),
        (dog(SURE), [], {"onsets": 2}, "A dog barks twice; 1.4 s."),
        (dog(SURE), [], {"onsets": 3}, "A dog barks three times; 1.4 s."),
        (dog(SURE), [], {"onsets": 40}, "A dog barks; 1.4 s."),  # too many to be counted
        (dog(SURE), [], {"onsets": 3, "steadiness": 0.9}, "A dog barks; 1.4 s."),  # no gaps to count by
        ({"Knock": SURE, "Door": SURE}, [], {"onsets": 3}, "Three knocks; 1.4 s."),
        ({"Knock": SURE}, [], {"onsets": 1}, "A knock; 1.4 s."),
        ({"Walk, footsteps": SURE}, [], {"onsets": 30}, "Footsteps; 1.4 s."),
        ({"Owl": SURE_OF_STATED, "Hoot": SURE_OF_STATED - 0.05}, [], {"onsets": 3}, "An owl hoots three times; 1.4 s."),
        ({"Rain": SURE, "Water": SURE}, ["sustained"], {"duration_s": 12}, "Rain; steady, 12.0 s."),
        ({"Speech": SURE}, ["low", "dark", "loud"], {}, "Speech; loud, low, 1.4 s."),
        ({"Bee, wasp, etc.": SURE}, [], {}, "A bee or wasp; 1.4 s."),
        ({"Child speech, kid speaking": SURE, "Speech": SURE}, [], {}, "A child speaks; 1.4 s."),
    ],
)
def test_what_is_sure_is_stated(
    heard: dict[str, float], words: list[str], changes: dict[str, float], said: str
) -> None:
    assert caption(words, heard=heard, **changes) == said


@pytest.mark.parametrize(
    ("heard", "words", "said"),
    [
        ({"Hi-hat": MIDDLING}, ["short", "bright", "percussive"], "A short, bright hit, perhaps a hi-hat; 1.4 s."),
        ({"Hi-hat": WEAK}, ["short", "bright", "percussive"], "A short, bright hit; 1.4 s."),
        (dog(MIDDLING), ["bright"], "A bright sound, perhaps a dog barking; 1.4 s."),
        (dog(MIDDLING) | {"Animal": SURE}, [], "An animal, perhaps a dog barking; 1.4 s."),
        (playing() | {"Piano": MIDDLING}, [], "A musical instrument, perhaps a piano; 1.4 s."),
        (playing() | {"Piano": MIDDLING}, ["pitched"], "A musical note, perhaps of a piano; 1.4 s."),
        (playing() | {"Piano": MIDDLING}, ["dark", "percussive"], "A dark hit, perhaps a piano; 1.4 s."),
        (playing() | {"Drum": MIDDLING}, ["dark", "pitched"], "A dark tone, perhaps a drum; 1.4 s."),
        (playing(), ["short", "dark", "percussive"], "A short, dark hit; 1.4 s."),  # says more than: an instrument
        ({"Bell": SURE, "Church bell": 0.45}, [], "A bell; 1.4 s."),  # no guess at what is half as likely
        ({"Bell": 0.6, "Church bell": 0.45}, [], "A bell, perhaps a church bell; 1.4 s."),
        ({"Water": 0.7, "Stream": 0.6, "Waterfall": 0.55}, [], "Water, perhaps a stream; 1.4 s."),  # one will be it
        ({"Water": 0.9, "Stream": 0.8, "Waterfall": 0.7}, [], "A stream; 1.4 s."),  # likely enough alone
        ({"Beep, bleep": SURE, "Alarm": MIDDLING}, [], "A beep; 1.4 s."),
        ({"Animal": MIDDLING}, ["bright"], "A bright sound; 1.4 s."),  # too broad for a guess
        ({"Fart": 0.7}, ["bright"], "A bright sound; 1.4 s."),  # nobody is told so on a mere belief
    ],
)
def test_what_is_middling_is_hedged_and_what_is_weak_is_not_said(
    heard: dict[str, float], words: list[str], said: str
) -> None:
    assert caption(words, heard=heard) == said


@pytest.mark.parametrize(
    ("heard", "duration_s", "changes", "said"),
    [
        (playing("Keyboard (musical)", "Piano"), 1.4, {"pitch_hz": 440}, "A piano note; near A4 (440 Hz), 1.4 s."),
        (playing(), 1.4, {"pitch_hz": 440}, "A musical note; near A4 (440 Hz), 1.4 s."),
        (playing("Percussion", "Drum", "Snare drum"), 0.3, {}, "A snare drum hit; 0.3 s."),
        (playing("Percussion", "Maraca"), 0.3, {}, "Maracas; 0.3 s."),
        (playing("Guitar"), 20, {"onsets": 30}, "Music with a guitar; 20.0 s."),
        (
            playing("Guitar"),
            20,
            {"onsets": 30, "tempo_bpm": 90.2},
            "Music with a guitar; about 90 beats a minute, 20.0 s.",
        ),
        ({"Music": SURE, "Jazz": SURE}, 20, {}, "Jazz; 20.0 s."),
        ({"Music": SURE, "Happy music": SURE}, 20, {}, "Music; 20.0 s."),
        ({"Music": SURE}, 0.4, {}, "A sound; centred near 1.5 kHz, 0.4 s."),  # one hit is no music yet
        ({"Bell": SURE, "Church bell": SURE}, 1.4, {"pitch_hz": 83}, "A church bell; 1.4 s."),
    ],
)
def test_instruments_and_music_are_named_well(
    heard: dict[str, float], duration_s: float, changes: dict[str, float], said: str
) -> None:
    words = ["pitched"] if "pitch_hz" in changes else []
    assert caption(words, duration_s, heard, **changes) == said


@pytest.mark.parametrize(
    ("heard", "duration_s", "said"),
    [
        ({"Rain": SURE, "Thunder": SURE - 0.1}, 20, "Rain and thunder; 20.0 s."),
        ({"Speech": SURE, "Music": SURE - 0.1}, 20, "Speech with music; 20.0 s."),
        (dog(SURE) | {"Rain": SURE - 0.1}, 20, "A dog barks, with rain; 20.0 s."),
        ({"Rain": 0.9, "Speech": 0.8, "Engine": 0.7, "Bell": 0.6}, 20, "Rain, speech and an engine; 20.0 s."),
        ({"Rain": 0.9, "Speech": 0.8, "Engine": 0.7}, 5, "Rain and speech; 5.0 s."),
        ({"Rain": SURE, "Thunder": MIDDLING}, 20, "Rain; 20.0 s."),
        ({"Rain": SURE, "Stream": SURE - 0.1, "Water": SURE}, 20, "Rain; 20.0 s."),  # two names for one water
        ({"Rain": SURE, "White noise": SURE - 0.1}, 20, "Rain; 20.0 s."),  # that is how it sounds
        ({"Speech": SURE, "Dog": SURE - 0.1}, 0.4, "Speech; 0.4 s."),  # one event has one source
        ({"Pig": SURE, "Frog": SURE - 0.1, "Animal": SURE}, 2.5, "A pig; 2.5 s."),  # two guesses at one animal
        ({"Pig": SURE, "Frog": SURE - 0.1, "Animal": SURE}, 20, "A pig and a frog; 20.0 s."),
        ({"Bell": 0.6, "Church bell": 0.45, "Speech": 0.55}, 20, "A bell and speech; 20.0 s."),
    ],
)
def test_sources_are_joined_where_they_are_two(heard: dict[str, float], duration_s: float, said: str) -> None:
    assert caption([], duration_s, heard) == said


CLASSES = st.dictionaries(st.sampled_from(audioset().names), st.floats(0.1, 1), max_size=12)


@given(heard=CLASSES, duration_s=st.floats(0.05, 300), onsets=st.integers(0, 40))
def test_any_classes_make_one_sentence_that_names_nothing_unheard(
    heard: dict[str, float], duration_s: float, onsets: int
) -> None:
    said = caption([], duration_s, heard, onsets=onsets)
    assert said == caption([], duration_s, dict(sorted(heard.items())), onsets=onsets)
    assert said[0].isupper() and said.endswith("s.") and ". " not in said
    likely = {name for name, score in heard.items() if score >= (SURE_OF_BODIES if name in BODIES else SURE_OF_HEDGED)}
    assert names_only(said.split(";")[0], likely)


GLUE = "|".join([", perhaps (?:with |of )?", ",? with ", " and ", ", "])


def names_only(head: str, heard: set[str]) -> bool:
    """Whether what a caption names is all of it a form, or said of one of the classes that were heard."""
    pieces = {"a sound"}
    for phrase in (phrases()[name] for name in heard & set(phrases())):
        counts = range(2, COUNTED + 1)
        pieces |= {phrase.noun, phrase.sentence, with_article(f"{bare(phrase.noun)} hit")} - {""}
        if phrase.unit:
            pieces |= {counted(phrase.unit, n) for n in (1, *counts)}
            pieces |= {f"{phrase.sentence} {times(n)}" for n in counts if phrase.sentence}
    piece = "|".join(map(re.escape, pieces))
    return re.fullmatch(f"(?:{piece})(?:(?:{GLUE})(?:{piece}))*", head, re.IGNORECASE) is not None


@pytest.mark.parametrize(
    ("head", "heard"),
    [
        ("Rain and a church bell", {"Rain", "Church bell"}),
        ("A dog barks three times, with rain", {"Bark", "Rain"}),
        ("Music, perhaps with a guitar", {"Music", "Guitar"}),
        ("Rain, crying and sobbing and an engine", {"Rain", "Crying, sobbing", "Engine"}),
        ("Six knocks", {"Knock"}),
    ],
)
def test_a_caption_that_names_one_thing_more_than_was_heard_is_seen_as_such(head: str, heard: set[str]) -> None:
    assert names_only(head, heard)
    assert not any(names_only(head, heard - {name}) for name in heard)


@pytest.mark.parametrize(("kind", "narrow"), [("Animal", "Dog"), ("Water", "Rain"), ("Musical instrument", "Flute")])
def test_a_kind_is_never_said_beside_what_is_one_of_it(kind: str, narrow: str) -> None:
    said = caption([], 20, {kind: 0.95, narrow: 0.9}).lower()
    assert bare_words(narrow) in said and bare_words(kind) not in said


def bare_words(name: str) -> str:
    return name.lower()


def test_the_measurements_of_a_caption_are_those_of_its_own_sound() -> None:
    low, high = (
        Subject(Measured(1, -20, replace(PLAIN, pitch_hz=hz)), [Tag("pitched", 0.9)], "") for hz in (110.0, 880.0)
    )
    both = CAPTIONERS.load("builtin")().caption([high, low])
    assert "A5" in both[0] and "A2" in both[1]
