"""When is what heard: curves, spans, names and edges by hand, then whole files with sounds at known times."""

import time
import tracemalloc
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from core.components.hearing import resampled
from core.demo import KINDS
from core.demo.shaping import noise as shaped_noise
from core.embedding.base import Heard
from core.errors import AudioError, UnsupportedError
from core.events.curves import CELL_S, Curves, hear, spread
from core.events.edges import sharpened
from core.events.event import Event
from core.events.finding import EventRun, find_events
from core.events.kinds import HEARD, is_event, is_sure, thresholds_of
from core.events.naming import Named, clearest, one_for_each
from core.events.spans import Span, Thresholds, spans
from core.heard import levels
from core.onsets import LevelMeter
from core.ontology import audioset
from core.records import Samples
from core.tagging import with_parents
from core.words import understand
from tests.sounds import RATE_HZ, noise, silence, write_sound
from tests.videos import write_video

VIDEO = Path(__file__).parents[3] / "shared" / "data" / "video"
needs_videos = pytest.mark.skipif(not VIDEO.is_dir(), reason=f"there is no {VIDEO}")


def curve(*values: float) -> np.ndarray:
    return np.array(values, np.float32)


def place_of(name: str) -> int:
    return audioset().index[name]


# --- curves -----------------------------------------------------------------------------------------------------------


def test_a_cell_is_the_mean_of_the_windows_that_cover_it() -> None:
    assert spread(curve(0, 1, 0, 0), 2).tolist() == [0, 0.5, 0.5, 0, 0]
    assert spread(curve(1, 1, 1), 4).tolist() == [1] * 6
    assert spread(curve(0.5), 4).tolist() == [0.5] * 4


class Fast:
    """Ears that hear nothing, at once."""

    sample_rate_hz, window = RATE_HZ, RATE_HZ

    def hear(self, clips: Sequence[Samples]) -> Heard:
        return Heard(np.zeros((len(clips), 1), np.float32), np.zeros((len(clips), 521), np.float32))


def test_a_long_sound_takes_little_memory_and_tells_how_far_it_is() -> None:
    def blocks() -> Iterator[Samples]:
        for _ in range(60):
            yield np.zeros(10 * RATE_HZ, np.float32)

    curves = Curves(4)
    tracemalloc.start()
    steps = list(hear(blocks(), Fast(), curves))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 30e6  # ten minutes are 77 MB of samples
    assert steps == sorted(steps) and len(steps) > 50
    assert curves.duration_s == 600
    assert curves.heard.shape == (4 * 600 - 3, 521) and curves.heard.dtype == np.uint8


# --- spans ------------------------------------------------------------------------------------------------------------


def test_a_span_begins_where_it_is_sure_and_lasts_while_it_is_likely() -> None:
    heard = curve(0, 0.5, 0.9, 0.6, 0.6, 0.3, 0, 0, 0, 0.5, 0)
    assert spans(heard, Thresholds(0.8, 0.4)) == [Span(2, 5, 0.9)]  # 0.5 is less than 0.6 of 0.9
    assert spans(heard, Thresholds(0.95, 0.4)) == []


def test_a_short_gap_is_none_and_a_longer_one_is() -> None:
    heard = curve(0.9, 0.9, 0, 0, 0.9, 0, 0, 0, 0.9)
    assert spans(heard, Thresholds(0.8, 0.4)) == [Span(0, 5, 0.9), Span(8, 9, 0.9)]


# --- names ------------------------------------------------------------------------------------------------------------


def named(label: str, first: int, last: int, score: float = 0.9) -> Named:
    return Named(label, Span(first, last, score))


def labels(found: Sequence[Named]) -> list[tuple[str, int, int]]:
    return [(each.label, each.span.first, each.span.last) for each in found]


def test_one_sound_is_one_label_the_narrowest_that_covers_it() -> None:
    dog = [named("Animal", 0, 10, 0.95), named("Dog", 0, 10, 0.9), named("Bark", 1, 9, 0.85)]
    assert labels(one_for_each(dog)) == [("Bark", 1, 9)]


