"""Takes an export back by its manifest: what it wrote and nobody changed is removed, everything else stays and is told.

A manifest may come from a stranger: it names nothing outside of its folder, no original is ever removed, and no copy
whose original does not hold the same bytes.
"""

import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path, PurePosixPath

from core.export.manifest import PARTIAL, Manifest, ManifestFile, manifest_path, read_manifest
from core.export.originals import Originals, find_originals
from core.export.records import FORMS, MANIFEST, SUBTITLES, WRITTEN, Kept, Undone
from core.export.sources import sha256_of
from core.records import Progress

ADDED = "is not of this export"
CHANGED = "was changed"
ORIGINAL = "is a sound of the library"
LAST_COPY = "may be the last copy: its original {}"
TEXTS = re.compile(
    r"clusters/(cluster-\d+|unassigned)/README\.txt"
    rf"|(sounds|unassigned|cluster-\d+( [^/]*)?)( \(\d+\))?\.({'|'.join(FORMS[1:])})"
)
"""The names that we give to what we write ourselves; a list may also be named by the person, and so is its manifest,
as are subtitles, by the name of their sound.
"""


def undo(
    manifest: Path,
    known: Iterable[str] = (),
    *,
    dry_run: bool = False,
    report: Callable[[Progress], None] = lambda _: None,
) -> Undone:
    """Removes what an export wrote, then the folders that it made and that are empty, and the manifest last.

    manifest: the file, or the folder that it lies in. known: paths of the files of the library. Kept and told: what a
    person changed or added; files of the library; a copy whose original is gone or was changed, for it may be the last
    one; what cannot be removed, and then the manifest as well. Raises NotFoundError, or EarshotError for what is no
    manifest.
    """
    path = manifest_path(manifest)
    return _Undo(path, read_manifest(path), find_originals(known), dry_run).run(report)


class _Undo:
    def __init__(self, path: Path, manifest: Manifest, originals: Originals, dry_run: bool) -> None:
        self._path = path
        self._root = Path(os.path.realpath(path.parent))
        self._manifest = manifest
        self._originals = originals
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
            reason = self._reason_to_keep(path, file)
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

    def _reason_to_keep(self, path: Path, file: ManifestFile) -> str:
        """Why a file is not removed; empty if it is as it was written. Raises OSError if it cannot be looked at."""
        status = path.lstat()
        if self._originals.has_place(path):
            return ORIGINAL
        if file.link == "symbolic":
            return "" if stat.S_ISLNK(status.st_mode) and os.readlink(path) == file.source else CHANGED
        if not stat.S_ISREG(status.st_mode):
            return CHANGED
        if file.link == "hard" and status.st_nlink > 1 and _is_by_another_name(path, file.source):
            return ""  # whatever is in it now is in the original as well
        if self._originals.has_file(status):
            return ORIGINAL
        if status.st_size != file.size_bytes or sha256_of(path) != file.sha256:
            return CHANGED
        if file.link == WRITTEN:
            return "" if self._is_text_of_ours(file.path) else ADDED
        return _lack_of_original(path, file)

    def _is_text_of_ours(self, path: str) -> bool:
        is_list = "/" not in path and PurePosixPath(path).suffix.lower()[1:] in (*FORMS[1:], *SUBTITLES)
        return TEXTS.fullmatch(path) is not None or (is_list and self._path.name == f"{path}.{MANIFEST}")

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


def _lack_of_original(path: Path, file: ManifestFile) -> str:
    """Why a copy may be the last one; empty if its original is another file that still holds the same bytes."""
    try:
        status = os.stat(file.source)
        if os.path.samefile(path, file.source):
            return LAST_COPY.format("is gone")
        same = stat.S_ISREG(status.st_mode) and status.st_size == file.size_bytes
        return "" if same and sha256_of(file.source) == file.sha256 else LAST_COPY.format("was changed")
    except FileNotFoundError:
        return LAST_COPY.format("is gone")
    except (OSError, ValueError):  # a manifest may name anything, also what no system calls a path
        return LAST_COPY.format("cannot be read")


def _is_by_another_name(path: Path, source: str) -> bool:
    """Whether a source is the same file as a path, and would still be there without it."""
    try:
        return os.path.samefile(path, source) and os.path.realpath(source) != str(path)
    except (OSError, ValueError):
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
