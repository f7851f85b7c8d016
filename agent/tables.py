"""What the command line shows of sounds and clusterings, as tables. Texts of strangers are shown letter by letter."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.markup import escape
from rich.table import Table

from core.records import Clustering, Hit


def hits(found: Sequence[Hit]) -> Table:
    """The answer of a search, a row for each sound."""
    table = Table("id", "score", "at", "file", "what is known")
    for hit in found:
        name = escape(Path(hit.path).name)
        table.add_row(str(hit.id), f"{hit.score:.2f}", f"{hit.start_s:.1f} s", name, escape(hit.caption))
    return table


def sound(known: dict[str, Any]) -> Table:
    """All that is known of one sound, a row for each thing."""
    table = Table("", "", title=escape(f"{known['id']}  {Path(known['path']).name}"), show_header=False)
    for key, value in known.items():
        table.add_row(key, escape(_readable(value)))
    return table


def clustering(made: Clustering) -> Table:
    """One clustering, a row for each group."""
    how = "found by BIC" if made.bic else "as asked"
    table = Table("cluster", "title", "sounds", "hear", title=f"clustering {made.clustering}: {made.k} groups, {how}")
    for each in made.clusters:
        table.add_row(str(each.cluster), escape(each.title), str(each.size), ", ".join(map(str, each.exemplars)))
    return table


def clusterings(kept: Sequence[Clustering]) -> Table:
    """A list of clusterings, a row for each."""
    table = Table("id", "groups", "method", "query", "made")
    for each in kept:
        table.add_row(str(each.clustering), str(each.k), each.method, escape(each.query), each.created_at)
    return table


def _readable(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
