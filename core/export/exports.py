"""What a library offers for taking sounds away: a plan that can be looked at, its execution, and the way back."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import NotFoundError, UnknownNameError, UnsupportedError
from core.export import places
from core.export.names import title_name
from core.export.planning import Part, folder_files, list_files, written
from core.export.records import FORMS, LINKS, MANIFEST, SUBTITLES, LeftOut, Plan, Undone
from core.export.sources import Source, find_sources
from core.export.undoing import undo
from core.export.writing import Export
from core.grouping.contrast import with_titles
from core.records import Group, Progress
from core.settings import Settings
from core.store import clusterings
from core.store import places as kept
from core.store import sounds as rows
from core.store.db import Store

if TYPE_CHECKING:
    from core.grouping.groups import Groups

ELSEWHERE_BY_SETTING = "set EARSHOT_EXPORTS to a folder that lies elsewhere"


@dataclass(frozen=True, slots=True)
class _Found:
    """Files of sounds by id, what is left out, what lists show, and the folders in which nothing may be written."""

    sources: dict[int, Source]
    left_out: list[LeftOut]
    cards: dict[int, dict[str, Any]]
    roots: list[str]
    with_sounds: list[str]


class Exports:
    """The exports of one library. groups: its clusterings. settings: say where a folder goes that has no place."""

    def __init__(self, store: Store, groups: "Groups", settings: Settings) -> None:
        self._store = store
        self._groups = groups
        self._settings = settings

    def plan(
        self,
        sounds: Sequence[int] = (),
        *,
        clustering: int | None = None,
        clusters: Sequence[int] | None = None,
        to: Path | None = None,
        name: str = "",
        link: str = "copy",
        form: str = "folders",
        skip_missing: bool = False,
    ) -> Plan:
        """What an export of some sounds, of a clustering, or of some clusters of one would write; writes nothing.

        clusters: their numbers, 0 for the sounds of no group; without a clustering, of the one that is meant. to: the
        folder, or, if it ends as a list does (`groups.csv`), that one file; else a new folder of a name under the
        exports folder of the settings. link, form: see LINKS and FORMS. skip_missing: do without sounds that are gone
        or changed. What is linked is hashed now, as is what may be skipped; what must be copied is hashed as it is.

        Raises NotFoundError for what is not there, UnknownNameError, UnsupportedError where links cannot reach, and
        EarshotError where nothing may be written: among the sounds or in the folder of the library, over what is there,
        or on a full disk.
        """
        _check_name(link, LINKS, "link")
        _check_name(form, FORMS, "form")
        if clusters is not None and clustering is None:
            clustering = self._groups.current().clustering
        if clustering is None and not sounds:
            raise UnsupportedError("there is nothing to export; name some sounds or a clustering")
        parts = self._parts(list(dict.fromkeys(sounds)), clustering, clusters)
        is_hashed = form == "folders" and (skip_missing or link != "copy")
        found = self._find(parts, skip_missing, is_hashed, with_cards=form != "folders")
        folder, list_name = self._place(to, name or _name_of(clustering, clusters), form)
        if form == "folders":
            files = folder_files(parts, found.sources, link, clustering)
        else:
            files = list_files(parts, found.sources, found.cards, form, list_name)
        plan = Plan(
            folder,
            form,
            link if form == "folders" else "",
            len(found.sources),
            files,
            f"{list_name}.{MANIFEST}" if list_name else MANIFEST,
            is_new=to is None,
            clustering=clustering,
            clusters=[part.cluster for part in parts if part.cluster is not None],
            left_out=found.left_out,
        )
        self._check(plan, found)
        return plan

    def plan_subtitles(self, title: str, form: str, text: str = "") -> Plan:
        """What saving the subtitles of one sound would write: a file of a name, in a new folder of that name under the
        exports folder of the settings; writes nothing.

        form: one of SUBTITLES. text: what is to stand in it, where that is known yet. Raises as `plan` does.
        """
        _check_name(form, SUBTITLES, "form of subtitles")
        file = written(f"{title_name(title, 'subtitles')}.{form}", text)
        folder, _ = self._place(None, title_name(title, "subtitles"), form)
        plan = Plan(folder, form, "", 1, [file], f"{file.path}.{MANIFEST}", is_new=True)
        self._check(plan, self._find([], skip_missing=False, is_hashed=False, with_cards=False))
        return plan

    def write(self, plan: Plan) -> Export:
        """A run that writes what a plan says; iterate it, then read what it exported. It is remembered as the last."""
        return Export(plan, self._remember)

    def last(self) -> Path | None:
        """The manifest of the last export that was not taken back."""
        with self._store.reading() as db:
            manifests = kept.exports(db)
        return next((path for path in map(Path, reversed(manifests)) if path.is_file()), None)

    def undo(
        self,
        manifest: Path | None = None,
        *,
        dry_run: bool = False,
        report: Callable[[Progress], None] = lambda _: None,
    ) -> Undone:
        """Takes an export back (`core.export.undoing.undo`): the one of a manifest, else the last.

        No file of the library is removed, whatever the manifest says. Raises NotFoundError if there is none.
        """
        manifest = manifest or self.last()
        if manifest is None:
            raise NotFoundError("nothing was exported from this library that is still there; export something first")
        return undo(manifest, self._known(), dry_run=dry_run, report=report)

    def _known(self) -> list[str]:
        """The paths of all files of the library, gone ones too: they may come back."""
        if not self._store.exists():
            return []
        with self._store.reading() as db:
            return list(rows.known_files(db))

    def _parts(self, sounds: Sequence[int], clustering: int | None, clusters: Sequence[int] | None) -> list[Part]:
        parts = [Part(sounds)] if sounds else []
        if clustering is None:
            return parts
        with self._store.reading() as db:
            draft = clusterings.get_draft(db, clustering)
        groups = {group.cluster.cluster: group for group in draft.groups}
        titles = {number: group.cluster.title for number, group in groups.items()}
        for number in [*groups, 0] if clusters is None else dict.fromkeys(clusters):
            if number and number not in groups:
                known = clusterings.numbers_of(self._groups.get(clustering))
                raise NotFoundError(f"clustering {clustering} has no cluster {number}; it has {known}")
            ids = draft.members.of(number).tolist()
            if number:
                parts.append(_part(ids, groups[number], titles))
            elif ids:
                parts.append(Part(ids, 0, "Unassigned", ["These sounds are like no group."]))
        if not any(part.ids for part in parts):
            where = "outside of its groups" if clusters and not any(clusters) else "there"
            raise NotFoundError(f"clustering {clustering} has no sound {where}; name another cluster")
        return parts

    def _find(self, parts: Sequence[Part], skip_missing: bool, is_hashed: bool, *, with_cards: bool) -> _Found:
        """What the library and the disk know of the sounds of some parts."""
        ids = list(dict.fromkeys(each for part in parts for each in part.ids))
        with self._store.reading() as db:
            held = kept.held_sounds(db, ids)
            roots, with_sounds = kept.roots(db), kept.folders_with_sounds(db)
            cards = rows.cards(db, ids) if with_cards else {}
        sources, left_out = find_sources(ids, held, skip_missing=skip_missing, hashed=is_hashed)
        return _Found(sources, left_out, cards, roots, with_sounds)

    def _check(self, plan: Plan, found: _Found) -> None:
        """Raises EarshotError if a plan cannot be carried out."""
        elsewhere = ELSEWHERE_BY_SETTING if plan.is_new else places.ELSEWHERE
        places.check_place(plan.folder, self._store.folder, found.roots, found.with_sounds, elsewhere=elsewhere)
        if not plan.is_new:
            places.check_free(plan.folder, plan.files, plan.manifest)
        if plan.link == "hard":
            places.check_hard_links(plan.folder, (source.path for source in found.sources.values()))
        places.check_room(plan.folder, plan.size_bytes)

    def _place(self, to: Path | None, name: str, form: str) -> tuple[Path, str]:
        """The folder, and the name of the one list in it where the person named a file."""
        if to is None:
            root = places.resolved(self._settings.exports)
            return _first_free(root / title_name(name)), ""
        if form != "folders" and to.suffix.lower() == f".{form}" and not to.is_dir():
            return places.resolved(to.parent), to.name
        return places.resolved(to), ""

    def _remember(self, manifest: Path) -> None:
        with self._store.writing() as db:
            kept.add_export(db, str(manifest))


def _part(ids: Sequence[int], group: Group, titles: Mapping[int, str]) -> Part:
    """A group with what is told of it. titles: of all groups."""
    keywords = f"Keywords: {', '.join(group.cluster.keywords)}" if group.cluster.keywords else ""
    texts = [group.summary, with_titles(group.apart, titles), keywords]
    return Part(ids, group.cluster.cluster, group.cluster.title, texts)


def _name_of(clustering: int | None, clusters: Sequence[int] | None) -> str:
    """What a new folder is called if nobody named it."""
    if clustering is None:
        return "sounds"
    some = f" cluster {clusters[0]}" if clusters and len(clusters) == 1 else ""
    return f"clustering {clustering}{some}"


def _first_free(folder: Path) -> Path:
    """The folder, or the first numbered one that is not there."""
    number, free = 2, folder
    while free.exists():
        free = folder.with_name(f"{folder.name} ({number})")
        number += 1
    return free


def _check_name(name: str, known: Sequence[str], what: str) -> None:
    if name not in known:
        raise UnknownNameError(f"no {what} is called {name!r}; known are {', '.join(known)}")
