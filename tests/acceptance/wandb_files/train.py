"""A trial's script as people write them for W&B's agent: it reads its arguments, in whatever form, and logs."""

from __future__ import annotations

import ast
import json
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import tracker

EPOCHS = 4


def value_of(text: str) -> object:
    """Return what Python wrote as this text: a number, True, None, a list, a mapping, or the text itself."""
    try:
        value: object = ast.literal_eval(text)
    except (SyntaxError, ValueError):
        return text
    return value


def pairs(arguments: Sequence[str]) -> Iterator[tuple[str, object]]:
    """Read --k=v, --k v, --flag, k=v, +k=v, ++k=v, a JSON text, or a file of JSON."""
    words = list(arguments)
    while words:
        word = words.pop(0)
        name, equals, text = word.lstrip("-+").partition("=")
        if word.startswith("{"):
            yield from json.loads(word).items()
        elif word.endswith(".json"):
            yield from json.loads(Path(word).read_text("utf-8")).items()
        elif equals:
            yield name, value_of(text)
        elif words and not words[0].startswith("--"):
            yield name, value_of(words.pop(0))
        else:
            yield name, True


def numbers(value: object) -> Iterator[float]:
    """Yield every number in a value."""
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from numbers(inner)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield float(value)


def main() -> None:
    """Log a loss that falls from epoch to epoch, to a floor that the params set."""
    params = dict(pairs(sys.argv[1:]))
    run = tracker.current_run()
    words = {name: os.environ.get(name, "") for name in ("WANDB_SWEEP_ID", "WANDB_RUN_ID", "WANDB_SWEEP_PARAM_PATH")}
    param_file = Path(words["WANDB_SWEEP_PARAM_PATH"] or os.devnull).read_text("utf-8")
    run.set_tags({"read": json.dumps(params), "environment": json.dumps(words), "param_file": param_file})
    floor = sum(number / (1 + abs(number)) for number in numbers(params))
    for epoch in range(EPOCHS):
        run.log({"loss": floor + 1 / (1 + epoch), "accuracy": 1 - 1 / (2 + epoch)}, step=epoch)


if __name__ == "__main__":
    main()
