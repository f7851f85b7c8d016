"""What the command line shows of sounds and clusterings, as tables, and of an ingest, as lines.

Texts of strangers are shown letter by letter, without the signs that a terminal would obey.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.table import Table

from agent.cards import plain
from core.records import Clustering, Hit, IngestReport, SpaceCard

if TYPE_CHECKING:
    from core.comparison import Comparison

LONGEST = 5000  # letters of one text, as long as a path may be
TOLD_APART = {  # of one, of more
    "again": ("heard again", "heard again"),
    "changed": ("changed", "changed"),
    "copies": ("copy", "copies"),
    "moved": ("moved", "moved"),
    "missing": ("missing", "missing"),
    "damaged": ("damaged", "damaged"),
}


def shown(text: str) -> str:
    """A text of a stranger as markup that shows it: on one line, with no control sign in it."""
    return escape(plain(text, limit=LONGEST))


def hits(found: Sequence[Hit], *, scored: bool = True) -> Table:
    """The answer of a search, a row for each sound. scored: whether the scores tell a reader anything."""
    table = Table("id", *(["score"] if scored else []), "at", "file", "what is known")
    for hit in found:
        score = [f"{hit.score:.2f}"] if scored else []
        table.add_row(str(hit.id), *score, f"{hit.start_s:.1f} s", shown(Path(hit.path).name), shown(hit.caption))
    return table


def sound(known: dict[str, Any]) -> Table:
    """All that is known of one sound, a row for each thing."""
    table = Table("", "", title=shown(f"{known['id']}  {Path(known['path']).name}"), show_header=False)
    for key, value in known.items():
        table.add_row(key, shown(_readable(value)))
    return table


def clustering(made: Clustering) -> Table:
    """One clustering, a row for each group, and below it what is different from the one before."""
    named = f" “{shown(made.name)}”" if made.name else ""
    table = Table("cluster", "title", "sounds", "holds still", "name finds it", "hear")
    groups = "1 group" if made.k == 1 else f"{made.k} groups"
    table.title = f"clustering {made.clustering}{named}: {groups}, {made.how}"
    for each in made.clusters:
        firm = "" if each.stability is None else f"{each.stability:.2f}"
        found = "" if each.name_auc is None else f"{each.name_auc:.2f}{' weak' if each.is_weak else ''}"
        row = (str(each.cluster), shown(each.title), str(each.size), firm, found, ", ".join(map(str, each.exemplars)))
        table.add_row(*row)
    loose = f"{made.outliers} sounds fit nowhere." if made.outliers else ""
    table.caption = " ".join(filter(None, [shown(made.change), loose])) or None
    return table


def clusterings(kept: Sequence[Clustering], current: int | None = None) -> Table:
    """A list of clusterings, a row for each. current: the one that is meant where none is named."""
    table = Table("id", "", "name", "groups", "method", "query", "what is different", "made")
    for each in kept:
        told = (shown(each.name), str(each.k), each.method, shown(each.query), shown(each.change), each.created_at)
        table.add_row(str(each.clustering), "meant now" if each.clustering == current else "", *told)
    return table


def handled(report: IngestReport) -> int:
    """How many files an ingest came to; all that it found, unless it was stopped."""
    return report.indexed + report.unchanged + len(report.skipped)


def report(made: IngestReport, *, stopped: bool = False) -> Iterator[str]:
    """What an ingest did, as lines of markup: what it skipped and why, then the sums."""
    for skip in made.skipped:
        yield f"[yellow]skipped[/yellow] {shown(skip.path)}: {shown(skip.reason)}"
    head = f"{handled(made)} of {made.found} files done:" if stopped else f"found {made.found} ="
    yield f"{head} indexed {made.indexed} + unchanged {made.unchanged} + skipped {len(made.skipped)}"
    sums = made.as_dict()
    told_apart = [f"{sums[key]} {TOLD_APART[key][sums[key] > 1]}" for key in TOLD_APART if sums[key]]
    if told_apart:
        yield f"of these: {', '.join(told_apart)}"
    if made.seconds_of_audio:
        speed = made.seconds_of_audio / max(made.elapsed_s, 1e-3)
        minutes = made.seconds_of_audio / 60
        yield f"{minutes:.1f} minutes of sound in {made.elapsed_s:.1f} s ({speed:.0f} times real time)"


def _readable(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def spaces(cards: Sequence[SpaceCard]) -> Table:
    """The spaces of a library, a row for each."""
    table = Table("ears", "sounds", "window", "numbers", "reads text", "state")
    for card in cards:
        state = "answers" if card.answers else ""
        if card.problem:
            state = f"{state}; {shown(card.problem)}".lstrip("; ")
        window = f"{card.window_s:g} s every {card.hop_s:g} s"
        name = f"{shown(card.name)} ({shown(card.version)})"
        table.add_row(name, f"{card.sounds} of {card.total}", window, str(card.dim), "yes" if card.reads else "", state)
    return table


def comparison(compared: "Comparison") -> Table:
    """The spaces of a library from the best to the worst."""
    columns, rows = compared.table()
    table = Table(*columns)
    for row in rows:
        table.add_row(*map(shown, row))
    return table
