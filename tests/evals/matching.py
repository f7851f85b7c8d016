"""Whether the arguments of a call are as wanted, as conversations.toml writes it. Knows no model and no library."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

_PLACE = re.compile(r"#(\d+|last)")


def args_fit(wanted: Any, calls: Sequence[Mapping[str, Any]], listed: Sequence[int] = ()) -> bool:
    """Whether one of some calls has the wanted arguments. wanted: a table, or a list of tables of which one has to fit.

    listed: the sounds that the person saw last, in their order, which "#2" counts.
    """
    choices = wanted if isinstance(wanted, list) else [wanted]
    return any(
        all(matches(value, call.get(name), listed) for name, value in choice.items())
        for choice in choices
        for call in calls
    )


def matches(wanted: Any, found: Any, listed: Sequence[int] = ()) -> bool:
    """Whether one argument is as wanted."""
    if isinstance(wanted, Mapping):
        return not matches(wanted["not"], found, listed)
    if isinstance(wanted, list):
        return isinstance(found, list) and _as_set(wanted, listed) == _as_set(found, listed)
    if isinstance(wanted, str):
        return _text_matches(wanted, found, listed)
    return bool(found == wanted)


def _text_matches(wanted: str, found: Any, listed: Sequence[int]) -> bool:
    if wanted == "*":
        return found not in (None, "", [])
    if wanted == "-":
        return found in (None, "", [], 0)
    if wanted.startswith("~"):
        return re.search(wanted[1:], str(found or ""), re.IGNORECASE) is not None
    return _named(wanted, listed).lower() == _sound(found).lower()


def _as_set(values: Sequence[Any], listed: Sequence[int]) -> list[str]:
    return sorted(_sound(_named(str(value), listed)) for value in values)


def _named(wanted: str, listed: Sequence[int]) -> str:
    """The id that a place such as "#2" stands for; a place that is not there stays as it is, and fits nothing."""
    place = _PLACE.fullmatch(wanted)
    if not place:
        return wanted
    number = len(listed) if place[1] == "last" else int(place[1])
    return str(listed[number - 1]) if 0 < number <= len(listed) else wanted


def _sound(found: Any) -> str:
    """An id without its chunk: "13:2" is a part of sound 13."""
    return re.sub(r"^(\d+):\d+$", r"\1", str(found))
