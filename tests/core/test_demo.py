"""The demo library: what it promises to those who hear it and to the tests that count on its labels."""

import csv
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from pathlib import Path

import av
import numpy as np
import pytest
from scipy import signal

from core.demo import KINDS, make_demo
from core.demo import making as making_module
from core.demo.bells import CHURCH_RATIOS, church_bell
from core.demo.foley import heartbeat
from core.demo.instruments import bass, note_hz, piano, plucked_string
from core.demo.shaping import RATE_HZ, finish, noise, room, saw, sine
from core.demo.video import BURSTS_S, HEIGHT, PER_S, SECONDS, WIDTH
from core.records import Progress

FIRST = 14  # files that are made again by the tests about runs; the whole library is made only once


@dataclass(frozen=True)
class Demo:
    folder: Path
    progress: list[Progress]
    labels: list[dict[str, str]]
    events: list[dict[str, str]]

    def digests(self) -> dict[str, str]:
        return digests(self.folder)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def digests(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): sha256(path.read_bytes()).hexdigest() for path in files}


def heard(path: Path) -> tuple[np.ndarray, int]:
    """The sound of a file as (channels, samples) float32, and its rate."""
    with av.open(path) as container:
        stream = container.streams.audio[0]
        n_channels = stream.channels
        blocks = [np.array(frame.to_ndarray()) for frame in container.decode(stream)]
    if stream.format.is_planar:
        sound = np.concatenate(blocks, axis=1)
    else:
        sound = np.concatenate(blocks, axis=1).reshape(-1, n_channels).T
    return sound if sound.dtype == np.float32 else (sound / 32768).astype(np.float32), stream.rate


def energy_share(samples: np.ndarray, low_hz: float, high_hz: float) -> float:
    power = np.abs(np.fft.rfft(samples)) ** 2
    frequency = np.fft.rfftfreq(len(samples), 1 / RATE_HZ)
    return float(power[(frequency >= low_hz) & (frequency < high_hz)].sum() / power.sum())


def rms_db(samples: np.ndarray) -> float:
    return float(10 * np.log10(np.mean(np.square(samples, dtype=np.float64)) + 1e-12))


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    folder = tmp_path_factory.mktemp("demo")
    progress = list(make_demo(folder))
    return Demo(folder, progress, rows(folder / "labels.csv"), rows(folder / "events.csv"))


@pytest.fixture
def rng() -> Iterator[np.random.Generator]:
    yield np.random.default_rng(7)


# --- the folder -------------------------------------------------------------------------------------------------------


def test_progress_names_each_finished_file_once_and_ends_at_the_total(demo: Demo) -> None:
    total = len(demo.progress)
    assert [step.done for step in demo.progress] == list(range(1, total + 1))
    assert {step.total for step in demo.progress} == {total}
    assert {step.label for step in demo.progress} == set(demo.digests())


def test_it_holds_at_least_180_sounds_of_20_kinds_in_6_to_12_variants_under_40_megabytes(demo: Demo) -> None:
    counts = Counter(row["kind"] for row in demo.labels if row["kind"] in KINDS)
    assert sum(counts.values()) >= 180
    assert len(counts) == len(KINDS) >= 20
    assert counts == {name: kind.variants for name, kind in KINDS.items()}
    assert all(6 <= count <= 12 for count in counts.values())
    assert sum(path.stat().st_size for path in demo.folder.rglob("*")) < 40e6


def test_labels_name_every_file_and_nothing_else(demo: Demo) -> None:
    assert {row["path"] for row in demo.labels} == set(demo.digests()) - {"labels.csv", "events.csv"}
    assert len({row["path"] for row in demo.labels}) == len(demo.labels)


def test_one_in_five_sounds_has_a_name_that_says_nothing_and_the_others_say_their_kind(demo: Demo) -> None:
    sounds = [row for row in demo.labels if row["kind"] in KINDS]
    nameless = [row for row in sounds if row["path"].startswith("unsorted/")]
    assert 0.15 < len(nameless) / len(sounds) < 0.25
    assert not [row for row in nameless if any(word in row["path"].lower() for word in row["kind"].split("_"))]
    for row in sounds:
        if row not in nameless:
            assert row["path"].startswith(f"{KINDS[row['kind']].folder}/{row['kind']}_")


