"""What is said of the moments in which something is heard."""

from agent.llm.embedded.asked import Artifact, Asked
from agent.llm.embedded.quoting import inert, quoted
from agent.llm.embedded.telling import dicts, many, moment, score_of, sound_name


def phrase_moments(artifact: Artifact, _: Asked) -> str:
    """Each moment by its sound and second, the sure ones first, and how much was listened to for it."""
    hits, total = dicts(artifact.get("hits")), int(artifact.get("total") or 0)
    text = quoted(artifact.get("text") or "that")
    if not hits:
        return f"I heard {text} at no moment of what was listened to so far. {_listened(artifact)}".strip()
    lines = "\n".join(_line(number, hit) for number, hit in enumerate(hits, 1))
    return f"I heard {text} at {many(total, 'moment')}{_how_sure(artifact, len(hits))}:\n\n{lines}\n\n" + _listened(
        artifact
    )


def _line(number: int, hit: Artifact) -> str:
    score = score_of(hit, " ({})")
    return f"{number}. {sound_name(hit)}, at {moment(hit.get('start_s'))}: {inert(hit.get('label', ''), 60)}{score}"


def _how_sure(artifact: Artifact, shown: int) -> str:
    total, sure = int(artifact.get("total") or 0), min(int(artifact.get("sure") or 0), shown)
    listed = f"; the best {shown} of them" if shown < total else ""
    if sure == shown:
        return listed
    if not sure:
        return f", perhaps{listed}"
    return f"{listed}, the first{f' {sure}' if sure > 1 else ''} surely, the others perhaps"


def _listened(artifact: Artifact) -> str:
    """How many sounds were listened to, and how the others can be."""
    listened, of = int(artifact.get("listened") or 0), int(artifact.get("of") or 0)
    if listened >= of:
        return f"All {many(of, 'sound')} were listened to." if of > 1 else ""
    likely = int(artifact.get("likely") or 0)
    more = f"; {likely} of the others may well hold it, ask again to go on with those" if likely else ""
    return (
        f"Listened to {listened} of {many(of, 'sound')} so far{more}. Say “listen to the rest” to hear them all; "
        "in a terminal, `earshot moments --listen` does."
    )
