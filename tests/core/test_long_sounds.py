"""An hour of sound takes hardly more memory than half a minute, whoever hears it, and every window of it is kept.

The hour is of 8 kHz and repeats itself; the models are tiny random ones, so what is measured is what we do with sound.
Each process hears in itself, by the steps of a worker, first the short sound and then the hour.
"""

import importlib
import json
import math
import shutil
import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
import pytest

from core.embedding import EMBEDDERS
from tests.runs import CHECKOUT, rows

RATE_HZ = 8000
SHORT_S, LONG_S = 30, 3600
LEFT_OVER_S = 7  # so that no window ends with the hour by chance
MOST_MB = 300
"""More than the short sound takes. Ears hear 32 windows at once: those of clap take 60 MB, and its pictures more."""

HEAR = """
import json, resource, sys
from pathlib import Path
import core.ingest
from core.library import Library
from core.settings import Settings
from tests.runs import ListenerInThisProcess

core.ingest.ListenerPool = ListenerInThisProcess
sounds, library, embedder, settings = sys.argv[1:]
library = Library(Path(library), Settings(library=library, workers=1, device="cpu", **json.loads(settings)))
peaks = []
for name in ("short", "long"):
    for _ in library.ingest([Path(sounds) / name], embedder=embedder, captioner="conette"):
        pass
    peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
print(json.dumps(peaks))
"""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss is in KB on Linux only")


@pytest.fixture(scope="module")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder `short` and a folder `long` with a sound each."""
    folder = tmp_path_factory.mktemp("sounds")
    samples = np.random.default_rng(0).integers(-9000, 9000, SHORT_S * RATE_HZ, dtype="<i2")
    samples[: len(samples) // 2] //= 8
    for name, times in (("short", 1), ("long", LONG_S // SHORT_S)):
        (folder / name).mkdir()
        with wave.open(str(folder / name / f"{name}.wav"), "wb") as file:
            file.setparams((1, 2, RATE_HZ, 0, "NONE", ""))
            for _ in range(times):
                file.writeframes(samples.tobytes())
            file.writeframes(samples[: LEFT_OVER_S * RATE_HZ].tobytes())
    return folder


@pytest.fixture(scope="module")
def heard(sounds: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, float]:
    """A library that the built-in ears have heard both sounds for and CoNeTTE has captioned; MB that the hour took."""
    library = tmp_path_factory.mktemp("heard") / "library"
    return library, hear(sounds, library, "builtin")


def hear(sounds: Path, library: Path, ears: str) -> float:
    """Has ears hear the short sound and then the long one; the megabytes that the process grew by for the latter."""
    for package in ("torch", "transformers"):
        pytest.importorskip(package, exc_type=ImportError)
    settings = {}
    for name in {"conette", ears} - {"builtin"}:
        settings |= importlib.import_module(f"tests.tiny_{name}").make(sounds.parent / "models" / name)
    told = json.dumps(settings, default=str)
    command = [sys.executable, "-c", HEAR, str(sounds), str(library), ears, told]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stderr) == (0, "")
    short, long = json.loads(done.stdout)
    return long - short


def kept(library: Path, ears: str) -> list[int]:
    """How many windows are stored of each sound, in order."""
    query = "SELECT n_windows FROM vectors v JOIN spaces s ON s.id = v.space_id WHERE s.name = ? ORDER BY sound_id"
    return [n for (n,) in rows(library, query, ears)]


def expected(ears: str) -> list[int]:
    """How many windows cover each sound, counted from hop and duration: after the first, one for every hop begun."""
    made = EMBEDDERS.load(ears)
    durations = (SHORT_S + LEFT_OVER_S, LONG_S + LEFT_OVER_S)
    return [1 + max(0, math.ceil((duration_s - made.window_s) / made.hop_s)) for duration_s in durations]


def test_the_built_in_ears_and_a_captioner_hear_an_hour_in_the_memory_of_a_short_sound(heard):
    library, growth_mb = heard
    assert growth_mb < MOST_MB
    assert kept(library, "builtin") == expected("builtin") == [37, 3607]
    assert len(rows(library, "SELECT text FROM captions WHERE captioner = 'conette'")) == 2


@pytest.mark.parametrize(
    ("ears", "windows"),
    [
        ("clap", [4, 361]),
        ("wav2vec2", [8, 722]),
        ("vggish", [39, 3758]),
        ("autoencoder", [9, 835]),
    ],
)
def test_other_ears_hear_an_hour_in_the_memory_of_a_short_sound(heard, sounds, tmp_path, ears, windows):
    library = shutil.copytree(heard[0], tmp_path / "library")
    assert hear(sounds, library, ears) < MOST_MB
    assert kept(library, ears) == expected(ears) == windows
    assert kept(library, "builtin") == [37, 3607]
