"""Texts written to files that a person named: all of them or none, and over nothing unless that was allowed."""

import os
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from core.errors import EarshotError


def check_targets(targets: Sequence[Path], sources: Sequence[Path], *, replace: bool) -> None:
    """Raises EarshotError, before any work is done, for a file that cannot be written or must not be.

    sources: the files that are read; they are never written over, not even where files may be replaced.
    """
    read = {source.expanduser().resolve() for source in sources}
    seen = set[Path]()
    for target in targets:
        place = target.expanduser().resolve()
        if place in seen:
            raise EarshotError(f"{target} is named twice; give each file a name of its own")
        seen.add(place)
        if place in read:
            raise EarshotError(f"{target} is a file that is read here; choose another name")
        if place.is_dir():
            raise EarshotError(f"{target} is a folder; name a file in it")
        if not place.parent.is_dir():
            raise EarshotError(f"there is no folder {place.parent}; make it first")
        if place.exists() and not replace:
            raise _taken(target)


def write_texts(texts: Mapping[Path, str], *, replace: bool) -> None:
    """Writes each text beside its place and then moves it there.

    Raises EarshotError for a file that has appeared meanwhile, if none may be replaced.
    """
    with ExitStack() as stack:
        parts: list[tuple[Path, Path]] = []
        for target, text in texts.items():
            place = target.expanduser()
            handle, name = tempfile.mkstemp(prefix=".part-", dir=place.parent)
            part = Path(name)
            stack.callback(part.unlink, missing_ok=True)
            with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
                file.write(text)
            part.chmod(0o644)
            parts.append((part, place))
        taken = [place for _, place in parts if place.exists()]
        if taken and not replace:
            raise _taken(taken[0])
        for part, place in parts:
            part.replace(place)


def _taken(target: Path) -> EarshotError:
    return EarshotError(f"{target} is there already; choose another name, or write over it with --force")
