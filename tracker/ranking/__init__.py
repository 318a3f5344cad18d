"""What "best" means: pure."""

from __future__ import annotations

from .candidates import NO_LABEL, NO_STEP, Candidates
from .counting import Counted, Points, counted
from .pareto import front, fronts
from .places import Lead, NoiseSource, Place, Ranking, SeedGroup
from .rank import GOALS, chosen_dataset, chosen_datasets, order_by, ranked
from .rank_by import Constraint, Counting, RankBy, rank_by
from .ranking import rank_candidates

__all__ = [
    "GOALS",
    "NO_LABEL",
    "NO_STEP",
    "Candidates",
    "Constraint",
    "Counted",
    "Counting",
    "Lead",
    "NoiseSource",
    "Place",
    "Points",
    "RankBy",
    "Ranking",
    "SeedGroup",
    "chosen_dataset",
    "chosen_datasets",
    "counted",
    "front",
    "fronts",
    "order_by",
    "rank_by",
    "rank_candidates",
    "ranked",
]
