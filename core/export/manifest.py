"""The manifest of an export: every file that it wrote with its hash, and the folders that it made, as JSON.

It is written before the first file, so that an export whose process was killed can be taken back as well.
"""

import json
import os
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Literal

from pydantic import BaseModel, Field, ValidationError, field_validator

from core.errors import EarshotError, NotFoundError
from core.export.records import MANIFEST, Plan

PARTIAL = ".earshot-partial"
"""What a file is called until it is whole."""


class ManifestFile(BaseModel):
    """A file that was written. path: below the folder of the manifest. link: copy, hard, symbolic, or written.

    sha256, size_bytes: of its content; of a link, of the file that it leads to. source, id: of the sound in it.
    """

    path: str
    source: str
    id: int | None
    sha256: str
    size_bytes: int
    link: Literal["copy", "hard", "symbolic", "written"]

    @field_validator("path")
    @classmethod
    def _inside(cls, path: str) -> str:
        return _checked(path)


class Manifest(BaseModel):
    """What one export wrote. complete: false until all is there. folders: those it made, below its own, `.` for that.

    parents: how many folders it made above its own. folder: where its own was.
    """

    format: Literal[2] = 2
    maker: Literal["earshot"] = "earshot"
    made_at: str
    complete: bool
    folder: str
    form: str
    clustering: int | None
    files: list[ManifestFile]
    folders: list[str]
    parents: int = Field(ge=0, le=100)

    @field_validator("folders")
    @classmethod
    def _inside(cls, folders: list[str]) -> list[str]:
        return [folder if folder == "." else _checked(folder) for folder in folders]


def manifest_of(plan: Plan, folder: Path, parents: int, is_made: bool) -> Manifest:
    """The manifest of a plan, not complete yet. parents, is_made: how many folders above, and whether it, are new."""
    below = {str(parent) for file in plan.files for parent in PurePosixPath(file.path).parents} - {"."}
    return Manifest(
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        complete=False,
        folder=str(folder),
        form=plan.form,
        clustering=plan.clustering,
        files=[
            ManifestFile(
                path=file.path,
                source=file.source,
                id=file.id,
                sha256=file.sha256,
                size_bytes=file.size_bytes,
                link=file.link,
            )
            for file in plan.files
        ],
        folders=[*(["."] if is_made else []), *sorted(below)],
        parents=parents,
    )


def as_json(manifest: Manifest) -> bytes:
    """A manifest as the bytes of its file."""
    return f"{manifest.model_dump_json(indent=1)}\n".encode()


def read_manifest(path: Path) -> Manifest:
    """The manifest in a file. Raises NotFoundError, or EarshotError if it is none."""
    try:
        document = json.loads(path.read_bytes())
    except FileNotFoundError as problem:
        raise NotFoundError(f"there is no manifest {path}; an export tells the path of its own") from problem
    except ValueError as problem:
        raise EarshotError(f"{path} is no manifest of an export; check the path") from problem
    try:
        return Manifest.model_validate(document)
    except ValidationError as problem:
        raise EarshotError(f"{path} is no manifest of an export by this version; check the path") from problem


def manifest_path(path: Path) -> Path:
    """The manifest that a person means by a path: that of the folder, if it is one."""
    path = Path(os.path.abspath(path.expanduser()))
    return path / MANIFEST if path.is_dir() else path


def _checked(path: str) -> str:
    """The path, if it stays in the folder: a manifest may come from a stranger."""
    parts = PurePosixPath(path).parts
    if not parts or path.startswith("/") or ".." in parts or "\0" in path or "\\" in path or ":" in path:
        raise ValueError("leads out of the folder")
    return path
