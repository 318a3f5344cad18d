"""What each place has on the next one, whether that is noise, and how it is told."""

from __future__ import annotations

import math
import statistics
from itertools import pairwise

import numpy as np
import pytest

from tracker.ranking import NO_STEP, Candidates, Lead, NoiseSource, explained, rank_by, rank_candidates
from tracker.ranking.student import quantile


def curves(*runs: list[float], first_step: int = 0) -> Candidates:
    """Make runs of one metric, with a checkpoint at each step."""
    values = np.concatenate([np.array(run) for run in runs])
    run_nos = np.repeat(np.arange(len(runs)), [len(run) for run in runs])
    steps = np.concatenate([first_step + np.arange(len(run)) for run in runs])
    return Candidates(("acc",), np.arange(len(values)), run_nos, steps, values[:, None])


def lead_of(candidates: Candidates, *, per: str | None = "run", smooth: int | None = None) -> Lead:
    lead = rank_candidates(candidates, rank_by("acc", per=per, smooth=smooth, explain=True)).places[0].lead
    assert lead
    return lead


RESTLESS = [0.50, 0.80, 0.55, 0.82, 0.52, 0.84]
STEADY = [0.60, 0.65, 0.70, 0.75, 0.80, 0.83]


def test_the_lead_of_a_restless_curve_is_within_noise() -> None:
    lead = lead_of(curves(RESTLESS, STEADY))
    assert lead.by == pytest.approx(0.01)
    assert lead.source is NoiseSource.CURVE
    assert lead.is_within_noise
    squares = [[(b - a) ** 2 for a, b in pairwise(run)] for run in (RESTLESS, STEADY)]
    assert lead.noise == pytest.approx(math.sqrt(sum(statistics.fmean(each) / 2 for each in squares)))


def test_the_same_lead_of_steady_curves_is_not() -> None:
    # A trend is no noise: the differences from checkpoint to checkpoint are alike.
    slow = [0.810 + 0.001 * step for step in range(30)]
    lead = lead_of(curves(slow, [value - 0.01 for value in slow]))
    assert lead.by == pytest.approx(0.01)
    assert lead.is_within_noise is False
    assert statistics.stdev(slow) > 0.008


