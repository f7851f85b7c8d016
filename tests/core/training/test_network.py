"""The network in torch: it comes out of the export as it went in. Only where torch is installed (the extra `train`)."""

from pathlib import Path

import numpy as np
import pytest

from core import patches
from core.demo.kinds import KINDS
from core.errors import EarshotError
from core.training.pack import Pack, as_int16
from tests.sounds import noise, sine

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")


def test_the_exported_network_equals_the_trained_one() -> None:
    from core.embedding.builtin import open_network, run
    from core.training import export
    from core.training.network import Ears

    torch.manual_seed(0)
    ears = Ears()
    for _ in range(3):  # so that the normalisations hold something
        ears(torch.randn(4, patches.FRAMES, patches.BANDS))
    ears.eval()
    pictures = np.stack([patches.patch(sine(440, 1)), patches.patch(noise(1)), patches.patch(noise(0.2, seed=1))])
    with torch.no_grad():
        expected = export.rounded(ears)(torch.from_numpy(pictures))
        for as_it_ships, trained in zip(expected, ears(torch.from_numpy(pictures)), strict=True):
            assert (as_it_ships - trained).abs().max() < 0.02 * trained.abs().max()  # 16 bits of weight, no more
    for got, wanted in zip(run(open_network(export.build(ears).SerializeToString()), pictures), expected, strict=True):
        assert np.abs(got - wanted.numpy()).max() < 1e-4


def test_features_in_torch_are_the_pictures_that_the_ears_see() -> None:
    from core.training.distil import Features

    clips = np.stack([sine(440, 1), noise(1)])
    pictures = Features()(torch.from_numpy(clips)).numpy()
    assert np.abs(pictures - np.stack([patches.patch(clip) for clip in clips])).max() < 1e-3


def small_pack() -> Pack:
    sounds = [as_int16(KINDS[kind].variant(0, 5).samples) for kind in list(KINDS)[:6]]
    lengths = np.array([len(sound) for sound in sounds])
    return Pack(np.concatenate(sounds), np.cumsum(lengths) - lengths, lengths, tuple("abcdef"))


def random_teacher(path: Path) -> Path:
    """An archive of the teacher's shape in little: four channels until the last layer."""
    rng = np.random.default_rng(0)
    shapes = {f"c{i}w": (4, 4, 1, 1) if i % 2 else (4, 1, 3, 3) for i in range(1, 28)}
    shapes |= {"c1w": (4, 1, 3, 3), "c27w": (1024, 4, 1, 1), "fcw": (521, 1024), "fcb": (521,)}
    shapes |= {f"c{i}b": (shapes[f"c{i}w"][0],) for i in range(1, 28)}
    np.savez(path, **{name: rng.standard_normal(shape).astype(np.float16) for name, shape in shapes.items()})
    return path


def test_mixtures_are_sound_in_range_and_the_same_for_the_same_seed() -> None:
    from core.training.mixing import Mixer

    mixer = Mixer(small_pack(), torch.device("cpu"))
    batches = []
    for _ in range(2):
        torch.manual_seed(3)
        batches.append(mixer.batch(8, torch.arange(6)))
    for clean, faint in batches:
        assert clean.shape == faint.shape == (8, patches.PATCH)
        assert torch.isfinite(clean).all()
        assert clean.abs().max() <= 1.0001
        assert (faint.abs().amax(1) <= clean.abs().amax(1) + 1e-6).all()
    assert torch.equal(batches[0][0], batches[1][0])


def test_a_training_learns_and_goes_on_where_it_stopped(tmp_path: Path) -> None:
    from core.training.distil import Course, Distillation

    teacher, course = random_teacher(tmp_path / "teacher.npz"), Course(patches=24, batch=4)
    first = Distillation(small_pack(), teacher, course, torch.device("cpu"))
    untaught = [weights.clone() for weights in first.ears.parameters()]
    reports = list(first.run())
    assert any(not torch.equal(a, b) for a, b in zip(untaught, first.ears.parameters(), strict=True))
    assert first.step == first.steps == 6
    assert reports[-1]["patches"] == 24
    assert np.isfinite([reports[-1][name] for name in ("loss", "cosine", "divergence")]).all()
    second = Distillation(small_pack(), teacher, Course(patches=40, batch=4), torch.device("cpu"))
    second.load(first.state())
    for ours, theirs in zip(second.ears.parameters(), first.ears.parameters(), strict=True):
        assert torch.equal(ours, theirs)
    for name, value in first.average.state_dict().items():
        assert torch.equal(second.average.state_dict()[name], value)
    other = Distillation(small_pack(), teacher, Course(patches=40, batch=4, seed=1), torch.device("cpu"))
    with pytest.raises(EarshotError, match="another seed"):
        other.load(first.state())
    assert [report["patches"] for report in second.run()] == [40]
    assert [report["patches"] for report in second.log] == [24, 40]
