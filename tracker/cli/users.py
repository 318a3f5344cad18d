"""`tracker users …`: who may sign in to `tracker serve --auth`, and what they may do."""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from ..client.blocking import open_tracker
from ..errors import InvalidInput, MissingExtra, UserExists
from ..system import milliseconds
from .manners import as_iso, write_json
from .scope import found_experiments
from .terminal import print_table

try:
    from ..server.auth import (
        Grant,
        Owned,
        Role,
        User,
        Users,
        canonical_name,
        hash_password,
        new_token,
        require_password,
    )
except ModuleNotFoundError as missing:
    raise MissingExtra(missing.name or "argon2-cffi", "server") from missing

_DAY = 24 * 3600 * 1000
_MOST_DAYS = 36_500
_LONGEST_LABEL = 100


def add(arguments: argparse.Namespace) -> None:
    """Add a user; the store is made if there is none."""
    name = canonical_name(arguments.user)
    with open_tracker(arguments.store) as tracker:
        folder = tracker.path
    with closing(Users(folder)) as users:
        if users.find(name):
            raise UserExists(name)
        users.add(name, _kept(arguments, name), is_admin=arguments.admin)
    _done(arguments, {"user": name, "is_admin": arguments.admin}, f"{name} may sign in")


def list_users(arguments: argparse.Namespace) -> None:
    """List users and their roles."""
    with _of_store(arguments) as users:
        found = [(each, users.grants(each.number)) for each in users.all()]
    if arguments.json:
        write_json([_told(user, grants) for user, grants in found])
    elif found:
        rows = [(user.name, "admin" if user.is_admin else "", _spoken(grants)) for user, grants in found]
        print_table("", ["user", "", "roles"], rows)
    else:
        print("nobody: make the first admin with tracker users add NAME --admin")


def remove(arguments: argparse.Namespace) -> None:
    """Remove a user."""
    with _of_store(arguments) as users:
        name = _name(arguments)
        users.remove(name)
    _done(arguments, {"user": name}, f"{name} is removed")


def password(arguments: argparse.Namespace) -> None:
    """Give a user another password."""
    with _of_store(arguments) as users:
        name = users.get(_name(arguments)).name
        users.set_password(name, _kept(arguments, name))
    _done(arguments, {"user": name}, f"{name} has another password")


def promote(arguments: argparse.Namespace) -> None:
    """Let a user do everything."""
    _set_admin(arguments, is_admin=True)


def demote(arguments: argparse.Namespace) -> None:
    """Let a user do only what their roles are for."""
    _set_admin(arguments, is_admin=False)


def grant(arguments: argparse.Namespace) -> None:
    """Give a user a role in an experiment, or for a registered model."""
    _give(arguments, arguments.role)


def revoke(arguments: argparse.Namespace) -> None:
    """Take away a user's role."""
    _give(arguments, "none")


def token(arguments: argparse.Namespace) -> None:
    """Make a token and print it; it cannot be shown again."""
    made = new_token()
    name = arguments.name or f"token of {as_iso(milliseconds())}"
    if len(name) > _LONGEST_LABEL or not name.isprintable():
        raise InvalidInput(f"--name: a token's name has up to {_LONGEST_LABEL} characters on one line")
    expires = _expiry(arguments.days)
    with _of_store(arguments) as users:
        user = _name(arguments)
        users.add_token(user, name, made, expires)
    told = {"user": user, "name": name, "token": made, "expires": expires and as_iso(expires)}
    if arguments.json:
        write_json(told)
    else:
        print(made)
        sys.stderr.write(f"{name!r}, of {user}; it is not shown again\n")


def tokens(arguments: argparse.Namespace) -> None:
    """List a user's tokens, without what is secret of them."""
    with _of_store(arguments) as users:
        found = users.tokens(_name(arguments))
    times = [(each.name, each.created, each.last_used, each.expires) for each in found]
    rows = [(name, *(each and as_iso(each) for each in of_it)) for name, *of_it in times]
    if arguments.json:
        write_json([dict(zip(("name", "created", "last_used", "expires"), row, strict=True)) for row in rows])
    elif rows:
        print_table("", ["name", "created", "last used", "expires"], rows)
    else:
        print("no tokens")


