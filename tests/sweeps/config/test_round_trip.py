"""Whatever a description says survives being written and read."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

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
    Resources,
    Retries,
    Stop,
    SweepConfig,
    Threshold,
    from_mapping,
)
from sweeps.space import Space
from sweeps.trial import Cause

words = st.text("abz .${}\n1e5", min_size=1, max_size=8).filter(str.strip)
counts = st.integers(1, 99)
naturals = st.integers(0, 99)
deltas = st.floats(0, 9)
etas = st.floats(1.5, 9) | st.integers(2, 9)
imputes = st.none() | st.sampled_from(["latest", "best", "worst"])
metrics = st.builds(
    Metric,
    words,
    st.sampled_from(["minimize", "maximize"]),
    st.none() | st.floats(-9, 9),
    imputes,
    imputes,
)
rules = st.one_of(
    st.builds(EarlyTerminate, min_iter=counts, eta=etas, strict=st.booleans()),
    st.builds(EarlyTerminate, max_iter=counts, s=counts, eta=etas),
)
pruners = st.one_of(
    st.builds(Asha, min_iter=counts, max_iter=st.none() | st.integers(10**9, 10**10), eta=etas, brackets=st.just(2)),
    st.builds(HyperbandRule, max_iter=st.integers(99, 999), min_iter=counts, eta=etas),
    st.builds(Median, naturals, naturals, counts),
    st.builds(Percentile, st.floats(1, 99), naturals, naturals, counts),
    st.builds(Patience, counts, deltas),
    st.builds(Threshold, st.none() | st.floats(-9, 0), st.floats(1, 9), naturals),
)
retries = st.builds(Retries, naturals, st.dictionaries(st.sampled_from(Cause), naturals))
resources = st.builds(
    Resources,
    cpu=deltas | st.just("params.lr"),
    gpu=st.floats(0, 1) | st.integers(0, 8) | st.just("params.lr"),
    memory=st.none() | st.integers(10**6, 10**12) | st.just("params.lr"),
)
stops = st.builds(
    Stop,
    after=st.none() | st.floats(0.001, 1e6),
    steps=st.none() | counts,
    plateau=st.none() | st.builds(Plateau, counts, deltas),
)
executions = st.builds(
    Execution,
    parallel=st.none() | counts,
    seed=st.none() | st.integers(0, 2**53),
    sampler=st.none() | st.sampled_from(["tpe", "gp", "cmaes", "qmc", "random", "optuna.samplers.NSGAIISampler"]),
    pruner=st.none() | pruners,
    executor=st.none() | st.sampled_from(["inline", "threads", "processes", "command"]),
    dataset=st.none() | words,
    timeout=st.none() | st.floats(0.001, 1e6),
    no_progress=st.none() | st.floats(0.001, 1e6),
    grace=st.floats(0.001, 1e6),
    retries=retries,
    max_failures=st.none() | counts | st.floats(0.01, 0.99),
    resources=st.none() | resources,
    start_with=st.lists(st.fixed_dictionaries({"lr": st.floats(0.001, 0.1)}), max_size=3).map(tuple),
    warm_start=st.lists(words, max_size=3).map(tuple),
    stop=stops,
)
SPACES = [
    Space.from_parameters({"lr": {"min": 0.001, "max": 0.1}}),
    Space.from_parameters({"b": {"value": [1, {"x": None}]}, "lr": {"min": 0.0, "max": 1.0}}),
]
configs = st.builds(
    SweepConfig,
    method=st.just("bayes"),
    space=st.sampled_from(SPACES),
    metric=metrics,
    program=st.none() | words,
    command=st.none() | st.lists(st.sampled_from(["${args}", "a", "${envvar:A}", ""]), min_size=1).map(tuple),
    name=st.none() | words,
    description=st.none() | words,
    project=st.none() | words,
    run_cap=st.none() | counts,
    early_terminate=st.just(None),
    execution=executions,
)


@given(configs)
def test_a_description_survives_being_written_and_read(config: SweepConfig) -> None:
    written = json.loads(json.dumps(config.to_mapping()))
    assert from_mapping(written) == config
    assert from_mapping(written).to_mapping() == config.to_mapping()


@given(rules, metrics)
def test_an_early_terminate_survives_being_written_and_read(rule: EarlyTerminate, metric: Metric) -> None:
    config = SweepConfig("random", SPACES[0], metric, early_terminate=rule)
    assert from_mapping(json.loads(json.dumps(config.to_mapping()))) == config


def test_what_is_not_said_is_not_written() -> None:
    assert from_mapping({"method": "random", "parameters": {"lr": {"min": 0.001, "max": 0.1}}}).to_mapping() == {
        "method": "random",
        "parameters": {"lr": {"distribution": "uniform", "min": 0.001, "max": 0.1}},
        "execution": {"grace": 10.0},
    }
