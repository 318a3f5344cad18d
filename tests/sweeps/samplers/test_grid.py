from __future__ import annotations

from sweeps.samplers.grid import GridSampler
from sweeps.space import Space

SPACE = Space.from_parameters({"b": {"values": ["x", "y", "z"]}, "a": {"min": 1, "max": 2}})


def test_visits_the_points_in_the_order_of_w_and_b() -> None:
    sampler = GridSampler(SPACE)
    points = [sampler.ask(number) for number in range(7)]
    assert [point and (point["a"], point["b"]) for point in points] == [
        (1, "x"),
        (1, "y"),
        (1, "z"),
        (2, "x"),
        (2, "y"),
        (2, "z"),
        None,
    ]


def test_a_points_number_is_all_that_counts() -> None:
    sampler = GridSampler(SPACE)
    later = sampler.ask(5)
    sampler.tell(5, None)
    assert sampler.ask(0) == {"a": 1, "b": "x"}
    assert sampler.ask(5) == later
    assert sampler.ask(10**9) is None