def untoken(arguments: argparse.Namespace) -> None:
    """Remove a token of a user's."""
    with _of_store(arguments) as users:
        user = _name(arguments)
        users.remove_token(user, arguments.name)
    _done(arguments, {"user": user, "name": arguments.name}, f"{user} has no token {arguments.name!r} any more")


def _set_admin(arguments: argparse.Namespace, *, is_admin: bool) -> None:
    with _of_store(arguments) as users:
        name = _name(arguments)
        users.set_admin(name, is_admin=is_admin)
    _done(arguments, {"user": name, "is_admin": is_admin}, f"{name} is {'an' if is_admin else 'no'} admin")


def _give(arguments: argparse.Namespace, role: str) -> None:
    owned, of, what = _owned(arguments)
    with _of_store(arguments) as users:
        name = _name(arguments)
        users.grant(name, owned, of, Role(role))
    told = {"user": name, "owned": owned, "name": of, "role": role}
    _done(arguments, told, f"{name}: {role} for {owned} {what}")


def _owned(arguments: argparse.Namespace) -> tuple[Owned, str, str]:
    """Return of what kind a thing is, how it is kept, and how it was called."""
    if (arguments.experiment is None) == (arguments.registered_model is None):
        raise InvalidInput("name either an EXPERIMENT, or --registered-model NAME")
    if arguments.registered_model is not None:
        return Owned.REGISTERED_MODEL, arguments.registered_model, arguments.registered_model
    with open_tracker(arguments.store, create=False) as tracker:
        (found,) = found_experiments(tracker, [arguments.experiment])
    return Owned.EXPERIMENT, found.experiment_id, found.name


@contextmanager
def _of_store(arguments: argparse.Namespace) -> Iterator[Users]:
    """Open the users of a store that is there."""
    with open_tracker(arguments.store, create=False) as tracker:
        folder = tracker.path
    with closing(Users(folder)) as users:
        yield users


def _name(arguments: argparse.Namespace) -> str:
    return canonical_name(arguments.user)


def _kept(arguments: argparse.Namespace, name: str) -> str:
    return hash_password(require_password(_password(arguments), name))


def _password(arguments: argparse.Namespace) -> str:
    """Ask for a password twice, or read it from a file; it never stands on a command line, which others may see."""
    if arguments.password_file is not None:
        return _read(arguments.password_file)
    if not sys.stdin.isatty():
        raise InvalidInput("there is no terminal to ask for the password: give --password-file F, or - for stdin")
    first = getpass.getpass("Password: ")
    if getpass.getpass("Again: ") != first:
        raise InvalidInput("the two passwords differ")
    return first


def _read(file: str) -> str:
    try:
        text = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        return text.decode().removesuffix("\n").removesuffix("\r")
    except OSError as problem:
        raise InvalidInput(f"--password-file {file}: {problem.strerror}") from problem
    except UnicodeDecodeError as problem:
        raise InvalidInput(f"--password-file {file}: it is not text in UTF-8") from problem


def _expiry(days: float | None) -> int | None:
    if days is None:
        return None
    if not 0 < days <= _MOST_DAYS:
        raise InvalidInput(f"--days {days:g}: a token is for more than 0 and up to {_MOST_DAYS} days")
    return milliseconds() + int(days * _DAY)


def _told(user: User, grants: Sequence[Grant]) -> dict[str, object]:
    roles = [{"owned": each.owned, "name": each.name, "role": each.role} for each in grants]
    return {"user": user.name, "is_admin": user.is_admin, "created": as_iso(user.created), "grants": roles}


def _spoken(grants: Sequence[Grant]) -> str:
    return ", ".join(f"{each.owned} {each.name}: {each.role}" for each in grants)


def _done(arguments: argparse.Namespace, told: Mapping[str, object], line: str) -> None:
    if arguments.json:
        write_json(told)
    else:
        print(line)
