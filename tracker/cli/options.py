"""The options of commands that search and rank."""

from __future__ import annotations

import argparse

_FILTER = "such as \"metrics.loss < 0.1 AND params.lr = '0.1'\""
_TOKEN = "go on where the page ended that gave this token"  # noqa: S105  # words, no secret


def add_experiments(parser: argparse.ArgumentParser) -> None:
    """Add what narrows a search to some experiments."""
    parser.add_argument(
        "experiments", nargs="*", metavar="EXPERIMENT", help="names or IDs of experiments (default: all)"
    )


def add_search(parser: argparse.ArgumentParser, *, filter_help: str = _FILTER, order: str = "metrics.loss ASC") -> None:
    """Add what every search has: filter, order, pages, forms."""
    parser.add_argument("--filter", default="", metavar="F", help=filter_help)
    parser.add_argument(
        "--order-by", action="append", default=[], metavar="O", help=f'such as "{order}"; may be repeated'
    )
    parser.add_argument("--top", type=int, default=100, metavar="K", help="how many at most (default: 100)")
    parser.add_argument("--page-token", metavar="T", help=_TOKEN)
    parser.add_argument("--count", action="store_true", help="print only how many there are")
    add_forms(parser)


def add_forms(parser: argparse.ArgumentParser) -> None:
    """Add what says how results are printed, beside --json."""
    parser.add_argument("--fields", metavar="A,B,C", help="only these, in this order, such as name,metrics.loss,params")
    parser.add_argument("--csv", action="store_true", help="print CSV, with all digits")


def add_dataset(parser: argparse.ArgumentParser, text: str) -> None:
    """Add what names a dataset."""
    parser.add_argument("--dataset", metavar="NAME[@DIGEST]", help=text)


def add_rank(parser: argparse.ArgumentParser) -> None:
    """Add what says how to rank, and among which checkpoints."""
    parser.add_argument("metric", metavar="METRIC", help="such as accuracy")
    parser.add_argument("--goal", default="maximize", metavar="GOAL", help="maximize or minimize (default: maximize)")
    add_dataset(parser, "rank by what was measured on this dataset")
    _add_among(parser)
    parser.add_argument("--top", type=int, default=5, metavar="K", help="how many places (default: 5)")
    add_forms(parser)


def _add_among(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--experiment",
        action="append",
        default=[],
        metavar="E",
        help="an experiment's name or ID (default: all); may be repeated",
    )
    parser.add_argument("--filter", default="", metavar="F", help="only checkpoints that match this")
    parser.add_argument("--sweep", metavar="RUN_ID", help="only checkpoints of this sweep's trials")
