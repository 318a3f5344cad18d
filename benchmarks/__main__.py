"""Ask every question, one after the other; print a table for each suite, and keep the figures as JSON.

    python -m benchmarks [--suite SUITE]… [--only QUESTION]… [--quick] [--no-peers] [--json FILE]

There are four suites, `logging`, `searching`, `serving` and `sweeping`; without `--suite` all are asked, which takes
over an hour. Peers are installed, each into an environment of its own, when they are first needed. Where a figure
stands beside another one, both were measured in turns, in this run, on this disk.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import orjson

from . import large_store, log_call, machine, processes, reading, size, stored, twenty_runs
from .environments import Environments, default_folder
from .figures import Answer, figures_table, table
from .programs import Facts, Failed
from .searching import (
    beside_writer,
    filters,
    fronts,
    model_points,
    models_and_mlflow,
    pages,
    runs_and_mlflow,
    seeds,
    stores,
    top,
)
from .serving import beside_clients, files, log_batch, log_metric, our_client, search_models, search_runs, starting
from .setting import Setting
from .sweeping import (
    asha_digits,
    ask_times,
    commands,
    idle,
    pruning,
    resuming,
    scheduler_cpu,
    simulation,
    tpe_quality,
    trials,
)

# Where the figures of a whole suite are kept.
KEPT = Path(__file__).parent / "results"
Questions = dict[str, Callable[[Setting], Answer]]
SUITES: dict[str, Questions] = {
    "logging": {
        "stored": stored.answer,
        "log-call": log_call.answer,
        "processes": processes.answer,
        "size": size.answer,
        "reading": reading.answer,
        "large-store": large_store.answer,
        "twenty-runs": twenty_runs.answer,
    },
    "searching": {
        "filling": stores.answer,
        "top": top.answer,
        "filters": filters.answer,
        "pages": pages.answer,
        "fronts": fronts.answer,
        "seeds": seeds.answer,
        "models-and-mlflow": models_and_mlflow.answer,
        "runs-and-mlflow": runs_and_mlflow.answer,
        "model-points": model_points.answer,
        "beside-writer": beside_writer.answer,
    },
    "serving": {
        "log-metric": log_metric.answer,
        "log-batch": log_batch.answer,
        "search-runs": search_runs.answer,
        "search-models": search_models.answer,
        "our-client": our_client.answer,
        "files": files.answer,
        "starting": starting.answer,
        "beside-clients": beside_clients.answer,
    },
    "sweeping": {
        "trials": trials.answer,
        "commands": commands.answer,
        "idle": idle.answer,
        "scheduler-cpu": scheduler_cpu.answer,
        "resuming": resuming.answer,
        "pruning": pruning.answer,
        "simulation": simulation.answer,
        "asha": asha_digits.answer,
        "tpe": tpe_quality.answer,
        "asking": ask_times.answer,
    },
}
QUESTIONS: Questions = {name: question for questions in SUITES.values() for name, question in questions.items()}
POINTS, ROUNDS, SECONDS, MODELS, TRIALS = 1_000_000, 3, 60.0, 1_000_000, 10_000
QUICK_POINTS, QUICK_ROUNDS, QUICK_SECONDS, QUICK_MODELS, QUICK_TRIALS = 10_000, 1, 1.0, 2_000, 100
# How many times the points of a short measurement the large store has.
LARGE, QUICK_LARGE = 100, 10


def main(words: Sequence[str] | None = None) -> int:
    """Ask, print and keep; return 1 if a question could not be answered."""
    arguments = parser().parse_args(words)
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="benchmarks-", dir=arguments.folder) as folder:
        setting = setting_of(arguments, Path(folder))
        facts = {"format": 1, "started": datetime.now(UTC).isoformat(), "machine": machine.facts(setting.folder)}
        answers, failed = ask(setting, wanted(arguments))
    show(answers, quick=arguments.quick)
    keep(arguments, {**facts, "setting": chosen(setting), "seconds": time.monotonic() - started}, answers, failed)
    return 1 if failed else 0


def wanted(arguments: argparse.Namespace) -> list[str]:
    """Return the questions to ask."""
    return arguments.only or [name for suite in arguments.suite or SUITES for name in SUITES[suite]]


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    lines = (__doc__ or "").splitlines()
    made = argparse.ArgumentParser(prog="python -m benchmarks", description=lines[0])
    made.add_argument("--suite", action="append", choices=list(SUITES), help="ask all questions of this suite")
    made.add_argument("--only", action="append", choices=list(QUESTIONS), metavar="QUESTION", help=", ".join(QUESTIONS))
    made.add_argument("--points", type=int, metavar="N", help=f"points of a short measurement (default {POINTS:,})")
    made.add_argument("--models", type=int, metavar="N", help=f"models that are searched (default {MODELS:,})")
    made.add_argument(
        "--trials", type=int, metavar="N", help=f"trials of the sweep that is resumed (default {TRIALS:,})"
    )
    made.add_argument("--rounds", type=int, metavar="N", help=f"how often each is repeated (default {ROUNDS})")
    made.add_argument(
        "--quick", action="store_true", help="take seconds: shows that all runs; its figures mean nothing"
    )
    made.add_argument("--no-peers", action="store_true", help="leave out what is not installed here")
    made.add_argument(
        "--json", type=Path, metavar="FILE", help=f"where to keep the figures (default for a whole suite: {KEPT.name}/)"
    )
    made.add_argument("--folder", type=Path, metavar="DIR", help="a folder on the disk to measure (default: temporary)")
    made.add_argument("--environments", type=Path, metavar="DIR", help="where the peers are installed")
    return made


def setting_of(arguments: argparse.Namespace, folder: Path) -> Setting:
    """Return how the suite is to be run."""
    quick = arguments.quick
    points = arguments.points or (QUICK_POINTS if quick else POINTS)
    return Setting(
        points=points,
        rounds=arguments.rounds or (QUICK_ROUNDS if quick else ROUNDS),
        large=points * (QUICK_LARGE if quick else LARGE),
        seconds=QUICK_SECONDS if quick else SECONDS,
        models=arguments.models or (QUICK_MODELS if quick else MODELS),
        trials=arguments.trials or (QUICK_TRIALS if quick else TRIALS),
        folder=folder,
        peers=None if arguments.no_peers else Environments((arguments.environments or default_folder()).absolute()),
    )


def chosen(setting: Setting) -> dict[str, object]:
    """Return what of a setting is worth keeping."""
    names = ("points", "rounds", "large", "seconds", "models", "trials")
    return {**{name: getattr(setting, name) for name in names}, "peers": setting.peers is not None}


def ask(setting: Setting, names: Sequence[str]) -> tuple[dict[str, Answer], dict[str, str]]:
    """Ask questions; return answers, and why some have none."""
    answers, failed = {}, {}
    for name in names:
        setting.say(f"{name} …")
        try:
            answers[name] = QUESTIONS[name](setting)
        except Failed as error:
            setting.say(f"  {name} has no answer: {error}")
            failed[name] = str(error)
    return answers, failed


def show(answers: dict[str, Answer], *, quick: bool) -> None:
    """Print a table for each suite, and who made what of ten metrics a call."""
    for suite, questions in SUITES.items():
        if figures := [figure for name in questions if name in answers for figure in answers[name].figures]:
            print(f"\n{suite}:")
            print(figures_table(figures))
    for title, found in answers["stored"].details.items() if "stored" in answers else ():
        print(f"\n{title}:")
        print(contestants_table(found))
    if quick:
        print("\nQuick: this shows that all of it runs. Its figures mean nothing.")


def contestants_table(found: Facts) -> str:
    """Lay out what every contestant reported in its last round."""
    head = ("who", "version", "points", "points/s", "bytes a point", "durable")
    rows = [
        (
            name,
            rounds[-1]["version"],
            f"{rounds[-1]['points']:,}",
            f"{sorted(facts['points'] / facts['seconds'] for facts in rounds)[len(rounds) // 2]:,.0f}",
            f"{rounds[-1]['bytes'] / rounds[-1]['points']:.1f}",
            rounds[-1]["durable"],
        )
        for name, rounds in found["contestants"].items()
    ]
    return table(head, rows, right=lambda place: place in {2, 3, 4})


def keep(
    arguments: argparse.Namespace,
    facts: dict[str, object],
    answers: dict[str, Answer],
    failed: dict[str, str],
) -> None:
    """Write the JSON where it was asked for; whole suites, that were not quick, have places of their own."""
    if arguments.json is not None:
        write(arguments.json, facts, answers, failed)
    elif not (arguments.quick or arguments.no_peers):
        for suite, questions in SUITES.items():
            if answers.keys() >= questions.keys():
                write(KEPT / f"{suite}.json", facts, {name: answers[name] for name in questions}, {})


def write(path: Path, facts: dict[str, object], answers: dict[str, Answer], failed: dict[str, str]) -> None:
    """Write answers."""
    kept = {
        **facts,
        "figures": [figure.as_json(name) for name, answer in answers.items() for figure in answer.figures],
        "details": {name: answer.details for name, answer in answers.items()},
        "failed": failed,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(orjson.dumps(kept, option=orjson.OPT_INDENT_2))


if __name__ == "__main__":
    sys.exit(main())
