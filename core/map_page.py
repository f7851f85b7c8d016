"""A map of sounds as one page of HTML that needs nothing else: data, script, style and, if wanted, the sounds.

Knows what the page is made of, not where sounds lie (`core.maps`). How it looks and acts: `core/assets/map/`.
"""

import hashlib
import json
import math
import os
import re
import unicodedata
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

from core.errors import EarshotError, NotFoundError, UnknownNameError
from core.maps import SoundMap
from core.plots.palette import DARK, LIGHT, domain_mark, marker
from core.previews import previews
from core.records import DOMAINS, Progress

if TYPE_CHECKING:
    from core.library import Library

ASSETS = Path(__file__).parent / "assets" / "map"
SCRIPTS = ("look.js", "sound.js", "view.js", "lists.js", "map.js")
PACK = 500  # previews in one block of the page, 3 MB; it is taken apart when the first of them is heard
LONGEST_NAME = 120
LONGEST_CAPTION = 300

How: TypeAlias = Literal["embed", "link", "none"]


@dataclass(frozen=True, slots=True)
class Sounds:
    """What a page plays. The one that is given counts; without any the page is silent.

    previews: Ogg with Opus for each sound of the map in its order, empty where there is none. urls: an address for each
    sound, empty where there is none. base: what addresses begin with, before the number of the sound.
    """

    previews: Iterable[bytes] | None = None
    urls: Sequence[str] | None = None
    base: str | None = None


SILENT = Sounds()


