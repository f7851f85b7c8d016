"""What a sentence names: sounds, groups, lengths, counts, methods, domains, by the patterns of `grammars.toml`.

Knows nothing of tools, of the conversation, or of what the person wants.
"""

import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path

from agent.llm.embedded.lists import lexicon
from agent.llm.embedded.wording import Wording

_MOST_ASKED = 200  # a count beyond this is part of what is looked for: "find 300 spartans"


@dataclass(frozen=True)
class Ref:
    """A sound or group as it was pointed at.

    kind: "id" (`value` names a sound for the tools), "place" (position in the list last shown, -1 the last; one that
    was written as a `figure` may be an id), "number" (a place if the list has one, else an id), "first" or "last" (so
    many from that end of the list), "name" (the name of a file not shown before).
    """

    kind: str
    value: str = ""
    number: int = 0
    figure: str = field(default="", compare=False)


@dataclass
class Slots:
    """Everything a sentence names, lengths and moments in seconds; None: nothing was said about it.

    free: the number of groups is to be found.
    """

    refs: list[Ref] = field(default_factory=list)
    clusters: list[int] = field(default_factory=list)
    clustering: int | None = None
    groups: int | None = None
    free: bool | None = None
    k: int | None = None
    k_more: int | None = None
    min_s: float | None = None
    max_s: float | None = None
    start_s: float | None = None
    end_s: float | None = None
    method: str | None = None
    domain: str | None = None
    paths: list[str] = field(default_factory=list)
    quotes: list[str] = field(default_factory=list)

    @property
    def narrows(self) -> bool:
        """Whether the sentence says something about length or domain."""
        return (self.min_s, self.max_s, self.domain) != (None, None, None)


def read_slots(wording: Wording) -> Slots:
    """What the words name; each stretch that was understood becomes a mark in `wording.words`."""
    slots = Slots()
    for kind, pattern, take in _grammars():
        wording.words = pattern.sub(partial(_taken, kind=kind, take=take, wording=wording, slots=slots), wording.words)
    slots.paths = [wording.aside[mark] for mark in wording.marks("PATH")]
    slots.quotes = [wording.aside[mark] for mark in wording.marks("QUOTE")]
    for mark in wording.marks("FILE"):
        known = wording.refs.get(mark)
        slots.refs.append(Ref("id", known) if known else Ref("name", wording.aside[mark]))
    return slots


def seconds(said: str) -> float:
    """A length in seconds: "500 ms" is 0.5, "2 min" 120, "1:02" 62, "a minute" 60; a bare number counts seconds."""
    if ":" in said:
        parts = [float(part) for part in said.split(":")]
        return sum((part * 60.0**power for power, part in enumerate(reversed(parts))), 0.0)
    number, _, unit = said.strip().partition(" ")
    per: float = lexicon()["seconds_per"][unit] if unit else 1
    return round((1.0 if number in {"a", "an"} else float(number)) * per, 6)


def _taken(m: re.Match[str], *, kind: str, take: "Take", wording: Wording, slots: Slots) -> str:
    parts = {name: part for name, part in m.groupdict().items() if part is not None}
    kept = parts.pop("keep", "")
    if kind == "COUNT" and int(parts["n"]) > _MOST_ASKED:
        return m[0]
    take(slots, parts, m[0])
    mark = wording.set_aside(kind, wording.written(m[0].removeprefix(kept).strip()))
    return f"{kept} {mark}" if kept else mark


Parts = dict[str, str]
Take = Callable[[Slots, Parts, str], None]


def _pair(parts: Parts) -> tuple[float, float]:
    """The two ends of a range, in order; the unit of the second serves both: "2 to 4 min" is 120 to 240."""
    low, high = parts["low"], parts["high"]
    unit = high.partition(" ")[2]
    if low.replace(".", "").isdigit() and unit and not high.startswith("a"):
        low = f"{low} {unit}"
    ends = sorted((seconds(low), seconds(high)))
    return ends[0], ends[1]


def _length(slots: Slots, parts: Parts, _: str) -> None:
    slots.min_s, slots.max_s = _pair(parts)


def _span(slots: Slots, parts: Parts, _: str) -> None:
    slots.start_s, slots.end_s = _pair(parts)


def _most(slots: Slots, parts: Parts, _: str) -> None:
    slots.max_s = seconds(parts["d"])


def _least(slots: Slots, parts: Parts, _: str) -> None:
    slots.min_s = seconds(parts["d"])


def _about(slots: Slots, parts: Parts, _: str) -> None:
    length_s = seconds(parts["d"])  # "about 4 seconds" allows a quarter to either side
    slots.min_s, slots.max_s = round(0.75 * length_s, 3), round(1.25 * length_s, 3)


def _beginning(slots: Slots, parts: Parts, _: str) -> None:
    slots.start_s, slots.end_s = 0.0, seconds(parts["d"])


def _from_then_on(slots: Slots, parts: Parts, _: str) -> None:
    slots.start_s = seconds(parts["d"])


def _groups(slots: Slots, parts: Parts, _: str) -> None:
    slots.groups = int(re.sub(r"\D+", "-", parts["n"]))  # "minus 3", "- 3"


def _clustering(slots: Slots, parts: Parts, _: str) -> None:
    slots.clustering = int(parts["n"])


def _clusters(slots: Slots, parts: Parts, _: str) -> None:
    slots.clusters += [int(n) for n in re.findall(r"\d+", parts["list"])]


