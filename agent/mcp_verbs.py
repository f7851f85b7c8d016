"""The command that serves the library to other assistants."""

import logging
import sys

import typer

from agent.terminal import LibraryOption, Verb, open_library


def add_mcp_verb(app: typer.Typer) -> None:
    """Adds the command of this module to the command line."""
    app.command(cls=Verb)(mcp)


def mcp(library: LibraryOption = None) -> None:
    """Serve the library to other assistants over MCP, on standard input and output.

    They may search and ask; EARSHOT_MCP_WRITES=true also lets them add, group, change and export.
    """
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
    from agent.mcp_server import serve_stdio

    serve_stdio(open_library(library))
