from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sweeps.cli.lead import Lead

TAKEN = st.tuples(st.integers(0, 5), st.floats())
GOALS = st.sampled_from(["minimize", "maximize"])


@given(GOALS, st.lists(st.one_of(TAKEN, st.integers(0, 5))))
def test_the_best_is_that_of_all_values_that_were_not_taken_back(
    goal: str, steps: list[tuple[int, float] | int]
) -> None:
    lead, values = Lead(goal), dict[int, list[float]]()
    for at, step in enumerate(steps):
        if isinstance(step, int):
            lead.drop(step)
            values.pop(step, None)
        else:
            lead.take(*step, float(at), {})
            values.setdefault(step[0], []).append(step[1])
    finite = [value for each in values.values() for value in each if value - value == 0]
    better = max if goal == "maximize" else min
    assert (lead.best.value if lead.best else None) == (better(finite) if finite else None)
    points = lead.points
    assert points == sorted(points)
    assert [value for _, value in points] == sorted({value for _, value in points}, reverse=goal == "minimize")
