"""Which of what was logged counts: nothing that an earlier holder of a run says once it was fenced off. Pure.

A holder is known by its token, which stands at the end of its journal's name, behind the 32 digits that every journal
has. A process that opened the store itself has none, and is never refused.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np

from ..entities.records import AddFiles, Record
from .points import Block, ModelBlock

_DIGITS = 32


def written_token(token: int | None) -> str:
    """Return the end of a journal's name."""
    return "" if token is None else f"{token:016x}"


def shut_off(journal_id: str, fences: Mapping[str, int]) -> Collection[str]:
    """Return the runs that a journal may not speak of any more, given the least token that may for each run."""
    token = journal_id[_DIGITS:]
    return {run_id for run_id, fence in fences.items() if int(token, 16) < fence} if token else ()


def run_of(said: Record | Block | ModelBlock) -> str:
    """Return the run that is spoken of, "" if it is none."""
    run_id: str = getattr(said, "run_id", "")
    return run_id or (said.owner if isinstance(said, AddFiles) else "")


def calls(said: Record | Block | ModelBlock) -> int:
    """Count the calls that said it."""
    return len(np.unique(said.places)) if isinstance(said, Block | ModelBlock) else 1
