"""What is said of what is heard in a sound, and when."""

from agent.llm.embedded.asked import Artifact, Asked
from agent.llm.embedded.quoting import inert
from agent.llm.embedded.telling import dicts, duration

_MOST_LABELS = 30
_MOST_TIMES = 3


def phrase_timeline(artifact: Artifact, asked: Asked) -> str:
    """The kinds of sound in the order in which they are first heard, with the first moments of each."""
    named = asked.names_of(str(artifact.get("sound"))) or artifact.get("name") or ""
    where = f"“{inert(named)}”, {duration(artifact.get('duration_s'))}"
    times: dict[str, list[str]] = {}
    for event in dicts(artifact.get("events")):
        moment = f"{_clock(event.get('start_s'))} to {_clock(event.get('end_s'))}"
        times.setdefault(str(event.get("label")), []).append(moment)
    if not times:
        return f"In {where}, nothing is heard that the ears can name{_left_out(artifact)}."
    lines = [f"- {inert(label)}: {_listed(moments)}" for label, moments in list(times.items())[:_MOST_LABELS]]
    more = f"\n- and {len(times) - _MOST_LABELS} more kinds of sound" if len(times) > _MOST_LABELS else ""
    return f"This is heard in {where}{_left_out(artifact)}:\n\n" + "\n".join(lines) + more


def _left_out(artifact: Artifact) -> str:
    hidden = artifact.get("hidden") or 0
    return f" ({hidden} more {'is' if hidden == 1 else 'are'} left out, as you wish)" if hidden else ""


def _listed(moments: list[str]) -> str:
    more = len(moments) - _MOST_TIMES
    return ", ".join(moments[:_MOST_TIMES]) + (f" and {more} more times" if more > 0 else "")


def _clock(second: object) -> str:
    if not isinstance(second, int | float):
        return "0:00"
    return f"{int(second // 60)}:{int(second % 60):02d}"
