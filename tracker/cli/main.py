"""The command line `tracker`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

from ..errors import TrackerError
from .manners import Parser, run_command
from .options import add_dataset, add_experiments, add_keep, add_promote, add_rank, add_search, add_serving
from .user_options import add_users

_STORE_HELP = "the store's folder, or its server's URL (default: $TRACKER_STORE, else ./tracker-store)"


def main(words: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    return run_command("tracker", _call, _parser().parse_args(words), (TrackerError,))


def _call(arguments: argparse.Namespace) -> int | None:
    # A command's room is loaded when it is called: asking for help costs nothing.
    room = import_module(f".{arguments.room}", __package__)
    done: int | None = getattr(room, arguments.command)(arguments)
    return done


def _parser() -> Parser:
    parser = Parser(prog="tracker", description="Look at experiments, runs and logged models.")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    _add_searches(commands)
    add_promote(_add(commands, "promote", "promote", "give an alias to a checkpoint if it is better than who has it"))
    add_keep(_add(commands, "keep", "keep", "delete checkpoints that no rule keeps; those with an alias stay"))
    doctor = _add(commands, "doctor", "doctor", "check a store: versions, integrity, what waits in journals")
    doctor.add_argument("--deep", action="store_true", help="read all files and compare their SHA-256")
    backup = _add(commands, "backup", "backup", "copy a store while programs go on logging into it")
    backup.add_argument("destination", metavar="DEST", help="a new folder, which is a store then")
    backup.add_argument("--link", action="store_true", help="link artifacts instead of copying them, on the same disk")
    _add(commands, "sync", "sync", "send servers what programs logged while they could not be reached")
    gc = _add(commands, "gc", "gc", "remove what nobody needs any more: leftovers, the WAL, free pages")
    gc.add_argument("--dry-run", action="store_true", help="only say what would be removed")
    gc.add_argument("--damaged", action="store_true", help="remove damaged pieces of journals too")
    _add_serve(commands)
    users = commands.add_parser("users", help="say who may sign in to tracker serve --auth, and what they may do")
    add_users(users, _add)
    return parser


def _add_serve(commands: argparse._SubParsersAction[Parser]) -> None:
    serve = _add(commands, "serve", "serve", "let MLflow's clients log into a store, and read from it, over HTTP")
    serve.add_argument("--host", default="127.0.0.1", metavar="H", help="the address to serve (default: 127.0.0.1)")
    serve.add_argument("--port", type=int, default=5000, metavar="P", help="the port to serve (default: 5000)")
    serve.add_argument(
        "--allowed-hosts",
        action="append",
        default=[],
        metavar="NAME",
        help="another name that clients know this server by; again for more",
    )
    serve.add_argument("--auth", action="store_true", help="let in whom tracker users knows, for what their roles are")
    serve.add_argument(
        "--default-role", choices=("read", "edit"), metavar="R", help="with --auth: what all may do in all experiments"
    )
    serve.add_argument("--insecure", action="store_true", help="serve others than this machine, without any password")
    add_serving(serve)


def _add_searches(commands: argparse._SubParsersAction[Parser]) -> None:
    runs = _add(commands, "runs", "lists", "list runs, the newest first")
    add_experiments(runs)
    add_search(runs)
    models = _add(commands, "models", "lists", "list logged models, the newest first")
    add_experiments(models)
    add_search(models)
    add_dataset(models, "only what was measured on this dataset")
    experiments = _add(commands, "experiments", "lists", "list experiments, the newest first")
    add_search(experiments, filter_help="such as \"name LIKE 'digits%%'\"", order="name ASC")
    add_rank(_add(commands, "rank", "rank", "rank checkpoints, the best first"))


def _add(
    commands: argparse._SubParsersAction[Parser],  # the type has no public name
    name: str,
    room: str,
    text: str,
) -> Parser:
    parser = commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
    parser.set_defaults(room=room, command=name)
    parser.add_argument("--store", metavar="S", help=_STORE_HELP)
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser


if __name__ == "__main__":
    sys.exit(main())
