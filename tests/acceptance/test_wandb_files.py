"""A folder of W&B sweep files, each run to its end as it is: `wandb_files/`, written from W&B's schema."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest
import yaml

import tracker
from sweeps.config import read
from sweeps.space import Space
from sweeps.study import TrialResult

Run = Callable[..., subprocess.CompletedProcess[str]]
Params = Mapping[str, object]

FILES = Path(__file__).parent / "wandb_files"
# How many trials each file comes to.
TRIALS = {
    "command_args": 2,
    "command_args_dict": 2,
    "command_args_json_file": 2,
    "command_args_append_hydra": 2,
    "command_args_json": 2,
    "command_args_no_boolean_flags": 2,
    "command_args_no_equals": 2,
    "command_args_no_hyphens": 2,
    "command_args_override_hydra": 2,
    "command_envvar": 2,
    "every_distribution": 3,
    "every_distribution_bayes": 3,
    "grid": 4,
    "hyperband_max_iter": 4,
    "hyperband_min_iter": 4,
    "impute": 2,
    "impute_false": 2,
    "launch_image": 2,
    "launch_job": 2,
    "nested": 3,
    "whole_top_level": 2,
}
# Those that run in every run of the tests; the others in campaigns.
ALWAYS = {"command_args", "command_args_json_file", "every_distribution", "grid", "hyperband_min_iter", "nested"}
# W&B's schema.
DISTRIBUTIONS = {
    "constant": ["value"],
    "categorical": ["values"],
    "categorical_w_probabilities": ["values", "probabilities"],
    "int_uniform": ["min", "max"],
    "uniform": ["min", "max"],
    "q_uniform": ["min", "max", "q"],
    "log_uniform": ["min", "max"],
    "q_log_uniform": ["min", "max", "q"],
    "inv_log_uniform": ["min", "max"],
    "log_uniform_values": ["min", "max"],
    "q_log_uniform_values": ["min", "max", "q"],
    "inv_log_uniform_values": ["min", "max"],
    "normal": ["mu", "sigma"],
    "q_normal": ["mu", "sigma", "q"],
    "log_normal": ["mu", "sigma"],
    "q_log_normal": ["mu", "sigma", "q"],
    "beta": ["a", "b"],
    "q_beta": ["a", "b", "q"],
}
TOP_LEVEL = (
    "method parameters metric metrics scheduler program command name description project entity run_cap "
    "early_terminate controller job image_uri apiVersion kind"
)
BLOCKS = {
    "metric": "name goal target impute impute_while_running",
    "early_terminate": "type min_iter max_iter s eta strict",
    "scheduler": "engine source optimizer search_space",
}
MACROS = (
    "env interpreter program args args_no_hyphens args_no_equals args_no_boolean_flags args_json args_json_file "
    "args_append_hydra args_override_hydra args_dict"
)


def document(path: Path) -> dict[str, object]:
    loaded: dict[str, object] = yaml.safe_load(path.read_text("utf-8"))
    return loaded


def block(of: Mapping[str, object], key: str) -> Mapping[str, object]:
    found = of.get(key, {})
    assert isinstance(found, Mapping)
    return found


def leaves(parameters: Mapping[str, object]) -> Iterator[Mapping[str, object]]:
    for name in parameters:
        spec = block(parameters, name)
        yield from leaves(block(spec, "parameters")) if "parameters" in spec else [spec]


@pytest.fixture(scope="module")
def corpus() -> list[dict[str, object]]:
    return [document(path) for path in sorted(FILES.glob("*.yaml"))]


class TestTheFolder:
    def test_names_every_distribution_with_each_of_its_keys(self, corpus: list[dict[str, object]]) -> None:
        used = [spec for each in corpus for spec in leaves(block(each, "parameters"))]
        for name, keys in DISTRIBUTIONS.items():
            assert any(spec.get("distribution") == name and set(spec) == {"distribution", *keys} for spec in used), name
        inferred = [set(spec) for spec in used if "distribution" not in spec]
        assert all(keys in inferred for keys in ({"value"}, {"values"}, {"values", "probabilities"}, {"min", "max"}))

    def test_has_every_key_of_the_top_level(self, corpus: list[dict[str, object]]) -> None:
        assert {key for each in corpus for key in each} == set(TOP_LEVEL.split())

    @pytest.mark.parametrize("name", BLOCKS)
    def test_has_every_key_of_a_block(self, corpus: list[dict[str, object]], name: str) -> None:
        assert {key for each in corpus for key in block(each, name)} == set(BLOCKS[name].split())

    def test_has_every_value_of_a_choice(self, corpus: list[dict[str, object]]) -> None:
        assert {each["method"] for each in corpus} == {"grid", "random", "bayes", "custom"}
        metrics = [block(each, "metric") for each in corpus]
        assert {metric["goal"] for metric in metrics if "goal" in metric} == {"minimize", "maximize"}
        assert {rule["strict"] for each in corpus if (rule := block(each, "early_terminate"))} == {True, False}

    def test_has_every_macro(self, corpus: list[dict[str, object]]) -> None:
        words = {str(word) for each in corpus if isinstance(command := each.get("command"), list) for word in command}
        assert {f"${{{name}}}" for name in MACROS.split()} <= words
        assert any("${envvar:" in word for word in words)


def test_what_is_odd_in_every_distribution_is_said() -> None:
    space = read(FILES / "every_distribution.yaml").space
    places = {place for place, _ in space.warnings()}
    assert {"parameters.log_uniform", "parameters.q_log_uniform", "parameters.inv_log_uniform"} <= places
    assert "parameters.log_uniform_values" not in places


def test_every_space_reads_back_from_what_a_sweep_keeps() -> None:
    for path in FILES.glob("*.yaml"):
        if parameters := block(document(path), "parameters"):
            space = Space.from_parameters(parameters)
            assert Space.from_parameters(json.loads(json.dumps(space.to_parameters()))) == space


@pytest.mark.timeout(200)
@pytest.mark.parametrize(
    "name", [name if name in ALWAYS else pytest.param(name, marks=pytest.mark.campaign) for name in TRIALS]
)
def test_a_file_runs_to_its_end_as_it_is(tmp_path: Path, run: Run, name: str) -> None:
    for path in (FILES / "train.py", FILES / f"{name}.yaml"):
        shutil.copy(path, tmp_path)
    done = run("sweeps", "run", f"{name}.yaml", "--parallel", "2", "--seed", "7", "--json", HOME_OF_TESTS="/here")
    summary = json.loads(done.stdout)
    counts = summary["trials"]
    assert (counts["complete"] + counts["pruned"], counts["total"]) == (TRIALS[name], TRIALS[name])
    assert counts["pruned"] == 0 or name.startswith("hyperband")
    space = read(tmp_path / f"{name}.yaml").space
    trials = trials_of(tmp_path / "tracker-store")
    for given, found in trials:
        assert space.contains(given)
        assert found == expected(name, given)
    check = CHECKS.get(name)
    if check is not None:
        check([found for _, found in trials])


@pytest.mark.timeout(200)
def test_a_target_ends_the_sweep_long_before_its_cap(tmp_path: Path, run: Run) -> None:
    for path in (FILES / "train.py", FILES / "target.yaml"):
        shutil.copy(path, tmp_path)
    summary = json.loads(run("sweeps", "run", "target.yaml", "--parallel", "2", "--json").stdout)
    assert 1 <= summary["trials"]["total"] <= 10
    assert "reached the target 0.6" in summary["ended"]


@pytest.mark.parametrize("name", ["multi_objective", "scheduler_source"])
def test_what_is_for_a_search_of_ones_own_is_refused_in_a_line(tmp_path: Path, call: Run, name: str) -> None:
    for path in (FILES / "train.py", FILES / f"{name}.yaml"):
        shutil.copy(path, tmp_path)
    done = call("sweeps", "run", f"{name}.yaml", code=2)
    assert done.stderr.count("\n") == 1


def trials_of(store: Path) -> list[tuple[Params, Params]]:
    """Return the params of each trial, in order: as the sweep gave them, and as its script read them."""
    with tracker.open(store, create=False) as opened:
        children = opened.search_runs(filter_string="parent_run_id IS NOT NULL")
        ordered = sorted(children, key=lambda child: int(child.tags["trial.number"]))
        return [(TrialResult.of_run(child).params, json.loads(child.tags["read"])) for child in ordered]


def expected(name: str, params: Params) -> Params:
    """Return what the script of a file reads when it is given params."""
    if name == "command_args_no_boolean_flags":
        return {key: value for key, value in params.items() if value is not False}
    if name == "command_envvar":
        return {"set": "/here/data", "unset": "NOT_SET_ANYWHERE", "seed": 7, **params}
    if name == "command_args_dict":
        # Names without values, which the script takes in pairs.
        return {"layers": "lr", "note": "nothing", "use_bias": True}
    return params


def check_nested(trials: Sequence[Params]) -> None:
    for params in trials:
        assert set(params) == {"epochs", "optimizer", "optimizer.learning_rate", "model-width"}
        assert set(block(params, "optimizer")) == {"name", "learning_rate", "nadam"}
        assert set(block(block(params, "optimizer"), "nadam")) == {"beta_1", "schedule"}


def check_grid(trials: Sequence[Params]) -> None:
    assert trials == [
        {"act": "relu", "batch": batch, "model": {"depth": depth, "kind": "mlp"}}
        for batch in (16, 32)
        for depth in (1, 2)
    ]


CHECKS: Mapping[str, Callable[[Sequence[Params]], None]] = {"nested": check_nested, "grid": check_grid}