def test_a_bright_name_is_brighter_than_its_dark_sibling(demo: Demo) -> None:
    dark, bright = (sorted((demo.folder / "drums").glob(f"closed_hat_{word}_*")) for word in ("dark", "bright"))
    centres = []
    for path in (dark[0], bright[0]):
        sound, rate_hz = heard(path)
        magnitude = np.abs(np.fft.rfft(sound[0]))
        centres.append((magnitude * np.fft.rfftfreq(sound.shape[1], 1 / rate_hz)).sum() / magnitude.sum())
    assert centres[0] < centres[1]


def test_every_sound_is_clean_and_as_long_as_its_label_says(demo: Demo) -> None:
    rates, channels, endings = Counter(), Counter(), Counter()
    for row in demo.labels:
        if row["path"].endswith(".mp4"):
            continue
        sound, rate_hz = heard(demo.folder / row["path"])
        peak_db = 20 * np.log10(np.abs(sound).max())
        assert np.isfinite(sound).all(), row
        assert -14.1 <= peak_db <= -0.9, row
        assert abs(sound.mean()) < 2e-3, row
        assert np.abs(sound[:, [0, -1]]).max() < 0.02, row  # no click at either end
        assert sound.shape[1] / rate_hz == pytest.approx(float(row["seconds"]), abs=0.001), row
        rates[rate_hz] += 1
        channels[len(sound)] += 1
        endings[row["path"][-4:]] += 1
    assert rates.most_common(1)[0][0] == 44_100
    assert min(rates[22_050], rates[48_000], channels[2], endings["flac"]) >= 5
    assert channels[1] > 10 * channels[2]


# --- the same again ---------------------------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_bytes_in_another_folder(demo: Demo, tmp_path: Path) -> None:
    made = [step.label for step in islice(make_demo(tmp_path), FIRST)]
    known = demo.digests()
    assert digests(tmp_path) == {label: known[label] for label in made}


def test_another_seed_gives_other_sounds(demo: Demo, tmp_path: Path) -> None:
    list(islice(make_demo(tmp_path, seed=1), FIRST))
    assert not set(digests(tmp_path).values()) & set(demo.digests().values())


@pytest.mark.parametrize("name", ["rain", "siren", "dog_bark", "typing", "singing", "piano_note"])
def test_a_variant_does_not_depend_on_what_was_made_before(name: str) -> None:
    again = KINDS[name].variant(3, seed=0)
    KINDS[name].variant(4, seed=0)
    assert np.array_equal(KINDS[name].variant(3, seed=0).samples, again.samples)
    assert not np.array_equal(KINDS[name].variant(3, seed=1).samples[:1000], again.samples[:1000])


def test_a_second_run_touches_only_what_is_missing_or_wrong(tmp_path: Path) -> None:
    labels = [step.label for step in islice(make_demo(tmp_path), FIRST)]
    before = digests(tmp_path)
    (tmp_path / labels[0]).write_bytes(b"not this")
    (tmp_path / labels[1]).unlink()
    kept = {label: (tmp_path / label).stat().st_mtime_ns for label in labels[2:]}
    list(islice(make_demo(tmp_path), FIRST))
    assert digests(tmp_path) == before
    assert {label: (tmp_path / label).stat().st_mtime_ns for label in kept} == kept


def test_a_file_that_cannot_be_put_in_place_leaves_nothing_behind(tmp_path: Path, monkeypatch) -> None:
    path = tmp_path / "kick.wav"
    path.write_bytes(b"old")

    def refuse(self: Path, target: Path) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(OSError, match="disk full"):
        making_module._write(path, b"new")
    assert [each.name for each in tmp_path.iterdir()] == ["kick.wav"]
    assert path.read_bytes() == b"old"


# --- what is heard ----------------------------------------------------------------------------------------------------


def variants(name: str) -> list[np.ndarray]:
    return [KINDS[name].variant(number, 0).samples for number in range(KINDS[name].variants)]


def test_a_kick_lies_below_200_hz_and_a_hat_above_4_khz() -> None:
    assert min(energy_share(kick, 0, 200) for kick in variants("kick")) > 0.85
    assert min(energy_share(hat, 4000, RATE_HZ) for hat in variants("closed_hat") + variants("open_hat")) > 0.9


def test_an_open_hat_rings_longer_than_a_closed_one() -> None:
    assert min(map(len, variants("open_hat"))) > 2 * max(map(len, variants("closed_hat")))


