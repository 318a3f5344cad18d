from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from sweeps.config import (
    Asha,
    EarlyTerminate,
    Execution,
    HyperbandRule,
    Median,
    Metric,
    Patience,
    Percentile,
    Plateau,
    PrunerRule,
    Resources,
    Stop,
    SweepConfig,
    Threshold,
    from_mapping,
)
from sweeps.errors import InvalidSweep
from sweeps.trial import Cause

LEAST: Mapping[str, object] = {
    "method": "bayes",
    "metric": {"name": "loss"},
    "parameters": {"lr": {"min": 0.001, "max": 0.1}, "gpus": {"values": [1, 2]}},
}


def read(execution: Mapping[str, object], **more: object) -> SweepConfig:
    return from_mapping({**LEAST, **more, "execution": execution})


def problem_of(execution: Mapping[str, object], **more: object) -> str:
    with pytest.raises(InvalidSweep) as raised:
        read(execution, **more)
    message = str(raised.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize(
    ("written", "rule"),
    [
        ({"type": "asha"}, Asha(1, None, 3, 1)),
        ({"type": "asha", "min_iter": 2, "max_iter": 81, "eta": "4.5", "brackets": 2}, Asha(2, 81, 4.5, 2)),
        ({"type": "asha", "max_iter": None}, Asha()),
        ({"type": "hyperband", "max_iter": 27}, HyperbandRule(27, 1, 3)),
        ({"type": "median"}, Median(5, 0, 1)),
        ({"type": "median", "startup": 0, "warmup": 3, "every": 2}, Median(0, 3, 2)),
        ({"type": "percentile", "percentile": 10}, Percentile(10, 5, 0, 1)),
        ({"type": "patience", "iterations": 4, "delta": 0.01}, Patience(4, 0.01)),
        ({"type": "threshold", "upper": 10, "warmup": 1}, Threshold(None, 10, 1)),
    ],
)
def test_pruners(written: Mapping[str, object], rule: PrunerRule) -> None:
    assert read({"pruner": written}).execution.pruner == rule


@pytest.mark.parametrize(
    ("written", "again", "no_more"),
    [
        (0, [], ["crash"]),
        (2, ["crash", "timeout"], ["crash", "memory", "stalled"]),
        (1, ["lost", "preempted"] * 10 + ["signal"], ["lost"] * 11),
        (9, ["lost"] * 3, ["start"]),
        ({"any": 1, "crash": 0, "lost": 1}, ["memory"], ["crash"]),
        ({"any": 1, "memory": 2}, ["memory", "crash", "memory"], ["crash", "memory", "timeout"]),
        ({"lost": 1}, ["lost"], ["lost", "lost"]),
        ({"start": 1}, ["start"], ["start", "start"]),
    ],
)
def test_retries(written: object, again: Sequence[str], no_more: Sequence[str]) -> None:
    found = read({"retries": written}).execution.retries
    for length in range(1, len(again) + 1):
        assert found.again([Cause(name) for name in again[:length]])
    assert not found.again([Cause(name) for name in no_more])


@pytest.mark.parametrize(
    ("written", "count"), [(3, 3), ("3", 3), (3.0, 3), (0.25, 0.25), ("25%", 0.25), (" 2.5 % ", 0.025), ("0.5", 0.5)]
)
def test_failures(written: object, count: float) -> None:
    found = read({"max_failures": written}).execution.max_failures
    assert found == count
    assert isinstance(found, float) is (count < 1)


@pytest.mark.parametrize(
    ("written", "size"),
    [
        ("4GB", 4 * 10**9),
        ("500MiB", 500 * 2**20),
        ("1.5 gib", 3 * 2**29),
        ("2000k", 2_000_000),
        ("5e6", 5_000_000),
        (10**9, 10**9),
        ("params.gpus", "params.gpus"),
    ],
)
def test_memory(written: object, size: object) -> None:
    assert read({"resources": {"memory": written}}).execution.resources == Resources(memory=size)  # type: ignore[arg-type]


def test_the_rest() -> None:
    config = read(
        {
            "no_progress": "10m",
            "grace": 2,
            "resources": {"cpu": 2, "gpu": "params.gpus"},
            "start_with": [{"lr": 0.01, "gpus": 2}],
            "warm_start": "before",
            "stop": {"after": "12h", "steps": 1000, "plateau": {"trials": 20}},
            "sampler": "optuna.samplers.NSGAIISampler",
        }
    )
    assert config.execution == Execution(
        no_progress=600,
        grace=2,
        resources=Resources(2, "params.gpus"),
        start_with=({"lr": 0.01, "gpus": 2},),
        warm_start=("before",),
        stop=Stop(43200, 1000, Plateau(20, 0.0)),
        sampler="optuna.samplers.NSGAIISampler",
    )


@pytest.mark.parametrize("written", ["false", False, None])
def test_nothing_is_imputed_while_running(written: object) -> None:
    metric = {"name": "loss", "impute": "worst", "impute_while_running": written}
    assert read({}, metric=metric).metric == Metric("loss", impute="worst", impute_while_running=None)


@pytest.mark.parametrize(
    ("execution", "message"),
    [
        ({"pruner": "asha"}, "pruner: must be a mapping, not text; it needs a type; write type: asha, or another rule"),
        ({"pruner": {}}, "pruner: needs a type; write type: asha, or another rule"),
        ({"pruner": {"type": "mediam"}}, "pruner.type: unknown type 'mediam'; did you mean 'median'?"),
        ({"pruner": {"type": "asha", "mode": "promote"}}, "pruner.mode: is not supported yet; remove it; a trial that"),
        ({"pruner": {"type": "asha", "startup": 3}}, "pruner.startup: unknown key 'startup'; known are min_iter, max_"),
        ({"pruner": {"type": "asha", "eta": 1}}, "pruner.eta: must be above 1, not 1; raise it"),
        (
            {"pruner": {"type": "asha", "min_iter": 9, "max_iter": 3}},
            "pruner.min_iter: min_iter 9 must not be above max_iter 3; swap them",
        ),
        (
            {"pruner": {"type": "asha", "max_iter": 9, "brackets": 4}},
            "pruner.brackets: the last of 4 would begin at 27, beyond max_iter 9; write fewer",
        ),
        ({"pruner": {"type": "hyperband"}}, "pruner: needs max_iter; write how often a whole trial logs the metric"),
        (
            {"pruner": {"type": "percentile", "percentile": 100}},
            "pruner.percentile: must be below 100, not 100; lower it",
        ),
        ({"pruner": {"type": "patience"}}, "pruner: needs iterations; write how many reports in a row may bring"),
        ({"pruner": {"type": "threshold"}}, "pruner: needs lower or upper; write the bound that a healthy trial"),
        (
            {"pruner": {"type": "threshold", "lower": 2, "upper": 1}},
            "pruner.lower: lower 2 must be below upper 1; swap them",
        ),
        ({"sampler": "tpa"}, "sampler: unknown sampler 'tpa'; did you mean 'tpe'?"),
        ({"sampler": "optuna."}, "sampler: unknown sampler 'optuna.'; known are tpe, gp, cmaes, qmc, random"),
        ({"retries": {"crush": 1}}, "retries.crush: unknown key 'crush'; did you mean 'crash'?"),
        ({"retries": {"crash": -1}}, "retries.crash: must be at least 0, not -1; raise it"),
        ({"retries": "often"}, "retries: must be a number, not 'often'"),
        ({"max_failures": 0}, "max_failures: 0 is no number of trials; write a whole number above 0, or a share"),
        ({"max_failures": 1.5}, "max_failures: 1.5 is no number of trials; write a whole number above 0, or a share"),
        ({"max_failures": "100%"}, "max_failures: '100%' is no number of trials; write a whole number above 0, or"),
        ({"resources": {"gpu": 1.5}}, "resources.gpu: must be a share of one GPU, up to 1, or whole ones, not 1.5; wr"),
        ({"resources": {"gpu": -1}}, "resources.gpu: must be at least 0, not -1; raise it"),
        ({"resources": {"cpu": "two"}}, "resources.cpu: must be a number, not 'two'"),
        ({"resources": {"gpu": "params.gpu"}}, "resources.gpu: params.gpu names no parameter; did you mean 'gpus'?"),
        ({"resources": {"memory": 4}}, "resources.memory: 4 is less memory than any program takes; write a unit, such"),
        (
            {"resources": {"memory": "4 gigs"}},
            "resources.memory: '4 gigs' is no amount of memory; write bytes such as 4GB or 500MiB",
        ),
        ({"start_with": {"lr": 0.1}}, "start_with: must be a list, not a mapping; write such as [{lr: 0.01}]"),
        ({"start_with": [0.1]}, "start_with[0]: must be a mapping, not a number; it maps each parameter to a value"),
        ({"start_with": [{"lr": 1, "gpus": 1}]}, "start_with[0].lr: 1 lies outside 0.001 to 0.1; write a point of the"),
        ({"start_with": [{"lr": 0.1}]}, "start_with[0].gpus: has no value; write a point of the space, or change the"),
        ({"start_with": [{"gpu": 1}]}, "start_with[0].gpu: there is no such parameter; did you mean 'gpus'?"),
        ({"warm_start": [3]}, "warm_start[0]: must be text, not a number; put 3 in quotes"),
        (
            {"stop": {"after": "soon"}},
            "stop.after: 'soon' is no length of time; write seconds, or a length such as 45s, 30m or 1h30m",
        ),
        ({"stop": {"plateau": {}}}, "stop.plateau: needs trials; write how many trials in a row may bring nothing bet"),
        ({"stop": {"plateau": {"trials": 3, "delta": -1}}}, "stop.plateau.delta: must be at least 0, not -1; raise it"),
        ({"no_progress": 0}, "no_progress: must be longer than 0 seconds, not 0; raise it, or remove the key"),
    ],
)
def test_faults(execution: Mapping[str, object], message: str) -> None:
    assert problem_of(execution).startswith(f"execution.{message}")


@pytest.mark.parametrize(
    ("more", "execution", "message"),
    [
        (
            {"early_terminate": {"type": "hyperband", "min_iter": 3}},
            {"pruner": {"type": "median"}},
            "execution.pruner: cannot stand beside early_terminate; keep one of them",
        ),
        (
            {"method": "random", "metric": None},
            {"pruner": {"type": "median"}},
            "execution.pruner: needs a metric to compare trials by; write metric: {name: loss, goal: minimize}",
        ),
        (
            {"method": "random", "metric": None},
            {"stop": {"plateau": {"trials": 3}}},
            "execution.stop.plateau: needs a metric to compare trials by; write metric: {name: loss, goal: minimize}",
        ),
        (
            {"method": "random", "metric": None},
            {"stop": {"steps": 3}},
            "execution.stop.steps: needs a metric to count the reports of; write metric: {name: loss, goal: minimize}",
        ),
        (
            {"method": "random"},
            {"warm_start": "before"},
            "execution.warm_start: teaches random search nothing, since it does not learn; remove it or write method:",
        ),
        (
            {"method": "grid", "parameters": {"a": {"values": [1]}}},
            {"warm_start": "before"},
            "execution.warm_start: teaches grid search nothing, since it does not learn; remove it or write method:",
        ),
        (
            {"metric": {"name": "loss", "impute_while_running": "never"}},
            {},
            "metric.impute_while_running: unknown impute_while_running 'never'; known are latest, best, worst",
        ),
    ],
)
def test_faults_of_keys_together(more: Mapping[str, object], execution: Mapping[str, object], message: str) -> None:
    assert problem_of(execution, **more).startswith(message)


def test_a_rule_made_in_python_is_held_to_the_same() -> None:
    with pytest.raises(InvalidSweep, match="needs either min_iter"):
        EarlyTerminate()
    with pytest.raises(InvalidSweep, match="needs lower or upper"):
        Threshold()