def test_a_kind_that_lasts_is_told_where_its_narrower_name_is_heard_for_a_moment() -> None:
    assert labels(one_for_each([named("Dog", 0, 20), named("Bark", 8, 10)])) == [("Dog", 0, 20)]
    # but an animal says too little to stand for a dog and a cat
    two = [named("Animal", 0, 20), named("Dog", 2, 4), named("Cat", 12, 14)]
    assert labels(one_for_each(two)) == [("Dog", 2, 4), ("Cat", 12, 14)]


def test_two_sounds_at_once_are_two_labels_and_a_rival_is_none() -> None:
    assert labels(one_for_each([named("Dog", 0, 8), named("Siren", 0, 8)])) == [("Dog", 0, 8), ("Siren", 0, 8)]
    assert labels(one_for_each([named("Dog", 0, 8), named("Siren", 0, 8, 0.5)])) == [("Dog", 0, 8)]
    assert labels(one_for_each([named("Waterfall", 0, 8), named("Stream", 0, 8, 0.88)])) == [("Waterfall", 0, 8)]


def test_what_is_asked_for_is_told_beside_each_other_unless_one_is_much_clearer() -> None:
    asked = [named("my dog", 0, 8, 0.9), named("my cat", 2, 8, 0.85), named("a bell", 0, 8, 0.6)]
    assert labels(clearest(asked)) == [("my dog", 0, 8), ("my cat", 2, 8)]


def test_many_labels_take_time_that_grows_with_their_number() -> None:
    heard = [named(("Dog", "Bark", "Siren")[n % 3], 4 * n, 4 * n + 6) for n in range(6000)]
    begun = time.perf_counter()
    assert len(one_for_each(heard)) > 2000
    assert time.perf_counter() - begun < 10  # comparing all with all would take minutes


# --- kinds ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["Silence", "Pink noise", "Noise", "Inside, small room", "Sad music", "Conversation"])
def test_what_is_no_event_is_not_told(name: str) -> None:
    assert not is_event(audioset().classes[place_of(name)])


def test_what_is_common_is_told_where_it_is_sure_and_what_embarrasses_only_then() -> None:
    on = {name: thresholds_of(place_of(name)).on for name in ("Cricket", "Speech", "Walk, footsteps", "Fart")}
    assert on["Speech"] < on["Walk, footsteps"] < on["Cricket"] == HEARD.on < on["Fart"]


def test_what_goes_on_for_long_has_to_be_likely_all_the_while() -> None:
    rain, music = (audioset().classes[place_of(name)] for name in ("Rain", "Music"))
    assert is_sure(rain, np.full(8, 0.36, np.float32))
    assert not is_sure(rain, np.full(80, 0.36, np.float32))
    assert is_sure(rain, np.full(80, 0.5, np.float32))
    assert not is_sure(music, np.full(8, 0.9, np.float32)) and is_sure(music, np.full(12, 0.9, np.float32))


# --- events of curves -------------------------------------------------------------------------------------------------


def heard_as(**likely: Sequence[float]) -> Curves:
    """Curves of a sound in whose windows, one every quarter second, classes are as likely as told."""
    n_windows = max(map(len, likely.values()))
    probabilities = np.zeros((n_windows, 521), np.float32)
    for name, values in likely.items():
        probabilities[:, place_of(name)] = values
    curves = Curves(4)
    curves.add(levels(with_parents(probabilities)))
    curves.duration_s = (n_windows + 3) * CELL_S
    return curves


def told(found: Sequence[Event]) -> list[tuple[str, float, float]]:
    return [(each.label, each.start_s, each.end_s) for each in found]


def test_what_goes_on_is_one_event_and_its_kinds_are_none() -> None:
    assert told(find_events(heard_as(Speech=[0.6, 0.9] * 10), {})) == [("Speech", 0.0, 5.75)]
    assert told(find_events(heard_as(Bird=[0.0] * 8 + [0.8] * 8 + [0.0] * 8), {})) == [("Bird", 2.5, 4.25)]


