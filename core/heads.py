"""Projection heads: small networks that a person's labels taught to turn what a backbone hears into better vectors.

Reads, writes and applies them, with numpy alone; `core.training.heads` teaches them. A head is a folder in
`settings.models / "heads"`: `head.npz` is all that hearing needs, `card.json` and `card.md` tell how it was taught.
"""

import json
import os
import re
import shutil
import tempfile
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import EarshotError, UnknownNameError, UnsupportedError
from core.settings import Settings

FORMAT = "1"  # of the file; another one is not read
HEAD_NAME, CARD_NAME, PAGE_NAME = "head.npz", "card.json", "card.md"
NAMES = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
COMMAND = "earshot train heads --labels TABLE|FOLDER --name {name}"

Rows = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Head:
    """One hidden layer between what a backbone hears of a window and its vector.

    mean, scale: (n_in,), of what it was taught with. inner: (n_hidden, n_in), outer: (n_out, n_hidden), and the bias of
    each.
    """

    mean: Rows
    scale: Rows
    inner: Rows
    inner_bias: Rows
    outer: Rows
    outer_bias: Rows

    @property
    def dim(self) -> int:
        """Numbers in a vector."""
        return len(self.outer)

    def vectors(self, statistics: Rows) -> Rows:
        """Unit vectors, float32 (n, dim), of what was heard, (n, n_in). A row does not depend on those beside it."""
        rows = np.zeros((len(statistics), self.dim), np.float32)
        for place, standard in enumerate(standardised(statistics, self.mean, self.scale)):
            rows[place] = unit(self._project(standard)[None])[0]
        return rows

    def _project(self, standard: Rows) -> Rows:
        # Summed by numpy, always over the same length: a BLAS sums in another order for another number of rows.
        hidden = gelu((self.inner * standard).sum(axis=1) + self.inner_bias)
        projected: Rows = (self.outer * hidden).sum(axis=1) + self.outer_bias
        return projected


def standardised(statistics: Rows, mean: Rows, scale: Rows) -> Rows:
    """What was heard, (n, n_in), with each number brought to the same spread, and then each row to a mean square of 1.

    The second keeps a sound that is unlike all that was taught from being lost among numbers of a hundred spreads.
    Tried with another model's statistics of ESC-10, split in three ways: without it a head made retrieval worse (mAP
    .88 to .61 at the worst), with it better (.88 to .97).
    """
    rows = (statistics - mean) / scale
    levels = np.sqrt(np.square(rows, dtype=np.float64).mean(axis=1, keepdims=True))
    even: Rows = (rows / np.maximum(levels, 1e-6)).astype(np.float32)
    return even


def gelu(x: Rows) -> Rows:
    """The Gaussian error linear unit by its tanh formula. Source: Hendrycks and Gimpel 2016, arXiv 1606.08415."""
    bent: Rows = np.float32(0.5) * x * (1 + np.tanh(np.float32((2 / np.pi) ** 0.5) * (x + np.float32(0.044715) * x**3)))
    return bent


def unit(rows: Rows) -> Rows:
    """Rows (n, dim) brought to norm 1; zero rows stay zero."""
    norms = np.sqrt(np.square(rows, dtype=np.float64).sum(axis=1, keepdims=True))
    scaled: Rows = (rows / np.maximum(norms, 1e-9)).astype(np.float32)
    return scaled


def folder_of(settings: Settings, name: str) -> Path:
    """Where a head is kept. Raises UnknownNameError for a name that cannot be one of a folder."""
    if not NAMES.fullmatch(name):
        raise UnknownNameError(f"no head can be called {name!r}; use letters, digits, - and _, at most 64")
    return settings.models / "heads" / name


def trained(settings: Settings) -> list[str]:
    """The names of the heads that are there, sorted."""
    found = (settings.models / "heads").glob(f"*/{HEAD_NAME}")
    return sorted(path.parent.name for path in found if NAMES.fullmatch(path.parent.name))


