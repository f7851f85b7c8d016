"""The commands that take groups away: export, in folders or as lists, and the way back."""

from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from agent import tables
from agent.terminal import (
    INTERRUPTED,
    JsonOption,
    LibraryOption,
    Verb,
    drawn_bar,
    err,
    open_library,
    out,
    print_json,
    with_bar,
)
from core.export import FORMS, LINKS, Exported, Exports, Plan, Undone
from core.export.records import readable_size

MOST = 2**32 - 1
MOST_SHOWN = 20
NOTHING_LEFT = "Stopped. Everything that had been written was removed again."


def add_export_verb(app: typer.Typer) -> None:
    """Adds the commands of this module to the command line."""
    app.command(cls=Verb)(export)


def export(
    clustering: Annotated[int | None, typer.Argument(metavar="CLUSTERING", min=1, max=MOST)] = None,
    dest: Annotated[
        Path | None, typer.Argument(metavar="DEST", help="A folder; or the one list to write, such as groups.csv.")
    ] = None,
    link: Annotated[str, typer.Option(help=f"How sounds get there: {', '.join(LINKS)}.")] = "copy",
    form: Annotated[str, typer.Option("--format", help=f"What to write: {', '.join(FORMS)}.")] = "",
    cluster: Annotated[
        list[int] | None, typer.Option(metavar="N", min=0, max=MOST, help="Only this cluster; may be repeated.")
    ] = None,
    skip_missing: Annotated[
        bool, typer.Option("--skip-missing", help="Do without sounds that are gone or changed.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Tell what would be written or removed; do nothing.")
    ] = False,
    undo_manifest: Annotated[
        Path | None, typer.Option("--undo", metavar="MANIFEST", help="Take back what an export wrote.")
    ] = None,
    library: LibraryOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write a clustering to DEST/clusters/cluster-n/, or as a list; originals are only read.

    The sounds of no group go to clusters/unassigned/. Lists name the sounds where they are: csv, m3u8 (a playlist for
    each cluster), jsonl. All is listed with hashes in DEST/manifest.json; --undo takes it back and leaves what you have
    changed or added. Nothing is written over, among the sounds of the library or in its folder.
    """
    if undo_manifest is not None:
        if clustering is not None or dest is not None:
            raise typer.BadParameter("--undo takes the manifest and nothing else")
        _take_back(open_library(library).exports, undo_manifest, dry_run, as_json)
        return
    if clustering is None or dest is None:
        raise typer.BadParameter("say what and where to: earshot export CLUSTERING DEST, or --undo MANIFEST")
    held = open_library(library)
    plan = held.exports.plan(
        clustering=clustering,
        clusters=cluster,
        to=dest,
        link=link,
        form=form or _form_of(dest),
        skip_missing=skip_missing,
    )
    if dry_run:
        print_json({"dry_run": True} | plan.as_dict()) if as_json else _print_plan(plan)
        return
    run = held.exports.write(plan)
    try:
        with closing(iter(run)) as steps:
            with_bar(steps)
    except KeyboardInterrupt:
        err.print(NOTHING_LEFT)
        raise typer.Exit(INTERRUPTED) from None
    print_json({"dry_run": False} | run.exported.as_dict()) if as_json else _print_exported(run.exported)


def _take_back(exports: Exports, manifest: Path, dry_run: bool, as_json: bool) -> None:
    with drawn_bar() as report:
        undone = exports.undo(manifest, dry_run=dry_run, report=report)
    print_json({"dry_run": dry_run} | undone.as_dict()) if as_json else _print_undone(undone, dry_run)


def _form_of(dest: Path) -> str:
    """The list that a path is named after, if it is one."""
    ending = dest.suffix.lower()[1:]
    return ending if ending in FORMS and not dest.is_dir() else "folders"


def _print_plan(plan: Plan) -> None:
    out.print(f"Would write {_what(len(plan.paths), plan)} into {tables.shown(str(plan.folder))}:", soft_wrap=True)
    for path in plan.paths[:MOST_SHOWN]:
        out.print(f"  {tables.shown(path)}", soft_wrap=True)
    if len(plan.paths) > MOST_SHOWN:
        out.print(f"  and {len(plan.paths) - MOST_SHOWN} more")
    _print_left_out(plan)


def _print_exported(exported: Exported) -> None:
    out.print(f"{_what(exported.files, exported)} in {tables.shown(exported.folder)}", soft_wrap=True)
    _print_left_out(exported)
    err.print(f"[dim]take it back with: earshot export --undo {tables.shown(exported.manifest)}[/dim]", soft_wrap=True)


def _print_undone(undone: Undone, dry_run: bool) -> None:
    verb = "Would remove" if dry_run else "Removed"
    gone = f"; {undone.gone} were gone already" if undone.gone else ""
    out.print(f"{verb} {undone.removed} files from {tables.shown(undone.folder)}{gone}", soft_wrap=True)
    for each in undone.kept[:MOST_SHOWN]:
        out.print(f"[yellow]stays[/yellow] {tables.shown(each.path)}: {tables.shown(each.reason)}", soft_wrap=True)
    if len(undone.kept) > MOST_SHOWN:
        out.print(f"and {len(undone.kept) - MOST_SHOWN} more stay")


def _print_left_out(made: Plan | Exported) -> None:
    for each in made.left_out:
        where = tables.shown(each.path)
        out.print(f"[yellow]left out[/yellow] sound {each.id}: {where} {each.reason}", soft_wrap=True)


def _what(n_files: int, made: Plan | Exported) -> str:
    kind = {"copy": "copies", "hard": "hard links", "symbolic": "symbolic links"}.get(made.link, f"{made.form} lists")
    size = f", {readable_size(made.size_bytes)}" if made.link != "hard" and made.link != "symbolic" else ""
    of = "" if made.link else f" of {made.sounds} sounds"
    return f"{n_files} {kind}{of}{size}"
