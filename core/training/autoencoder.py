"""Teaches an autoencoder to draw the spectrograms of a person's own sounds from 9 x 9 numbers for each block.

What it learned goes to `settings.models / "autoencoders" / NAME`: `weights.npz` (all that hearing needs), `card.json`
and `card.md` (how it was trained and how well it draws), `reconstructions.png` (sounds that were held out, and beside
each what the network draws of it). A training that is stopped leaves what was there before.
"""

import hashlib
import json
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
    WEIGHTS_NAME,
    AutoencoderEmbedder,
    folder_of,
    weights_bytes,
)
from core.errors import AudioError, MissingDependencyError, UnsupportedError
from core.records import Progress
from core.settings import Settings
from core.spectrogram_image import HEIGHT, WIDTH, WINDOW
from core.spectrum import RATE_HZ

LONGEST_S = 60.0  # of a file that is looked at
MOST_WINDOWS = 6  # of one file, spread over that
HELD_OUT = 10  # one file in so many is not taught
FEWEST_FILES = 8
MOST_THREADS = 8
TELL_EVERY_S = 0.5


@dataclass(frozen=True, slots=True)
class Course:
    """How long and how fast. images: at most so many pictures are taken, of files in a random order.

    blocks: how many are shown in all, each as often as that makes, but 60 times at most; so a large library takes no
    longer than one of a thousand files. threads: of the processor; 0 takes one for each, but 8 at most. Another number
    of threads ends in other bits.
    """

    images: int = 4_000
    blocks: int = 40_000
    batch: int = 32
    peak_rate: float = 3e-3
    threads: int = 0


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
    from core.training.drawing import Training

    folder, started = folder_of(settings, name), time.monotonic()
    with TemporaryDirectory(prefix="earshot-autoencoder-", ignore_cleanup_errors=True) as scratch:
        gathered = yield from gather(paths, course, seed, Path(scratch) / "pictures.raw")
        threads = torch.get_num_threads()
        training = Training(gathered.levels, gathered.held_out, course, seed, _device(settings))
        torch.set_num_threads(course.threads or min(os.cpu_count() or 1, MOST_THREADS))
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
        put(folder, weights_bytes(encoder, training.decoder()), card, drawn)
    told = f"the error is {card['error']:.4f}, that of the mean picture {card['error_of_mean']:.4f}"
    yield Progress(1, 1, f"trained the autoencoder {name!r}: {told}")


def gather(paths: Sequence[Path], course: Course, seed: int, raw: Path) -> Generator[Progress, None, Gathered]:
    """Pictures of the files, one after the other in a random order until there are enough; `return`s Gathered.

    Of a file its first minute is looked at, and at most 6 windows of it. A picture that was there before, of another
    copy of the same sound, is left out. raw: the file that they are kept in meanwhile, 124 kB each.
    Raises UnsupportedError where fewer than 8 files hold sound.
    """
    order = sorted(set(paths))
    np.random.default_rng(seed).shuffle(order)
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
    pictures = (spectrogram_image.levels(windows[n]) for n in chosen)
    return [picture for picture in pictures if picture.any()]


def put(folder: Path, weights: bytes, card: dict[str, Any], drawn: spectrogram_image.Image) -> None:
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
into six blocks) from 9 x 9 x 1 numbers for each block of 144 x 144 x 3, in {card["minutes"]} minutes.

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
