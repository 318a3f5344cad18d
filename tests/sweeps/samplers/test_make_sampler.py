from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import ClassVar

import optuna
import pytest

from sweeps.config.execution import SAMPLERS
from sweeps.errors import InvalidSweep, SweepError
from sweeps.samplers import Told, make_sampler
from sweeps.samplers.grid import GridSampler
from sweeps.samplers.optuna import BY_NAME, OptunaSampler
from sweeps.samplers.random import RandomSampler
from sweeps.space import Space
from sweeps.trial import TrialState
from tracker.errors import MissingExtra

SPACE = Space.from_parameters({"a": {"values": [1, 2]}})
LINE = Space.from_parameters({"x": {"min": 0.0, "max": 1.0}})
CONSTANT = Space.from_parameters({"a": {"value": 1}})


def test_a_method_has_its_sampler() -> None:
    assert isinstance(make_sampler("grid", None, SPACE, "minimize", 0), GridSampler)
    assert isinstance(make_sampler("random", None, SPACE, "minimize", 0), RandomSampler)
    assert isinstance(make_sampler("bayes", "random", SPACE, "minimize", 0), RandomSampler)
    assert isinstance(make_sampler("bayes", None, SPACE, "minimize", 0), OptunaSampler)
    assert isinstance(make_sampler("bayes", "tpe", SPACE, "minimize", 0), OptunaSampler)


def test_the_slow_ones_say_so() -> None:
    assert make_sampler("grid", None, SPACE, "minimize", 0).quick
    assert make_sampler("random", None, SPACE, "minimize", 0).quick
    assert not make_sampler("bayes", None, SPACE, "minimize", 0).quick


def test_nothing_to_search_needs_no_optuna() -> None:
    assert isinstance(make_sampler("bayes", None, CONSTANT, "minimize", 0), RandomSampler)


def test_every_name_has_a_sampler() -> None:
    assert set(SAMPLERS) == {*BY_NAME, "random"}


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("cmae", r"unknown sampler 'cmae'; did you mean 'cmaes'\?"),
        ("annealing", r"unknown sampler 'annealing'; known are tpe, gp, cmaes, qmc, random"),
        ("no.such.Sampler", r"no\.such\.Sampler cannot be imported: No module named 'no'"),
        ("optuna.samplers.NoSampler", r"optuna\.samplers has no sampler 'NoSampler' for Optuna"),
        ("optuna.pruners.NopPruner", r"optuna\.pruners has no sampler 'NopPruner' for Optuna"),
        ("optuna.samplers.GridSampler", r"needs search_space; name a class that can be made without arguments"),
        ("optuna.samplers.BaseSampler", r"is abstract"),
        ("optuna.samplers.BruteForceSampler", r"write method: grid"),
    ],
)
def test_a_sampler_that_cannot_be_is_refused(name: str, problem: str) -> None:
    with pytest.raises(InvalidSweep, match=rf"^execution\.sampler: .*{problem}"):
        make_sampler("bayes", name, LINE, "minimize", 0)


@pytest.mark.parametrize(
    ("name", "library", "extra"),
    [
        ("cmaes", "cmaes", "cmaes"),
        ("optuna.samplers.CmaEsSampler", "cmaes", "cmaes"),
        ("gp", "torch", "gp"),
        ("optuna.samplers.GPSampler", "scipy", "gp"),
        ("qmc", "scipy", "qmc"),
    ],
)
def test_an_absent_library_is_named_before_the_sweep_starts(
    name: str, library: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, library, None)  # so Python says that it is absent
    with pytest.raises(MissingExtra, match=rf"^{library} is not .*: pip install 'sweeps-tracker\[{extra}\]'$"):
        make_sampler("bayes", name, LINE, "minimize", 0)


def test_cmaes_needs_a_number_to_move_along() -> None:
    pytest.importorskip("cmaes")
    with pytest.raises(InvalidSweep, match="every parameter is a list of values; use tpe"):
        make_sampler("bayes", "cmaes", SPACE, "minimize", 0)


def test_a_grid_without_end_is_refused() -> None:
    with pytest.raises(InvalidSweep, match=r"parameters\.a"):
        make_sampler("grid", None, Space.from_parameters({"a": {"min": 0.0, "max": 1.0}}), "minimize", 0)


class Counting(optuna.samplers.RandomSampler):
    """A user's own sampler, which remembers more than Optuna does."""

    made: ClassVar[list[int | None]] = []

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(seed)
        self.made.append(seed)


class Failing(optuna.samplers.RandomSampler):
    def sample_independent(self, *_: object) -> float:
        raise ZeroDivisionError("one\ntwo")


@pytest.fixture
def mine(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setitem(sys.modules, "mine", sys.modules[__name__])
    Counting.made.clear()
    return "mine"


def test_a_users_own_sampler_is_made_once_and_draws_something_new_after_a_restart(mine: str) -> None:
    sampler = make_sampler("bayes", f"{mine}.Counting", LINE, "minimize", 7)
    proposals = [sampler.ask(number) for number in range(5)]
    assert len(Counting.made) == 1
    restored = make_sampler("bayes", f"{mine}.Counting", LINE, "minimize", 7)
    for number, proposal in enumerate(proposals):
        assert proposal is not None
        restored.restore(number, proposal, None)
    restored.tell(0, Told(TrialState.COMPLETE, 1.0))
    drawn = [restored.ask(number) for number in range(5, 10)]
    assert len(Counting.made) == len(set(Counting.made)) == 2
    assert len({str(each and each.params) for each in (*proposals, *drawn)}) == 10


def test_what_a_users_sampler_raises_is_told_in_a_line(mine: str) -> None:
    sampler = make_sampler("bayes", f"{mine}.Failing", LINE, "minimize", 7)
    with pytest.raises(SweepError, match=r"^sampler mine\.Failing fails where it proposes trial 0: .*one two$"):
        sampler.ask(0)


def test_a_module_beside_the_sweep_file_is_found(home: Path) -> None:
    (home / "my_samplers.py").write_text("import optuna\nclass Mine(optuna.samplers.TPESampler): pass\n", "utf-8")
    assert make_sampler("bayes", "my_samplers.Mine", LINE, "minimize", 7).ask(0) is not None


def test_optuna_is_loaded_by_those_who_search_with_it_only() -> None:
    code = (
        "import sys; from sweeps.samplers import make_sampler; from sweeps.space import Space;"
        "space = Space.from_parameters({'a': {'values': [1, 2]}});"
        "make_sampler('grid', None, space, 'minimize', 0); make_sampler('random', None, space, 'minimize', 0);"
        "sys.exit('optuna' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
