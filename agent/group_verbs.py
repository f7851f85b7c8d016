"""The commands about groups: make them, list and compare versions, tell what one holds, change them by hand."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent import tables
from agent.terminal import (
    JsonOption,
    LibraryOption,
    SpaceOption,
    Verb,
    drawn_bar,
    err,
    open_library,
    out,
    print_json,
    print_note,
)
from core.errors import UnsupportedError
from core.grouping.sureness import how_sure
from core.library import Library
from core.records import Clustering
from core.references import parse_reference

if TYPE_CHECKING:
    from core.grouping.describing import Namer

MOST = 2**32 - 1  # for any number: what the generators of random numbers take as a seed, and SQLite counts beyond
SUMMARY_KEYS = ("title", "summary", "members", "apart", "stability", "name_auc", "named_by")
OF = Annotated[
    int | None, typer.Option("--clustering", metavar="ID", min=1, max=MOST, help="Else the one that is meant now.")
]
Number = Annotated[int, typer.Argument(metavar="CLUSTER", min=1, max=MOST)]

regroup = typer.Typer(
    name="regroup",
    help="Change groups by hand. Every change is a version of its own, which undo takes back.",
    no_args_is_help=True,
)


def add_group_verbs(app: typer.Typer) -> None:
    """Adds the commands of this module to the command line."""
    for verb in (cluster, clusters, summarize):
        app.command(cls=Verb)(verb)
    app.add_typer(regroup)


def cluster(
    k: Annotated[int | None, typer.Option("-k", min=1, help="How many groups; found by BIC if not given.")] = None,
    library: LibraryOption = None,
    method: Annotated[
        str | None,
        typer.Option(help="gmm, hdbscan which leaves out what fits nowhere, or kmeans which needs -k."),
    ] = None,
    space: SpaceOption = None,
    query: Annotated[str | None, typer.Option(metavar="TEXT", help="Group only what these words find.")] = None,
    seed: Annotated[int, typer.Option(min=0, max=MOST, help="Another seed may give other groups.")] = 0,
    titles: Annotated[
        str, typer.Option(metavar="builtin|model", help="Who names the groups: model is the chat model.")
    ] = "builtin",
    as_json: JsonOption = False,
) -> None:
    """Group the sounds; the result is kept under an id, and told beside the last one of its kind."""
    sounds = open_library(library)
    namer = _namer(sounds, titles)
    with drawn_bar() as report:
        made = sounds.groups.make(k, method=method, space=space, query=query, seed=seed, namer=namer, report=report)
    _print_clustering(made, as_json)
    print_note(sounds, space)


def clusters(
    clustering: Annotated[
        int | None, typer.Argument(metavar="[ID]", min=1, max=MOST, help="One clustering, whole.")
    ] = None,
    compare: Annotated[
        int | None, typer.Option(metavar="ID", min=1, max=MOST, help="What is different from this one.")
    ] = None,
    restore: Annotated[bool, typer.Option("--restore", help="Have this one be meant where none is named.")] = False,
    name: Annotated[str, typer.Option(metavar="TEXT", help="Give this one a name.")] = "",
    library: LibraryOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the clusterings that were kept, or show one of them; compare it, go back to it, or name it."""
    groups = open_library(library).groups
    if clustering is None:
        if compare is not None or restore or name:
            raise typer.BadParameter("name the clustering: earshot clusters ID --compare OTHER")
        kept = groups.all()
        current = groups.current().clustering if kept else None
        if as_json:
            print_json({"clusterings": [_row(each) for each in kept], "current": current})
        else:
            out.print(tables.clusterings(kept, current))
        return
    if compare is not None:
        difference, told = groups.compare(compare, clustering)
        if as_json:
            print_json({"before": compare, "after": clustering, "told": told, **difference.as_dict()})
        else:
            out.print(tables.shown(f"From clustering {compare} to {clustering}: {told}."), soft_wrap=True)
        return
    found = groups.restore(clustering) if restore else groups.get(clustering)
    if name:
        found = groups.label(clustering, name)
    print_json(found.as_dict()) if as_json else out.print(tables.clustering(found))


