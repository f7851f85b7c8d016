"""What was found out about weights on this machine, so that it is found out once: their hashes, and tests they passed.

One small file in the folder of models, which may be lost, damaged or read-only: then all is found out again.
Does not know what the weights are for.
"""

import logging
import os
import tempfile
import time
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field

from core import weights
from core.settings import Settings

MOST = 64  # entries of each kind; older ones are forgotten
SETTLED_S = 2.0
"""A file that changed less long ago may change again at the same time: the coarsest file systems (FAT) count by 2 s."""

log = logging.getLogger(__name__)

Stamps = tuple[tuple[str, int, int], ...]  # of each file its path, its size in bytes and its time in ns


def hash_of(settings: Settings, *paths: Path, extra: str = "") -> str:
    """`core.weights.hash_of` of some files; they are read only if they are new here or if size or time have changed."""
    asked_s, stamps = time.time(), tuple(_stamp(path) for path in paths)
    for known in _read(settings).hashes:
        if (known.files, known.extra) == (stamps, extra):
            return known.digits
    digits = _hash(stamps, extra)
    if all(abs(asked_s - mtime_ns / 1e9) > SETTLED_S for _, _, mtime_ns in stamps):
        held = _read(settings)  # anew: reading the files may have taken long
        still = [each for each in held.hashes if all(_is_still(*stamp) for stamp in each.files)]
        made = _Hashed(files=stamps, extra=extra, digits=digits)
        _write(settings, held.model_copy(update={"hashes": [*still, made][-MOST:]}))
    return digits


def pass_once(settings: Settings, test: str, check: Callable[[], None]) -> None:
    """Has a check made, unless it was passed before. What it raises comes through, and it is made again next time.

    test: names what is checked and by what, and all that the outcome depends on.
    """
    if test in _read(settings).passed:
        return
    check()
    held = _read(settings)
    others = [each for each in held.passed if each != test]
    _write(settings, held.model_copy(update={"passed": [*others, test][-MOST:]}))


class _Hashed(BaseModel):
    """The hash of some files as they were, and of a text."""

    files: Stamps
    extra: str
    digits: str = Field(pattern="^[0-9a-f]{16}$")


class _Known(BaseModel):
    """The file. Another format is read as damaged."""

    format: Literal[1] = 1
    hashes: list[_Hashed] = []
    passed: list[str] = []


@lru_cache(maxsize=MOST)  # for a folder that cannot be written to, and for files that are not settled yet
def _hash(stamps: Stamps, extra: str) -> str:
    return weights.hash_of(*(Path(path) for path, _, _ in stamps), extra=extra)


def _stamp(path: Path) -> tuple[str, int, int]:
    status = path.stat()
    return str(path.resolve()), status.st_size, status.st_mtime_ns


def _is_still(path: str, size_bytes: int, mtime_ns: int) -> bool:
    try:
        return _stamp(Path(path)) == (path, size_bytes, mtime_ns)
    except OSError:
        return False


def _path(settings: Settings) -> Path:
    return settings.models / "cache" / "known_weights.json"


def _read(settings: Settings) -> _Known:
    try:
        return _Known.model_validate_json(_path(settings).read_bytes())
    except FileNotFoundError:
        return _Known()
    except (OSError, ValueError) as problem:
        log.debug("%s is not used: %s", _path(settings), problem)
        return _Known()


def _write(settings: Settings, known: _Known) -> None:
    """Puts the file there whole or not at all. Of two processes that write at once, the last one's stays."""
    path = _path(settings)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent) as scratch:
            part = Path(scratch) / path.name
            part.write_text(known.model_dump_json(indent=1), encoding="utf-8")
            os.replace(part, path)
    except (OSError, ValueError) as problem:
        log.debug("%s is not kept: %s", path, problem)
