"""Makes `core/assets/audioset.json`: `python -m core.training.ontology ONTOLOGY.json CLASSES.csv`.

ONTOLOGY is the AudioSet ontology, CLASSES the table (mid, display_name) of the 521 classes that the ears are taught,
in their order. What stands above a class is kept even where it is no class itself. The domains are ours: a class
belongs to the domain of the nearest name in `DOMAINS_OF`, itself or above it.
"""

import csv
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from core.ontology import ASSET
from core.records import DOMAINS

CREDIT = "AudioSet ontology, Google, CC BY-SA 4.0, https://github.com/audioset/ontology; the domains are added"

_NAMES: dict[str, str] = {
    "speech": "Human voice|Chatter|Crowd|Hubbub, speech noise, speech babble|Children playing|Children shouting",
    "singing": "Singing|Humming|Choir|Chant|Vocal music|A capella",
    "music": "Music|Beatboxing|Cowbell|Tuning fork|Sound equipment|Distortion",
    "animal": "Animal|Growling|Howl|Roar|Honk|Bleat|Clip-clop|Chirp, tweet|Patter",
    "nature": "Natural sounds|Wind noise (microphone)|Crackle|Drip|Trickle, dribble|Gush",
    "machine": "Vehicle|Engine|Alarm|Mechanisms|Tools|Microwave oven|Blender|Hair dryer|Electric toothbrush"
    "|Vacuum cleaner|Electric shaver, electric razor|Typewriter|Sonar|Steam whistle|Hum|Mains hum|Whir|Jet engine"
    "|Dental drill, dentist's drill|Car alarm|Vehicle horn, car horn, honking|Air horn, truck horn",
    "effect": "Human sounds|Laughter|Crying, sobbing|Wail, moan|Sigh|Groan|Grunt|Sounds of things"
    "|Source-ambiguous sounds|Bell|Bicycle bell|Doorbell|Whistle|Hammer|Sawing|Filing (rasp)|Sanding|Noise|Hiss|Buzz"
    "|Rattle|Squish|Tick|Tap|Knock|Squeak|Thump, thud|Crack|Whoosh, swoosh, swish|Human group actions|Clapping",
    "silence": "Silence",
    "": "Acoustic environment|Environmental noise|Sidetone|Sound reproduction",
}
DOMAINS_OF: dict[str, str] = {name: domain for domain, names in _NAMES.items() for name in names.split("|")}
"""The domain of a class and of what stands under it; empty for what is heard around any kind of sound."""


def build(ontology: Sequence[Mapping[str, Any]], mids: Sequence[str]) -> dict[str, Any]:
    """What the asset holds: the classes in the order of `mids`, and the abstract names above them.

    Raises ValueError where a class stands equally near to two domains: give it one of its own in `DOMAINS_OF`.
    """
    names = {node["id"]: node["name"] for node in ontology}
    parents: dict[str, list[str]] = {node["name"]: [] for node in ontology}
    for node in ontology:
        for child in node["child_ids"]:
            parents[names[child]].append(node["name"])
    descriptions = {node["name"]: node["description"] for node in ontology}
    classes = [names[mid] for mid in mids]
    above = sorted({name for label in classes for name in _above(label, parents)} - set(classes))
    return {
        "credit": CREDIT,
        "classes": [
            {"name": n, "description": descriptions[n], "parents": parents[n], "domain": domain_of(n, parents)}
            for n in classes
        ],
        "abstract": {name: parents[name] for name in above},
    }


def domain_of(label: str, parents: Mapping[str, Sequence[str]]) -> str:
    """The domain of the nearest name that has one. Raises ValueError if there is none, or several at one distance."""
    level = [label]
    while level:
        found = {DOMAINS_OF[name] for name in level if name in DOMAINS_OF}
        if len(found) == 1:
            return found.pop()
        if found:
            raise ValueError(f"{label!r} is as near to {sorted(found)}; name it in DOMAINS_OF")
        level = [parent for name in level for parent in parents[name]]
    raise ValueError(f"{label!r} belongs to no domain of {DOMAINS}; name it or what stands above it in DOMAINS_OF")


def _above(label: str, parents: Mapping[str, Sequence[str]]) -> set[str]:
    found: set[str] = set()
    waiting = [label]
    while waiting:
        new = [name for name in parents[waiting.pop()] if name not in found]
        found.update(new)
        waiting += new
    return found


def write(ontology: Path, classes: Path, out: Path = ASSET) -> int:
    """Writes the asset, one line per class so that a change can be read; returns its size in bytes."""
    with classes.open(newline="", encoding="utf-8") as file:
        mids = [row["mid"] for row in csv.DictReader(file)]
    made = build(json.loads(ontology.read_text(encoding="utf-8")), mids)
    lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in made["classes"])
    head = f'"credit": {json.dumps(made["credit"])},\n"abstract": {json.dumps(made["abstract"])}'
    return out.write_text(f'{{{head},\n"classes": [\n{lines}\n]}}\n', encoding="utf-8")


if __name__ == "__main__":
    sys.stdout.write(f"{ASSET}: {write(Path(sys.argv[1]), Path(sys.argv[2]))} bytes\n")
