"""The words of an export: what it would write, what it wrote, what was taken back. Plain data."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.records import Record

LINKS = ("copy", "hard", "symbolic")
"""How a sound gets into the folder: as a copy of its bytes, or as a link to its file."""

FORMS = ("folders", "csv", "m3u8", "jsonl")
"""What is written: the sounds themselves in folders, or a list of where they are."""

SUBTITLES = ("srt", "vtt")
"""The forms of what is heard in a sound, and when."""

WRITTEN = "written"
"""The kind of a file whose text is ours."""

MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class LeftOut(Record):
    """A sound that cannot be exported, and why."""

    id: int
    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """A file that is to be written. path: below the folder, with `/` between. link: one of LINKS, or WRITTEN.

    source and id: of the sound that it holds; empty and None for a text of ours, which is in `text`.
    """

    path: str
    sha256: str
    size_bytes: int
    link: str
    source: str = ""
    id: int | None = None
    text: bytes = b""


@dataclass(frozen=True, slots=True)
class Plan:
    """What an export would write. folder: absolute, without links in it; `is_new`: it gets a number if it is taken.

    sounds: how many. link: one of LINKS, empty for a list. manifest: the name of the file in the folder that lists all.
    left_out: the sounds that are gone or changed, where the person wants to do without them.
    """

    folder: Path
    form: str
    link: str
    sounds: int
    files: Sequence[PlannedFile]
    manifest: str = MANIFEST
    is_new: bool = False
    clustering: int | None = None
    clusters: Sequence[int] = ()
    left_out: Sequence[LeftOut] = field(default_factory=tuple)

    @property
    def size_bytes(self) -> int:
        """How many bytes would be written; a link takes none."""
        return sum(file.size_bytes for file in self.files if file.link in ("copy", WRITTEN))

    @property
    def paths(self) -> list[str]:
        """The files below the folder that a person asked for, in order: sounds, or lists."""
        return [file.path for file in self.files if file.id is not None or self.form != "folders"]

    def as_dict(self) -> dict[str, Any]:
        """The plan as JSON, with every path that would be written."""
        return {
            "folder": str(self.folder),
            "form": self.form,
            "link": self.link,
            "clustering": self.clustering,
            "sounds": self.sounds,
            "files": len(self.paths),
            "size_bytes": self.size_bytes,
            "manifest": str(self.folder / self.manifest),
            "left_out": [each.as_dict() for each in self.left_out],
            "would_write": [*(file.path for file in self.files), self.manifest],
        }


@dataclass(frozen=True, slots=True)
class Exported(Record):
    """What an export wrote. files: copies, links or lists; the README of each group and the manifest are not counted.

    size_bytes: of all that was written; a link takes none. The rest: see `Plan`.
    """

    folder: str
    files: int
    manifest: str
    sounds: int
    size_bytes: int
    form: str
    link: str
    clustering: int | None
    left_out: list[LeftOut]


@dataclass(frozen=True, slots=True)
class Kept(Record):
    """Something in the folder of an export that was not removed, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Undone(Record):
    """What was taken back. removed: files, links included, of `size_bytes` together. gone: files that others removed.

    kept: what a person changed or added, and what could not be removed.
    """

    folder: str
    removed: int
    size_bytes: int
    gone: int
    kept: list[Kept]


def readable_size(n_bytes: int) -> str:
    """A size as a person reads it: 96.3 kB."""
    size, unit = float(n_bytes), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if size < 1000:
            break
        size, unit = size / 1000, larger
    return f"{n_bytes} B" if unit == "B" else f"{size:.1f} {unit}"
