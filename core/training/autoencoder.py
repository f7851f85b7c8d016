"""Teaches an autoencoder to draw the spectrograms of a person's own sounds from 9 x 9 numbers for each block.

What it learned goes to `settings.models / "autoencoders" / NAME`: `weights.npz` (all that hearing needs), `card.json`
and `card.md` (how it was trained and how well it draws), `reconstructions.png` (sounds that were held out, and beside
each what the network draws of it). A training that is stopped leaves what was there before.
"""

import hashlib
import json
import math
import os
import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core import audio, spectrogram_image
from core.embedding.autoencoder import (
    CARD_NAME,
    DEFAULT,
    SILENT,
    WEIGHTS_NAME,
    AutoencoderEmbedder,
    Convolution,
    Encoder,
    folder_of,
    weights_bytes,
)
from core.errors import AudioError, MissingDependencyError, UnsupportedError
from core.records import Progress
from core.settings import Settings
from core.spectrogram_image import BLOCK, BLOCKS, HEIGHT, RATE_HZ, WIDTH, WINDOW

WIDTHS = (16, 32, 64, 96)  # channels after each halving: 144, 72, 36, 18, 9
LONGEST_S = 60.0  # of a file that is looked at
MOST_WINDOWS = 6  # of one file, spread over that
HELD_OUT = 10  # one file in so many is not taught
FEWEST_FILES = 8
EMPTY_SHARE = 0.05  # of the blocks that are taught: they are all alike, but it must know them
STATISTICS = 1_000  # pictures that the scale of the codes is taken from
LEAST_SPREAD = 0.1  # of the mean variance: a code that hardly ever varies is not blown up
PICTURES = 6  # held-out sounds that are drawn
MOST_THREADS = 8
TELL_EVERY_S = 0.5


@dataclass(frozen=True, slots=True)
class Course:
    """How long and how fast.

    images: at most so many pictures, of files taken in a random order. patience: rounds without a better error on what
    was held out before it ends.
    """

    images: int = 4_000
    epochs: int = 24
    batch: int = 32
    peak_rate: float = 3e-3
    patience: int = 5


@dataclass(slots=True)
class Gathered:
    """Pictures of sounds. levels: uint8 (n, HEIGHT, WIDTH), on disk. held_out: bool (n,). silent, unread: paths."""

    levels: NDArray[np.uint8]
    held_out: NDArray[np.bool_]
    n_files: int
    silent: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)


def train_autoencoder(
    paths: Sequence[Path],
    *,
    name: str = DEFAULT,
    settings: Settings | None = None,
    seed: int = 0,
    course: Course | None = None,
) -> Iterator[Progress]:
    """Teaches an autoencoder with sounds and puts it where the ears "autoencoder" or "autoencoder:NAME" look for it.

    The same files, seed and machine give the same weights, bit for bit; `core.embedding.autoencoder.read_card` has the
    figures. Files that cannot be read or are silent are left out and named in the card. Nothing is written before the
    end, so a training may be stopped at any time.
    Raises MissingDependencyError without torch, UnknownNameError for a name that cannot be one, and UnsupportedError
    where fewer than 8 files hold sound.
    """
    torch, settings, course = _torch(), settings or Settings(), course or Course()
    folder, started = folder_of(settings, name), time.monotonic()
    with TemporaryDirectory(prefix="earshot-autoencoder-") as scratch:
        gathered = yield from gather(paths, course, seed, Path(scratch) / "pictures.raw")
        threads = torch.get_num_threads()
        training = Training(gathered, course, seed, _device(settings))
        torch.set_num_threads(min(os.cpu_count() or 1, MOST_THREADS))
        try:
            yield from training.run()
            drawn = training.drawn()
        finally:
            torch.set_num_threads(threads)
        encoder = training.encoder()
        card = {
            "name": name,
            "version": AutoencoderEmbedder.version,
            "files": gathered.n_files,
            "images": len(gathered.levels),
            "unread": gathered.unread,
            "silent": gathered.silent,
            "seed": seed,
            "course": asdict(course),
            **training.figures(),
            "minutes": round((time.monotonic() - started) / 60, 2),
        }
        _put(folder, weights_bytes(encoder, training.decoder()), card, drawn)
    told = f"the error is {card['error']:.4f}, that of the mean picture {card['error_of_mean']:.4f}"
    yield Progress(1, 1, f"trained the autoencoder {name!r}: {told}")