def summarize(
    clustering: Annotated[int, typer.Argument(metavar="CLUSTERING", min=1, max=MOST)],
    number: Annotated[int, typer.Argument(metavar="CLUSTER", min=0, max=MOST)],
    library: LibraryOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell what is in one cluster of a clustering, what sets it apart, and how sure that is."""
    summary = open_library(library).groups.summary(clustering, number)
    if as_json:
        print_json({key: getattr(summary, key) for key in SUMMARY_KEYS})
        return
    sure = how_sure(summary.stability, summary.name_auc, summary.named_by, is_edit=summary.is_edit)
    out.print(f"[bold]{tables.shown(summary.title)}[/bold]")
    for text in (summary.summary, summary.apart, sure):
        if text:
            out.print(tables.shown(text), soft_wrap=True)
    out.print(f"Members: {', '.join(map(str, summary.members))}", soft_wrap=True)


@regroup.command(cls=Verb)
def rename(
    number: Number,
    title: Annotated[str, typer.Argument(metavar="TITLE")],
    of: OF = None,
    library: LibraryOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give a cluster a title of your own; it stays with the group when the sounds are grouped anew."""
    _print_change(open_library(library).groups.rename(number, title, of), as_json)


@regroup.command(cls=Verb)
def merge(
    numbers: Annotated[list[int], typer.Argument(metavar="CLUSTER...", min=1, max=MOST)],
    of: OF = None,
    library: LibraryOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make one cluster of several; it has the number of the first."""
    _print_change(open_library(library).groups.merge(numbers, of), as_json)


@regroup.command(cls=Verb)
def split(
    number: Number,
    k: Annotated[int, typer.Option("-k", min=2, max=MOST, help="Into how many.")] = 2,
    of: OF = None,
    library: LibraryOption = None,
    as_json: JsonOption = False,
) -> None:
    """Split a cluster; the largest part keeps its number."""
    _print_change(open_library(library).groups.split(number, k, of), as_json)


@regroup.command(cls=Verb)
def move(
    number: Annotated[int, typer.Argument(metavar="CLUSTER", min=0, max=MOST, help="Where to; 0 is no group.")],
    ids: Annotated[list[str], typer.Argument(metavar="SOUND...", help="Ids of sounds.")],
    of: OF = None,
    library: LibraryOption = None,
    as_json: JsonOption = False,
) -> None:
    """Move sounds to another cluster."""
    _print_change(open_library(library).groups.move([parse_reference(each)[0] for each in ids], number, of), as_json)


@regroup.command(cls=Verb)
def assign(of: OF = None, library: LibraryOption = None, as_json: JsonOption = False) -> None:
    """Put sounds that were added later into the groups of their like, without making the groups anew."""
    _print_change(open_library(library).groups.assign(of), as_json)


@regroup.command(cls=Verb)
def undo(library: LibraryOption = None, as_json: JsonOption = False) -> None:
    """Take back the last change."""
    made = open_library(library).groups.undo()
    err.print(f"Taken back: clustering {made.clustering} is the one that is meant now.")
    _print_clustering(made, as_json)


def _print_change(made: Clustering, as_json: bool) -> None:
    err.print(f"{tables.shown(made.change)} Take it back with: earshot regroup undo", soft_wrap=True)
    _print_clustering(made, as_json)


def _print_clustering(made: Clustering, as_json: bool) -> None:
    if as_json:
        document = made.as_dict()
        print_json({key: document[key] for key in ("clustering", "k", "method", "clusters", "outliers", "change")})
    else:
        out.print(tables.clustering(made))


def _row(each: Clustering) -> dict[str, Any]:
    return {key: value for key, value in each.as_dict().items() if key not in ("clusters", "bic")}


def _namer(sounds: Library, titles: str) -> "Namer | None":
    if titles not in ("builtin", "model"):
        raise typer.BadParameter(f"nobody called {titles!r} names groups; choose builtin or model")
    if titles == "builtin":
        return None
    from agent.llm.base import connect, namer_of  # LangChain takes a second to import

    namer = namer_of(connect(sounds.settings), sounds.settings)
    if namer is None:
        raise UnsupportedError("the embedded chat model names no groups; set MISTRAL_API_KEY or EARSHOT_MODEL first")
    return namer
