"""Samplers by dotted name: any class of the right base that can be made without arguments."""

from __future__ import annotations

import inspect
import sys
from importlib import import_module
from pathlib import Path
from typing import TypeVar

from ..errors import InvalidSweep

T = TypeVar("T")
WHERE = "execution.sampler"
_ANY = {inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL}


def load(name: str, base: type[T]) -> type[T]:
    """Import the class of a name such as `package.module.Class`.

    Raises:
        InvalidSweep: it is not there, has another base, or needs arguments other than `seed`.
    """
    place, _, last = name.rpartition(".")
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))  # as `python -m` has it: users' modules lie beside their sweep files
    try:
        found = getattr(import_module(place), last, None)
    except ImportError as problem:
        raise InvalidSweep(f"{name} cannot be imported: {problem}", where=WHERE) from problem
    if not (inspect.isclass(found) and issubclass(found, base)):
        raise InvalidSweep(f"{place} has no sampler {last!r} for Optuna", where=WHERE)
    if lacking := _lacking(found):
        raise InvalidSweep(f"{name} {lacking}; name a class that can be made without arguments", where=WHERE)
    return found


def takes_seed(found: type) -> bool:
    """Say whether a class is made with a `seed`."""
    return "seed" in inspect.signature(found).parameters


def make(found: type[T], **words: object) -> T:
    """Make one, without the warning that Optuna puts around the `__init__` of classes that it calls experimental.

    To suppress a warning would be to change the filters of all threads.
    """
    made = found.__new__(found)
    inspect.unwrap(found.__init__)(made, **words)
    return made


def _lacking(found: type) -> str:
    if inspect.isabstract(found):
        return "is abstract"
    words = inspect.signature(found).parameters.values()
    needed = [word.name for word in words if word.default is word.empty and word.kind not in _ANY]
    return f"needs {', '.join(needed)}" if set(needed) - {"seed"} else ""
