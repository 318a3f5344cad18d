"""What a ranking says, as frozen facts: pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from .rank_by import RankBy


class NoiseSource(StrEnum):
    """Where an estimate of noise is from: the seeds of a group, or the ups and downs of a run's own curve."""

    SEEDS = "seeds"
    CURVE = "curve"


@dataclass(frozen=True, slots=True)
class Lead:
    """What a place has on the next one.

    `by` is the difference of their values (of the means, where groups of seeds are ranked; of the scores, where
    weights are): what is better counts as positive. `noise` is the standard error of that difference, `needed` the
    least lead that is no longer within noise, by Student's t at the ranking's confidence. All of these are None where
    the noise is unknown; it is never guessed.
    """

    over: int
    by: float
    noise: float | None = None
    needed: float | None = None
    source: NoiseSource | None = None

    @property
    def is_within_noise(self) -> bool | None:
        """Whether as small a lead may come from noise alone; None where that is unknown."""
        return None if self.needed is None else self.by < self.needed or self.by <= 0


@dataclass(frozen=True, slots=True)
class SeedGroup:
    """A group of seeds that a place stands for.

    `seeds` were ranked; `left_out` had no checkpoint that ranks. `bound` is what the true mean is at least (at most,
    where less is better) with the ranking's confidence. One seed has no deviation, error and bound.
    """

    label: int
    seeds: int
    left_out: int
    mean: float
    deviation: float | None
    error: float | None
    bound: float | None


@dataclass(frozen=True, slots=True)
class Place:
    """One place of a ranking, and the logged model that has it; its run is None where nobody asked for it.

    `values` are of the metrics ranked by, in their order; `smoothed` are their means over `averaged` neighbours.
    `dominates` says how many candidates it beats in every respect, in the sense of the Pareto front.
    """

    place: int
    model_no: int
    run_no: int | None
    step: int | None
    values: tuple[float, ...]
    dataset_nos: tuple[int, ...]
    smoothed: tuple[float, ...] | None = None
    averaged: tuple[int, ...] | None = None
    score: float | None = None
    front: int | None = None
    dominates: int | None = None
    group: SeedGroup | None = None
    lead: Lead | None = None


@dataclass(frozen=True, slots=True)
class Ranking:
    """The first places, out of how many; `left_out` counts those that cannot rank by the first reason found.

    Where only the first places were looked at, the number of candidates is None.
    """

    by: RankBy
    places: tuple[Place, ...]
    candidates: int | None
    left_out: Mapping[str, int]

    @property
    def model_nos(self) -> tuple[int, ...]:
        """All logged models that it speaks of: those with a place, and the one that the last place is ahead of."""
        over = [place.lead.over for place in self.places if place.lead]
        return tuple(dict.fromkeys((*(place.model_no for place in self.places), *over)))
