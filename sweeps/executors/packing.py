"""Carry a target to another process: a function of a script or a notebook goes by value, any other by name."""

from __future__ import annotations

import base64

import cloudpickle

from .target import FunctionTarget


def pack(target: FunctionTarget) -> str:
    """Return the target as text."""
    return base64.b64encode(cloudpickle.dumps(target)).decode()


def unpack(text: str) -> FunctionTarget:
    """Return a target that this process's own scheduler has packed."""
    target: FunctionTarget = cloudpickle.loads(base64.b64decode(text))
    return target