def _nth_cluster(slots: Slots, parts: Parts, _: str) -> None:
    slots.clusters.append(lexicon()["ordinals"][parts["nth"]])


def _ids(slots: Slots, parts: Parts, _: str) -> None:
    slots.refs += [Ref("id", value) for value in re.findall(r"a[0-9a-f]{8}\b|\d+(?::\d+)?", parts["list"])]


def _id_range(slots: Slots, parts: Parts, _: str) -> None:
    low, high = sorted((int(parts["low"]), int(parts["high"])))
    slots.refs += [Ref("id", str(n)) for n in range(low, min(high, low + _MOST_ASKED) + 1)]


def _places(slots: Slots, parts: Parts, _: str) -> None:
    slots.refs += [Ref("place", number=int(n), figure=n) for n in re.findall(r"\d+", parts["list"])]


def _numbers(slots: Slots, parts: Parts, _: str) -> None:
    slots.refs += [Ref("number", n, int(n)) for n in re.findall(r"\d+", parts["list"])]


def _nth(slots: Slots, parts: Parts, _: str) -> None:
    ordinals = lexicon()["ordinals"]
    slots.refs += [Ref("place", number=ordinals[word]) for word in parts["nths"].split() if word in ordinals]


def _best(slots: Slots, _: Parts, __: str) -> None:
    slots.refs.append(Ref("place", number=1))


def _first_n(slots: Slots, parts: Parts, _: str) -> None:
    slots.refs.append(Ref("first" if parts["end"] == "first" else "last", number=int(parts["n"])))


def _these_n(slots: Slots, parts: Parts, _: str) -> None:
    slots.refs.append(Ref("first", number=int(parts["n"])))


def _count(slots: Slots, parts: Parts, _: str) -> None:
    slots.k = int(parts["n"])


def _count_more(slots: Slots, parts: Parts, _: str) -> None:
    slots.k_more = int(parts["n"])


def _free(slots: Slots, _: Parts, __: str) -> None:
    slots.free = True


def _method(slots: Slots, _: Parts, said: str) -> None:
    by_density = re.search("scan|densit|outlier|leav", said)
    slots.method = "kmeans" if "means" in said else "hdbscan" if by_density else "gmm"


def _domain(slots: Slots, parts: Parts, _: str) -> None:
    slots.domain = lexicon()["domains"].get(parts["domain"], parts["domain"])


_TAKES: dict[str, Take] = {
    "length": _length,
    "span": _span,
    "most": _most,
    "least": _least,
    "about": _about,
    "beginning": _beginning,
    "from_then_on": _from_then_on,
    "groups": _groups,
    "clustering": _clustering,
    "clusters": _clusters,
    "nth_cluster": _nth_cluster,
    "ids": _ids,
    "id_range": _id_range,
    "places": _places,
    "numbers": _numbers,
    "nth": _nth,
    "best": _best,
    "first_n": _first_n,
    "these_n": _these_n,
    "count": _count,
    "count_more": _count_more,
    "free": _free,
    "method": _method,
    "domain": _domain,
}


@cache
def _grammars() -> list[tuple[str, re.Pattern[str], Take]]:
    table = tomllib.loads(Path(__file__).with_name("grammars.toml").read_text(encoding="utf-8"))
    return [
        (grammar["mark"], re.compile(rf"(?<!\S)(?:{_written_out(pattern)})(?!\S)"), _TAKES[grammar["says"]])
        for grammar in table["grammar"]
        for pattern in grammar["patterns"]
    ]


def _written_out(pattern: str) -> str:
    """A pattern of `grammars.toml` with its shorthand replaced."""
    units = "(?:" + "|".join(sorted(lexicon()["seconds_per"], key=len, reverse=True)) + r")\b"
    number = r"\d+(?:\.\d+)?"
    short = {
        "<N>": number,
        "<U>": units,
        "<D>": rf"(?:\d+:\d\d(?:\.\d+)?|{number} {units}|an? (?:second|minute|hour)\b)",
        "<TO>": "(?:to|and|until|till|through|-)",
        "<LIST>": r"\d+(?:(?: ,| and| , and| or) (?:# )?\d+)*(?![\d:.])",
        "<SOUNDS>": r"(?:(?:sound|sample|recording|file|clip|noise|track|hit|result|example|item)s?|matches|ones)\b",
        "<GROUPS>": r"(?:(?:group|cluster|pile|bucket|part|stack|bin|heap|set|class)s?|categories|classes|families)\b",
        "<GROUP>": r"(?:group|cluster|pile|bucket|category|stack|bin|heap)",
        "<NOT>": (
            r"(?:nothing|none|not|no|without|leav(?:e|ing) out|skip|hide|exclud(?:e|ing)|drop|remove|filter out"
            r"|take out|throw out|get rid of|cut|lose|discard|ditch) (?:(?:the|all|any|anything|everything|whatever"
            r"|what|ones?|of|those|these|them|that|which|are|is|be|may|should|lasts?|goes|runs?) )*"
        ),
        "<TH>": r"(?:" + "|".join(lexicon()["ordinals"]) + r")\b",
        "<DOMAIN>": r"(?:" + "|".join(lexicon()["domains"]) + r")\b",
    }
    for name, written in short.items():
        pattern = pattern.replace(name, written)
    return pattern
