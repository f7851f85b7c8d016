"""Carries out a plan: all of it is written, or nothing is left of it."""

import errno
import hashlib
import itertools
import os
from collections.abc import Callable, Generator
from pathlib import Path

from core.errors import EarshotError
from core.export.manifest import PARTIAL, as_json, manifest_of
from core.export.records import WRITTEN, Exported, Plan, PlannedFile
from core.records import Progress

CHUNK = 1 << 20
NO_LINKS = {errno.EXDEV, errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK}
"""What a system says where it can make no such link: across disks, or on a disk that knows none."""


class Export:
    """One export. Iterate it to its end; `exported` tells then what it wrote.

    If it cannot be finished, is stopped, or the iteration is left, everything that it wrote is removed again.
    """

    exported: Exported

    def __init__(self, plan: Plan, remember: Callable[[Path], None]) -> None:
        self.plan = plan
        self._remember = remember
        self._made: list[tuple[Callable[[Path], None], Path]] = []  # how to remove it, and what; the first made first

    def __iter__(self) -> Generator[Progress, None, None]:
        """Yields after every file. Raises EarshotError with the reason; nothing is left behind then."""
        plan, total = self.plan, len(self.plan.files)
        folder = plan.folder
        try:
            folder = self._begin()
            for done, file in enumerate(plan.files, start=1):
                self._write(file, folder)
                yield Progress(done, total, file.path.rpartition("/")[2])
            self._finish(folder)
        except OSError as problem:
            raise EarshotError(self._told(folder, problem, self._remove())) from problem
        except BaseException:
            self._remove()
            raise
        self.exported = Exported(
            str(folder),
            len(plan.paths),
            str(folder / plan.manifest),
            plan.sounds,
            plan.size_bytes,
            plan.form,
            plan.link,
            plan.clustering,
            list(plan.left_out),
        )

    def _begin(self) -> Path:
        """Makes the folders and the manifest; from here on a killed export can be taken back by that."""
        parents = [each for each in self.plan.folder.parents if not os.path.exists(each)]
        for parent in reversed(parents):
            self._make_folder(parent)
        folder, is_made = self._make_own_folder()
        self._manifest = manifest_of(self.plan, folder, len(parents), is_made)
        path = folder / self.plan.manifest
        self._remember(path)
        self._make_file(path, as_json(self._manifest))
        for inside in self._manifest.folders:
            if inside != ".":
                self._make_folder(folder / inside)
        return folder

    def _make_own_folder(self) -> tuple[Path, bool]:
        """The folder of the plan, and whether it is new. Two exports that want a new one cannot both get the same."""
        folder = self.plan.folder
        if not self.plan.is_new:
            if folder.is_dir():
                return folder, False
            self._make_folder(folder)
            return folder, True
        for number in itertools.count(1):
            numbered = folder if number == 1 else folder.with_name(f"{folder.name} ({number})")
            try:
                self._make_folder(numbered)
            except FileExistsError:
                continue
            return numbered, True
        raise AssertionError("there is always a next number")

    def _write(self, file: PlannedFile, folder: Path) -> None:
        target = folder / file.path
        if file.link == WRITTEN:
            self._make_file(target, file.text)
        elif file.link == "hard":
            self._make(target, lambda: os.link(os.path.realpath(file.source), target))
        elif file.link == "symbolic":
            self._make(target, lambda: os.symlink(file.source, target))
        else:
            self._copy(file, target)

    def _copy(self, file: PlannedFile, target: Path) -> None:
        """Copies the bytes and the time, and checks them. Permissions are not copied: a copy is the person's own."""
        partial = target.with_name(PARTIAL)
        if os.path.lexists(target):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
        self._make(partial, lambda: _copy_bytes(file, partial))
        self._made.append((Path.unlink, target))
        partial.rename(target)

    def _finish(self, folder: Path) -> None:
        """Says in the manifest that all is there."""
        partial = folder / PARTIAL
        self._make_file(partial, as_json(self._manifest.model_copy(update={"complete": True})))
        partial.replace(folder / self.plan.manifest)

    def _make_file(self, path: Path, data: bytes) -> None:
        def write() -> None:
            with path.open("xb") as file:
                file.write(data)

        self._make(path, write)

    def _make_folder(self, path: Path) -> None:
        self._make(path, path.mkdir, Path.rmdir)

    def _make(self, path: Path, make: Callable[[], object], remove: Callable[[Path], None] = Path.unlink) -> None:
        """Makes something that was not there. It is noted first, so that a stop at any moment finds it in the notes."""
        self._made.append((remove, path))
        try:
            make()
        except FileExistsError:
            self._made.pop()  # it is another's
            raise

    def _remove(self) -> int:
        """Removes all that was made, the last first; returns how much of it could not be."""
        left = 0
        for remove, path in reversed(self._made):
            try:
                remove(path)
            except FileNotFoundError:
                continue  # noted, and not made any more
            except OSError:
                left += 1
        self._made.clear()
        return left

    def _told(self, folder: Path, problem: OSError, left: int) -> str:
        link = self.plan.link
        if link in ("hard", "symbolic") and (problem.errno in NO_LINKS or getattr(problem, "winerror", None) == 1314):
            return f"{link} links to these sounds cannot be made in {folder} ({problem.strerror}); choose copies"
        removed = f"{left} files could not be removed again" if left else "nothing was exported"
        if problem.filename in {file.source for file in self.plan.files if file.source}:
            return f"{problem.filename}: {problem.strerror}; {removed}, check that this file can be read"
        return f"{folder}: {problem.strerror or problem}; {removed}, choose another place"


def _copy_bytes(file: PlannedFile, target: Path) -> None:
    digest = hashlib.sha256()
    with open(file.source, "rb") as read, target.open("xb") as write:
        for chunk in iter(lambda: read.read(CHUNK), b""):
            digest.update(chunk)
            write.write(chunk)
        status = os.fstat(read.fileno())
    if digest.hexdigest() != file.sha256:
        what = f"{file.source} has changed since it was heard, though its time and size have not"
        raise EarshotError(f"{what}; give it a new time and ingest it, or leave it out with: --skip-missing")
    os.utime(target, ns=(status.st_atime_ns, status.st_mtime_ns))
