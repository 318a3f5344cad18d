"""How our command lines behave: one line for an error, exit code 2, no traceback."""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from typing import Any, NoReturn

USAGE = 2
INTERRUPTED = 130
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and where help is, and exit with 2."""
        self._refuse(message, f"see {self.prog} --help")

    def parse_known_args(self, *arguments: Any, **more: Any) -> Any:  # noqa: ANN401  # as argparse has it
        """Parse, and refuse what is not known: of a command's options its own parser knows which is meant."""
        parsed, unknown = super().parse_known_args(*arguments, **more)
        if unknown:
            near = get_close_matches(unknown[0].partition("=")[0], self._option_string_actions, n=1, cutoff=0.8)
            message = f"unrecognized arguments: {' '.join(unknown)}"
            self._refuse(message, f"did you mean {near[0]}?" if near else f"see {self.prog} --help")
        return parsed, unknown

    def _refuse(self, message: str, remedy: str) -> NoReturn:
        self.exit(USAGE, f"{self.prog}: {message}; {remedy}\n")


def run_command(
    name: str,
    command: Callable[[argparse.Namespace], int | None],
    arguments: argparse.Namespace,
    mistakes: tuple[type[Exception], ...],
) -> int:
    """Run a command; return the exit code. `mistakes` are the errors that a line is enough for."""
    try:
        return command(arguments) or 0
    except mistakes as problem:
        sys.stdout.flush()
        sys.stderr.write(f"{name}: {problem}\n")
        return USAGE
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has seen enough; nothing more may be written, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def write_json(value: object) -> None:
    """Print a value as JSON in one line; NaN and infinities are texts, as in MLflow's protocol."""
    print(json.dumps(_speakable(value), ensure_ascii=False, default=str))


def _speakable(value: object) -> object:
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, Mapping):
        return {key: _speakable(inner) for key, inner in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_speakable(inner) for inner in value]
    return value


def pairs(values: Mapping[str, object]) -> str:
    """Return a mapping as a table shows it in one cell."""
    return "  ".join(f"{name}={shown(value)}" for name, value in values.items())


def shown(value: object) -> str:
    """Return a value as a table shows it."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.6g}"
    return "".join(character if character.isprintable() else " " for character in str(value))


def as_iso(milliseconds: int) -> str:
    """Return a time as a text that a filter can be asked with, such as `2026-01-31T09:00:00.000Z`."""
    try:
        time = _EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError:
        return str(milliseconds)
    return f"{time:%Y-%m-%dT%H:%M:%S}.{time.microsecond // 1000:03}Z"


def ago(milliseconds: int, now: int) -> str:
    """Return how long ago a time was, as people read it."""
    return f"{duration(max(0, now - milliseconds) / 1000)} ago"


def size(number: int) -> str:
    """Return a number of bytes as people read it."""
    if number < 1000:  # noqa: PLR2004  # what follows is in thousands
        return f"{number} bytes"
    value, units = float(number), iter(("kB", "MB", "GB", "TB", "PB"))
    while (value := value / 1000) >= 999.5:  # noqa: PLR2004  # it would be shown as 1000
        next(units)
    return f"{value:.3g} {next(units)}"


def duration(seconds: float) -> str:
    """Return seconds as people read them: in the largest unit that fits."""
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"
