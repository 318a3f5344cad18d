"""What "best" means: pure."""

from __future__ import annotations

from .candidates import NO_LABEL, NO_STEP, Candidates
from .counting import Counted, Points, counted
from .explained import explained
from .keep import FrontOf, Keep, LastOf, Rule, TopOf
from .pareto import front, fronts
from .places import Lead, NoiseSource, Place, Ranking, SeedGroup
from .promotion import Decision, Promotion, Standing, decide_promotion
from .rank import GOALS, chosen_dataset, chosen_datasets, order_by, ranked
from .rank_by import Constraint, Counting, RankBy, rank_by
from .ranking import rank_candidates
from .retention import Checkpoint, Plan, Verdict, plan

__all__ = [
    "GOALS",
    "NO_LABEL",
    "NO_STEP",
    "Candidates",
    "Checkpoint",
    "Constraint",
    "Counted",
    "Counting",
    "Decision",
    "FrontOf",
    "Keep",
    "LastOf",
    "Lead",
    "NoiseSource",
    "Place",
    "Plan",
    "Points",
    "Promotion",
    "RankBy",
    "Ranking",
    "Rule",
    "SeedGroup",
    "Standing",
    "TopOf",
    "Verdict",
    "chosen_dataset",
    "chosen_datasets",
    "counted",
    "decide_promotion",
    "explained",
    "front",
    "fronts",
    "order_by",
    "plan",
    "rank_by",
    "rank_candidates",
    "ranked",
]
