"""Where an export may write: not among the sounds of the library, not in its folder, not over what is there."""

import os
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

from core.errors import EarshotError, UnsupportedError
from core.export.manifest import read_manifest
from core.export.records import PlannedFile, readable_size

ELSEWHERE = "choose a folder that lies elsewhere"


def resolved(folder: Path) -> Path:
    """A folder as an absolute path without links in it, whether it is there or not."""
    try:
        return Path(os.path.realpath(folder.expanduser()))
    except (OSError, ValueError, RuntimeError) as problem:
        raise EarshotError(f"{str(folder)!r} cannot be a folder ({problem}); choose another one") from problem


def check_place(
    folder: Path, library: Path, roots: Iterable[str], with_sounds: Iterable[str], *, elsewhere: str = ELSEWHERE
) -> None:
    """Raises EarshotError with the reason if nothing may be written in a folder, which is as `resolved` gives it.

    roots: folders in which sounds are looked for; whatever is in one would be taken for a new sound. with_sounds:
    folders that hold single sounds. elsewhere: the next step.
    """
    above = (folder, *folder.parents)
    nearest = _nearest(folder)
    if not nearest.is_dir():
        raise EarshotError(f"{nearest} is a file; name a folder that is new or empty")
    same = {_identity(each) for each in above if os.path.exists(each)}
    if _is_one_of(library, above, same):
        raise EarshotError(f"{folder} lies in the folder of the library; {elsewhere}")
    for root in roots:
        if _is_one_of(Path(root), above, same):
            raise EarshotError(f"{folder} lies in {root}, among the sounds of the library; {elsewhere}")
    if any(_is_one_of(Path(each), (folder,), same & {_identity(folder)}) for each in with_sounds):
        raise EarshotError(f"{folder} holds sounds of the library; {elsewhere}")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise EarshotError(f"{nearest} may not be written to; choose another folder")


def check_free(folder: Path, files: Sequence[PlannedFile], manifest: str) -> None:
    """Raises EarshotError if something is there that would be written over."""
    if os.path.lexists(folder / manifest):
        try:
            earlier = read_manifest(folder / manifest)
        except EarshotError as problem:
            raise EarshotError(_there(folder / manifest)) from problem
        what = f"the export of clustering {earlier.clustering}" if earlier.clustering is not None else "an export"
        cut_off = "" if earlier.complete else " that was cut off"
        take_back = f"take it back with: earshot export --undo {folder / manifest}"
        raise EarshotError(f"{folder} holds {what}{cut_off} already; choose another folder, or {take_back}")
    for name in dict.fromkeys(file.path.partition("/")[0] for file in files):
        if os.path.lexists(folder / name):
            raise EarshotError(_there(folder / name))


def check_room(folder: Path, size_bytes: int) -> None:
    """Raises EarshotError if a disk has not the room."""
    free = shutil.disk_usage(_nearest(folder)).free
    if size_bytes > free:
        what = f"{folder} has room for {readable_size(free)}, and {readable_size(size_bytes)} would be copied"
        raise EarshotError(f"{what}; choose another disk, or links")


def check_hard_links(folder: Path, sources: Iterable[str]) -> None:
    """Raises UnsupportedError if files lie on another disk than a folder."""
    device = _nearest(folder).stat().st_dev
    for source in sources:
        if os.stat(source).st_dev != device:
            what = f"{source} lies on another disk than {folder}, and hard links cannot reach across"
            raise UnsupportedError(f"{what}; choose copies or symbolic links")


def _there(path: Path) -> str:
    return f"{path} is there already and stays as it is; choose another folder"


def _nearest(folder: Path) -> Path:
    """The folder, or what is there of the path to it."""
    return next(each for each in (folder, *folder.parents) if os.path.exists(each))


def _is_one_of(place: Path, folders: Sequence[Path], identities: set[tuple[int, int] | None]) -> bool:
    """Whether a folder is one of some others, by its path or, where case or mounts make two of one, by its number."""
    if Path(os.path.realpath(place)) in folders:
        return True
    identity = _identity(place)
    return identity is not None and identity in identities


def _identity(folder: Path) -> tuple[int, int] | None:
    try:
        status = folder.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
