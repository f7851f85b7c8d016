"""Fixtures for all tests: a private environment, an empty library, and a small one that has been heard."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from hypothesis.configuration import set_hypothesis_home_dir

from core.demo import KINDS
from core.demo.encode import audio_bytes
from core.library import Library
from core.settings import Settings

hypothesis.settings.register_profile("earshot", derandomize=True, deadline=None, database=None)
hypothesis.settings.load_profile("earshot")
set_hypothesis_home_dir(Path(tempfile.gettempdir()) / "earshot-hypothesis")  # it writes before any fixture is made

DEMO = {"kick": 4, "closed_hat": 4, "hand_bell": 4, "rain": 3}
"""The kinds of the small library, and how many of each: 15 sounds."""


@pytest.fixture(scope="session", autouse=True)
def private_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No setting, key, home or working directory of the person who runs the tests has a say in them."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        for name in os.environ:
            if name.startswith(("EARSHOT_", "MISTRAL_")):
                patch.delenv(name)
        patch.setenv("HOME", str(home))
        for name in ("CACHE", "CONFIG", "DATA", "STATE"):
            patch.setenv(f"XDG_{name}_HOME", str(home / name.lower()))
        patch.chdir(home)  # a `.env` is looked for in the working directory
        yield


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings for a library of the test's own: one process that listens, and little patience with a locked library."""
    return _settings(tmp_path)


@pytest.fixture
def library(settings: Settings) -> Library:
    """An empty library."""
    return Library(settings.library, settings)


@pytest.fixture(scope="session")
def demo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of 15 sounds of four kinds, `kick/kick_0.wav` and so on; do not write to it."""
    folder = tmp_path_factory.mktemp("sounds")
    for name, variants in DEMO.items():
        (folder / name).mkdir()
        for number in range(variants):
            sound = KINDS[name].variant(number, seed=0)
            data = audio_bytes(sound.samples[None], sound.sample_rate_hz, "wav")
            (folder / name / f"{name}_{number}.wav").write_bytes(data)
    return folder


@pytest.fixture(scope="session")
def heard_once(demo_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a library that has heard `demo_folder`; take `demo_library`, which is a copy."""
    settings = _settings(tmp_path_factory.mktemp("heard"))
    ingest = Library(settings.library, settings).ingest([demo_folder])
    list(ingest)
    assert ingest.report.indexed == sum(DEMO.values()), ingest.report
    return settings.library


@pytest.fixture
def demo_library(heard_once: Path, settings: Settings) -> Library:
    """A library of the test's own that has heard `demo_folder`; the ids follow the order of the paths."""
    shutil.copytree(heard_once, settings.library)
    return Library(settings.library, settings)


def _settings(folder: Path) -> Settings:
    return Settings(library=folder / "library", exports=folder / "exports", workers=1, lock_wait_s=0.2)
