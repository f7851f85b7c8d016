"""AudioSep's network against a pass written out layer by layer, and its file."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", exc_type=ImportError)

from torch import nn  # noqa: E402  # only where torch is there
from torch.nn import functional  # noqa: E402

from core.errors import NotFoundError, UnsupportedError  # noqa: E402
from core.separation import _resunet  # noqa: E402
from core.separation.audiosep import AudiosepSeparator  # noqa: E402
from core.settings import Settings  # noqa: E402
from tests import tiny_audiosep  # noqa: E402
from tests.sounds import noise, sine  # noqa: E402
from tests.tiny_audiosep import WIDTHS, state, write  # noqa: E402

CONDITION = 16
FFT, HOP = 2048, 320


class ReferenceBlock(nn.Module):
    def __init__(self, into: int, out: int) -> None:
        super().__init__()
        self.bn1, self.bn2 = nn.BatchNorm2d(into), nn.BatchNorm2d(out)
        self.conv1 = nn.Conv2d(into, out, 3, padding=1, bias=False)
        self.conv2 = nn.Conv2d(out, out, 3, padding=1, bias=False)
        self.shortcut = nn.Conv2d(into, out, 1) if into != out else nn.Identity()

    def forward(self, x: Any, shift: Callable[[str], Any]) -> Any:
        y = self.conv1(functional.leaky_relu(self.bn1(x) + shift("beta1"), 0.01))
        y = self.conv2(functional.leaky_relu(self.bn2(y) + shift("beta2"), 0.01))
        return self.shortcut(x) + y


class ReferenceDown(nn.Module):
    def __init__(self, into: int, out: int) -> None:
        super().__init__()
        self.conv_block1 = ReferenceBlock(into, out)


class ReferenceUp(nn.Module):
    def __init__(self, into: int, out: int, grow: tuple[int, int]) -> None:
        super().__init__()
        self.bn1, self.bn2 = nn.BatchNorm2d(into), nn.BatchNorm2d(into)
        self.conv1 = nn.ConvTranspose2d(into, out, grow, stride=grow, bias=False)
        self.conv_block2 = ReferenceBlock(2 * out, out)


class Kernels(nn.Module):
    """A Fourier transform as two convolutions, as the published file holds it."""

    def __init__(self, inverse: bool) -> None:
        super().__init__()
        angles = 2 * np.pi * np.outer(np.arange(FFT), np.arange(FFT)) / FFT
        window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(FFT) / FFT)
        for name, values in (("conv_real", np.cos(angles)), ("conv_imag", np.sin(angles) * (1 if inverse else -1))):
            if inverse:
                kernel = torch.tensor(values * window[:, None] / FFT)[:, :, None]
                layer = nn.Conv1d(FFT, FFT, 1, bias=False)
            else:
                kernel = torch.tensor(values[: FFT // 2 + 1] * window[None])[:, None]
                layer = nn.Conv1d(1, FFT // 2 + 1, FFT, stride=HOP, bias=False)
            layer.weight.data = kernel.float()
            self.add_module(name, layer)
        if inverse:
            self.register_buffer("ola_window", torch.tensor(window**2).float())


class ReferenceBase(nn.Module):
    def __init__(self, widths: tuple[int, ...]) -> None:
        super().__init__()
        first, e1, e2, e3, e4, e5, e6, middle = widths
        self.stft, self.istft = Kernels(inverse=False), Kernels(inverse=True)
        self.bn0 = nn.BatchNorm2d(FFT // 2 + 1)
        self.pre_conv = nn.Conv2d(1, first, 1)
        self.encoder_block1 = ReferenceDown(first, e1)
        self.encoder_block2 = ReferenceDown(e1, e2)
        self.encoder_block3 = ReferenceDown(e2, e3)
        self.encoder_block4 = ReferenceDown(e3, e4)
        self.encoder_block5 = ReferenceDown(e4, e5)
        self.encoder_block6 = ReferenceDown(e5, e6)
        self.conv_block7a = ReferenceDown(e6, middle)
        self.decoder_block1 = ReferenceUp(middle, e6, (1, 2))
        self.decoder_block2 = ReferenceUp(e6, e5, (2, 2))
        self.decoder_block3 = ReferenceUp(e5, e4, (2, 2))
        self.decoder_block4 = ReferenceUp(e4, e3, (2, 2))
        self.decoder_block5 = ReferenceUp(e3, e2, (2, 2))
        self.decoder_block6 = ReferenceUp(e2, e1, (2, 2))
        self.after_conv = nn.Conv2d(e1, 3, 1)


class Reference(nn.Module):
    """The published architecture, module by module under its names, with its transform as convolutions."""

    def __init__(self, widths: tuple[int, ...], condition: int) -> None:
        super().__init__()
        self.base, self.film = ReferenceBase(widths), nn.Module()
        for name, module in self.base.named_modules():
            steered = name.replace(".", "->")
            if isinstance(module, ReferenceBlock | ReferenceUp):
                for number in (1, 2):
                    n_features = getattr(module, f"bn{number}").num_features
                    self.film.add_module(f"{steered}->beta{number}", nn.Linear(condition, n_features))

    def forward(self, wave: Any, text: Any) -> Any:
        def shift(block: str) -> Callable[[str], Any]:
            return lambda beta: getattr(self.film, f"{block}->{beta}")(text)[None, :, None, None]

        base, half = self.base, FFT // 2
        padded = functional.pad(wave[None, None], (half, half), mode="reflect")
        real, imag = (conv(padded).transpose(1, 2)[:, None] for conv in (base.stft.conv_real, base.stft.conv_imag))
        size = torch.sqrt(torch.clamp(real**2 + imag**2, min=1e-10))
        cos, sin = real / size, imag / size
        x = base.bn0(size.transpose(1, 3)).transpose(1, 3)
        n_frames = x.shape[2]
        x = functional.pad(x, (0, 0, 0, int(np.ceil(n_frames / 32)) * 32 - n_frames))[..., :-1]
        x, kept = base.pre_conv(x), []
        for number in range(1, 7):
            block = getattr(base, f"encoder_block{number}")
            x = block.conv_block1(x, shift(f"encoder_block{number}->conv_block1"))
            kept.append(x)
            x = functional.avg_pool2d(x, (1, 2) if number == 6 else (2, 2))
        x = base.conv_block7a.conv_block1(x, shift("conv_block7a->conv_block1"))
        for number in range(1, 7):
            name = f"decoder_block{number}"
            block = getattr(base, name)
            x = block.conv1(functional.leaky_relu(block.bn1(x) + shift(name)("beta1"), 0.01))
            x = block.conv_block2(torch.cat((x, kept[6 - number]), 1), shift(f"{name}->conv_block2"))
        x = functional.pad(base.after_conv(x), (0, 1))[:, :, :n_frames]
        share, a, b = torch.sigmoid(x[:, :1]), torch.tanh(x[:, 1:2]), torch.tanh(x[:, 2:])
        length = torch.clamp(torch.sqrt(a**2 + b**2), min=1e-10)
        a, b = a / length, b / length
        real, imag = size * share * (cos * a - sin * b), size * share * (sin * a + cos * b)
        return self._wave(real[:, 0].transpose(1, 2), imag[:, 0].transpose(1, 2), len(wave))

    def _wave(self, real: Any, imag: Any, n_samples: int) -> Any:
        istft, n_frames = self.base.istft, real.shape[2]
        real = torch.cat((real, real[:, 1:-1].flip(1)), 1)
        imag = torch.cat((imag, -imag[:, 1:-1].flip(1)), 1)
        frames = istft.conv_real(real) - istft.conv_imag(imag)
        window = istft.ola_window[None, :, None].repeat(1, 1, n_frames)
        total = (n_frames - 1) * HOP + FFT
        added, weights = (
            functional.fold(each, (1, total), (1, FFT), stride=(1, HOP)).flatten() for each in (frames, window)
        )
        return (added / torch.clamp(weights, min=1e-11))[FFT // 2 : FFT // 2 + n_samples]


@pytest.fixture
def reference() -> Reference:
    made = Reference(WIDTHS, CONDITION)
    weights = {**made.state_dict(), **_learned(state(WIDTHS, CONDITION))}
    made.load_state_dict(weights, strict=True)  # the names of this test are those of the tiny checkpoint
    return made.eval()


def _learned(weights: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in weights.items() if name not in _resunet.CONSTANTS}


def test_the_published_file_has_332_names_and_26_million_learned_numbers() -> None:
    names = _resunet.shapes()
    assert len(names) + len(_resunet.CONSTANTS) == 332
    learned = [np.prod(shape) for name, shape in names.items() if "running" not in name and "num_b" not in name]
    assert round(sum(learned) / 1e6, 2) == 26.45
    full = Reference(_resunet.WIDTHS, _resunet.CONDITION).state_dict()
    assert set(full) == set(names) | set(_resunet.CONSTANTS)
    assert all(tuple(full[name].shape) == shape for name, shape in names.items())


@pytest.mark.parametrize("n_samples", [32_000, 20_001, 2_048])
def test_a_pass_equals_the_reference(reference: Reference, tmp_path: Path, n_samples: int) -> None:
    network = _resunet.read_network(write(tmp_path / "a.ckpt", reference.state_dict()))
    wave = ((noise(1, 32_000) + sine(440, 1, 32_000)) / 2)[:n_samples]
    text = np.random.default_rng(1).normal(size=CONDITION).astype(np.float32)
    text /= np.linalg.norm(text)
    with torch.inference_mode():
        expected = reference(torch.from_numpy(wave), torch.from_numpy(text)).numpy()
    given = network.run(wave, text)
    assert given.shape == wave.shape
    assert np.abs(expected).max() > 0.05
    assert given == pytest.approx(expected, abs=5e-6)
    assert np.abs(network.run(wave, -text) - given).max() > 1e-3  # the text steers it


def test_weights_alone_are_read_as_well(reference: Reference, tmp_path: Path) -> None:
    torch.save(reference.state_dict(), tmp_path / "alone.pt")
    assert _resunet.read_network(tmp_path / "alone.pt").condition == CONDITION


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda held: held.pop("base.encoder_block3.conv_block1.shortcut.bias"), r"lacks 1 weights \(base\.encoder_b"),
        (lambda held: held.update({"base.more": torch.zeros(2)}), "also holds base.more"),
        (lambda held: held.update({"base.bn0.bias": torch.zeros(3)}), r"base\.bn0\.bias of shape \(3,\)"),
    ],
)
def test_other_names_and_shapes_are_refused(tmp_path: Path, change: Callable[[Any], Any], told: str) -> None:
    held = state(WIDTHS, CONDITION)
    change(held)
    with pytest.raises(UnsupportedError, match=told):
        _resunet.read_network(write(tmp_path / "a.ckpt", held))


def test_nothing_in_a_file_is_run(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> Any:
            return (Path.touch, (tmp_path / "run",))

    torch.save({"state_dict": Evil()}, tmp_path / "a.ckpt")
    with pytest.raises(UnsupportedError, match="nothing in it was run"):
        _resunet.read_network(tmp_path / "a.ckpt")
    assert not (tmp_path / "run").exists()
    (tmp_path / "text.ckpt").write_text("no weights")
    with pytest.raises(UnsupportedError):
        _resunet.read_network(tmp_path / "text.ckpt")


def test_without_its_file_it_says_what_to_get(tmp_path: Path) -> None:
    for path, told in ((None, "set EARSHOT_AUDIOSEP to the file"), (tmp_path / "gone.ckpt", "there is no file")):
        with pytest.raises(NotFoundError, match=told):
            list(AudiosepSeparator(Settings(audiosep=path)).prepare())


def test_each_query_is_a_component_and_what_is_left_over_another(tmp_path: Path) -> None:
    separator = AudiosepSeparator(Settings(**tiny_audiosep.make(tmp_path)))
    list(separator.prepare())
    mixture = noise(1.5, separator.sample_rate_hz)
    components = separator.separate(mixture, ["rain", "a dog", "rain"])
    assert [c.name for c in components] == ["rain", "a dog", "rest"]
    assert not np.allclose(components[0].samples, components[1].samples, atol=1e-4)


def test_a_text_tower_of_another_width_is_refused(tmp_path: Path) -> None:
    chosen = tiny_audiosep.make(tmp_path)
    write(Path(chosen["audiosep"]), state(WIDTHS, CONDITION + 1))
    with pytest.raises(UnsupportedError, match="set EARSHOT_CLAP"):
        AudiosepSeparator(Settings(**chosen)).separate(noise(0.2, 32_000), ["rain"])
