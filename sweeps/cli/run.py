"""`sweeps run`."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..errors import SweepError
from ..examples import find_example
from ..running import run
from ..sweep import Sweep
from .progress import Progress
from .report import exit_code, report
from .showing import asked_for, shown_on


def command(arguments: argparse.Namespace) -> int:
    """Run a sweep and print what came of it; or copy an example out."""
    if arguments.write is not None:
        _write(arguments.what, Path(arguments.write))
        return 0
    sweep, progress = _find(arguments.what), Progress()
    with shown_on(*asked_for(arguments), progress) as listen:
        result = run(
            sweep,
            store=arguments.store,
            parallel=arguments.parallel,
            trials=arguments.trials,
            seed=arguments.seed,
            listen=listen,
        )
    report(result, as_json=arguments.json)
    return exit_code(result, progress.interrupted_by)


def _find(what: str) -> Sweep:
    path = Path(what)
    if path.exists() or path.suffix in {".yaml", ".yml", ".json", ".toml"}:
        return Sweep.from_file(path)
    example = find_example(what)
    example.require()
    return Sweep.from_file(example.file)


def _write(what: str, folder: Path) -> None:
    try:
        written = find_example(what).write(folder)
    except OSError as problem:
        raise SweepError(f"cannot write into {folder}: {problem.strerror}") from problem
    for path in written:
        print(path)