def page(sound_map: SoundMap, sounds: Sounds = SILENT, colour: str = "cluster") -> str:
    """The whole page. colour: what it colours by at first, cluster, domain or the name of a descriptor."""
    before, after = _around(sound_map, sounds, colour)
    made = list(sounds.previews or ())
    packs = [_pack(start // PACK, made[start : start + PACK]) for start in range(0, len(made), PACK)]
    return "".join([before, *packs, after])


def write_html(library: "Library", sound_map: SoundMap, path: Path, sounds: str = "embed") -> Iterator[Progress]:
    """Writes the page into a file, whole or not at all; iterate it.

    sounds: embed puts a preview of about 6 kB of each sound into the file, so that it plays anywhere; link plays the
    originals, whose paths on this computer are then in the file; none is silent.
    Raises UnknownNameError for another word, EarshotError with the reason if the file cannot be written.
    """
    if sounds not in get_args(How):
        raise UnknownNameError(f"a map cannot hold its sounds by {sounds!r}; known are {', '.join(get_args(How))}")
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("w", encoding="utf-8") as file:
            yield from _write(library, sound_map, sounds, file.write)
        part.replace(path)
    except OSError as problem:
        raise EarshotError(f"{path} cannot be written ({problem.strerror}); choose another place") from problem
    finally:
        part.unlink(missing_ok=True)


def _write(library: "Library", sound_map: SoundMap, sounds: str, write: Callable[[str], Any]) -> Iterator[Progress]:
    """The page piece by piece: the previews of a large library are never all in memory."""
    paths = _paths(library, sound_map.ids) if sounds != "none" else []
    if sounds != "embed":
        write(page(sound_map, Sounds(urls=[path.as_uri() if path else "" for path in paths]) if paths else SILENT))
        return
    before, after = _around(sound_map, Sounds(previews=()), "cluster")
    write(before)
    total, pack = len(paths), list[bytes]()
    for done, made in enumerate(previews(paths), start=1):
        pack.append(made)
        if len(pack) == PACK or done == total:
            write(_pack((done - 1) // PACK, pack))
            pack = []
        yield Progress(done, total, sound_map.names[done - 1])
    write(after)


def _paths(library: "Library", ids: Sequence[int]) -> list[Path | None]:
    """A file that holds each sound, None where there is none any more."""
    known = {card["id"]: Path(card["path"]) for card in library.cards(ids)}
    return [known[each] if each in known and known[each].is_file() else _elsewhere(library, each) for each in ids]


def _elsewhere(library: "Library", sound_id: int) -> Path | None:
    try:
        return library.audio_path(sound_id)
    except NotFoundError:
        return None


# The page in text


def _around(sound_map: SoundMap, sounds: Sounds, colour: str) -> tuple[str, str]:
    """What comes before the previews, and what comes after them."""
    n = len(sound_map.ids)
    style, script = _style(), _script()
    fields = {
        "policy": _policy(style, script, sounds),
        "title": escape("A map of 1 sound" if n == 1 else f"A map of {n:,} sounds"),
        "style": style,
        "script": script,
        "data": as_json_for_html(_data(sound_map, sounds, colour)),
    }
    before, after = (ASSETS / "map.html").read_text(encoding="utf-8").split("{{previews}}")
    fill = re.compile(r"\{\{(\w+)\}\}")  # in one pass: what is put in is never looked at again
    return fill.sub(lambda hole: fields[hole[1]], before), fill.sub(lambda hole: fields[hole[1]], after)


@cache
def _style() -> str:
    return (ASSETS / "map.css").read_text(encoding="utf-8")


@cache
def _script() -> str:
    parts = [(ASSETS / name).read_text(encoding="utf-8") for name in SCRIPTS]
    return "\n".join(['"use strict";', "(() => {", *parts, "})()"])


def _policy(style: str, script: str, sounds: Sounds) -> str:
    """What the page may do: run this script, play these sounds, and ask for nothing else."""
    media = "file:" if sounds.urls is not None else "'self'" if sounds.base is not None else "'none'"
    rules = {
        "default-src": "'none'",
        "script-src": _hash(script),
        "style-src": _hash(style),
        "img-src": "data:",
        "media-src": media,
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _pack(number: int, made: Sequence[bytes]) -> str:
    """Some previews, one a line. No script: a browser neither runs nor reads it before it is asked for."""
    lines = "\n".join(b64encode(each).decode() for each in made)
    return f'<script type="text/plain" id="pack-{number}">{lines}</script>\n'


def as_json_for_html(value: Any) -> str:
    """JSON that no text in it can end, whatever a stranger called a file: without <, > and &, all of it ASCII."""
    text = json.dumps(value, allow_nan=False, separators=(",", ":"))
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text


def _data(sound_map: SoundMap, sounds: Sounds, colour: str) -> dict[str, Any]:
    return {
        "ids": sound_map.ids,
        "x": [round(x, 5) for x in sound_map.x],
        "y": [round(y, 5) for y in sound_map.y],
        "names": [_plain(name, LONGEST_NAME) for name in sound_map.names],
        "captions": [_plain(caption, LONGEST_CAPTION) for caption in sound_map.captions],
        "domains": [_plain(domain, LONGEST_NAME) for domain in sound_map.domains],
        "durations_s": [round(duration_s, 2) for duration_s in sound_map.durations_s],
        "placed": [int(placed) for placed in sound_map.placed],
        "clusters": sound_map.clusters,
        "titles": {str(number): _plain(title, LONGEST_NAME) for number, title in sound_map.titles.items()},
        "descriptors": {name: [_short(each) for each in values] for name, values in sound_map.descriptors.items()},
        "colour": colour,
        "looks": _looks(sound_map),
        "sounds": _how(sounds),
        "note": _note(sound_map, sounds),
    }


def _looks(sound_map: SoundMap) -> dict[str, Any]:
    """Hue and shape of every group and domain, and the hues by theme: those of the pictures."""
    marks = {str(number): mark for number, mark in sound_map.marks().items()}
    domains = {domain: domain_mark(domain) for domain in DOMAINS}
    return {
        "hues": {each.name: each.colours for each in (LIGHT, DARK)},
        "groups": {name: [mark.hue, marker(mark)] for name, mark in marks.items()},
        "domains": {name: [mark.hue, marker(mark)] for name, mark in domains.items() if mark},
    }


def _how(sounds: Sounds) -> dict[str, Any]:
    if sounds.previews is not None:
        return {"how": "embed", "pack": PACK}
    if sounds.urls is not None:
        return {"how": "link", "urls": list(sounds.urls)}
    return {"how": "serve", "base": sounds.base} if sounds.base is not None else {"how": "none"}


def _note(sound_map: SoundMap, sounds: Sounds) -> str:
    """What the page says of itself at its foot."""
    grouped = f", clustering {sound_map.clustering}" if sound_map.clustering is not None else ""
    made = f"Drawn by Earshot; ears {sound_map.space}{grouped}."
    if sounds.urls is not None:
        return f"{made} It plays the files where they are: this page contains paths of the computer it was made on."
    return made if sounds.previews is not None or sounds.base is not None else f"{made} It holds no sounds."


def _plain(text: str, longest: int) -> str:
    """Text of a stranger on one line: no control or direction signs, shortened."""
    kept = "".join(" " if sign.isspace() else sign for sign in text if sign.isspace() or _is_shown(sign))
    kept = " ".join(kept.split())
    return kept if len(kept) <= longest else f"{kept[: longest - 1].rstrip()}…"


def _is_shown(sign: str) -> bool:
    return unicodedata.category(sign) not in ("Cc", "Cf", "Cs", "Co", "Cn")


def _short(value: float | None) -> float | None:
    """A measurement with four digits, enough for a colour; None where it is no number."""
    return float(f"{value:.4g}") if value is not None and math.isfinite(value) else None
