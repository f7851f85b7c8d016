"""Events of sounds that are taken apart: what components make clearer, and what only the mixture supports."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from core.components.labelling import Label
from core.components.sounding import stretches
from core.embedding import make_embedder
from core.embedding.base import Heard
from core.errors import UnsupportedError
from core.events.apart import BEYOND, Components, SeparatedRun, find_apart
from core.events.curves import CELL_S, Curves
from core.events.event import Event
from core.events.labelled import LabelledRun, joined
from core.events.naming import Named, with_others
from core.events.spans import Span
from core.heard import STEP, levels
from core.ontology import audioset
from core.records import Samples
from core.separation import Separator, make_separator
from core.tagging import with_parents
from tests import tiny_clap
from tests.core.test_events import laid
from tests.sounds import RATE_HZ, noise, silence, sine, write_sound
from tests.videos import write_video

DOG, BELL = audioset().index["Dog"], audioset().index["Church bell"]


class Halves(Separator):
    """Takes the sign of each sample for what it is made of; counts what it was given."""

    name, sample_rate_hz, chunk_s, overlap_s = "halves", RATE_HZ, 10.0, 1.0

    def __init__(self) -> None:
        super().__init__()
        self.given: list[tuple[int, tuple[str, ...]]] = []

    def take_apart(self, chunk: Samples, queries: Sequence[str]) -> Mapping[str, Samples]:
        self.given.append((len(chunk), tuple(queries)))
        return {"above": np.maximum(chunk, 0), "below": np.minimum(chunk, 0)}


class Signs:
    """Ears that surely hear a dog in what is nowhere below zero, and a bell in what is nowhere above."""

    sample_rate_hz = window = RATE_HZ
    window_s = 1.0

    def hear(self, clips: Sequence[Samples]) -> Heard:
        tags = np.zeros((len(clips), 521), np.float32)
        for row, clip in zip(tags, clips, strict=True):
            row[DOG], row[BELL] = 0.9 * (clip.min() >= 0), 0.9 * (clip.max() <= 0)
        return Heard(np.zeros((len(clips), 1), np.float32), tags)


# --- what components make clearer -------------------------------------------------------------------------------------


def test_a_component_lifts_what_the_mixture_holds_and_only_so_far() -> None:
    components = Components(Signs(), Halves(), (), 2.0)  # type: ignore[arg-type]
    for start in range(0, 5 * RATE_HZ, 30_000):  # blocks that end anywhere
        components.add(noise(5)[start : start + 30_000])
    mixture = np.zeros((17, 521), np.uint8)
    mixture[:, DOG] = 60
    lifted = components.lifted(mixture)
    in_step = [*range(5), *range(8, 13), *range(16, 17)]  # a window that two halves share is heard in the mixture alone
    assert (lifted[in_step, DOG] == 60 + BEYOND).all()
    assert not lifted[:, BELL].any()  # the mixture does not hold it at all
    assert (np.delete(lifted, in_step, axis=0)[:, DOG] == 60).all()
    assert mixture[0, DOG] == 60 and round(BEYOND * STEP, 2) == 1.5


def test_what_is_clearer_in_the_mixture_stays() -> None:
    components = Components(Signs(), Halves(), (), 2.0)  # type: ignore[arg-type]
    components.add(silence(2))
    mixture = np.full((5, 521), 200, np.uint8)
    assert (components.lifted(mixture) == mixture).all()


def test_windows_are_as_long_as_asked_and_the_separator_hears_what_is_looked_for() -> None:
    separator = Halves()
    components = Components(make_embedder("builtin"), separator, ("dog",), 3.0)
    components.add(noise(7.5))
    components.lifted(np.zeros((27, 521), np.uint8))
    assert separator.given == [(3 * RATE_HZ, ("dog",)), (3 * RATE_HZ, ("dog",)), (round(1.5 * RATE_HZ), ("dog",))]


def curves(**likely: float) -> Curves:
    """Five seconds in which classes are as likely as told all the while."""
    heard = np.zeros((17, 521), np.float32)
    for name, value in likely.items():
        heard[:, audioset().index[name]] = value
    made = Curves(4, duration_s=20 * CELL_S)
    made.add(levels(with_parents(heard)))
    return made


def test_what_only_the_mixture_supports_is_told_beside_what_components_make_clearer() -> None:
    found = find_apart(curves(Rain=0.6), curves(Rain=0.6, Siren=0.9), {})
    assert {event.label for event in found} == {"Rain", "Siren"}  # alone, the clearer one would hide the rain
    assert [event.label for event in find_apart(curves(Dog=0.7), curves(Dog=0.7, Bark=0.9), {})] == ["Bark"]


def test_others_are_added_unless_they_are_told_already() -> None:
    told = [Named("Bark", Span(0, 4, 0.9))]
    others = [Named(label, Span(0, last, 0.5)) for label, last in (("Dog", 5), ("Dog", 40), ("Rain", 4), ("Bark", 4))]
    kept = with_others(told, others, own_words=False)
    assert {(each.label, each.span.last) for each in kept} == {("Bark", 4), ("Dog", 40), ("Rain", 4)}
    assert len(with_others(told, others, own_words=True)) == 4


# --- when a component sounds ------------------------------------------------------------------------------------------


def test_a_component_sounds_where_it_is_loud() -> None:
    sound = noise(6, amplitude=0.001)
    for start_s, end_s in ((1.0, 2.0), (2.2, 3.0), (4.5, 5.0)):
        sound[round(start_s * RATE_HZ) : round(end_s * RATE_HZ)] += sine(440, end_s - start_s)
    found = stretches(sound, RATE_HZ)
    assert np.array(found) == pytest.approx(np.array([(1.0, 3.0), (4.5, 5.0)]), abs=0.06)  # a short pause is none


def test_a_component_of_one_level_or_of_a_moment_sounds_all_the_while() -> None:
    assert stretches(noise(3), RATE_HZ) == [(0.0, 3.0)]
    assert stretches(noise(0.05), RATE_HZ) == [(0.0, 0.05)]
    assert stretches(silence(3), RATE_HZ) == [(0.0, 3.0)]


def test_labels_of_windows_that_follow_each_other_are_one_event() -> None:
    labels = [
        Label(8.0, 10.0, "Rain", 0.5, "harmonic"),
        Label(10.0, 13.0, "Rain", 0.7, "mixture"),
        Label(9.0, 9.5, "Dog", 0.9, "percussive"),
        Label(14.0, 15.0, "Rain", 0.6, "harmonic"),
    ]
    assert joined(labels) == [
        Event(8.0, 13.0, "Rain", 0.7),
        Event(9.0, 9.5, "Dog", 0.9),
        Event(14.0, 15.0, "Rain", 0.6),
    ]
    assert joined([]) == []


# --- whole files ------------------------------------------------------------------------------------------------------


def test_a_file_that_is_taken_apart_tells_at_least_what_it_told(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "yard.wav", laid(13, dog_bark=2.0, church_bell=5.0, car_horn=10.5))
    run = SeparatedRun(path, make_separator("builtin"))
    assert [step.done <= step.total for step in run]
    starts = {event.label: event.start_s for event in run.events}
    assert starts["Bark"] == pytest.approx(2.0, abs=0.3) and starts["Church bell"] == pytest.approx(5.0, abs=0.3)
    assert run.duration_s == pytest.approx(13) and run.note == ""
    asked = SeparatedRun(path, make_separator("builtin"), ["car horn"])
    list(asked)
    assert {event.label for event in asked.events} == {"car horn"}


def test_the_track_and_the_seconds_are_those_of_the_player(tmp_path: Path) -> None:
    tracks = [laid(4), laid(4, church_bell=2.0)]
    path = write_video(tmp_path / "two.mkv", tracks, sound_at_s=1.5, seconds=6.0)
    run = SeparatedRun(path, make_separator("builtin"), ["bell"], track=2, window_s=3.0)
    list(run)
    (event,) = run.events
    assert event.start_s == pytest.approx(3.5, abs=0.3) and run.has_picture


def test_components_are_named_as_the_sound_suggests(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "bell.wav", laid(5, church_bell=1.0))
    run = LabelledRun(path, make_separator("builtin"), make_embedder("builtin"), from_clip=True)
    list(run)
    assert run.events and all("ell" in event.label for event in run.events)
    assert run.events[0].start_s == pytest.approx(1.0, abs=0.3) and run.duration_s == pytest.approx(5)


def test_ears_with_a_text_tower_name_components_by_ones_own_list(tmp_path: Path) -> None:
    pytest.importorskip("torch", exc_type=ImportError)
    ears = tiny_clap.ears_of(tiny_clap.make(tmp_path / "clap")["clap"])
    path = write_sound(tmp_path / "yard.wav", laid(4, dog_bark=1.0))
    run = LabelledRun(path, make_separator("builtin"), ears, ["a dog", "a bell", "rain"])
    list(run)
    assert {event.label for event in run.events} <= {"a dog", "a bell", "rain"}
    with pytest.raises(UnsupportedError, match="do not understand text"):
        LabelledRun(path, make_separator("builtin"), make_embedder("vggish"))