def read_card(settings: Settings, name: str) -> dict[str, Any]:
    """How a head was taught and how well it does: `core.training.heads` says what each number means.

    Raises UnknownNameError with the known names if there is no such head, and EarshotError for a damaged card.
    """
    path = folder_of(settings, name) / CARD_NAME
    try:
        card: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as missing:
        raise _unknown(settings, name) from missing
    except ValueError as problem:
        raise EarshotError(f"{path} is damaged; train the head again with: {COMMAND.format(name=name)}") from problem
    return card


def read_file(settings: Settings, name: str) -> bytes:
    """The file of a head. Raises UnknownNameError with the known names and the command that trains one."""
    try:
        return (folder_of(settings, name) / HEAD_NAME).read_bytes()
    except FileNotFoundError as missing:
        raise _unknown(settings, name) from missing


def head_bytes(head: Head, backbone: str, model: str) -> bytes:
    """A head as a file; the same numbers give the same bytes.

    backbone: the hash of the weights it was taught on. model: what a person calls them.
    """
    file = BytesIO()
    told = {"format": np.array(FORMAT), "backbone": np.array(backbone), "model": np.array(model)}
    arrays = {name: getattr(head, name).astype(np.float32) for name in Head.__dataclass_fields__}
    np.savez(file, allow_pickle=False, **told, **arrays)
    return file.getvalue()


def read_head(file: bytes, name: str, backbone: str, n_in: int) -> Head:
    """The head in a file, for a backbone that gives `n_in` numbers.

    Raises UnsupportedError for one that was taught on another backbone or written in a later format, and EarshotError
    for a damaged one.
    """
    again = f"train it again with: {COMMAND.format(name=name)}"
    try:
        with np.load(BytesIO(file), allow_pickle=False) as arrays:
            told = {key: str(arrays[key]) for key in ("format", "backbone", "model")}
            if told["format"] != FORMAT:
                raise UnsupportedError(f"the head {name!r} has the format {told['format']}, not {FORMAT}; {again}")
            if told["backbone"] != backbone:
                other = f"the head {name!r} was trained on {told['model']} (weights {told['backbone']})"
                choose = "choose that model in EARSHOT_WAV2VEC2"
                raise UnsupportedError(f"{other}, not on the weights in use ({backbone}); {choose}, or {again}")
            head = Head(*(arrays[key] for key in Head.__dataclass_fields__))
        _check(head, n_in)
    except (zipfile.BadZipFile, EOFError, KeyError, OSError, TypeError, ValueError) as problem:
        raise EarshotError(f"the head {name!r} is damaged; {again}") from problem
    return head


def save(folder: Path, files: Mapping[str, bytes]) -> None:
    """Puts a head in place, all of its files or none; one that was there before gives way when this one is whole."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        made, old = scratch / "made", scratch / "old"
        made.mkdir()
        for name, content in files.items():
            (made / name).write_bytes(content)
        with suppress(FileNotFoundError):
            os.replace(folder, old)
        try:
            os.replace(made, folder)
        except BaseException:
            if old.exists():
                os.replace(old, folder)
            raise
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _check(head: Head, n_in: int) -> None:
    """Raises ValueError where the parts do not fit together or hold what is no number."""
    n_hidden, n_out = len(head.inner_bias), len(head.outer_bias)
    wanted = ((n_in,), (n_in,), (n_hidden, n_in), (n_hidden,), (n_out, n_hidden), (n_out,))
    parts = [getattr(head, name) for name in Head.__dataclass_fields__]
    if tuple(part.shape for part in parts) != wanted or any(part.dtype != np.float32 for part in parts):
        raise ValueError("its layers do not fit together")
    if not all(np.isfinite(part).all() for part in parts) or not (head.scale > 0).all():
        raise ValueError("it holds what is no number")


def _unknown(settings: Settings, name: str) -> UnknownNameError:
    known = ", ".join(trained(settings)) or "none yet"
    return UnknownNameError(
        f"no head is called {name!r}; trained are: {known}; train it with: {COMMAND.format(name=name)}"
    )
