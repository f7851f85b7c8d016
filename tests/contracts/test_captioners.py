"""What every captioner promises; a new file in `core/captioning/` is tested by being there."""

import numpy as np
import pytest

from core.audio import resampled
from core.captioning import CAPTIONERS, Captioner, Subject
from core.descriptors import Meter
from core.errors import MissingDependencyError
from core.qualities import Measured, qualities
from tests.sounds import RATE_HZ, clicks, noise, silence, sine
from tests.tiny import choose_tiny

SOUNDS = {
    "tone": sine(440, 1),
    "noise": noise(1),
    "clicks": clicks(2, 5),
    "silence": silence(0.5),
    "blip": sine(880, 0.03),
}


@pytest.fixture(params=CAPTIONERS.names())
def captioner(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Captioner:
    """Each of the captioners; large models with tiny random weights."""
    try:
        choose_tiny(request.param, tmp_path_factory, monkeypatch)
        return CAPTIONERS.load(request.param)()
    except MissingDependencyError as missing:
        pytest.skip(str(missing))


@pytest.fixture
def subjects(captioner: Captioner) -> list[Subject]:
    made = []
    for sound in SOUNDS.values():
        meter = Meter()
        meter.add(sound)
        measured = Measured(len(sound) / RATE_HZ, -20.0, meter.measure())
        samples = None
        if captioner.sample_rate_hz is not None:
            samples = np.concatenate(list(resampled(iter([sound]), RATE_HZ, captioner.sample_rate_hz)))
        made.append(Subject(measured, qualities(measured), "", samples))
    return made


def test_the_built_in_captioner_needs_nothing() -> None:
    assert CAPTIONERS.load("builtin")().name == "builtin"


def test_it_bears_the_name_of_its_file(captioner: Captioner, request: pytest.FixtureRequest) -> None:
    assert captioner.name == request.node.callspec.params["captioner"]


def test_every_sound_gets_one_sentence_on_one_line(captioner: Captioner, subjects: list[Subject]) -> None:
    captions = captioner.caption(subjects)
    assert len(captions) == len(subjects)
    for caption in captions:
        assert caption == caption.strip() != ""
        assert caption[0].isupper() and caption.endswith(".")
        assert "\n" not in caption and ". " not in caption


def test_the_order_is_the_one_given_and_the_batch_does_not_matter(
    captioner: Captioner, subjects: list[Subject]
) -> None:
    captions = captioner.caption(subjects)
    assert captioner.caption(subjects[::-1]) == captions[::-1]
    assert [captioner.caption([subject])[0] for subject in subjects] == captions
    assert captioner.caption(subjects + subjects) == captions + captions


def test_unlike_sounds_get_unlike_captions(captioner: Captioner, subjects: list[Subject]) -> None:
    assert len(set(captioner.caption(subjects))) == len(subjects)


def test_no_sounds_give_no_captions(captioner: Captioner) -> None:
    assert captioner.caption([]) == []
