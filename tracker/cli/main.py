"""The command line `tracker`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

from ..errors import TrackerError
from .manners import Parser, run_command

_EXAMPLE = "\"metrics.loss < 0.1 AND params.lr = '0.1'\""
_STORE_HELP = "the store's folder (default: $TRACKER_STORE, else ./tracker-store)"


def main(words: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    arguments = _parser().parse_args(words)
    # A command's room is loaded when it is called: asking for help costs nothing.
    room = import_module(f".{arguments.room}", __package__)
    return run_command("tracker", getattr(room, arguments.command), arguments, (TrackerError,))


def _parser() -> Parser:
    parser = Parser(prog="tracker", description="Look at experiments, runs and logged models.")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    runs = _add(commands, "runs", "lists", "list runs, the newest first")
    _add_search(runs, _EXAMPLE)
    models = _add(commands, "models", "lists", "list logged models, the newest first")
    _add_search(models, _EXAMPLE)
    models.add_argument("--dataset", metavar="NAME[@DIGEST]", help="only what was measured on this dataset")
    doctor = _add(commands, "doctor", "doctor", "check a store: versions, integrity, what waits in journals")
    doctor.add_argument("--deep", action="store_true", help="read all files and compare their SHA-256")
    backup = _add(commands, "backup", "backup", "copy a store while programs go on logging into it")
    backup.add_argument("destination", metavar="DEST", help="a new folder, which is a store then")
    backup.add_argument("--link", action="store_true", help="link artifacts instead of copying them, on the same disk")
    gc = _add(commands, "gc", "gc", "remove what nobody needs any more: leftovers, the WAL, free pages")
    gc.add_argument("--dry-run", action="store_true", help="only say what would be removed")
    gc.add_argument("--damaged", action="store_true", help="remove damaged pieces of journals too")
    return parser


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


def _add_search(parser: Parser, example: str) -> None:
    parser.add_argument(
        "experiments", nargs="*", metavar="EXPERIMENT", help="names or IDs of experiments (default: all)"
    )
    _add_choice(parser, example)
    parser.add_argument("--top", type=int, default=100, metavar="K", help="how many at most (default: 100)")
    parser.add_argument("--page-token", metavar="T", help="go on where the search that gave this token ended")
    _add_form(parser)


def _add_choice(parser: Parser, example: str) -> None:
    parser.add_argument("--filter", default="", metavar="F", help=f"such as {example}")
    parser.add_argument(
        "--order-by",
        action="append",
        default=[],
        metavar="O",
        help='such as "metrics.loss ASC"; may be repeated',
    )


def _add_form(parser: Parser) -> None:
    parser.add_argument("--fields", metavar="A,B,C", help="only these, in this order, such as name,metrics.loss,params")
    parser.add_argument("--csv", action="store_true", help="print CSV, with all digits")


if __name__ == "__main__":
    sys.exit(main())
