from __future__ import annotations

from collections.abc import Mapping

import pytest

from sweeps.config import from_mapping, remarks

GOOD: Mapping[str, object] = {
    "program": "train.py",
    "method": "bayes",
    "metric": {"name": "accuracy", "goal": "maximize"},
    "parameters": {"lr": {"min": 0.001, "max": 0.1}},
    "run_cap": 20,
    "early_terminate": {"type": "hyperband", "min_iter": 3, "strict": True},
    "execution": {"parallel": 2, "timeout": "1h", "no_progress": "10m", "retries": {"timeout": 1, "stalled": 1}},
}
ENV = {"HOME": "/home/me"}
WIDTHS = {"width": {"values": [32, 64]}}
TENTHS = {"drop": {"distribution": "q_uniform", "min": 0, "max": 1, "q": 0.1}}


def found(data: Mapping[str, object]) -> list[tuple[str, str]]:
    return remarks(from_mapping(data), data, ENV)


def test_a_good_file_has_none() -> None:
    assert found(GOOD) == []


def test_what_the_space_says_is_passed_on() -> None:
    old = {"lr": {"distribution": "log_uniform", "min": -3, "max": 0}}
    ((place, text),) = found({**GOOD, "parameters": old})
    assert (place, text.split(":")[0]) == ("parameters.lr", "log_uniform takes exponents and is deprecated")


@pytest.mark.parametrize(
    ("extra", "place", "text"),
    [
        ({"entity": "me"}, "entity", "means nothing on one machine, and is left alone"),
        ({"method": "grid", "parameters": TENTHS}, "parameters.drop", "grid search visits 0 to 0.9: it begins at min"),
        (
            {"method": "random", "parameters": TENTHS, "run_cap": 9},
            "parameters.drop",
            "draws its first or its last value about half",
        ),
        (
            {"method": "grid", "parameters": {"a": {"parameters": TENTHS}}},
            "parameters.a.parameters.drop",
            "grid search visits 0 to 0.9: it begins at min",
        ),
        (
            {"method": "grid", "parameters": WIDTHS, "run_cap": 1, "execution": {}},
            "run_cap",
            "visits the first 1 of 2 points, which are",
        ),
        ({"parameters": WIDTHS}, "method", "the space has only 2 points, and some will be tried twice; grid visits"),
        ({"run_cap": None}, "run_cap", "is missing, and nothing ends the sweep but you; write how many trials"),
        (
            {"run_cap": None, "metric": {"name": "loss", "target": 0.1}},
            "run_cap",
            "is missing, and nothing ends the sweep but you unless a trial reaches the target; write",
        ),
        ({"metric": {"name": "val/acc"}}, "metric", "val/acc is minimized, since no goal is said; if larger is better"),
        (
            {"method": "random", "metric": {"name": "loss", "impute": "worst"}},
            "metric.impute",
            "changes nothing: random search does not learn",
        ),
        (
            {"metric": {"name": "loss", "impute_while_running": "worst"}},
            "metric.impute_while_running",
            "is not needed: tpe keeps away from where trials are running by itself",
        ),
        ({"early_terminate": {"type": "hyperband", "min_iter": 3}}, "early_terminate", "strict is true unless said"),
        ({"execution": {"sampler": "random"}}, "execution.sampler", "does not learn; method: random says the same"),
        ({"method": "random", "execution": {"sampler": "gp"}}, "execution.sampler", "changes nothing: random needs no"),
        ({"execution": {"start_with": [{"lr": 0.1}] * 21}}, "execution.start_with", "has 21 points, and run_cap ends"),
        ({"execution": {"parallel": 21}}, "execution.parallel", "more than run_cap 20 trials never run at a time"),
        ({"execution": {"retries": {"timeout": 1}}}, "execution.retries.timeout", "never happens: no timeout is said"),
        ({"execution": {"retries": {"stalled": 1}}}, "execution.retries.stalled", "never happens: no no_progress is"),
        (
            {"execution": {"timeout": 9, "no_progress": 9}},
            "execution.no_progress",
            "never comes first: it is no shorter",
        ),
        ({"execution": {"timeout": 9, "executor": "threads"}}, "execution.timeout", "a trial by threads shares the"),
        (
            {"execution": {"resources": {"gpu": 1}, "executor": "inline"}},
            "execution.resources",
            "a trial by inline sha",
        ),
        (
            {"command": ["a", "${envvar:ABSENT}", "${args}"]},
            "command[1]",
            "the variable ABSENT is not set here: its name",
        ),
        (
            {"command": ["a", "--x=${args}", "${args}"]},
            "command[1]",
            "${args} is passed as it stands: a macro counts on",
        ),
        (
            {"command": ["${envvar:home}", "${args}"]},
            "command[0]",
            "${envvar:home} is passed as it stands: a macro cou",
        ),
        ({"command": ["python", "${program}"]}, "command", "the params are no arguments of it: add ${args}, or read"),
    ],
)
def test_each(extra: Mapping[str, object], place: str, text: str) -> None:
    ((where, said),) = found({**GOOD, **extra})
    assert where == place
    assert said.startswith(text)


@pytest.mark.parametrize(("most", "few"), [(99, True), (100, False), (10**6, False)])
def test_a_space_is_small_only_where_its_points_run_out(most: int, few: bool) -> None:  # noqa: FBT001
    data = {**GOOD, "parameters": {"n": {"min": 0, "max": most}}, "run_cap": None}
    assert ("method" in dict(found(data))) is few


def test_without_a_metric_there_is_no_best() -> None:
    data = {"method": "random", "parameters": GOOD["parameters"], "run_cap": 3}
    assert found(data) == [("metric", "is missing: no trial will be the best, and checkpoints are not ranked")]


@pytest.mark.parametrize("stop", [{"after": "1h"}, {"steps": 9}, {"plateau": {"trials": 3}}])
def test_what_ends_by_itself_needs_no_run_cap(stop: Mapping[str, object]) -> None:
    assert found({**GOOD, "run_cap": None, "execution": {"stop": stop}}) == []


@pytest.mark.parametrize("word", ["${args}", "${args_json}", "${args_json_file}", "${args_dict}", "${args_no_equals}"])
def test_any_macro_of_the_params_hands_them_on(word: str) -> None:
    assert found({**GOOD, "command": ["${env}", "${envvar:HOME}/x", "${program}", word]}) == []