def test_what_is_unsure_for_long_is_told_where_it_is_sure() -> None:
    murmur, call = [0.12] * 40, [0.8] * 8
    found = find_events(heard_as(Bird=[*murmur, *call, *murmur, *call, *murmur]), {})
    assert [event.label for event in found] == ["Bird", "Bird"]
    assert [event.start_s for event in found] == pytest.approx([10.0, 22.0], abs=0.5)
    assert find_events(heard_as(Bird=murmur * 3), {}) == []


def test_a_text_is_found_by_what_it_means() -> None:
    curves = heard_as(Bird=[0.0] * 8 + [0.8] * 8 + [0.0] * 8)
    assert [event.label for event in find_events(curves, {"a bird": understand("a bird")})] == ["a bird"]
    assert find_events(curves, {"a siren": understand("a siren")}) == []


# --- edges ------------------------------------------------------------------------------------------------------------


def metered(sound: np.ndarray) -> LevelMeter:
    meter = LevelMeter()
    for start in range(0, len(sound), 10_000):
        meter.add(sound[start : start + 10_000])
    return meter


def test_edges_move_to_where_the_sound_begins_and_ends() -> None:
    sound = noise(5, amplitude=0.003)
    sound[round(2.13 * RATE_HZ) : round(2.91 * RATE_HZ)] += noise(0.78, amplitude=0.2, seed=1)
    meter = metered(sound)
    start_s, end_s = sharpened(1.75, 3.25, meter.level, meter.rise)
    assert start_s == pytest.approx(2.13, abs=0.06)
    assert end_s == pytest.approx(2.91, abs=0.06)


def test_edges_stay_where_nothing_tells_better() -> None:
    meter = metered(noise(5))
    assert sharpened(1.75, 3.25, meter.level, meter.rise) == (1.75, 3.25)


def test_a_click_keeps_a_length() -> None:
    sound = noise(4, amplitude=0.001)
    sound[2 * RATE_HZ : 2 * RATE_HZ + 600] += noise(600 / RATE_HZ, amplitude=0.5, seed=2)
    start_s, end_s = sharpened(1.5, 2.5, metered(sound).level, metered(sound).rise)
    assert start_s == pytest.approx(2.0, abs=0.05)
    assert 0.1 <= end_s - start_s < 0.3


# --- whole files ------------------------------------------------------------------------------------------------------


def laid(seconds: float, **kinds: float) -> np.ndarray:
    """A quiet room of so many seconds in which sounds of the demo begin at given seconds."""
    rng = np.random.default_rng(5)
    scene = (shaped_noise(rng, round(seconds * RATE_HZ), 1.5) * 10 ** (-55 / 20)).astype(np.float32)
    for kind, start_s in kinds.items():
        made = KINDS[kind].variant(1, seed=0)
        sound = resampled(made.samples, made.sample_rate_hz, RATE_HZ)
        first = round(start_s * RATE_HZ)
        scene[first : first + len(sound)] += 0.7 * sound[: len(scene) - first]
    return scene


def events_of(path: Path, *queries: str, track: int = 1) -> list[Event]:
    run = EventRun(path, queries, track)
    assert [step.done <= step.total for step in run]
    return run.events


def test_sounds_are_found_where_they_are_and_nothing_else(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "yard.wav", laid(12, dog_bark=2.0, church_bell=5.0, car_horn=9.5))
    found = events_of(path)
    assert [event.label for event in found] == ["Bark", "Church bell", "Vehicle horn, car horn, honking"]
    assert [event.start_s for event in found] == pytest.approx([2.0, 5.0, 9.5], abs=0.3)
    assert all(event.start_s < event.end_s <= 12 and 0 < event.score <= 1 for event in found)


def test_only_what_is_asked_for_is_told(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "yard.wav", laid(12, dog_bark=2.0, church_bell=5.0, cat_meow=9.5))
    found = events_of(path, "a cat", "car horn")
    assert [event.label for event in found] == ["a cat"]
    assert found[0].start_s == pytest.approx(9.5, abs=0.3)
    with pytest.raises(UnsupportedError, match="xqzv"):
        EventRun(path, ["xqzv"])


