"""Takes an export back by its manifest: what it wrote and nobody changed is removed, everything else stays and is told.

A manifest may come from a stranger: it names nothing outside of its folder, and no original is ever removed.
"""

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

from core.export.manifest import PARTIAL, Manifest, ManifestFile, manifest_path, read_manifest
from core.export.records import Kept, Undone
from core.export.sources import sha256_of
from core.records import Progress

ADDED = "is not of this export"
CHANGED = "was changed"


def undo(manifest: Path, *, dry_run: bool = False, report: Callable[[Progress], None] = lambda _: None) -> Undone:
    """Removes what an export wrote, then the folders that it made and that are empty, and the manifest last.

    manifest: the file, or the folder that it lies in. Kept and told: what a person changed or added; a copy whose
    original is gone, for it may be the last one; what cannot be removed, and then the manifest as well. Raises
    NotFoundError, or EarshotError for what is no manifest.
    """
    path = manifest_path(manifest)
    return _Undo(path, read_manifest(path), dry_run).run(report)


class _Undo:
    def __init__(self, path: Path, manifest: Manifest, dry_run: bool) -> None:
        self._path = path
        self._root = Path(os.path.realpath(path.parent))
        self._manifest = manifest
        self._dry_run = dry_run
        self._kept: dict[Path, str] = {}
        self._failed = False
        self._removed = self._size_bytes = self._gone = 0
        self._inside: dict[Path, bool] = {}

    def run(self, report: Callable[[Progress], None]) -> Undone:
        files = self._manifest.files
        for done, file in enumerate(files, start=1):
            self._take(file)
            report(Progress(done, len(files), PurePosixPath(file.path).name))
        folders = self._folders()
        self._keep_what_was_added(folders)
        if not self._dry_run:
            self._remove_folders(folders)
        kept = [Kept(str(path), reason) for path, reason in sorted(self._kept.items())]
        return Undone(str(self._root), self._removed, self._size_bytes, self._gone, kept)

    def _take(self, file: ManifestFile) -> None:
        """Removes one file if it is as it was written."""
        path = self._root / file.path
        if not self._lies_inside(path.parent):
            self._kept[path] = "lies behind a link"
            return
        try:
            reason = _reason_to_keep(path, file)
            if not reason and not self._dry_run:
                path.unlink()
        except FileNotFoundError:
            self._gone += 1
            return
        except OSError as problem:
            self._kept[path] = f"cannot be removed ({problem.strerror})"
            self._failed = True
            return
        if reason:
            self._kept[path] = reason
        else:
            self._removed += 1
            self._size_bytes += file.size_bytes if file.link in ("copy", "written") else 0

    def _lies_inside(self, folder: Path) -> bool:
        """Whether a folder is where its path says: nobody put a link to another one in its place."""
        if folder not in self._inside:
            self._inside[folder] = Path(os.path.realpath(folder)) == folder
        return self._inside[folder]

    def _folders(self) -> list[Path]:
        """The folders that the export made below its own, the deepest first."""
        made = [self._root / folder for folder in self._manifest.folders if folder != "."]
        return sorted((each for each in made if self._lies_inside(each) and each.is_dir()), reverse=True)

    def _keep_what_was_added(self, folders: list[Path]) -> None:
        written = (
            {self._root / file.path for file in self._manifest.files} | set(folders) | {self._root / self._path.name}
        )
        if not self._manifest.complete and not self._dry_run:
            for folder in (self._root, *folders):
                (folder / PARTIAL).unlink(missing_ok=True)  # of an export that was killed
        own = [self._root] if "." in self._manifest.folders else []
        for folder in (*folders, *own):
            for entry in _entries(folder):
                if entry not in written:
                    self._kept.setdefault(entry, ADDED)

    def _remove_folders(self, folders: list[Path]) -> None:
        for folder in folders:
            _remove_if_empty(folder)
        if self._failed:
            return  # so that it can be tried again
        self._path.unlink(missing_ok=True)
        if "." not in self._manifest.folders or not _remove_if_empty(self._root):
            return
        if Path(self._manifest.folder) == self._root:  # elsewhere the folders above are not ours
            for parent in list(self._root.parents)[: self._manifest.parents]:
                if not _remove_if_empty(parent):
                    return


def _reason_to_keep(path: Path, file: ManifestFile) -> str:
    """Why a file is not removed; empty if it is as it was written. Raises OSError if it cannot be looked at."""
    status = path.lstat()
    if file.link == "symbolic":
        return "" if stat.S_ISLNK(status.st_mode) and os.readlink(path) == file.source else CHANGED
    if not stat.S_ISREG(status.st_mode):
        return CHANGED
    if file.link == "hard" and _is_same_file(path, file.source):
        return ""  # whatever is in it now is in the original as well
    if status.st_size != file.size_bytes or sha256_of(path) != file.sha256:
        return CHANGED
    if file.link in ("copy", "hard") and (not os.path.exists(file.source) or _is_same_file(path, file.source)):
        return "may be the last copy: its original is gone"
    return ""


def _is_same_file(path: Path, source: str) -> bool:
    try:
        return os.path.samefile(path, source)
    except OSError:
        return False


def _entries(folder: Path) -> Iterator[Path]:
    with os.scandir(folder) as entries:
        yield from [folder / entry.name for entry in entries]


def _remove_if_empty(folder: Path) -> bool:
    try:
        folder.rmdir()
    except OSError:
        return False  # something in it stays, and that was told
    return True
