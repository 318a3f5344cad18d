from __future__ import annotations

import subprocess
import sys

import pytest

from sweeps.errors import InvalidSweep
from sweeps.samplers import OPTUNA_NAMES, make_sampler
from sweeps.samplers.grid import GridSampler
from sweeps.samplers.optuna import SAMPLERS, OptunaSampler
from sweeps.samplers.random import RandomSampler
from sweeps.space import Space

SPACE = Space.from_parameters({"a": {"values": [1, 2]}})
CONSTANT = Space.from_parameters({"a": {"value": 1}})


def test_a_method_has_its_sampler() -> None:
    assert isinstance(make_sampler("grid", None, SPACE, "minimize", 0), GridSampler)
    assert isinstance(make_sampler("random", None, SPACE, "minimize", 0), RandomSampler)
    assert isinstance(make_sampler("bayes", None, SPACE, "minimize", 0), OptunaSampler)
    assert isinstance(make_sampler("bayes", "tpe", SPACE, "minimize", 0), OptunaSampler)


def test_nothing_to_search_needs_no_optuna() -> None:
    assert isinstance(make_sampler("bayes", None, CONSTANT, "minimize", 0), RandomSampler)


def test_an_unknown_sampler_is_refused_with_those_there_are() -> None:
    with pytest.raises(InvalidSweep, match=r"execution\.sampler: unknown sampler 'gp'; there is tpe"):
        make_sampler("bayes", "gp", SPACE, "minimize", 0)


def test_a_grid_without_end_is_refused() -> None:
    with pytest.raises(InvalidSweep, match=r"parameters\.a"):
        make_sampler("grid", None, Space.from_parameters({"a": {"min": 0.0, "max": 1.0}}), "minimize", 0)


def test_every_name_has_a_sampler() -> None:
    assert set(OPTUNA_NAMES) == set(SAMPLERS)


def test_optuna_is_loaded_by_those_who_search_with_it_only() -> None:
    code = (
        "import sys; from sweeps.samplers import make_sampler; from sweeps.space import Space;"
        "space = Space.from_parameters({'a': {'values': [1, 2]}});"
        "make_sampler('grid', None, space, 'minimize', 0); make_sampler('random', None, space, 'minimize', 0);"
        "sys.exit('optuna' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
