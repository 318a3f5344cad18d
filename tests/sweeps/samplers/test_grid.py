from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweeps.samplers import Params, Proposal, Told
from sweeps.samplers.grid import GridSampler
from sweeps.space import Space
from sweeps.trial import TrialState

SPACE = Space.from_parameters({"b": {"values": ["x", "y", "z"]}, "a": {"min": 1, "max": 2}})
ALL = [(1, "x"), (1, "y"), (1, "z"), (2, "x"), (2, "y"), (2, "z")]
DONE = Told(TrialState.COMPLETE, 1.0)


def visited(sampler: GridSampler, start: int = 0) -> list[Params]:
    points: list[Params] = []
    while (proposal := sampler.ask(start + len(points))) is not None:
        points.append(proposal.params)
    return points


def test_visits_the_points_in_the_order_of_w_and_b() -> None:
    sampler = GridSampler(SPACE)
    assert [(point["a"], point["b"]) for point in visited(sampler)] == ALL
    assert sampler.ask(6) is None


@given(st.lists(st.sampled_from(ALL), max_size=6), st.integers(0, 6))
def test_does_not_visit_again_what_it_was_given(given: list[tuple[int, str]], after: int) -> None:
    sampler = GridSampler(SPACE)
    first = [sampler.ask(number) for number in range(after)]
    for number, (a, b) in enumerate(given, after):
        assert sampler.take(number, {"a": a, "b": b}).params == {"a": a, "b": b}
    points = [each.params for each in first if each] + visited(sampler, after + len(given))
    assert [(point["a"], point["b"]) for point in points] == ALL[:after] + [
        point for point in ALL[after:] if point not in given
    ]


def test_a_failed_point_is_not_visited_again() -> None:
    sampler = GridSampler(SPACE)
    sampler.ask(0)
    sampler.tell(0, Told(TrialState.FAILED, None))
    assert len(visited(sampler, 1)) == 5


def test_what_earlier_sweeps_found_is_visited_all_the_same() -> None:
    sampler = GridSampler(SPACE)
    sampler.learn({"a": 1, "b": "x"}, DONE)
    assert len(visited(sampler)) == 6


@pytest.mark.parametrize(
    ("values", "given", "left"),
    [
        ({"values": [True, 1, 1.0]}, 1, ["True", "1.0"]),
        ({"values": [[1], [1.0]]}, [1.0], ["[1]"]),
        ({"values": [{"a": 1}, None]}, {"a": 1}, ["None"]),
        ({"distribution": "q_uniform", "min": 0.0, "max": 1.0, "q": 0.25}, 0.5, ["0.0", "0.25", "0.75"]),
        ({"distribution": "q_uniform", "min": 0.0, "max": 2.0, "q": 1.0}, 1, ["0.0"]),
        # It starts at no multiple of q, where two points of the grid have the same nearest multiple.
        ({"distribution": "q_uniform", "min": 0.05, "max": 0.35, "q": 0.1}, 0.15, ["0.05", "0.25"]),
    ],
)
def test_points_are_the_same_if_a_trial_sees_the_same(
    values: dict[str, object], given: object, left: list[str]
) -> None:
    sampler = GridSampler(Space.from_parameters({"v": values}))
    proposal = sampler.take(0, {"v": given})
    assert [repr(point["v"]) for point in visited(sampler, 1)] == left

    restored = GridSampler(Space.from_parameters({"v": values}))
    restored.restore(0, Proposal({"v": str(given)}, json.loads(json.dumps(dict(proposal.memo)))), None)
    assert [repr(point["v"]) for point in visited(restored, 1)] == left


def test_a_large_grid_takes_no_time_and_no_room() -> None:
    space = Space.from_parameters({name: {"min": 1, "max": 1000} for name in "abcdef"})
    sampler = GridSampler(space)
    sampler.restore(0, Proposal({}, {"point": 10**17}), DONE)
    sampler.take(1, dict.fromkeys("abcdef", 7))
    proposal = sampler.ask(2)
    assert proposal is not None
    assert proposal.memo == {"point": 10**17 + 1}
