"""Takes sounds out of the library, and takes that back. Writes outside of it, so the person is asked first."""

from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

from langchain_core.tools import BaseTool

from core.errors import UnsupportedError
from core.export import Plan, Undone
from core.export.seals import seal_of_plan, seal_of_undo
from core.library import Library
from core.records import Progress
from core.references import parse_reference
from tools.base import MOST_HITS, Answer, as_tool, quoted

MOST_TOLD = 5
LONGEST_PATH = 300
OTHERWISE = "this is not what the person agreed to any more; nothing was done, call again and they are asked anew"

MEANT_NOW = 0  # as a clustering


def export_tool(
    library: Library,
    report: Callable[[Progress], None] = lambda _: None,
    approved: Callable[[], str | None] = lambda: None,
) -> BaseTool:
    """The tool over a library. `report` hears how far it is, and may raise CancelledError: nothing is left then.

    approved: the seal of what the person agreed to (`core.export.seals`), and nothing else is done; None where nobody
    was to be asked.
    """

    def export(
        sounds: list[str] | None = None,
        clustering: int | None = None,
        clusters: list[int] | None = None,
        selection: int | None = None,
        name: str = "",
        link: str = "copy",
        format: str = "folders",  # noqa: A002  what a model expects it to be called
        undo: bool = False,
    ) -> Answer:
        """Copy sounds, or the clusters of a clustering, into a new folder for the person. They are asked before.

        Args:
            sounds: Ids of the sounds to copy.
            clustering: Id of a clustering to copy, one folder per cluster; 0 is the one that is meant now.
            clusters: Numbers of the only clusters to copy, of that clustering or else of the latest.
            selection: The number of a selection that the person made on a map, to copy its sounds.
            name: What to call the new folder; where it lies is not yours to choose.
            link: copy, or hard or symbolic to make links to the files in place of copies.
            format: folders, or a list of the sounds in place of copies: csv, m3u8 (playlists) or jsonl.
            undo: True takes back the last export in place of a new one; the rest is left out then.
        """
        if undo:
            manifest = library.exports.last()
            check_agreed(approved(), "" if manifest is None else seal_of_undo(manifest))
            return _undone(library.exports.undo(manifest, report=report))
        plan = plan_of(library, sounds, clustering, clusters, selection, name, link, format)
        check_agreed(approved(), seal_of_plan(plan))
        run = library.exports.write(plan)
        with closing(iter(run)) as steps:
            for step in steps:
                report(step)
        exported = run.exported
        done = "copied" if exported.link == "copy" else "linked" if exported.link else "written"
        left_out = "".join(
            f"; sound {each.id} was left out, it {each.reason}" for each in exported.left_out[:MOST_TOLD]
        )
        more = len(exported.left_out) - MOST_TOLD
        text = f"{exported.files} files{_of(plan)} were {done} to {quoted(exported.folder, LONGEST_PATH)}{left_out}"
        return text + (f" and so were {more} more" if more > 0 else ""), {"kind": "export", **exported.as_dict()}

    return as_tool(export, writes_outside=True)


def plan_of(
    library: Library,
    sounds: Sequence[str] | None = None,
    clustering: int | None = None,
    clusters: Sequence[int] | None = None,
    selection: int | None = None,
    name: str = "",
    link: str = "copy",
    format: str = "folders",  # noqa: A002  as the tool's
) -> Plan:
    """What the tool would write if it were called with these; sounds that are gone or changed are left out."""
    ids = [parse_reference(each)[0] for each in sounds or []]
    clustering = library.groups.current().clustering if clustering == MEANT_NOW else clustering
    if selection is not None:
        ids += library.selection(selection)
        name = name or f"selection {selection}"
    return library.exports.plan(
        ids, clustering=clustering, clusters=clusters, name=name, link=link, form=format, skip_missing=True
    )


def _of(plan: Plan) -> str:
    """What was exported, by its numbers, as far as a model may want to name it."""
    if plan.clustering is not None:
        groups = f"clusters {', '.join(map(str, plan.clusters))} of " if plan.clusters else ""
        return f" of {groups}clustering {plan.clustering}"
    ids = dict.fromkeys(str(file.id) for file in plan.files if file.id is not None)
    return f" of sounds {', '.join(ids)}" if 0 < len(ids) <= MOST_HITS else ""


def check_agreed(approved: str | None, seal: str) -> None:
    """Raises UnsupportedError for anything else than what the person agreed to, if they were to be asked."""
    if approved is not None and approved != seal:
        raise UnsupportedError(OTHERWISE)


def _undone(undone: Undone) -> Answer:
    kept = "; ".join(f"{quoted(Path(each.path).name)} stays: it {each.reason}" for each in undone.kept[:MOST_TOLD])
    more = len(undone.kept) - MOST_TOLD
    told = (f". {kept}" if kept else "") + (f"; {more} more stay" if more > 0 else "")
    gone = f", {undone.gone} were gone already" if undone.gone else ""
    text = f"taken back: {undone.removed} files were removed from {quoted(undone.folder, LONGEST_PATH)}{gone}{told}"
    return text, {"kind": "export_undone", **undone.as_dict()}