@pytest.mark.parametrize("instrument", [bass, plucked_string, piano])
@pytest.mark.parametrize("midi", [40, 45])
def test_a_note_repeats_at_the_pitch_that_it_was_asked_for(instrument, midi: int, rng: np.random.Generator) -> None:
    wave = instrument(rng, pitch_hz=note_hz(midi))[2000:22_000]
    alike = signal.correlate(wave, wave, method="fft")[len(wave) - 1 :]
    shortest, longest = int(RATE_HZ / 160), int(RATE_HZ / 55)
    period = shortest + int(np.argmax(alike[shortest:longest]))
    assert RATE_HZ / period == pytest.approx(note_hz(midi), rel=0.02)


def test_note_69_is_440_hz_and_an_octave_doubles() -> None:
    assert note_hz(69) == 440
    assert note_hz(57) == pytest.approx(220)


def test_the_partials_of_a_church_bell_stand_in_the_measured_ratios(rng: np.random.Generator) -> None:
    wave = church_bell(rng)
    magnitude = np.abs(np.fft.rfft(wave * np.hanning(len(wave)), 2**18))
    per_bin = RATE_HZ / 2**18
    found, _ = signal.find_peaks(magnitude, height=0.05 * magnitude.max(), distance=int(15 / per_bin))
    peaks_hz = found * per_bin
    prime = peaks_hz[0] / CHURCH_RATIOS[0]  # the lowest is the hum
    for ratio in CHURCH_RATIOS[1:5]:
        assert np.abs(peaks_hz / prime - ratio).min() < 0.02


def test_a_siren_sweeps_or_changes_between_two_tones() -> None:
    for siren in variants("siren"):
        frequency, _, power = signal.spectrogram(siren.astype(np.float64), RATE_HZ, nperseg=4096, noverlap=2048)
        loud = power.sum(axis=0) > 0.05 * power.sum(axis=0).max()
        pitch = frequency[power.argmax(axis=0)][loud]
        assert np.percentile(pitch, 95) > 1.2 * np.percentile(pitch, 5)


