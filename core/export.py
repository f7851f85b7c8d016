"""Copies sounds out of a library into a new folder, with a manifest. Originals are only read."""

import itertools
import json
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from core.errors import EarshotError
from core.records import Record


@dataclass(frozen=True, slots=True)
class Exported(Record):
    """What an export wrote."""

    folder: str
    files: int
    manifest: str


def copy_sounds(parent: Path, name: str, parts: Sequence[tuple[str, Sequence[Path]]]) -> Exported:
    """Copies files into a new folder under `parent`, each list into the sub-folder named with it ("" for none).

    The folder bears a harmless form of the name, with a number if that is taken, and holds a manifest. A failed export
    leaves nothing behind. Raises EarshotError with the reason.
    """
    folder = parent / _safe(name)
    try:
        folder = _new_folder(parent, _safe(name))
        return _copied(folder, parts)
    except OSError as problem:
        reason = problem.strerror or problem
        raise EarshotError(f"{folder}: {reason}; nothing was exported, choose another place") from problem


def _safe(name: str) -> str:
    return re.sub(r"[^\w .()-]+", " ", name).strip(" .")[:60].strip() or "sounds"


def _new_folder(parent: Path, name: str) -> Path:
    """Makes a folder that was not there: two exports under one name cannot both get it."""
    parent.mkdir(parents=True, exist_ok=True)
    for number in itertools.count(2):
        folder = parent / (name if number == 2 else f"{name} ({number - 1})")
        try:
            folder.mkdir()
        except FileExistsError:
            continue
        return folder
    raise AssertionError("there is always a next number")


def _copied(folder: Path, parts: Sequence[tuple[str, Sequence[Path]]]) -> Exported:
    try:
        rows = [
            {"file": str(copy.relative_to(folder)), "source": str(source)}
            for sub_folder, sources in parts
            for source in sources
            for copy in [_copy(source, folder / sub_folder)]
        ]
        manifest = folder / "manifest.json"
        manifest.write_text(json.dumps({"format": 1, "maker": "earshot", "files": rows}, indent=1, ensure_ascii=False))
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return Exported(str(folder), len(rows), str(manifest))


def _copy(source: Path, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    target, number = folder / source.name, 2
    while target.exists():
        target = folder / f"{source.stem} ({number}){source.suffix}"
        number += 1
    shutil.copy2(source, target)
    return target
