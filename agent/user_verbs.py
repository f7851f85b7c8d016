"""The commands that look after who may use the page of a library from other machines."""

import sys
from typing import Annotated

import typer

from agent import tables
from agent.accounts import Accounts
from agent.terminal import JsonOption, LibraryOption, Verb, open_library, out, print_json

Name = Annotated[str, typer.Argument(metavar="NAME", help="Letters, digits and . @ + - _; capitals do not count.")]


def add_user_verbs(app: typer.Typer) -> None:
    """Adds the commands of this module to the command line."""
    user = typer.Typer(no_args_is_help=True, help="Say who may log in to the chat of a library.")
    user.command(cls=Verb)(add)
    user.command(cls=Verb)(remove)
    user.command("list", cls=Verb)(list_users)
    app.add_typer(user, name="user")


def add(name: Name, library: LibraryOption = None, as_json: JsonOption = False) -> None:
    """Let somebody in, or give them a new password, which ends their open logins.

    Asks for the password; without a terminal, it is the first line of standard input. Everyone then has to log in.
    """
    is_new = Accounts(open_library(library).folder).put(name, _password())
    if as_json:
        print_json({"user": name, "new": is_new})
        return
    out.print(f"{tables.shown(name)} {'can log in now' if is_new else 'has a new password'}", soft_wrap=True)


def remove(name: Name, library: LibraryOption = None, as_json: JsonOption = False) -> None:
    """Let somebody in no more. Their chats are kept, and are theirs again if they come back."""
    Accounts(open_library(library).folder).remove(name)
    print_json({"user": name}) if as_json else out.print(f"{tables.shown(name)} cannot log in any more")


def list_users(library: LibraryOption = None, as_json: JsonOption = False) -> None:
    """Say who may log in."""
    names = Accounts(open_library(library).folder).names()
    if as_json:
        print_json({"users": names})
    elif not names:
        out.print("Nobody: the chat is for this machine alone. Let someone in with: earshot user add NAME")
    for name in names if not as_json else []:
        out.print(tables.shown(name))


def _password() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    answer: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    return answer
