"""The files that a library knows, as they lie on the disk. None of them may be removed, whatever a manifest says."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Originals:
    """Known files. places: their paths, with no link in the folders. identities: disk and number of those there are."""

    places: frozenset[str]
    identities: frozenset[tuple[int, int]]

    def has_place(self, path: Path) -> bool:
        """Whether a path, in a folder without links, is that of a known file."""
        return str(path) in self.places

    def has_file(self, status: os.stat_result) -> bool:
        """Whether a file is a known one, by this or any other name."""
        return (status.st_dev, status.st_ino) in self.identities


def find_originals(paths: Iterable[str]) -> Originals:
    """What is on the disk of some known files."""
    places, identities = set(), set()
    folders: dict[str, str] = {}
    for path in paths:
        folder, name = os.path.split(path)
        if folder not in folders:
            folders[folder] = os.path.realpath(folder)
        places.add(os.path.join(folders[folder], name))
        try:
            status = os.stat(path)
        except OSError:
            continue
        identities.add((status.st_dev, status.st_ino))
    return Originals(frozenset(places), frozenset(identities))
