"""The command line `sweeps`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

from tracker.cli.manners import Parser, run_command
from tracker.errors import TrackerError

from ..errors import SweepError

_STORE_HELP = "the store's folder (default: $TRACKER_STORE, else ./tracker-store)"
_SWEEP_HELP = "a sweep's name, its run's ID, or: last"


def main(words: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    arguments = _parser().parse_args(words)
    # A command's room is loaded when it is called: asking for help costs nothing.
    room = import_module(f".{arguments.command}", __package__)
    return run_command("sweeps", room.command, arguments, (SweepError, TrackerError))


def _parser() -> Parser:
    parser = Parser(prog="sweeps", description="Run hyperparameter sweeps and pick the best checkpoint.")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    _run(_add(commands, "run", "run a sweep file, or a built-in example"))
    _resume(_add(commands, "resume", "go on with a sweep that was interrupted or killed"))
    _status(_add(commands, "status", "show sweeps, or how one stands, with its trials"))
    _stop(_add(commands, "stop", "end a sweep that runs, from any terminal"))
    _best(_add(commands, "best", "show a sweep's best checkpoints"))
    _check(_add(commands, "check", "explain a sweep file without running it"))
    _add(commands, "schema", "print the JSON schema of sweep files, for editors")
    _json(_add(commands, "examples", "list the built-in examples"))
    return parser


def _add(commands: argparse._SubParsersAction[Parser], name: str, text: str) -> Parser:
    parser = commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
    parser.set_defaults(command=name)
    return parser


def _json(parser: Parser, text: str = "print JSON") -> None:
    parser.add_argument("--json", action="store_true", help=text)


def _store(parser: Parser) -> None:
    parser.add_argument("--store", metavar="S", help=_STORE_HELP)


def _run(parser: Parser) -> None:
    parser.add_argument("what", metavar="FILE|EXAMPLE", help="a sweep file (.yaml, .json, .toml) or an example's name")
    _store(parser)
    parser.add_argument("--parallel", type=int, metavar="N", help="trials at a time (default: the file's, else 1)")
    parser.add_argument("--trials", type=int, metavar="N", help="trials in all (default: the file's run_cap)")
    parser.add_argument("--seed", type=int, metavar="N", help="the sweep's seed (default: the file's, else drawn)")
    parser.add_argument("--write", metavar="DIR", help="copy the example's files into DIR instead of running it")
    _showing(parser)


def _resume(parser: Parser) -> None:
    parser.description = (
        "Go on with a sweep that was interrupted or killed, as if it had not been. Trials that had not ended are tried "
        "again; the search continues with what it knew."
    )
    parser.add_argument("sweep", metavar="SWEEP", help=_SWEEP_HELP)
    parser.add_argument("file", metavar="FILE", nargs="?", help="its sweep file, read again (default: as it was)")
    parser.add_argument("--fork", action="store_true", help="begin a new sweep that has learned what this one has")
    _store(parser)
    parser.add_argument("--parallel", type=int, metavar="N", help="trials at a time (default: as before)")
    parser.add_argument("--trials", type=int, metavar="N", help="trials in all, those of before included")
    _showing(parser)


def _showing(parser: Parser) -> None:
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--quiet", action="store_true", help="show only what came of it")
    how.add_argument("--plain", action="store_true", help="show lines, as where there is no terminal")
    _json(parser, "end with one JSON object on standard output; progress goes to standard error")


def _check(parser: Parser) -> None:
    parser.add_argument("file", metavar="FILE", help="a sweep file (.yaml, .json, .toml)")
    _json(parser)


def _status(parser: Parser) -> None:
    parser.add_argument("sweep", metavar="SWEEP", nargs="?", help=_SWEEP_HELP)
    parser.add_argument("--watch", action="store_true", help="show it for as long as it runs")
    parser.add_argument("--all", action="store_true", help="list all its trials, not only the newest")
    _store(parser)
    _json(parser)


def _stop(parser: Parser) -> None:
    parser.description = (
        "End a sweep that runs: nothing new is launched, and trials end at their next log. Go on with: sweeps resume."
    )
    parser.add_argument("sweep", metavar="SWEEP", help=_SWEEP_HELP)
    parser.add_argument("--now", action="store_true", help="end its trials now")
    parser.add_argument("--no-wait", action="store_true", help="do not wait until it has ended")
    _store(parser)
    _json(parser)


def _best(parser: Parser) -> None:
    parser.description = (
        "Show a sweep's best checkpoints. A metric that is not the sweep's own is maximized by default."
    )
    parser.add_argument("sweep", metavar="SWEEP", help=_SWEEP_HELP)
    parser.add_argument("--metric", metavar="M", help="rank by this metric (default: the sweep's)")
    parser.add_argument("--goal", choices=["maximize", "minimize"], help="which way is better")
    parser.add_argument("--dataset", metavar="NAME[@DIGEST]", help="as measured on this dataset (default: the sweep's)")
    parser.add_argument("--top", type=int, default=5, metavar="K", help="how many (default: 5)")
    _store(parser)
    _json(parser)


if __name__ == "__main__":
    sys.exit(main())
