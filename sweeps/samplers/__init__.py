"""Samplers, by the names that users type."""

from __future__ import annotations

from importlib import import_module

from ..errors import InvalidSweep
from ..space import Space
from ..trial import Goal
from .grid import GridSampler
from .interface import Params, Sampler
from .random import RandomSampler

__all__ = ["OPTUNA_NAMES", "Params", "Sampler", "make_sampler"]

OPTUNA_NAMES = ("tpe",)


def make_sampler(method: str, name: str | None, space: Space, goal: Goal, seed: int) -> Sampler:
    """Make the sampler of a sweep: `method` as in its file, and for bayes the name of an algorithm (TPE if None).

    Raises:
        InvalidSweep: the space is not one that the method can search.
    """
    if method == "grid":
        return GridSampler(space)
    if method == "random" or not space.searched:
        return RandomSampler(space, seed)
    chosen = name or "tpe"
    if chosen not in OPTUNA_NAMES:
        raise InvalidSweep(f"unknown sampler {chosen!r}; there is {', '.join(OPTUNA_NAMES)}", where="execution.sampler")
    # Optuna takes half a second to load, so only sweeps that search with it pay for it.
    optuna = import_module(".optuna", __name__)
    sampler: Sampler = optuna.OptunaSampler(chosen, space, goal, seed)
    return sampler
