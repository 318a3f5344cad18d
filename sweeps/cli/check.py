"""`sweeps check`."""

from __future__ import annotations

import argparse
import math
import os
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path

from tracker.cli.manners import pairs, shown, write_json
from tracker.cli.terminal import print_table

from .explanation import Explanation, explain

_WIDTH = 11
# Beyond this, nobody reads the digits.
_COUNTED = 10**15


def command(arguments: argparse.Namespace) -> None:
    """Explain a sweep file without running anything of it."""
    found = explain(Path(arguments.file), os.environ)
    if arguments.json:
        write_json(found.to_mapping())
        return
    for heading, text in _lines(found):
        print(f"{heading:<{_WIDTH}} {text}")
    print()
    headings = ["parameter", "drawn", "from", "searched along"]
    print_table("", headings, [[row.name, row.drawn, row.range, row.axis] for row in found.parameters])
    print()
    for warning in found.warnings:
        place = f"{found.file}:{warning.line}" if warning.line is not None else found.file
        print(f"warning: {place}: {warning.place}: {warning.text}")
    print(f"{found.file} is in order" + (f"; {_count(len(found.warnings), 'warning')}" if found.warnings else ""))


def _lines(found: Explanation) -> Iterator[tuple[str, str]]:
    config = found.config
    yield "sweep", found.name
    yield "method", config.method if found.sampler is None else f"{config.method}, by {found.sampler}"
    if config.metric is not None:
        yield "metric", pairs(config.metric.to_mapping())
    yield "runs", found.runs + ("" if found.executor is None else f", by {found.executor}")
    yield "a trial", shlex.join(found.argv) if found.argv is not None else f"trial.params = {dict(found.example)}"
    yield "space", _points(found.config.space.size())
    yield "trials", "no end of them" if found.trials is None else f"{found.trials} at most"
    yield "ends", "; or ".join(found.ends) or "when you end it"
    if found.pruner is not None:
        yield "stops", found.pruner
    yield "execution", pairs(_flat(config.execution.to_mapping()))


def _points(size: int | None) -> str:
    if size is None:
        return "no end of points"
    return _count(size, "point") if size < _COUNTED else f"about 10^{math.log10(size):.0f} points"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _flat(settings: Mapping[str, object]) -> dict[str, object]:
    """Return settings with a mapping's own keys joined to its name."""
    flat: dict[str, object] = {}
    for name, value in settings.items():
        inner = {f"{name}.{key}": one for key, one in value.items()} if isinstance(value, Mapping) else {name: value}
        flat.update(inner)
    return {name: shown(value) for name, value in flat.items()}
