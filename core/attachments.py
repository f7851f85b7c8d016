"""Sounds that a person attaches to a question: kept beside the library, named by their content, never part of it."""

import math
import re
import shutil
import tempfile
from collections.abc import Iterator
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

    def keep(self, path: Path, name: str, longest_s: float = math.inf) -> Attachment:
        """Copies a file in. Raises AudioError with the reason if it holds no sound, or a longer one."""
        try:
            with audio.open_source(path) as source:
                if source.declared_s > longest_s:
                    raise AudioError(name, f"longer than {longest_s / 60:g} minutes; attach a shorter stretch of it")
                next(source.blocks())
        except AudioError as problem:
            raise AudioError(name, problem.reason) from problem
        sha256 = audio.content_hash(path)
        kept = next(each for each in self._places(sha256) if not each.exists() or audio.content_hash(each) == sha256)
        if not kept.exists():
            self._folder.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=self._folder, prefix=".part-", delete=False) as part:
                shutil.copyfile(path, part.name)
            Path(part.name).replace(kept)
        return Attachment(kept.name, name, kept)

    def _places(self, sha256: str) -> Iterator[Path]:
        """Where a content may lie: under its first eight digits, or the next ones if another has those by chance."""
        for first in range(len(sha256) - 7):
            yield self._folder / f"a{sha256[first : first + 8]}"

    def get(self, attachment_id: str) -> Attachment:
        """A kept attachment by its id. Raises NotFoundError."""
        kept = self._folder / attachment_id
        if not PATTERN.fullmatch(attachment_id) or not kept.is_file():
            raise NotFoundError(f"there is no attached sound {attachment_id!r}; attach it again")
        return Attachment(attachment_id, attachment_id, kept)
