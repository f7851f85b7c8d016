"""From sounds and groups to the files that would be written. Writes nothing."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.export.lists import LISTS, Row, readme
from core.export.names import Names, title_name
from core.export.records import MANIFEST, WRITTEN, PlannedFile
from core.export.sources import Source

README = "README.txt"
RESERVED_NAMES = (MANIFEST, README, "clusters")  # no sound may bear these in its folder


@dataclass(frozen=True, slots=True)
class Part:
    """Sounds that belong together. cluster: the number of the group, 0 for no group, None for sounds by themselves.

    texts: what is told of the group below its title, in paragraphs.
    """

    ids: Sequence[int]
    cluster: int | None = None
    title: str = ""
    texts: Sequence[str] = field(default_factory=tuple)

    @property
    def folder(self) -> str:
        """Where its sounds go, below the folder of the export."""
        if self.cluster is None:
            return ""
        return f"clusters/cluster-{self.cluster}" if self.cluster else "clusters/unassigned"


def folder_files(
    parts: Sequence[Part], sources: Mapping[int, Source], link: str, clustering: int | None
) -> list[PlannedFile]:
    """The sounds of each part in its folder under names that do not clash, and a README beside those of a group."""
    files: list[PlannedFile] = []
    for part in parts:
        names = Names(*RESERVED_NAMES)
        inside = f"{part.folder}/" if part.folder else ""
        held = [(sound_id, sources[sound_id]) for sound_id in part.ids if sound_id in sources]
        sounds = [
            PlannedFile(
                inside + names.take(Path(source.path).name), source.sha256, source.size_bytes, link, source.path, each
            )
            for each, source in held
        ]
        if part.cluster is not None and sounds:
            where = f"Cluster {part.cluster}" if part.cluster else "The sounds that belong to no group"
            listed = [file.path.removeprefix(inside) for file in sounds]
            text = readme(part.title, part.texts, listed, f"{where} of clustering {clustering}")
            sounds.append(written(inside + README, text))
        files += sounds
    return files


def list_files(
    parts: Sequence[Part], sources: Mapping[int, Source], cards: Mapping[int, dict[str, Any]], form: str, name: str
) -> list[PlannedFile]:
    """One list of all sounds, or, of groups as playlists, one for each. name: of the one list that there shall be."""
    make = LISTS[form]
    rows = [(part, _rows(part, sources, cards)) for part in parts]
    if name or form != "m3u8":
        title = ", ".join(part.title for part in parts if part.title) if len(parts) == 1 else ""
        return [written(name or f"sounds.{form}", make(title, [row for _, some in rows for row in some]))]
    names = Names(MANIFEST)
    return [written(names.take(f"{_name_of(part)}.{form}"), make(part.title, some)) for part, some in rows if some]


def _name_of(part: Part) -> str:
    if part.cluster is None:
        return "sounds"
    title = title_name(part.title, "")
    return f"cluster-{part.cluster} {title}".strip() if part.cluster else "unassigned"


def _rows(part: Part, sources: Mapping[int, Source], cards: Mapping[int, dict[str, Any]]) -> list[Row]:
    title = part.title if part.cluster else ""
    return [
        Row(
            each,
            sources[each].path,
            part.cluster,
            title,
            card["caption"],
            card["tags"],
            card["duration_s"],
            card["domain"],
        )
        for each in part.ids
        if each in sources
        for card in [cards[each]]
    ]


def written(path: str, text: str) -> PlannedFile:
    """A text of ours that is to be written."""
    data = text.encode("utf-8", "surrogateescape")
    return PlannedFile(path, hashlib.sha256(data).hexdigest(), len(data), WRITTEN, text=data)
