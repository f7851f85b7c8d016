"""A table of a tool as Markdown, each cell inert."""

from collections.abc import Mapping, Sequence
from typing import Any

from agent.llm.embedded.quoting import inert

_LONGEST_CELL = 200


def table(artifact: Mapping[str, Any], _: object = None) -> str:
    """The title, the table and the remark of an artifact with `columns` and `rows`."""
    columns, rows = artifact.get("columns") or [], artifact.get("rows") or []
    lines = [_row(columns), _row(["---"] * len(columns)), *map(_row, rows)] if rows else []
    parts = [inert(artifact.get("title") or "", 400), "\n".join(lines), inert(artifact.get("remark") or "", 1000)]
    return "\n\n".join(part for part in parts if part)


def _row(cells: Sequence[object]) -> str:
    return f"| {' | '.join(inert(cell, _LONGEST_CELL) for cell in cells)} |"
