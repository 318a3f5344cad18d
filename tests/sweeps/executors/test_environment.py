from __future__ import annotations

import math

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from sweeps.executors.environment import params_for_wandb, script_variables
from sweeps.trial import Assignment

PRINTABLE = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | PRINTABLE,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(PRINTABLE, inner, max_size=3),
    max_leaves=6,
)


def test_a_script_is_told_of_its_attempt() -> None:
    assignment = Assignment(3, {"lr": 0.1}, 11, "run", "digits", "/store", "loss", attempt=2, sweep_id="sweep")
    assert script_variables(assignment) == {
        "TRACKER_STORE": "/store",
        "TRACKER_RUN_ID": "run",
        "TRACKER_EXPERIMENT": "digits",
        "TRACKER_RUN_TOKEN": "2",
        "SWEEPS_TRIAL": "3",
        "SWEEPS_TRIAL_SEED": "11",
        "WANDB_RUN_ID": "run",
        "WANDB_SWEEP_ID": "sweep",
    }


def test_a_script_is_told_what_to_resume_from() -> None:
    assignment = Assignment(3, {}, 11, "run", "digits", "/store", "loss", resume_from="m-1")
    assert script_variables(assignment)["SWEEPS_RESUME_FROM"] == "m-1"


class TestParamsForWandb:
    @given(st.dictionaries(PRINTABLE, VALUES, max_size=4))
    def test_are_read_back_by_yaml(self, params: dict[str, object]) -> None:
        read = yaml.safe_load(params_for_wandb(params))
        expected = {"wandb_version": 1, **{name: {"value": value, "desc": None} for name, value in params.items()}}
        assert repr(read) == repr(expected)

    @pytest.mark.parametrize("value", [1e-05, 1e22, 1.5e300, -0.0, math.inf, -math.inf, math.nan])
    def test_numbers_stay_numbers(self, value: float) -> None:
        assert repr(yaml.safe_load(params_for_wandb({"lr": value}))["lr"]["value"]) == repr(value)