def test_a_place_leads_within_its_own_run_by_one_curve() -> None:
    lead = lead_of(curves(RESTLESS), per=None)
    differences = [(b - a) ** 2 for a, b in pairwise(RESTLESS)]
    assert lead.noise == pytest.approx(math.sqrt(statistics.fmean(differences)))
    assert lead.needed == pytest.approx(quantile(0.95, 2 * 25 // 14) * (lead.noise or 0.0))


def test_smoothing_takes_noise_away() -> None:
    raw, smooth = lead_of(curves(RESTLESS, STEADY)), lead_of(curves(RESTLESS, STEADY), smooth=5)
    assert raw.noise
    assert smooth.noise
    assert smooth.noise < raw.noise


@pytest.mark.parametrize("curve", [[0.9], [0.8, 0.9], [0.8, math.nan, 0.9]])
def test_noise_is_unknown_where_the_curve_is_too_short(curve: list[float]) -> None:
    lead = lead_of(curves(curve, STEADY))
    assert lead.by == pytest.approx(0.07)
    assert (lead.noise, lead.needed, lead.source, lead.is_within_noise) == (None, None, None, None)


def test_noise_is_unknown_without_steps() -> None:
    without = curves(RESTLESS, STEADY)
    without.steps[:] = NO_STEP
    assert lead_of(without).noise is None


def test_the_last_place_knows_what_it_beats_and_the_very_last_beats_nothing() -> None:
    candidates = curves([0.9], [0.8], [0.7])
    places = rank_candidates(candidates, rank_by("acc", top=2, explain=True)).places
    assert [place.lead and place.lead.over for place in places] == [1, 2]
    places = rank_candidates(candidates, rank_by("acc", top=3, explain=True)).places
    assert places[-1].lead is None
    assert rank_candidates(candidates, rank_by("acc", top=2)).places[0].lead is None


def seeds_of(*groups: list[float]) -> Candidates:
    values = np.concatenate([np.array(group) for group in groups])
    numbers = np.arange(len(values))
    labels = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
    return Candidates(("acc",), numbers, numbers, numbers, values[:, None], groups=labels)


def test_groups_are_told_apart_by_welchs_test() -> None:
    one, other = [0.90, 0.92, 0.91, 0.93], [0.80, 0.84, 0.88]
    lead = rank_candidates(seeds_of(one, other), rank_by("acc", seeds="seed", explain=True)).places[0].lead
    assert lead
    variances = [statistics.variance(one) / 4, statistics.variance(other) / 3]
    degrees = sum(variances) ** 2 / (variances[0] ** 2 / 3 + variances[1] ** 2 / 2)
    assert lead.by == pytest.approx(0.915 - 0.84)
    assert lead.noise == pytest.approx(math.sqrt(sum(variances)))
    assert lead.needed == pytest.approx(quantile(0.95, int(degrees)) * math.sqrt(sum(variances)))
    assert lead.source is NoiseSource.SEEDS
    assert lead.is_within_noise is False


def test_over_one_seed_the_lead_is_of_unknown_worth() -> None:
    places = rank_candidates(seeds_of([0.8, 0.9], [0.99]), rank_by("acc", seeds="seed", explain=True)).places
    lead = places[0].lead
    assert lead
    assert lead.by == pytest.approx(-0.14)
    assert lead.is_within_noise is None


def test_equal_seeds_leave_no_noise() -> None:
    candidates = seeds_of([0.9, 0.9], [0.8, 0.8], [0.8, 0.8])
    places = rank_candidates(candidates, rank_by("acc", seeds="seed", explain=True)).places
    assert [place.lead and place.lead.is_within_noise for place in places] == [False, True, None]


NAMES = {number: f"m-{number}" for number in range(20)}


def test_a_ranking_is_told_in_lines() -> None:
    by = rank_by("acc", per="run", top=1, explain=True)
    assert explained(rank_candidates(curves(RESTLESS, STEADY, [math.nan]), by), NAMES) == [
        "by acc (maximize); latest value; best of each run",
        "1. m-5: acc 0.84 step 5",
        "   ahead of m-11 by 0.01: within noise, which reaches to 0.487 by the curve",
        "out of 13 checkpoints; left out 1: acc is NaN",
    ]


def test_groups_are_told_with_their_bounds() -> None:
    by = rank_by("acc", goal="minimize", seeds="seed", explain=True)
    assert explained(rank_candidates(seeds_of([0.30, 0.32, math.inf], [0.1]), by), NAMES) == [
        "by acc (minimize); latest value; by bounds of groups that differ in seed, 0.95 sure",
        "1. m-0: acc 0.3 step 0",
        "   2 seeds (1 more cannot rank): mean 0.31, at most 0.373138 (standard deviation 0.0141, standard error 0.01)",
        "   mean behind m-3 by 0.21; how much of it is noise is unknown",
        "2. m-3: acc 0.1 step 3",
        "   one seed: its spread is unknown, so it comes after groups of several seeds",
        "out of 4 checkpoints; left out 1: acc is infinite",
    ]


def test_fronts_scores_and_means_are_told() -> None:
    values = np.array([[0.9, 30.0], [0.8, 10.0], [0.7, 20.0]])
    three = np.arange(3)
    candidates = Candidates(("acc", "ms"), three, three, three, values, dataset_nos=np.full((3, 2), 7))
    goals = {"acc": "maximize", "ms": "minimize"}
    assert explained(rank_candidates(candidates, rank_by(goals, top=3, explain=True)), NAMES, {7: "test@1"}) == [
        "by acc (maximize), ms (minimize); Pareto fronts; latest value",
        "1. (front 1) m-0: acc 0.9, ms 30.0 step 0 on test@1",
        "   nowhere worse and somewhere better than 0 others",
        "2. (front 1) m-1: acc 0.8, ms 10.0 step 1 on test@1",
        "   nowhere worse and somewhere better than 1 others",
        "3. (front 2) m-2: acc 0.7, ms 20.0 step 2 on test@1",
        "   nowhere worse and somewhere better than 0 others",
        "out of 3 checkpoints",
    ]
    weighed = rank_by(goals, weights={"acc": 1, "ms": 3}, constraints=["ms < 30"], smooth=3, top=1)
    how, *told = explained(rank_candidates(candidates, weighed), NAMES)
    assert how.startswith("by 1 x acc (maximize) + 3 x ms (minimize), stretched to 0..1; latest value")
    assert how.endswith("; mean over 3 neighbouring checkpoints; ms < 30")
    assert told == [
        "1. m-1: acc 0.8, ms 10.0 step 1",
        "   smoothed: acc 0.8 over 1, ms 10 over 1",
        "   score 1",
        "out of 3 checkpoints; left out 1: not ms < 30",
    ]


def test_where_none_can_rank_it_says_so() -> None:
    assert explained(rank_candidates(curves([math.nan]), rank_by("acc")), NAMES) == [
        "by acc (maximize); latest value",
        "none of them can rank",
        "out of 1 checkpoints; left out 1: acc is NaN",
    ]
