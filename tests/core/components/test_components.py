"""Labelling and saving what a sound is made of."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.io import wavfile

from core.audio import decode
from core.components.labelling import MIXTURE, ByClasses, Labeller, label_components, label_window
from core.components.saving import LISTING, SaveRun
from core.embedding import make_embedder
from core.errors import AudioError, EarshotError, UnsupportedError
from core.records import Samples, Tag
from core.separation import Separator, make_separator
from tests.sounds import clicks, noise, sine


class Halves(Separator):
    """Takes the sign of each sample for what it is made of."""

    name, sample_rate_hz, chunk_s, overlap_s = "halves", 8000, 4.0, 0.5

    def take_apart(self, chunk: Samples, queries: list[str]) -> dict[str, Samples]:
        return {"above": np.maximum(chunk, 0), "below": np.minimum(chunk, 0)}


class Told(Labeller):
    """Names a sound by its mean: Bark above zero, Rain below; a mixture is faintly both and surely Wind."""

    sure = 0.5

    def labels(self, samples: Samples, sample_rate_hz: int, least: float) -> list[Tag]:
        mean = float(samples.mean())
        heard = [Tag("Wind", 0.6), Tag("Bark", 0.2)] if abs(mean) < 0.01 else []
        heard += [Tag("Bark", 0.9), Tag("Dog", 0.9)] if mean > 0.01 else []
        heard += [Tag("Rain", 0.9)] if mean < -0.01 else []
        return [tag for tag in heard if tag.score >= least]


def test_what_a_component_tells_counts_if_the_mixture_allows_it_and_what_only_the_mixture_tells_stays() -> None:
    named = label_window(sine(440, 1, 8000), Halves(), Told())
    assert [(component.name, tag.label) for component, tag in named] == [("above", "Bark"), (MIXTURE, "Wind")]


def test_windows_follow_each_other_and_the_last_ends_with_the_sound() -> None:
    ears, blocks = make_embedder("builtin"), [noise(2.5, 8000) / 2, noise(0.8, 8000, seed=1) / 2]
    found = list(label_components(iter(blocks), Halves(), ears, window_s=2.0))
    assert {(label.start_s, label.end_s) for label in found} == {(0.0, 2.0), (2.0, 3.3)}
    assert all(0 < label.score <= 1 for label in found)


def test_a_list_of_ones_own_is_all_that_is_told() -> None:
    ears = make_embedder("builtin")
    found = list(label_components(iter([noise(3, 8000) / 2]), Halves(), ears, ["white noise", "a cow"]))
    assert {label.label for label in found} == {"white noise"}
    with pytest.raises(UnsupportedError, match="xqzv"):
        ByClasses(["xqzv"])


def test_components_are_written_listed_and_add_up(tmp_path: Path) -> None:
    sound = (sine(440, 12, 32_000) + clicks(4, 12, 32_000)) / 3
    source = tmp_path / "take.wav"
    wavfile.write(source, 32_000, sound.astype(np.float32))
    run = SaveRun(source, tmp_path / "out", make_separator("builtin"))
    assert [step.done for step in run] == [9, 12]
    listed = json.loads((tmp_path / "out" / LISTING).read_text())
    assert listed == run.saved.as_dict()
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(
        [LISTING, *(part["file"] for part in listed["components"])]
    )
    parts = [decode(tmp_path / "out" / part["file"], 32_000) for part in listed["components"]]
    assert np.abs(sum(parts) - decode(source, 32_000)).max() < 1e-4
    with pytest.raises(EarshotError, match="already holds components"):
        SaveRun(source, tmp_path / "out", make_separator("builtin"))


def test_what_is_no_sound_leaves_no_folder(tmp_path: Path) -> None:
    (tmp_path / "clip.mp4").write_text("a text")
    with pytest.raises(AudioError, match=r"clip\.mp4"):
        list(SaveRun(tmp_path / "clip.mp4", tmp_path / "out", make_separator("builtin")))
    assert not (tmp_path / "out").exists()
