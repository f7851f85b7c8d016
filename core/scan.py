"""Which files of some folders might hold sound. Decides by name only; whether they do is found out by listening."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from core.errors import NotFoundError

# FFmpeg's readers claim some 250 endings, pictures, subtitles and program texts among them (.ts, .art, .v), so the list
# is our own. A file with another ending is looked into when it is named itself.
SOUND_SUFFIXES = frozenset(
    "3g2 3gp aa aac ac3 adts aif aifc aiff alac amr ape ast au avi caf dsf dts dv eac3 f4v flac flv gsm m2a"
    " m2ts m4a m4b m4v mka mkv mov mp1 mp2 mp3 mp4 mpa mpc mpeg mpg mts mxf nist oga ogg ogv oma opus qoa ra"
    " rf64 rm sd2 shn snd sph spx tak tta vob voc w64 wav wave webm wma wmv wv".split()
)

GONE = "this folder is not there; connect its drive, or ingest the folder that holds its sounds now"


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file that may hold sound, and what tells whether it changed. `problem` says why a folder cannot be listed."""

    path: str
    size_bytes: int = 0
    mtime_ns: int = 0
    problem: str = ""


def find_files(paths: Iterable[Path]) -> list[FoundFile]:
    """The files that may hold sound under some folders, and the files that are named themselves, in order of path.

    Hidden files and folders are passed over, and links to folders, which may run in circles. A folder that cannot be
    listed stands in the list with its problem: it must not look like an emptied one. Raises NotFoundError for a path
    that does not exist, such as that of a drive that is not mounted.
    """
    found: dict[str, FoundFile] = {}
    for path in paths:
        path = Path(os.path.abspath(path.expanduser()))
        if not path.exists():
            raise NotFoundError(f"{path} does not exist; check the path")
        for file in _walk(path) if path.is_dir() else _stat(str(path)):
            found[file.path] = file
    return [found[path] for path in sorted(found)]


def find_again(paths: Iterable[str]) -> list[FoundFile]:
    """Those of some known files that are still there, in order of path.

    A folder that is not there stands in the list in place of its files: its drive may just not be mounted.
    """
    found: list[FoundFile] = []
    for folder, inside in groupby(sorted(paths, key=os.path.split), os.path.dirname):
        if os.path.isdir(folder):
            found += [file for path in inside for file in _stat(path)]
        else:
            found.append(FoundFile(folder, problem=GONE))
    return sorted(found, key=lambda file: file.path)


def printable(path: str) -> str:
    """The same path as text that can be written anywhere; bytes that are not valid text are shown by their number."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _walk(folder: Path) -> Iterator[FoundFile]:
    problems: list[OSError] = []
    for root, folders, names in os.walk(folder, onerror=problems.append):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in names:
            if not name.startswith(".") and os.path.splitext(name)[1][1:].lower() in SOUND_SUFFIXES:
                yield from _stat(os.path.join(root, name))
    for problem in problems:
        reason = f"this folder cannot be listed ({problem.strerror}); check its permissions and run again"
        yield FoundFile(str(problem.filename), problem=reason)


def _stat(path: str) -> Iterator[FoundFile]:
    try:
        status = os.stat(path)
    except FileNotFoundError:  # a dangling link, or a file deleted since the folder was listed
        return
    except OSError:  # such as links in a circle: the attempt to read it will tell why not
        yield FoundFile(path)
        return
    yield FoundFile(path, status.st_size, status.st_mtime_ns)