def gather(paths: Sequence[Path], course: Course, seed: int, raw: Path) -> Generator[Progress, None, Gathered]:
    """Pictures of the files, one after the other in a random order until there are enough; `return`s Gathered.

    Of a file its first minute is looked at, and at most 6 windows of it. A picture that was there before, of another
    copy of the same sound, is left out. raw: the file that they are kept in meanwhile, 124 kB each.
    Raises UnsupportedError where fewer than 8 files hold sound.
    """
    order = sorted(set(paths))
    np.random.default_rng(seed).shuffle(order)  # type: ignore[arg-type]  # a list of paths shuffles like any other
    seen: set[bytes] = set()
    silent, unread = [], []
    held_out: list[bool] = []
    n_files, told = 0, time.monotonic()
    with raw.open("wb") as file:
        for number, path in enumerate(order):
            if len(held_out) >= course.images:
                break
            try:
                pictures = pictures_of(path)
            except AudioError:
                unread.append(str(path))
                continue
            if not pictures:
                silent.append(str(path))
            new = {hashlib.sha256(data).digest(): data for data in (picture.tobytes() for picture in pictures)}
            fresh = [data for digest, data in new.items() if digest not in seen][: course.images - len(held_out)]
            seen |= set(new)
            if fresh:
                file.writelines(fresh)
                held_out += [n_files % HELD_OUT == HELD_OUT // 2] * len(fresh)
                n_files += 1
            if time.monotonic() - told > TELL_EVERY_S:
                told = time.monotonic()
                yield Progress(number + 1, len(order), "looking at the sounds")
    if n_files < FEWEST_FILES:
        raise UnsupportedError(
            f"{n_files} different files with sound are too few to train an autoencoder; give it at least {FEWEST_FILES}"
        )
    yield Progress(len(order), len(order), f"looked at {n_files} sounds")
    levels = np.memmap(raw, np.uint8, "r", shape=(len(held_out), HEIGHT, WIDTH))
    return Gathered(levels, np.array(held_out), n_files, silent, unread)


def pictures_of(path: Path) -> list[spectrogram_image.Levels]:
    """Pictures of the windows of a file's first minute, at most 6, spread evenly; those of silence are left out.

    Raises AudioError with the reason if it holds no sound.
    """
    windows = list(audio.windows(audio.stretch(path, RATE_HZ, 0.0, LONGEST_S), WINDOW, WINDOW))
    chosen = np.linspace(0, len(windows) - 1, min(len(windows), MOST_WINDOWS)).round().astype(int)
    return [spectrogram_image.levels(windows[n]) for n in chosen if np.abs(windows[n]).max() > SILENT]


class Training:
    """A training in progress: the encoder and the decoder, the blocks that they are taught and checked with."""

    def __init__(self, gathered: Gathered, course: Course, seed: int, device: str) -> None:
        self._torch = torch = _torch()
        self._course, self._device = course, torch.device(device)
        self._rng = np.random.default_rng(seed)
        self._levels, self._held_out = gathered.levels, gathered.held_out
        self._colours = torch.from_numpy(spectrogram_image.colours().astype(np.float32) / 255).to(self._device)
        self._full = np.stack([spectrogram_image.cut(each).any(axis=(1, 2)) for each in gathered.levels])
        self._taught_blocks = self._with_some_empty(np.argwhere(self._full & ~self._held_out[:, None]))
        self._checked_blocks = np.argwhere(self._full & self._held_out[:, None])
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self._networks = torch.nn.ModuleDict({"encoder": _encoder(torch), "decoder": _decoder(torch)})
        self._networks.to(self._device, memory_format=torch.channels_last)
        self._curve: list[float] = []
        self._error_of_mean = math.nan

    def run(self) -> Iterator[Progress]:
        """Teaches round by round until the course is over or nothing is gained any more; keeps the best round."""
        self._error_of_mean = self._find_error_of_mean()
        optimiser = self._torch.optim.Adam(self._networks.parameters(), lr=self._course.peak_rate)
        per_round = math.ceil(len(self._taught_blocks) / self._course.batch)
        total, best = self._course.epochs * per_round, self._copied()
        told, label = time.monotonic(), "learning to draw"
        for epoch in range(self._course.epochs):
            shuffled = self._rng.permutation(self._taught_blocks)
            for number in range(per_round):
                step = epoch * per_round + number
                for group in optimiser.param_groups:
                    group["lr"] = self._course.peak_rate * _pace(step / total)
                self._teach(optimiser, shuffled[number::per_round])
                if time.monotonic() - told > TELL_EVERY_S:
                    told = time.monotonic()
                    yield Progress(step + 1, total, label)
            self._curve.append(self._error(self._checked_blocks))
            if self._curve[-1] == min(self._curve):
                best = self._copied()
            label = (
                f"round {epoch + 1}: the error is {self._curve[-1]:.4f}, the mean picture's {self._error_of_mean:.4f}"
            )
            yield Progress((epoch + 1) * per_round, total, label)
            if epoch - int(np.argmin(self._curve)) >= self._course.patience:
                break
        self._networks.load_state_dict(best)
        self._networks.eval()

    def figures(self) -> dict[str, Any]:
        """What the card says of the result.

        error: mean squared error of the colours, 0 to 1, over those blocks of held-out files that are not empty.
        error_of_mean: that of drawing the mean of all taught blocks of the same place, whatever is heard. explained:
        the share of the latter that is gone. curve: the error after each round.
        """
        error = min(self._curve)
        return {
            "blocks": len(self._taught_blocks),
            "blocks_held_out": len(self._checked_blocks),
            "error": error,
            "error_of_mean": self._error_of_mean,
            "explained": 1 - error / self._error_of_mean,
            "curve": self._curve,
        }

    def encoder(self) -> Encoder:
        """The half that hears, with the scale of its codes over taught pictures."""
        layers = tuple(_folded(self._networks["encoder"]))
        plain = Encoder(layers, np.zeros(1, np.float32), np.ones(1, np.float32))
        taught = np.flatnonzero(~self._held_out)
        chosen = taught[np.linspace(0, len(taught) - 1, min(len(taught), STATISTICS)).astype(int)]
        codes = np.stack([plain.codes(self._levels[n]) for n in chosen]).astype(np.float64)
        variance = codes.var(axis=0)
        scale = np.sqrt(variance + LEAST_SPREAD * variance.mean() + 1e-12)
        return Encoder(layers, codes.mean(axis=0).astype(np.float32), scale.astype(np.float32))

    def decoder(self) -> list[Convolution]:
        """The half that draws."""
        return list(_folded(self._networks["decoder"]))

    def drawn(self) -> spectrogram_image.Image:
        """Held-out sounds on the left, from the barest picture to the fullest; on the right what is drawn of each."""
        held_out = np.flatnonzero(self._held_out)
        ranked = held_out[np.argsort([np.count_nonzero(self._levels[n]) for n in held_out], kind="stable")]
        chosen = ranked[np.linspace(0, len(ranked) - 1, min(len(ranked), PICTURES)).round().astype(int)]
        rows = [np.hstack([spectrogram_image.coloured(self._levels[n]), self._draw(self._levels[n])]) for n in chosen]
        return np.vstack(rows)

    def _with_some_empty(self, full: NDArray[np.int64]) -> NDArray[np.int64]:
        """Blocks that hold something, (n, 2) of image and place, and a few of those that hold nothing."""
        empty = np.argwhere(~self._full & ~self._held_out[:, None])
        n_empty = min(len(empty), math.ceil(EMPTY_SHARE * len(full)))
        return np.concatenate([full, self._rng.permutation(empty)[:n_empty]])

    def _batch(self, blocks: NDArray[np.int64]) -> Any:
        """Some blocks as float32 (n, 3, BLOCK, BLOCK), from 0 to 1."""
        rows, columns = np.divmod(blocks[:, 1], WIDTH // BLOCK)
        grid = self._levels.reshape(-1, HEIGHT // BLOCK, BLOCK, WIDTH // BLOCK, BLOCK)
        levels = self._torch.from_numpy(grid[blocks[:, 0], rows, :, columns, :]).to(self._device)
        return self._colours[levels.long()].permute(0, 3, 1, 2)

    def _pass(self, pictures: Any) -> Any:
        return self._networks["decoder"](self._networks["encoder"](pictures))

    def _teach(self, optimiser: Any, blocks: NDArray[np.int64]) -> None:
        self._networks.train()
        pictures = self._batch(blocks)
        loss = self._torch.nn.functional.mse_loss(self._pass(pictures), pictures)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()

    def _error(self, blocks: NDArray[np.int64]) -> float:
        self._networks.eval()
        total = 0.0
        with self._torch.inference_mode():
            for part in self._parts(blocks):
                pictures = self._batch(part)
                total += float((self._pass(pictures) - pictures).square().mean()) * len(part)
        return total / len(blocks)

    def _find_error_of_mean(self) -> float:
        """The error of a network that draws the same for every sound."""
        total = 0.0
        for place in range(BLOCKS):
            taught, checked = (
                blocks[blocks[:, 1] == place]
                for blocks in (np.argwhere(self._full & ~self._held_out[:, None]), self._checked_blocks)
            )
            if not len(checked):
                continue
            mean = sum(self._batch(part).sum(0) for part in self._parts(taught)) / max(1, len(taught))
            total += sum(float((self._batch(part) - mean).square().mean()) * len(part) for part in self._parts(checked))
        return total / len(self._checked_blocks)

    def _parts(self, blocks: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
        size = self._course.batch
        return (blocks[start : start + size] for start in range(0, len(blocks), size))

    def _draw(self, picture: spectrogram_image.Levels) -> spectrogram_image.Image:
        """What the network draws of a picture, (HEIGHT, WIDTH, 3)."""
        pictures = self._colours[self._torch.from_numpy(spectrogram_image.cut(picture)).to(self._device).long()]
        with self._torch.inference_mode():
            drawn = self._pass(pictures.permute(0, 3, 1, 2)).permute(0, 2, 3, 1).cpu().numpy()
        return spectrogram_image.joined(np.rint(255 * drawn).astype(np.uint8))

    def _copied(self) -> dict[str, Any]:
        return {name: each.detach().clone() for name, each in self._networks.state_dict().items()}


def _encoder(torch: Any) -> Any:
    """Blocks (n, 3, 144, 144) to codes (n, 1, 9, 9)."""
    nn, layers, n_in = torch.nn, [], 3
    for n_out in WIDTHS:
        layers += [nn.Conv2d(n_in, n_out, 4, 2, 1, bias=False), nn.BatchNorm2d(n_out), nn.ReLU()]
        n_in = n_out
    layers += [nn.Conv2d(n_in, n_in, 3, 1, 1, bias=False), nn.BatchNorm2d(n_in), nn.ReLU(), nn.Conv2d(n_in, 1, 1)]
    return nn.Sequential(*layers)


def _decoder(torch: Any) -> Any:
    """Codes (n, 1, 9, 9) to blocks (n, 3, 144, 144), from 0 to 1."""
    nn, n_in = torch.nn, WIDTHS[-1]
    layers = [nn.Conv2d(1, n_in, 3, 1, 1, bias=False), nn.BatchNorm2d(n_in), nn.ReLU()]
    for n_out in WIDTHS[-2::-1]:
        layers += [nn.ConvTranspose2d(n_in, n_out, 4, 2, 1, bias=False), nn.BatchNorm2d(n_out), nn.ReLU()]
        n_in = n_out
    return nn.Sequential(*layers, nn.ConvTranspose2d(n_in, 3, 4, 2, 1), nn.Sigmoid())


def _folded(network: Any) -> Iterator[Convolution]:
    """The convolutions of a network, each doing the work of the normalisation that follows it."""
    modules = list(network)
    for module, after in zip(modules, [*modules[1:], None], strict=True):
        if not hasattr(module, "stride"):
            continue
        weight = module.weight.detach().cpu().double().numpy()
        if module.bias is not None:
            bias = module.bias.detach().cpu().double().numpy()
        else:
            variance, mean, gain, offset = (
                each.detach().cpu().double().numpy()
                for each in (after.running_var, after.running_mean, after.weight, after.bias)
            )
            factor = gain / np.sqrt(variance + after.eps)
            outward = (1, -1, 1, 1) if type(module).__name__ == "ConvTranspose2d" else (-1, 1, 1, 1)
            weight, bias = weight * factor.reshape(outward), offset - mean * factor
        yield Convolution(weight.astype(np.float32), bias.astype(np.float32))


def _pace(done: float) -> float:
    """The learning rate over its peak: a short rise, then half a cosine down to 0."""
    rise = 0.05
    return (done + 1e-3) / (rise + 1e-3) if done < rise else 0.5 * (1 + math.cos(math.pi * (done - rise) / (1 - rise)))


def _put(folder: Path, weights: bytes, card: dict[str, Any], drawn: spectrogram_image.Image) -> None:
    """Puts a model in place: everything is written beside first, so the old one is whole until the new one is."""
    card = card | {"weights": hashlib.sha256(weights).hexdigest()[:16]}
    files = {
        WEIGHTS_NAME: weights,
        CARD_NAME: (json.dumps(card, indent=1, ensure_ascii=False) + "\n").encode(),
        "card.md": _told(card).encode(),
        "reconstructions.png": spectrogram_image.png_bytes(drawn),
    }
    folder.mkdir(parents=True, exist_ok=True)
    parts = {name: folder / f"{name}.part" for name in files}
    try:
        for name, content in files.items():
            parts[name].write_bytes(content)
        for name, part in parts.items():
            os.replace(part, folder / name)
    finally:
        for part in parts.values():
            part.unlink(missing_ok=True)


def _told(card: dict[str, Any]) -> str:
    """The card as a page for people."""
    return f"""# The autoencoder {card["name"]!r}

It was taught to draw the spectrograms of {card["files"]} files ({card["images"]} pictures of 288 x 432 x 3, each cut
into six blocks) from 9 x 9 x 1 numbers for each block of 144 x 144 x 3, in {card["minutes"]} minutes and
{len(card["curve"])} rounds.

- Mean squared error on files that were held out, colours from 0 to 1: {card["error"]:.4f}
- The same of drawing the mean picture whatever is heard: {card["error_of_mean"]:.4f}
- So {100 * card["explained"]:.0f} % of what differs between sounds is in the codes. `reconstructions.png` shows it:
  held-out sounds on the left, from the barest picture to the fullest, and on the right what is drawn of their codes.
- Left out: {len(card["unread"])} files that could not be read, {len(card["silent"])} without sound.

It was taught with your own files and stays on this machine. Vectors: `{card["version"]}`, weights `{card["weights"]}`.
"""


def _device(settings: Settings) -> str:
    from core.device import choose

    return choose(settings.device).name


def _torch() -> Any:
    try:
        import torch
    except ModuleNotFoundError as missing:
        message = "training an autoencoder needs the package torch; install it with: pip install 'earshot[models]'"
        raise MissingDependencyError(message) from missing
    return torch
