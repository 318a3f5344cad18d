"""Samplers, by the names that users type."""

from __future__ import annotations

from importlib import import_module

from ..config.execution import SAMPLERS
from ..errors import InvalidSweep
from ..space import Space
from ..space.faults import nearest
from ..trial import Goal
from .grid import GridSampler
from .interface import Params, Proposal, Sampler, Told
from .random import RandomSampler

__all__ = ["Params", "Proposal", "Sampler", "Told", "make_sampler"]


def make_sampler(method: str, name: str | None, space: Space, goal: Goal, seed: int) -> Sampler:
    """Make the sampler of a sweep: `method` as in its file, and for bayes the name of an algorithm (TPE if None).

    Beside those of `SAMPLERS`, a dotted name such as `optuna.samplers.NSGAIISampler` stands for any class that is
    written as a sampler for Optuna and can be made without arguments; it is given a `seed` if it takes one. Those that
    Optuna ships continue after a restart as if there had been none. Others are made once, and know after a restart what
    Optuna's study knows.

    Raises:
        InvalidSweep: there is no such sampler, or the space is not one that it can search.
        MissingExtra: it needs a library that is not installed.
    """
    if method == "grid":
        return GridSampler(space)
    chosen = name or "tpe"
    if method == "random" or chosen == "random":
        return RandomSampler(space, seed)
    if chosen not in SAMPLERS and "." not in chosen:
        problem = f"unknown sampler {chosen!r}; {nearest(chosen, SAMPLERS)} (or a class, such as mypackage.MySampler)"
        raise InvalidSweep(problem, where="execution.sampler")
    if not space.searched:
        return RandomSampler(space, seed)
    # Optuna takes half a second to load, so only sweeps that search with it pay for it.
    optuna = import_module(".optuna", __name__)
    sampler: Sampler = optuna.OptunaSampler(chosen, space, goal, seed)
    return sampler
