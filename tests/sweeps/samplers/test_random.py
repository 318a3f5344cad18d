from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweeps.samplers import Params, Told
from sweeps.samplers.random import RandomSampler
from sweeps.space import Space
from sweeps.trial import TrialState

SPACE = Space.from_parameters(
    {
        "lr": {"distribution": "log_uniform_values", "min": 1e-4, "max": 0.1},
        "width": {"values": [32, 64]},
        "depth": {"min": 1, "max": 4},
    }
)


def asked(sampler: RandomSampler, number: int) -> Params:
    proposal = sampler.ask(number)
    assert proposal is not None
    return proposal.params


@given(st.integers(0, 2**31), st.permutations(range(12)), st.lists(st.none() | st.floats(), max_size=12))
def test_params_depend_on_seed_and_number_alone(seed: int, order: list[int], told: list[float | None]) -> None:
    expected = {number: RandomSampler(SPACE, seed).ask(number) for number in range(12)}
    sampler = RandomSampler(SPACE, seed)
    for index, number in enumerate(order):
        assert sampler.ask(number) == expected[number]
        if index < len(told):
            sampler.tell(number, Told(TrialState.COMPLETE, told[index]))


def test_draws_what_it_drew_in_every_version() -> None:
    drawn = [asked(RandomSampler(SPACE, 7), number) for number in range(3)]
    assert drawn == [
        {"lr": pytest.approx(0.007087592091657786), "width": 32, "depth": 3},
        {"lr": pytest.approx(0.0003016152319420545), "width": 32, "depth": 1},
        {"lr": pytest.approx(0.0027223266442085044), "width": 32, "depth": 3},
    ]


def test_choices_come_about_equally_often() -> None:
    sampler = RandomSampler(SPACE, 1)
    widths = Counter(str(asked(sampler, number)["width"]) for number in range(1000))
    assert all(430 <= count <= 570 for count in widths.values())
    assert set(widths) == {"32", "64"}
