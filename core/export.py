"""Copies sounds out of a library into a new folder, with a manifest. Originals are only read."""

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


def free_folder(parent: Path, name: str) -> Path:
    """A folder under `parent` that does not exist yet, called by a harmless form of the name."""
    safe = re.sub(r"[^\w .()-]+", " ", name).strip(" .")[:60] or "sounds"
    candidates = [safe, *(f"{safe} ({number})" for number in range(2, 1000))]
    return next(parent / candidate for candidate in candidates if not (parent / candidate).exists())


def copy_sounds(folder: Path, parts: Sequence[tuple[str, Sequence[Path]]]) -> Exported:
    """Copies files into the folder, each list into the sub-folder named with it ("" for none), and writes the manifest.

    A name that is taken gets a number. A failed export leaves nothing behind. Raises EarshotError with the reason.
    """
    try:
        folder.mkdir(parents=True)
        rows = [
            {"file": str(copy.relative_to(folder)), "source": str(source)}
            for sub_folder, sources in parts
            for source in sources
            for copy in [_copy(source, folder / sub_folder)]
        ]
        manifest = folder / "manifest.json"
        manifest.write_text(json.dumps({"format": 1, "maker": "earshot", "files": rows}, indent=1, ensure_ascii=False))
    except OSError as problem:
        shutil.rmtree(folder, ignore_errors=True)
        raise EarshotError(
            f"{folder}: {problem.strerror or problem}; nothing was exported, choose another place"
        ) from problem
    return Exported(str(folder), len(rows), str(manifest))


def _copy(source: Path, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    target, number = folder / source.name, 2
    while target.exists():
        target = folder / f"{source.stem} ({number}){source.suffix}"
        number += 1
    shutil.copy2(source, target)
    return target