def test_silence_and_the_noise_of_a_room_hold_no_event(tmp_path: Path) -> None:
    assert events_of(write_sound(tmp_path / "silence.wav", silence(3))) == []
    assert events_of(write_sound(tmp_path / "room.wav", laid(6))) == []


def test_a_short_sound_has_no_event_beyond_its_end(tmp_path: Path) -> None:
    bark = KINDS["dog_bark"].variant(1, seed=0)
    path = write_sound(tmp_path / "bark.wav", bark.samples[: bark.sample_rate_hz // 2], bark.sample_rate_hz)
    assert all(event.end_s <= 0.5 for event in events_of(path))


@pytest.mark.parametrize(
    ("sound_at_s", "picture_at_s", "heard_at_s"),
    [(0.0, 0.0, 2.0), (1.5, 0.0, 3.5), (0.0, 1.5, 2.0)],
    ids=["together", "sound later", "picture later"],
)
@pytest.mark.parametrize("ending", ["mp4", "mkv"])
def test_events_are_told_in_seconds_of_the_player(
    tmp_path: Path, ending: str, sound_at_s: float, picture_at_s: float, heard_at_s: float
) -> None:
    """A player begins with what comes first: a sound that begins after the picture is heard later, not one before."""
    sound = laid(4, church_bell=2.0)
    path = tmp_path / f"clip.{ending}"
    write_video(path, [sound], sound_at_s=sound_at_s, picture_at_s=picture_at_s, seconds=6.0)
    (event,) = events_of(path, "bell")
    assert event.start_s == pytest.approx(heard_at_s, abs=0.3)


def test_each_sound_track_can_be_chosen(tmp_path: Path) -> None:
    path = write_video(tmp_path / "two.mkv", [laid(4, dog_bark=1.0), laid(4, church_bell=2.0)])
    queries = ("dog bark", "church bell")
    assert [event.label for event in events_of(path, *queries)] == ["dog bark"]
    assert [event.label for event in events_of(path, *queries, track=2)] == ["church bell"]
    with pytest.raises(AudioError, match=r"two\.mkv: holds 2 sound tracks, and no track 3; choose from 1 to 2"):
        events_of(path, track=3)


@pytest.mark.parametrize("name", ["clip.mp4", "clip.mkv"])
def test_a_video_that_breaks_off_says_where(tmp_path: Path, name: str) -> None:
    path = write_video(tmp_path / name, [laid(6, church_bell=1.0)], seconds=6.0, index_first=name == "clip.mp4")
    run = EventRun(path)
    list(run)
    assert run.note == ""
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 6 // 10])
    list(run)
    assert run.note.startswith(f"{name} breaks off after ") and run.note.endswith("; what comes before is told")
    assert [event.start_s for event in run.events] == pytest.approx([1.0], abs=0.3)


def test_a_video_whose_clock_begins_late_does_not_break_off(tmp_path: Path) -> None:
    path = write_video(tmp_path / "late.mkv", [laid(4)], sound_at_s=9.0, picture_at_s=9.0)
    run = EventRun(path)
    list(run)
    assert (run.note, run.duration_s) == ("", pytest.approx(4, abs=0.1))


def test_listening_can_be_left_at_any_step(tmp_path: Path) -> None:
    run = EventRun(write_sound(tmp_path / "long.wav", laid(30)))
    steps = iter(run)
    step = next(steps)
    assert (step.done, step.total, step.label) == (8, 30, "long.wav")
    steps.close()
    assert not hasattr(run, "events")


@pytest.mark.shared
@needs_videos
def test_speech_is_found_where_somebody_speaks_and_not_elsewhere() -> None:
    spoken = events_of(VIDEO / "nasa_speech_13s.mp4")
    assert sum(event.end_s - event.start_s for event in spoken if event.label == "Speech") > 8
    cartoon = events_of(VIDEO / "big_buck_bunny_30s.mp4")
    assert {event.label for event in cartoon} >= {"Music"}
    assert not any(audioset().related(event.label, "Speech") for event in cartoon if event.label in audioset().index)
