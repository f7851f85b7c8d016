"""What every separator promises; a new file in `core/separation/` is tested by being there."""

import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import core.separation
from core.errors import AudioError, MissingDependencyError, UnknownNameError
from core.separation import SEPARATORS, Separator, make_separator
from tests.sounds import clicks, noise, silence, sine
from tests.tiny import choose_tiny

TOY = '''
"""Takes out the half of everything."""
from core.separation.base import Separator

class ToySeparator(Separator):
    name, sample_rate_hz, chunk_s, overlap_s = "toy", 8000, 1.0, 0.25
    def take_apart(self, chunk, queries):
        return {query: chunk / 2 for query in queries[:1]}

BACKEND = ToySeparator
'''


@pytest.fixture(params=SEPARATORS.names())
def separator(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Separator:
    """Each of the separators; large models with tiny random weights."""
    try:
        choose_tiny(request.param, tmp_path_factory, monkeypatch)
        return make_separator(request.param)
    except MissingDependencyError as missing:
        pytest.skip(str(missing))


def mixture_for(separator: Separator, seconds: float) -> np.ndarray:
    rate_hz = separator.sample_rate_hz
    return (sine(440, seconds, rate_hz) + clicks(4, seconds, rate_hz) + 0.1 * noise(seconds, rate_hz)) / 3


def test_it_bears_the_name_of_its_file(separator: Separator, request: pytest.FixtureRequest) -> None:
    assert separator.name == request.node.callspec.params["separator"]


@pytest.mark.parametrize("share", [0.2, 1.0, 1.05, 1.7])
def test_components_add_up_to_the_mixture(separator: Separator, share: float) -> None:
    mixture = mixture_for(separator, share * separator.chunk_s)
    components = separator.separate(mixture, ["rain"])
    assert np.abs(sum(c.samples for c in components) - mixture).max() < 1e-4
    assert len({c.name for c in components}) == len(components) >= 1
    for component in components:
        assert component.samples.dtype == np.float32
        assert component.samples.shape == mixture.shape
        assert np.isfinite(component.samples).all()


def test_the_same_sound_gives_the_same_bits(separator: Separator) -> None:
    mixture = mixture_for(separator, 2)
    mixture.flags.writeable = False
    one, other = separator.separate(mixture, ["rain"]), type(separator)().separate(mixture, ["rain"])
    assert [c.name for c in one] == [c.name for c in other]
    assert all(a.samples.tobytes() == b.samples.tobytes() for a, b in zip(one, other, strict=True))


def test_how_the_sound_comes_in_blocks_changes_nothing(separator: Separator) -> None:
    mixture = mixture_for(separator, 1.3 * separator.chunk_s)
    whole = list(separator.pieces(iter([mixture]), ["rain"]))
    cut = list(separator.pieces(iter(np.array_split(mixture, 7)), ["rain"]))
    assert len(whole) == len(cut) == 2
    for one, other in zip(whole, cut, strict=True):
        assert list(one) == list(other)
        assert all(one[name].tobytes() == other[name].tobytes() for name in one)


@pytest.mark.parametrize("seconds", [1 / 8000, 0.01])
def test_the_shortest_sounds_and_silence_are_taken_apart(separator: Separator, seconds: float) -> None:
    rate_hz = separator.sample_rate_hz
    for mixture in (sine(440, seconds, rate_hz), silence(seconds, rate_hz)):
        components = separator.separate(mixture, ["rain"])
        assert np.abs(sum(c.samples for c in components) - mixture).max() < 1e-4


def test_queries_are_not_needed(separator: Separator) -> None:
    mixture = mixture_for(separator, 1)
    assert np.abs(sum(c.samples for c in separator.separate(mixture)) - mixture).max() < 1e-4


@pytest.mark.parametrize("wrong", ["empty", "NaN"])
def test_what_cannot_be_heard_is_refused(separator: Separator, wrong: str) -> None:
    mixture = mixture_for(separator, 0.5)
    mixture[7] = np.nan
    with pytest.raises(AudioError, match=wrong):
        separator.separate(mixture[:0] if wrong == "empty" else mixture)


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(UnknownNameError, match=r"audiosep, builtin"):
        make_separator("nobody")


def test_a_missing_library_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "lacking.py").write_text("import a_library_that_nobody_has\n")
    monkeypatch.setattr(core.separation, "__path__", [*core.separation.__path__, str(tmp_path)])
    with pytest.raises(MissingDependencyError, match=r"a_library_that_nobody_has.*pip install 'earshot\[models\]'"):
        make_separator("lacking")


def test_a_new_file_is_a_new_separator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "toy.py").write_text(TOY)
    monkeypatch.setattr(core.separation, "__path__", [*core.separation.__path__, str(tmp_path)])
    try:
        toy = make_separator("toy")
        mixture = noise(2.3, 8000)
        half, rest = toy.separate(mixture, ["rain"])
        assert (half.name, rest.name) == ("rain", "rest")
        assert half.samples == pytest.approx(mixture / 2, abs=1e-6)  # no seam where one chunk fades into the next
        assert rest.samples == pytest.approx(mixture / 2, abs=1e-6)
        assert [c.name for c in toy.separate(mixture)] == ["rest"]
    finally:
        sys.modules.pop("core.separation.toy", None)


def test_memory_does_not_grow_with_length(separator: Separator) -> None:
    """Pieces are no longer than a chunk, and come before the sound has ended."""
    n_blocks = 0

    def endless() -> "np.ndarray":
        nonlocal n_blocks
        while True:
            n_blocks += 1
            yield silence(separator.chunk_s / 4, separator.sample_rate_hz)

    pieces = separator.pieces(endless(), ["rain"])
    asked = []
    for _ in range(3):
        parts = next(pieces)
        assert len(next(iter(parts.values()))) <= separator.chunk_s * separator.sample_rate_hz
        asked.append(n_blocks)
    assert all(after - before <= 5 for before, after in pairwise(asked))
