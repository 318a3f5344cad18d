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
    parser.add_argument(
        "metric",
        metavar="METRIC[,METRIC…]",
        help="such as accuracy, or accuracy:maximize,latency_ms:minimize for a Pareto front (with --weights one order)",
    )
    parser.add_argument("--goal", metavar="GOAL", help="maximize or minimize (default: maximize)")
    add_dataset(parser, "rank by what was measured on this dataset")
    parser.add_argument("--any-digest", action="store_true", help="mix what was measured on all digests of one name")
    parser.add_argument("--value", metavar="V", help="which value counts: latest (default), best, last or mean")
    parser.add_argument("--last-steps", type=int, metavar="N", help="with --value mean: over how many last steps")
    parser.add_argument("--smooth", type=int, metavar="N", help="average N neighbouring checkpoints of a run first")
    parser.add_argument("--weights", metavar="W", help="one order of several metrics: accuracy=1,latency_ms=0.2")
    parser.add_argument(
        "--constraint", action="append", default=[], metavar="C", help='such as "latency_ms < 20"; may be repeated'
    )
    parser.add_argument("--seeds", metavar="PARAM[,…]", help="rank groups whose params differ in these alone")
    parser.add_argument("--per", metavar="P", help="only the best of each: run, trial, sweep or params.NAME")
    _add_scope(parser)
    parser.add_argument("--sweep", metavar="RUN_ID", help="only checkpoints of this sweep's trials")
    parser.add_argument("--top", type=int, default=5, metavar="K", help="how many places (default: 5)")
    parser.add_argument(
        "--explain", action="store_true", help="say what each beat, by how much, and whether it is noise"
    )
    add_forms(parser)


def _add_scope(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--experiment",
        action="append",
        default=[],
        metavar="E",
        help="an experiment's name or ID (default: all); may be repeated",
    )
    parser.add_argument("--filter", default="", metavar="F", help="only checkpoints that match this")


def add_promote(parser: argparse.ArgumentParser) -> None:
    """Add what says which logged model is to be what, and by which rule."""
    parser.add_argument("model", metavar="MODEL", help="a logged model's ID or URI")
    parser.add_argument("name", metavar="NAME", help="the registered model's name; it is made if there is none")
    parser.add_argument("--metric", required=True, metavar="M", help="the metric that decides")
    parser.add_argument("--goal", metavar="GOAL", help="maximize or minimize (default: maximize)")
    add_dataset(parser, "decide by what was measured on this dataset")
    parser.add_argument("--alias", default="best", metavar="A", help="the alias to give (default: best)")
    parser.add_argument(
        "--min-lead", type=float, default=0.0, metavar="X", help="promote only if it is better by at least this"
    )


def add_keep(parser: argparse.ArgumentParser) -> None:
    """Add what says which checkpoints to keep, and among which."""
    parser.add_argument("--top", type=int, metavar="K", help="keep the best K by --metric, of each dataset")
    parser.add_argument("--per-run-best", type=int, metavar="K", help="keep the best K by --metric of each run")
    parser.add_argument("--metric", metavar="M[,M…]", help="what to rank by, such as accuracy or loss:minimize")
    parser.add_argument("--goal", metavar="GOAL", help="maximize or minimize (default: maximize)")
    add_dataset(parser, "rank by what was measured on this dataset only")
    parser.add_argument("--front", metavar="M,M…", help="keep the Pareto front: accuracy:maximize,latency_ms:minimize")
    parser.add_argument("--last", type=int, metavar="N", help="keep the last N")
    parser.add_argument("--per-run-last", type=int, metavar="N", help="keep the last N of each run")
    parser.add_argument("--budget", metavar="SIZE", help="keep at most so much, such as 10GB; the worst go first")
    _add_scope(parser)
    parser.add_argument("--dry-run", action="store_true", help="only say what would be deleted")


def add_serving(parser: argparse.ArgumentParser) -> None:
    """Add what says how a store is served, beside where."""
    parser.add_argument("--workers", type=int, default=1, metavar="N", help="serve by N processes (default: 1)")
    parser.add_argument("--access-log", default="", metavar="FILE", help="one line of JSON a request; - prints them")
    parser.add_argument("--certfile", default="", metavar="F", help="serve HTTPS with this certificate (PEM)")
    parser.add_argument("--keyfile", default="", metavar="F", help="the certificate's key (PEM)")
    parser.add_argument(
        "--forwarded-allow-ips",
        default="",
        metavar="IPS",
        help="proxies whose X-Forwarded-For and -Proto are believed, such as 10.0.0.1,10.0.0.2 (default: none)",
    )
    parser.add_argument("--root-path", default="", metavar="/P", help="where a proxy puts the server, such as /tracker")
    files = "do not keep clients' files; they put those of new experiments below --default-artifact-root"
    parser.add_argument("--no-serve-artifacts", action="store_true", help=files)
    parser.add_argument("--default-artifact-root", default="", metavar="URI", help="such as s3://bucket/runs")
    parser.add_argument("--artifacts-only", action="store_true", help="serve nothing but clients' files")
