"""The libraries that were opened in the page on this machine, so that a person can go from one to another there."""

import json
import logging
import os
from collections import Counter
from pathlib import Path

from core.library import Library

log = logging.getLogger(__name__)

SHELF = "libraries.json"
MOST = 20


class Shelf:
    """A file in a folder that lists them, the one that was opened last first."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / SHELF

    def put(self, library: Path) -> None:
        """Puts a library first. Where that cannot be written the log says so, and nothing else is the worse for it."""
        kept = [str(each) for each in dict.fromkeys((library, *self._kept()))]
        part = self._path.with_name(f".{SHELF}.{os.getpid()}.part")
        try:
            part.write_text(json.dumps(kept[:MOST], indent=1), encoding="utf-8")
            part.replace(self._path)
        except OSError as error:
            log.warning("%s cannot be written (%s); the page cannot go back to this library", self._path, error)
        finally:
            part.unlink(missing_ok=True)

    def named(self, opened: Path) -> dict[str, Path]:
        """The one that is open, first, and those that are still on the disk.

        Each by a name of its own: that of its folder, with the folder around it where two are called the same.
        """
        others = [folder for folder in self._kept() if folder != opened and _is_there(folder)]
        there = [opened, *others]
        names = Counter(folder.name for folder in there)
        around = Counter((folder.name, folder.parent.name) for folder in there)
        return {_name(folder, names, around): folder for folder in there}

    def _kept(self) -> list[Path]:
        try:
            return [Path(each) for each in json.loads(self._path.read_bytes())]
        except FileNotFoundError:
            return []
        except (OSError, ValueError, TypeError) as error:
            log.warning("%s cannot be read (%s); it is begun anew", self._path, error)
            return []


def _is_there(folder: Path) -> bool:
    """Whether a folder holds a library that can be reached: a drive may be gone, or another person's."""
    try:
        return Library(folder).exists()
    except OSError:
        return False


def _name(folder: Path, names: Counter[str], around: Counter[tuple[str, str]]) -> str:
    if names[folder.name] == 1:
        return folder.name
    if around[folder.name, folder.parent.name] == 1:
        return f"{folder.name} in {folder.parent.name}"
    return str(folder)
