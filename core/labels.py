"""Labels that a person gives to sounds: a table of files, or folders named for what is in them.

Knows nothing of libraries or ears. Whoever splits such sounds in two keeps those of one source on one side: two cuts of
one recording are easily told to be alike, whatever they are called.
"""

import csv
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.errors import EarshotError, NotFoundError
from core.records import Record
from core.scan import find_files

PATHS = ("path", "file", "filename", "file_name", "slice_file_name", "fname")
LABELS = ("label", "category", "class", "class_name", "kind")
SOURCES = ("source", "source_clip", "src_file", "recording", "group", "speaker", "fsid")
"""The names that columns are known by, the first that is there; upper or lower case. Among them are those of the tables
of ESC-50 and UrbanSound8K."""

DELIMITERS = ",;\t"


@dataclass(frozen=True, slots=True)
class Labelled(Record):
    """A sound and what it is called. source: the recording it was cut from, or the file itself where none is told."""

    path: Path
    label: str
    source: str


def read_labels(where: Path, *, column: str | None = None, folder: Path | None = None) -> list[Labelled]:
    """The labelled sounds of a table, in its order, or of a folder, sorted; at least two different labels.

    where: a CSV with a header, with commas, semicolons or tabs, in UTF-8; or a folder whose sub-folders are named by
    the label of all that is in them. column: of the table, that holds the labels; without it the first of `LABELS`.
    folder: where the paths of the table begin; without it the table's own folder. A row without a label is left out,
    and one that comes twice counts once.
    Raises NotFoundError for a table, or a file in it, that is not there, and EarshotError for one that cannot be used.
    """
    where = where.expanduser()
    if where.is_dir():
        if column is not None:
            raise EarshotError(f"{where} is a folder and has no column {column!r}; give a table for that")
        sounds = _in_folders(where)
    elif where.is_file():
        sounds = _in_table(where, column, (folder or where.parent).expanduser())
    else:
        raise NotFoundError(f"there is no table or folder at {where}; name a CSV, or a folder of folders")
    labels = sorted({sound.label for sound in sounds})
    if len(labels) < 2:
        found = f"only the label {labels[0]!r}" if labels else "no labelled sound"
        raise EarshotError(f"{where} holds {found}; give sounds of at least two labels")
    return sounds


def _in_folders(folder: Path) -> list[Labelled]:
    """A sound deeper down has the label of the folder at the top; one beside the folders has none."""
    found = [Path(file.path) for file in find_files([folder]) if not file.problem]
    root = os.path.abspath(folder)
    below = [(path, path.relative_to(root).parts) for path in found]
    return [Labelled(path, parts[0], str(path)) for path, parts in below if len(parts) > 1]


def _in_table(table: Path, column: str | None, folder: Path) -> list[Labelled]:
    header, rows = _rows(table)
    path_at, label_at = _column(header, PATHS, table, "files"), _label_column(header, column, table)
    source_at = next((header.index(name) for name in SOURCES if name in header), None)
    by_path: dict[Path, Labelled] = {}
    for row in rows:
        path, label = folder / row[path_at], row[label_at]
        if not row[path_at] or not label:
            continue
        if not path.is_file():
            step = "mend the table, or say with --base where its paths begin"
            raise NotFoundError(f"{table.name} names {path}, which is not there; {step}")
        source = row[source_at] if source_at is not None else ""
        before = by_path.setdefault(path, Labelled(path, label, source or str(path)))
        if before.label != label:
            raise EarshotError(f"{table.name} calls {path} both {before.label!r} and {label!r}; give it one label")
    return list(by_path.values())


def _rows(table: Path) -> tuple[list[str], list[list[str]]]:
    """The names of the columns in lower case, and the cells of each row, as many as there are columns."""
    try:
        lines = table.read_text(encoding="utf-8-sig").splitlines(keepends=True)
        delimiter = max(DELIMITERS, key=lines[0].count) if lines else ","
        cells = [[cell.strip() for cell in row] for row in csv.reader(lines, delimiter=delimiter) if row]
    except (UnicodeDecodeError, csv.Error) as problem:
        raise EarshotError(f"{table} cannot be read as a table ({problem}); save it as CSV in UTF-8") from problem
    if not cells:
        raise EarshotError(f"{table} is empty; give a CSV with a header, a column 'path' and a column 'label'")
    header = [name.lower() for name in cells[0]]
    return header, list(_filled(cells[1:], len(header)))


def _filled(rows: Sequence[list[str]], n_columns: int) -> Iterator[list[str]]:
    for row in rows:
        yield (row + [""] * n_columns)[:n_columns]


def _label_column(header: Sequence[str], wanted: str | None, table: Path) -> int:
    if wanted is None:
        return _column(header, LABELS, table, "labels")
    if wanted.lower() not in header:
        raise EarshotError(f"{table.name} has no column {wanted!r}; its columns are {', '.join(header)}")
    return header.index(wanted.lower())


def _column(header: Sequence[str], names: Sequence[str], table: Path, what: str) -> int:
    for name in names:
        if name in header:
            return header.index(name)
    known = ", ".join(names[:4])
    raise EarshotError(
        f"{table.name} has no column of {what} (one of {known}); its columns are {', '.join(header) or 'none'}"
    )
