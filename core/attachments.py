"""Sounds that a person attaches to a question: kept beside the library, named by their content, never part of it."""

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from core import audio
from core.errors import AudioError, NotFoundError

PATTERN = re.compile(r"a[0-9a-f]{8}")


@dataclass(frozen=True, slots=True)
class Attachment:
    """An attached sound: its id (`a` and eight hex digits), the name it came with, and where it is kept."""

    id: str
    name: str
    path: Path


class Attachments:
    """The attachments in a folder. The same bytes are the same attachment."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, path: Path, name: str) -> Attachment:
        """Copies a file in. Raises AudioError with the reason if no sound can be decoded from it."""
        try:
            with audio.open_source(path) as source:
                next(source.blocks())
        except AudioError as problem:
            raise AudioError(name, problem.reason) from problem
        digest = "a" + audio.content_hash(path)[:8]
        kept = self._folder / digest
        if not kept.exists():
            self._folder.mkdir(parents=True, exist_ok=True)
            part = self._folder / f".{digest}.part"
            shutil.copyfile(path, part)
            part.replace(kept)
        return Attachment(digest, name, kept)

    def get(self, attachment_id: str) -> Attachment:
        """A kept attachment by its id. Raises NotFoundError."""
        kept = self._folder / attachment_id
        if not PATTERN.fullmatch(attachment_id) or not kept.is_file():
            raise NotFoundError(f"there is no attached sound {attachment_id!r}; attach it again")
        return Attachment(attachment_id, attachment_id, kept)
