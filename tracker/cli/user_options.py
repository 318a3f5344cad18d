"""The commands under `tracker users`, and their options."""

from __future__ import annotations

import argparse
from collections.abc import Callable

# Makes a command under another: its parent's commands, its name, its function, and what it does.
Add = Callable[..., argparse.ArgumentParser]
ROLES = ("read", "edit", "manage")


def add_users(parser: argparse.ArgumentParser, add: Add) -> None:
    """Add the commands that say who may sign in, and what they may do."""
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    def command(name: str, text: str, function: str = "") -> argparse.ArgumentParser:
        made = add(commands, name, "users", text)
        made.set_defaults(command=function or name)
        return made

    new = _of_user(command("add", "add a user; the password is asked for"))
    new.add_argument("--admin", action="store_true", help="they may do everything")
    _add_password(new)
    command("list", "list users and their roles", "list_users")
    _of_user(command("remove", "remove a user with their tokens and roles; what they made stays"))
    _add_password(_of_user(command("password", "give a user another password")))
    _of_user(command("promote", "let a user do everything"))
    _of_user(command("demote", "let a user do only what their roles are for"))
    grant = _of_thing(command("grant", "give a user a role in an experiment: read, edit or manage"))
    grant.add_argument("role", choices=ROLES, metavar="ROLE", help="read, edit or manage; each has those before it")
    _of_thing(command("revoke", "take away a user's role in an experiment"))
    _add_tokens(command)


def _add_tokens(command: Callable[..., argparse.ArgumentParser]) -> None:
    token = _of_user(command("token", "make a token for a program to sign in with, and print it once"))
    token.add_argument("--name", metavar="N", help="what to call it (default: when it was made)")
    token.add_argument("--days", type=float, metavar="D", help="it expires after so many days (default: never)")
    _of_user(command("tokens", "list a user's tokens: names, when made, last used, and until when"))
    gone = _of_user(command("untoken", "remove a user's token"))
    gone.add_argument("name", metavar="TOKEN", help="the token's name")


def _of_user(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser.add_argument("user", metavar="NAME", help="the user's name")
    return parser


def _of_thing(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    _of_user(parser)
    parser.add_argument("experiment", nargs="?", metavar="EXPERIMENT", help="the experiment's name or ID")
    parser.add_argument("--registered-model", metavar="M", help="a registered model's name, in place of an experiment")
    return parser


def _add_password(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--password-file", metavar="F", help="read the password from a file, or from stdin (-)")
