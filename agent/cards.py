"""What the page shows, as data: the card of what a tool found (an element and its props as JSON), and texts made safe.

Pure: knows neither Chainlit nor the library. A card is redrawn from its saved props alone, so nothing is left out that
the element shows, and nothing is put in that it does not.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from agent.grounding.markup import on_lines, unlinked
from core.records import WEAK_NAME

MAX_ROWS = 50
MAX_SKIPS = 20
MAX_TAGS = 5
MAX_DETAILS = 12
MAX_EVENTS = 500
BAR_CELLS = 20


@dataclass(frozen=True, slots=True)
class Card:
    """`element` names a file in ui/elements, `props` is what it is drawn from.

    `names` are the ids, titles and file names that it lists: a text above it need not list them again.
    """

    element: str
    props: dict[str, Any]
    names: frozenset[str] = frozenset()


def card_for(artifact: dict[str, Any] | None) -> Card | None:
    """The card of a tool's artifact, or None if its text says everything (an export, an overview, nothing found)."""
    if artifact and artifact.get("hits") == []:
        return None
    draw = CARDS.get(str(artifact.get("kind"))) if artifact else None
    return draw(artifact) if draw and artifact else None


def audio_url(sound_id: int) -> str:
    """Where the page hears a sound."""
    return f"/library/audio/{int(sound_id)}"


def plain(text: Any, limit: int = 300) -> str:
    """Text of a stranger on one line: no control or direction signs, cut at `limit` characters with an ellipsis."""
    kept = "".join(" " if sign.isspace() else sign for sign in str(text) if _is_shown(sign))
    kept = " ".join(kept.split())
    return kept if len(kept) <= limit else kept[: limit - 1].rstrip() + "…"


def progress_line(done: int, total: int, label: str) -> str:
    """A bar, the numbers and what was just finished, in Markdown that shows the label letter by letter."""
    filled = round(BAR_CELLS * done / total) if total else 0
    name = plain(label, limit=80).replace("`", "'")
    return f"`{'█' * filled}{'░' * (BAR_CELLS - filled)}` {done} of {total}" + (f" · `{name}`" if name else "")


def literal(text: str) -> str:
    """Markdown that shows a text letter by letter: names of files may look like links and pictures.

    Ends of lines stay; of signs that cannot be seen only those are in it that keep an address from being a link.
    """
    return unlinked(re.sub(r"([\\`*_\[\]<>!#|~&])", r"\\\1", on_lines(text)))


def _is_shown(sign: str) -> bool:
    return sign.isspace() or unicodedata.category(sign) not in ("Cc", "Cf", "Cs", "Co", "Cn")


def _hits(artifact: dict[str, Any]) -> Card:
    rows = _rows(artifact["hits"])
    title = plain(artifact.get("title") or "Sounds")
    props = {"title": title, "hits": rows, "hidden": len(artifact["hits"]) - len(rows)}
    return Card("SoundList", props, _ids(rows))


def _cluster(artifact: dict[str, Any]) -> Card:
    rows = _rows(artifact["exemplars"])
    title = plain(artifact["title"])
    props = {
        "title": title,
        "cluster": artifact["cluster"],
        "clustering": artifact["clustering"],
        "keywords": _words(artifact.get("keywords", [])),
        "hits": rows,
        "hidden": max(0, artifact["size"] - len(rows)),
    }
    return Card("SoundList", props, _ids(rows))


def _clustering(artifact: dict[str, Any]) -> Card:
    clusters = [
        {
            "cluster": cluster["cluster"],
            "title": plain(cluster["title"]),
            "size": cluster["size"],
            "keywords": _words(cluster.get("keywords", []))[:MAX_TAGS],
            "exemplars": _rows(cluster.get("exemplars", [])),
            "stability": cluster.get("stability"),
            "name_auc": cluster.get("name_auc"),
            "weak": cluster.get("name_auc") is not None and cluster["name_auc"] < WEAK_NAME,
            "named_by_person": cluster.get("named_by") == "person",
        }
        for cluster in artifact["clusters"]
    ]
    total = sum(cluster["size"] for cluster in clusters)
    props = {
        "title": f"{total} sounds in {len(clusters)} groups",
        "clustering": artifact["clustering"],
        "method": artifact["method"],
        "name": plain(artifact.get("name") or "", limit=60),
        "outliers": int(artifact.get("outliers") or 0),
        "change": plain(artifact.get("change") or ""),
        "clusters": clusters,
    }
    return Card("Clusters", props, frozenset(cluster["title"] for cluster in clusters))


def _selection(artifact: dict[str, Any]) -> Card:
    rows = _rows(artifact["hits"])
    props = {"title": plain(artifact["title"]), "hits": rows, "hidden": max(0, artifact["size"] - len(rows))}
    return Card("SoundList", props, _ids(rows))


def _map(artifact: dict[str, Any]) -> Card:
    clustering = artifact.get("clustering")
    given = {"clustering": clustering, "space": artifact["space"], "colour": artifact.get("colour")}
    query = urlencode({name: value for name, value in given.items() if value is not None})
    props = {
        "title": plain(artifact["title"]),
        "clustering": None if clustering is None else int(clustering),
        "space": plain(artifact["space"], limit=60),
        "n": int(artifact["n"]),
        "url": f"/library/map?{query}",
    }
    return Card("SoundMap", props)


