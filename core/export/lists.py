"""Texts that an export writes: tables, playlists, one row of JSON a sound, and the README of a group."""

import csv
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path, PurePath

from core.export.names import plain_line


@dataclass(frozen=True, slots=True)
class Row:
    """A sound of a list. cluster: its number, 0 for no group, None where no groups were asked for; title: of it."""

    id: int
    path: str
    cluster: int | None
    title: str
    caption: str
    tags: list[str]
    duration_s: float
    domain: str


def as_csv(title: str, rows: Sequence[Row]) -> str:  # noqa: ARG001  all lists are made alike
    """A table for people and their spreadsheets, with a row of names above; tags stand between semicolons.

    A text that a spreadsheet would take for a formula begins with an apostrophe: its signs come from strangers. Paths
    stay as they are, being absolute; jsonl changes nothing at all.
    """
    file = io.StringIO()
    table = csv.writer(file, lineterminator="\n")
    table.writerow(["id", "path", "cluster", "title", "caption", "tags", "duration_s", "domain"])
    for row in rows:
        cluster = "" if row.cluster is None else row.cluster
        texts = [no_formula(text) for text in (row.title, row.caption, "; ".join(row.tags))]
        table.writerow([row.id, row.path, cluster, *texts, round(row.duration_s, 3), row.domain])
    return file.getvalue()


def as_jsonl(title: str, rows: Sequence[Row]) -> str:  # noqa: ARG001  all lists are made alike
    """One JSON object a line for each sound, with the fields of `Row`."""
    return "".join(json.dumps(asdict(row), ensure_ascii=False) + "\n" for row in rows)


def as_m3u8(title: str, rows: Sequence[Row]) -> str:
    """A playlist that players open, in UTF-8, with the length in seconds and the name of each sound.

    A path that a line cannot hold, such as one with a line break in it, is written as an address (file:///...).
    """
    lines = ["#EXTM3U", *([f"#PLAYLIST:{plain_line(title)}"] if title else [])]
    for row in rows:
        name = plain_line(PurePath(row.path).stem)
        lines += [f"#EXTINF:{row.duration_s:.3f},{name}", _on_a_line(row.path)]
    return "\n".join(lines) + "\n"


LISTS: dict[str, Callable[[str, Sequence[Row]], str]] = {"csv": as_csv, "jsonl": as_jsonl, "m3u8": as_m3u8}


def readme(title: str, texts: Sequence[str], names: Sequence[str], where: str) -> str:
    """What a folder of a group says about it: its title, what is known of it, and what is in it, most typical first.

    texts: paragraphs, empty ones are left out. where: which group of which clustering it is.
    """
    paragraphs = [plain_line(text).strip() for text in (title, *texts)]
    head = "\n\n".join(text for text in paragraphs if text)
    count = f"{len(names)} sound{'' if len(names) == 1 else 's'}"
    listed = "\n".join(f"  {name}" for name in names)
    return f"{head}\n\n{where}: {count}, the most typical first:\n{listed}\n"


def no_formula(text: str) -> str:
    """A text as a cell of a table that no spreadsheet takes for a formula. Source: OWASP, "CSV Injection"."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) else text


def _on_a_line(path: str) -> str:
    return path if plain_line(path) == path == path.strip() else Path(path).as_uri()
