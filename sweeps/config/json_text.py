"""Sweep files in JSON."""

from __future__ import annotations

import json

from ..errors import InvalidSweep
from ..space.faults import shown
from .interface import Document


def parse(text: str, source: str) -> Document:
    """Parse JSON; raises InvalidSweep where it is not JSON, or where a key stands twice."""
    try:
        return Document(json.loads(text, object_pairs_hook=_once))
    except json.JSONDecodeError as fault:
        problem = f"not valid JSON: {fault.msg}"
        raise InvalidSweep(problem, source=source, line=fault.lineno) from fault
    except InvalidSweep as fault:
        raise InvalidSweep(fault.problem, source=source) from None
    except ValueError as fault:
        problem = "not valid JSON: holds a number that is too long"
        raise InvalidSweep(problem, source=source) from fault
    except RecursionError as fault:
        problem = "not valid JSON: nested too deeply"
        raise InvalidSweep(problem, source=source) from fault


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    data: dict[str, object] = {}
    for key, value in pairs:
        if key in data:
            problem = f"the key {shown(key)} stands twice; keep one"
            raise InvalidSweep(problem)
        data[key] = value
    return data