def _sounds(artifact: dict[str, Any]) -> Card:
    shown = [_detail(sound) for sound in artifact["sounds"][:MAX_DETAILS]]
    props = {"sounds": shown, "hidden": len(artifact["sounds"]) - len(shown)}
    return Card("SoundDetails", props, _ids(shown))


def _ingest(artifact: dict[str, Any]) -> Card:
    skipped = artifact["skipped"]
    numbers = ("found", "indexed", "unchanged", "changed", "copies", "moved", "missing", "damaged", "again")
    props: dict[str, Any] = {name: int(artifact.get(name, 0)) for name in numbers}
    props["n_skipped"] = len(skipped)
    props["skipped"] = [{"path": plain(s["path"]), "reason": plain(s["reason"])} for s in skipped[:MAX_SKIPS]]
    props["seconds_of_audio"] = float(artifact.get("seconds_of_audio", 0.0))
    props["elapsed_s"] = float(artifact.get("elapsed_s", 0.0))
    return Card("IngestReport", props, frozenset(re.split(r"[/\\]", skip["path"])[-1] for skip in props["skipped"]))


def _count(artifact: dict[str, Any]) -> Card:
    rows = _rows(artifact["hits"])
    props = {"title": plain(artifact["title"]), "hits": rows, "hidden": max(0, artifact["n"] - len(rows))}
    return Card("SoundList", props, _ids(rows))


def _timeline(artifact: dict[str, Any]) -> Card:
    lanes: dict[str, list[list[float]]] = {}
    for event in artifact["events"][:MAX_EVENTS]:
        span = [float(event["start_s"]), float(event["end_s"]), float(event["score"])]
        lanes.setdefault(plain(event["label"], limit=60), []).append(span)
    sound, name = str(artifact["sound"]), plain(artifact["name"], limit=120)
    props = {
        "title": f"What is heard in {name}, and when",
        "file": re.sub(r"[^\w.-]+", "_", name.rsplit(".", 1)[0])[:60] or "sounds",
        "url": audio_url(sound) if sound.isdigit() else f"/library/attachment/{quote(sound, safe='')}",
        "has_picture": bool(artifact["has_picture"]),
        "duration_s": float(artifact["duration_s"]),
        "n": len(artifact["events"]),
        "lanes": [{"label": label, "spans": spans} for label, spans in lanes.items()],
        "vtt": str(artifact["vtt"]),
        "srt": str(artifact["srt"]),
    }
    return Card("Timeline", props, frozenset(label.rstrip(")") for label in lanes))  # as a list's items are compared


def _moments(artifact: dict[str, Any]) -> Card:
    rows = _rows([{**hit, "caption": _heard(hit), "tags": []} for hit in artifact["hits"]])
    props = {"title": plain(artifact["title"]), "hits": rows, "hidden": max(0, artifact["total"] - len(rows))}
    return Card("SoundList", props, _ids(rows))


def _heard(hit: dict[str, Any]) -> str:
    label = str(hit.get("label") or "")
    return label if hit.get("is_sure", True) else f"{label}, perhaps"


CARDS: dict[str, Callable[[dict[str, Any]], Card]] = {
    "count": _count,
    "hits": _hits,
    "cluster": _cluster,
    "clustering": _clustering,
    "map": _map,
    "moments": _moments,
    "selection": _selection,
    "sounds": _sounds,
    "ingest": _ingest,
    "timeline": _timeline,
}


def _rows(sounds: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [_row(sound) for sound in sounds[:MAX_ROWS]]


def _row(sound: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": int(sound["id"]),
        "name": plain(sound["name"], limit=120),
        "audio": audio_url(sound["id"]),
        "start_s": float(sound.get("start_s") or 0.0),
        "end_s": float(sound.get("end_s") or sound["duration_s"]),
        "duration_s": float(sound["duration_s"]),
        "score": sound.get("score"),
        "caption": plain(sound.get("caption") or ""),
        "tags": _words(sound.get("tags") or [])[:MAX_TAGS],
        "domain": plain(sound.get("domain") or "", limit=40),
    }


def _detail(sound: dict[str, Any]) -> dict[str, Any]:
    numbers = (
        "sample_rate_hz",
        "channels",
        "loudness_lufs",
        "peak_dbfs",
        "brightness_hz",
        "noisiness",
        "pitch_hz",
        "tempo_bpm",
        "n_chunks",
    )
    tags = [{"label": plain(tag["label"], limit=60), "score": float(tag["score"])} for tag in sound.get("tags") or []]
    return {
        "id": int(sound["id"]),
        "name": plain(sound["name"], limit=120),
        "path": plain(sound["path"]),
        "audio": audio_url(sound["id"]),
        "duration_s": float(sound["duration_s"]),
        "codec": plain(sound.get("codec") or "", limit=40),
        "domain": plain(sound.get("domain") or "", limit=40),
        "caption": plain(sound.get("caption") or ""),
        "tags": tags,
        "files": [{"path": plain(f["path"]), "missing": bool(f.get("missing"))} for f in sound.get("files") or []],
        **{name: sound.get(name) for name in numbers},
    }


def _ids(rows: Iterable[dict[str, Any]]) -> frozenset[str]:
    return frozenset(str(row["id"]) for row in rows)


def _words(words: Iterable[Any]) -> list[str]:
    return [plain(word, limit=60) for word in words]
