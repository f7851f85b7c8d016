"""Ingests in tests, and the rows they leave."""

from pathlib import Path

import pytest

from core.library import Library
from core.records import IngestReport
from tests.runs import rows

in_this_process = pytest.mark.usefixtures("heard_here")


def run(library: Library, *paths: Path) -> IngestReport:
    """One ingest to its end; what it tells adds up, whatever it met."""
    ingest = library.ingest(paths)
    list(ingest)
    report = ingest.report
    assert report.found == report.indexed + report.unchanged + len(report.skipped)
    return report


def counts(report: IngestReport) -> dict[str, int]:
    """The counts that are not zero."""
    counted = {key: value for key, value in report.as_dict().items() if isinstance(value, int)}
    counted["skipped"] = len(report.skipped)
    return {key: value for key, value in counted.items() if value}


def files(library: Library) -> dict[str, tuple[int, int]]:
    """Sound and `missing` of every file, by name."""
    found = rows(library.folder, "SELECT path, sound_id, missing FROM files")
    return {Path(path).name: (sound, missing) for path, sound, missing in found}


def skips(library: Library) -> dict[str, str]:
    return {Path(path).name: reason for path, reason in rows(library.folder, "SELECT path, reason FROM skips")}


def number_of_sounds(library: Library) -> int:
    (sounds, vectors, words, captions) = (
        rows(library.folder, f"SELECT count(*) FROM {table}")[0][0]
        for table in ("sounds", "vectors", "words", "captions")
    )
    assert sounds == vectors == words == captions, "a sound is whole or is not there"
    return sounds


def present(library: Library) -> set[str]:
    """Names of the sounds that a search may show."""
    hits = library.search_by_audio("1", k=100)
    return {Path(hit.path).name for hit in hits}