def test_a_heart_beats_twice_in_each_cycle_and_rests_longer_after_the_second(rng: np.random.Generator) -> None:
    wave = heartbeat(rng, beats_per_s=1.0)
    envelope = signal.sosfiltfilt(signal.butter(2, 8, fs=RATE_HZ, output="sos"), np.abs(wave))
    beats, _ = signal.find_peaks(envelope, height=0.3 * envelope.max(), distance=RATE_HZ // 8)
    gaps_s = np.diff(beats) / RATE_HZ
    assert len(beats) == 2 * round(len(wave) / RATE_HZ)
    assert gaps_s[::2] == pytest.approx(0.31, abs=0.04)
    assert gaps_s[1::2] == pytest.approx(0.69, abs=0.04)


def test_steady_weather_is_steady_and_struck_things_die_away() -> None:
    for name, steady in (
        ("rain", True),
        ("stream", True),
        ("woodblock", False),
        ("kick", False),
        ("piano_note", False),
    ):
        for number in range(3):
            sound = KINDS[name].variant(number, 0).samples
            third = len(sound) // 3
            first, last = rms_db(sound[third // 2 : third]), rms_db(sound[-third : -third // 2])
            assert (abs(first - last) < 3) is steady, name


# --- long recordings and the video ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("stem", "seconds"), [("street_evening", 60), ("forest_morning", 120)])
def test_every_event_of_a_recording_stands_10_db_above_its_bed(demo: Demo, stem: str, seconds: int) -> None:
    path = next(row["path"] for row in demo.labels if row["kind"] == stem)
    sound, rate_hz = heard(demo.folder / path)
    events = [row for row in demo.events if row["path"] == path]
    quiet = np.ones(sound.shape[1], dtype=bool)
    spans = [slice(round(float(row["start_s"]) * rate_hz), round(float(row["end_s"]) * rate_hz)) for row in events]
    for span in spans:
        quiet[span] = False
    bed_db = rms_db(sound[0][quiet])
    assert sound.shape[1] == seconds * rate_hz
    assert len(events) >= 8
    assert all(row["kind"] in KINDS for row in events)
    for row, span in zip(events, spans, strict=True):
        assert rms_db(sound[0][span]) > bed_db + 10, row


def test_events_lie_within_their_files_in_order_of_time(demo: Demo) -> None:
    seconds = {row["path"]: float(row["seconds"]) for row in demo.labels}
    for path in {row["path"] for row in demo.events}:
        spans = [(float(row["start_s"]), float(row["end_s"])) for row in demo.events if row["path"] == path]
        assert spans == sorted(spans)
        assert all(0 <= start < end <= seconds[path] for start, end in spans)


def test_the_video_has_picture_and_sound_of_one_length(demo: Demo) -> None:
    with av.open(demo.folder / "video" / "fireworks.mp4") as container:
        picture = container.streams.video[0]
        assert (picture.width, picture.height) == (WIDTH, HEIGHT)
        n_frames = sum(1 for _ in container.decode(picture))
    sound, rate_hz = heard(demo.folder / "video" / "fireworks.mp4")
    assert n_frames / PER_S == SECONDS
    assert sound.shape[1] / rate_hz == pytest.approx(SECONDS, abs=0.05)  # AAC fills its last frame


def test_every_flash_of_the_video_falls_on_its_bang(demo: Demo) -> None:
    with av.open(demo.folder / "video" / "fireworks.mp4") as container:
        light = np.array([frame.to_ndarray(format="gray").mean() for frame in container.decode(video=0)])
    sound, rate_hz = heard(demo.folder / "video" / "fireworks.mp4")
    for at_s in BURSTS_S:
        frame = round(at_s * PER_S)
        assert light[frame] > light[frame - 1] + 20
        start, span = round(at_s * rate_hz), round(0.04 * rate_hz)
        after, before = sound[0][start : start + span], sound[0][start - 2 * span : start - span]
        assert rms_db(after) > rms_db(before) + 6


def test_the_video_is_the_same_whatever_lies_in_the_memory_that_its_encoder_is_given(demo: Demo) -> None:
    made = (
        "from core.demo import making; from hashlib import sha256;"
        "print(sha256(making._video(0, making._Tables())[1]).hexdigest())"
    )
    for byte in ("1", "85"):  # glibc fills what it hands out with it; x264 once took the first for picture data
        run = subprocess.run(
            [sys.executable, "-c", made],
            env=os.environ | {"MALLOC_PERTURB_": byte},
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            check=True,
        )
        assert run.stdout.strip() == demo.digests()["video/fireworks.mp4"]


# --- the tools of the recipes -----------------------------------------------------------------------------------------


def test_finish_gives_the_peak_that_it_is_asked_for_without_dc(rng: np.random.Generator) -> None:
    done = finish(sine(440, RATE_HZ) + 0.5, -6.0)
    assert done.dtype == np.float32
    assert np.abs(done).max() == pytest.approx(0.5012, abs=1e-4)
    assert abs(done.mean()) < 1e-3
    assert done[0] == pytest.approx(0, abs=1e-6) and done[-1] == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(("slope", "db_per_octave"), [(0.0, 0.0), (1.0, -3.01), (2.0, -6.02)])
def test_the_power_of_noise_falls_with_its_slope(slope: float, db_per_octave: float, rng: np.random.Generator) -> None:
    wave = noise(rng, 4 * RATE_HZ, slope)
    frequency, power = signal.welch(wave, RATE_HZ, nperseg=4096)
    low, high = (10 * np.log10(power[(frequency > f) & (frequency < 1.2 * f)].mean()) for f in (500, 4000))
    assert (high - low) / 3 == pytest.approx(db_per_octave, abs=0.4)
    assert np.std(wave) == pytest.approx(1, abs=0.02)


def test_a_saw_holds_every_harmonic_at_one_over_its_number() -> None:
    magnitude = np.abs(np.fft.rfft(saw(441.0, RATE_HZ)))
    sizes = magnitude[[441, 882, 1323, 1764]]
    assert sizes / sizes[0] == pytest.approx([1, 1 / 2, 1 / 3, 1 / 4], rel=0.03)


def test_a_room_dies_by_60_db_in_its_time(rng: np.random.Generator) -> None:
    tick = np.zeros(RATE_HZ)
    tick[0] = 1
    tail = room(tick, rng, 0.8, wet=1.0)
    assert rms_db(tail[8000:10_000]) - rms_db(tail[26_000:28_000]) == pytest.approx(60 * 18_000 / RATE_HZ / 0.8, abs=5)
