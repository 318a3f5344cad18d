"""Carry a target to another process: a function of a script or a notebook goes by value, any other by name."""

from __future__ import annotations

import base64
import pickle

import cloudpickle

from ..errors import InvalidSweep
from .target import FunctionTarget


def pack(target: FunctionTarget) -> str:
    """Return the target as text.

    Raises:
        InvalidSweep: the function holds something that cannot leave this process.
    """
    try:
        return base64.b64encode(cloudpickle.dumps(target)).decode()
    except (TypeError, AttributeError, ValueError, RecursionError, pickle.PicklingError) as problem:
        remedy = "make that inside the function, or choose executor threads"
        raise InvalidSweep(f"{target} cannot be sent to another process ({problem}); {remedy}") from problem


def unpack(text: str) -> FunctionTarget:
    """Return a target that this process's own scheduler has packed."""
    target: FunctionTarget = cloudpickle.loads(base64.b64decode(text))
    return target
