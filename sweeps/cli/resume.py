"""`sweeps resume`."""

from __future__ import annotations

import argparse

from ..resuming import resume
from ..sweep import Sweep
from .progress import Progress
from .report import exit_code, report
from .showing import asked_for, shown_on


def command(arguments: argparse.Namespace) -> int:
    """Go on with a sweep and print what came of it; with its file, the file as it is now."""
    sweep = None if arguments.file is None else Sweep.from_file(arguments.file)
    progress = Progress()
    with shown_on(*asked_for(arguments), progress) as listen:
        result = resume(
            arguments.sweep,
            sweep,
            store=arguments.store,
            parallel=arguments.parallel,
            trials=arguments.trials,
            fork=arguments.fork,
            listen=listen,
        )
    report(result, as_json=arguments.json)
    return exit_code(result, progress.interrupted_by)
