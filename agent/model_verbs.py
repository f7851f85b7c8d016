"""The commands about ears: spaces, vectors of files, training, and which ears are best for the sounds of a library."""

from pathlib import Path
from typing import Annotated

import typer

from agent import tables
from agent.terminal import JsonOption, LibraryOption, Verb, drawn_bar, err, open_library, out, print_json, with_bar
from core.embedding import EMBEDDERS, make_embedder

BaseOption = Annotated[
    Path | None, typer.Option("--base", metavar="DIR", help="Where the paths of the table begin; else beside it.")
]
MOST = 2**32 - 1  # what the generators of random numbers take as a seed
NameOption = Annotated[str, typer.Option(metavar="NAME", help="The name that it is chosen by afterwards.")]

train = typer.Typer(
    name="train", help="Train heads for Wav2Vec2, or an autoencoder, on your own sounds.", no_args_is_help=True
)


def add_model_verbs(app: typer.Typer) -> None:
    """Adds the commands of this module to the command line."""
    for verb in (spaces, embed, bench):
        app.command(cls=Verb)(verb)
    app.add_typer(train)


def spaces(
    library: LibraryOption = None,
    use: Annotated[str, typer.Option(metavar="NAME", help="Have these ears answer and hear from now on.")] = "",
    drop: Annotated[str, typer.Option(metavar="NAME", help="Delete the space of these ears.")] = "",
    as_json: JsonOption = False,
) -> None:
    """List the spaces of the library, one for each pair of ears that heard it; choose or drop one.

    New ears are added by: earshot ingest --embedder NAME.
    """
    held = open_library(library)
    if drop:
        clusterings = held.ears.drop(drop)
        told = f" and {len(clusterings)} clusterings made in it" if clusterings else ""
        err.print(f"Dropped the space {tables.shown(drop)}{told}. Ingest with it again to have it back.")
    if use:
        held.ears.choose(use)
    cards = held.ears.spaces()
    if as_json:
        print_json({"spaces": [card.as_dict() for card in cards]})
        return
    out.print(tables.spaces(cards))
    known = ", ".join(name for name in EMBEDDERS.names() if name not in {card.name for card in cards})
    err.print(f"[dim]more ears: {known}[/dim]")


def embed(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Sounds or videos.")],
    embedder: Annotated[str | None, typer.Option(metavar="NAME", help="The ears; else those of the library.")] = None,
    pooling: Annotated[str, typer.Option(help="mean or sum of the windows.")] = "mean",
    post: Annotated[
        bool, typer.Option("--post", help="Post-process as published: VGGish's PCA and quantising.")
    ] = False,
    npy: Annotated[Path | None, typer.Option(metavar="FILE", help="Save the vectors as float32 (n, dim).")] = None,
    library: LibraryOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give the vector of each file, of norm 1; the library is not touched."""
    from core.embed_files import embed_files, write_npy

    held = open_library(library)
    ears = make_embedder(embedder or held.ears.chosen(), held.settings)
    with_bar(ears.prepare())
    found = list(embed_files(files, ears, pooling, post=post))
    if npy is not None:
        write_npy(npy, [each.vector for each in found])
        err.print(f"Wrote {len(found)} vectors of {ears.dim} numbers to {tables.shown(str(npy))}")
    if as_json:
        print_json({"embeddings": [each.as_dict() for each in found]})
    elif npy is None:
        for each in found:
            numbers = " ".join(f"{number:.4f}" for number in each.vector)
            out.print(f"{tables.shown(each.path)}\n{numbers}", soft_wrap=True)


def bench(
    library: LibraryOption = None,
    labels: Annotated[
        Path | None, typer.Option(metavar="CSV|DIR", help="What the sounds are: a table, or folders named by it.")
    ] = None,
    base: BaseOption = None,
    folders: Annotated[bool, typer.Option("--folders", help="Take the folder of each sound as its label.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Rank the spaces of the library: which ears are best for these sounds?"""
    with drawn_bar() as report:
        compared = open_library(library).compare_spaces(labels=labels, base=base, by_folder=folders, report=report)
    if as_json:
        print_json(compared.as_dict())
        return
    out.print(tables.comparison(compared))
    out.print(tables.shown(compared.note), soft_wrap=True)


@train.command(cls=Verb)
def heads(
    labels: Annotated[Path, typer.Option(metavar="CSV|DIR", help="What sounds are: a table, or folders named by it.")],
    name: NameOption = "default",
    column: Annotated[list[str] | None, typer.Option(help="A column of the table; one head for each.")] = None,
    base: BaseOption = None,
    seed: Annotated[int, typer.Option(min=0, max=MOST, help="Another seed splits and learns otherwise.")] = 0,
    library: LibraryOption = None,
    as_json: JsonOption = False,
) -> None:
    """Train heads for Wav2Vec2 on labelled sounds; hear with them by: --embedder wav2vec2:NAME."""
    from core.heads import read_card
    from core.training.heads import tasks_of, train_heads

    settings = open_library(library).settings
    tasks = tasks_of(labels, name, column or (), base)
    with_bar(train_heads(tasks, settings=settings, seed=seed))
    cards = {each: read_card(settings, each) for each in tasks}
    if as_json:
        print_json({"heads": cards})
        return
    for each, card in cards.items():
        before, after = (card["scores"][kind]["map"] for kind in ("before", "after"))
        out.print(f"{each}: retrieval mAP on held-out sounds {before:.3f} before, {after:.3f} after")
        out.print(f"use it with: earshot ingest --embedder wav2vec2:{each}")


@train.command(cls=Verb)
def autoencoder(
    name: NameOption = "default",
    seed: Annotated[int, typer.Option(min=0, max=MOST, help="Another seed splits and learns otherwise.")] = 0,
    library: LibraryOption = None,
    as_json: JsonOption = False,
) -> None:
    """Train a spectrogram autoencoder on the sounds of the library; hear with it by: --embedder autoencoder."""
    from core.embedding.autoencoder import folder_of, read_card
    from core.training.autoencoder import train_autoencoder

    held = open_library(library)
    with_bar(train_autoencoder(held.audio_paths(), name=name, settings=held.settings, seed=seed))
    folder = folder_of(held.settings, name)
    card = read_card(held.settings, name)
    if as_json:
        print_json({"autoencoder": card, "folder": str(folder)})
        return
    out.print(f"error {card['error']:.4f} on held-out files; drawing the mean picture {card['error_of_mean']:.4f}")
    out.print(f"originals beside reconstructions: {tables.shown(str(folder / 'reconstructions.png'))}", soft_wrap=True)
    ears = "autoencoder" if name == "default" else f"autoencoder:{name}"
    out.print(f"use it with: earshot ingest --embedder {ears}")
