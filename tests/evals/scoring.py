"""What a turn is worth, and the scores of many as a table or as JSON."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

COLUMNS = ("kind", "turns", "tool", "arguments", "grounded", "answer", "tokens in", "out", "median s", "95 % s")
MARKS = ("tool", "args", "answer", "grounded")


@dataclass(frozen=True)
class Score:
    """One turn. trouble: the exception that ended it, if one did.

    tokens_in, tokens_out: as the model told, else about as many as the letters make.
    """

    kind: str
    said: str
    tool: bool
    args: bool
    grounded: bool
    answer: bool
    seconds: float
    tokens_in: int = 0
    tokens_out: int = 0
    called: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    text: str = ""
    invented: list[str] = field(default_factory=list)
    trouble: str = ""

    @property
    def missed(self) -> list[str]:
        """In what the turn was not right."""
        return [mark for mark in MARKS if not getattr(self, mark)]


def share(scores: Sequence[Score], what: Callable[[Score], bool]) -> float:
    """The share of turns for which something holds."""
    return sum(map(what, scores)) / max(1, len(scores))


def failures(scores: Sequence[Score]) -> Iterator[Score]:
    """The turns that were not right in everything."""
    return (score for score in scores if score.missed)


def summaries(scores: Sequence[Score]) -> list[dict[str, Any]]:
    """A summary of each kind of conversation and one of all, with the keys of `COLUMNS`; shares from 0 to 1."""
    by_kind: dict[str, list[Score]] = defaultdict(list)
    for score in scores:
        by_kind[score.kind].append(score)
    return [_summary(kind, each) for kind, each in [*by_kind.items(), ("all", list(scores))]]


def table(scores: Sequence[Score]) -> list[tuple[str, ...]]:
    """The summaries as rows of texts."""
    return [tuple(_shown(name, each[name]) for name in COLUMNS) for each in summaries(scores)]


def as_json(scores: Sequence[Score]) -> dict[str, Any]:
    """All there is to know of a run: the summaries, and each turn."""
    return {"summaries": summaries(scores), "turns": [asdict(score) | {"missed": score.missed} for score in scores]}


def _summary(kind: str, scores: Sequence[Score]) -> dict[str, Any]:
    seconds = sorted(score.seconds for score in scores) or [0.0]
    n = max(1, len(scores))
    return {
        "kind": kind,
        "turns": len(scores),
        "tool": share(scores, lambda each: each.tool),
        "arguments": share(scores, lambda each: each.args),
        "grounded": share(scores, lambda each: each.grounded),
        "answer": share(scores, lambda each: each.answer),
        "tokens in": sum(score.tokens_in for score in scores) / n,
        "out": sum(score.tokens_out for score in scores) / n,
        "median s": seconds[len(seconds) // 2],
        "95 % s": seconds[int(0.95 * (len(seconds) - 1))],
    }


def _shown(name: str, value: Any) -> str:
    if name in ("tool", "arguments", "grounded", "answer"):
        return f"{value:.1%}"
    if name.endswith(" s"):
        return f"{value:.2f}"
    return value if isinstance(value, str) else f"{value:.0f}"
