from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Command = Callable[..., Any]
Fails = Callable[..., str]

FULL = """\
name: tune
program: script.py
command: ["${env}", "${interpreter}", "${program}", "${args}", "${args_json_file}"]
method: bayes
metric: {name: loss, target: 0.1}
parameters:
  lr: {distribution: log_uniform_values, min: 1e-4, max: 0.1}
  width: {values: [32, 64]}
  layers: {min: 1, max: 4}
  drop: {min: 0.0, max: 0.5}
  old: {distribution: log_uniform, min: 0, max: 1}
  kind: {values: [a, true], probabilities: [0.25, 0.75]}
  noise: {distribution: normal, mu: 2, sigma: 1}
  step: {distribution: q_uniform, min: 0, max: 1, q: 0.25}
  fixed: {value: null}
  optimizer:
    parameters:
      beta: {distribution: q_beta, a: 2, b: 3, q: 0.01}
run_cap: 30
execution:
  pruner: {type: asha, max_iter: 27}
  start_with:
    - {lr: 0.01, width: 32, layers: 2, drop: 0.1, old: 1.5, kind: a, noise: 2.5, step: 0.5, optimizer: {beta: 0.5}}
  max_failures: 25%
  stop: {after: 1h, steps: 500, plateau: {trials: 9, delta: 0.01}}
"""


@pytest.fixture
def full(home: Path) -> Path:
    (home / "script.py").write_text("")
    (home / "full.yaml").write_text(FULL)
    return home / "full.yaml"


def test_a_file_is_explained(sweeps: Command, full: Path) -> None:
    found = sweeps("check", "full.yaml", "--json").json
    assert (found["name"], found["method"], found["sampler"], found["executor"]) == ("tune", "bayes", "tpe", "command")
    assert found["metric"] == {"name": "loss", "goal": "minimize", "target": 0.1}
    assert (found["points"], found["trials"]) == (None, 30)
    assert found["ends"] == [
        "after 30 trials",
        "when a trial reaches loss 0.1",
        "after 3600 s",
        "after 500 reports of all trials together",
        "when 9 trials in a row bring nothing better by more than 0.01",
        "when 25 % of the trials have failed",
    ]
    assert found["pruner"]["rungs"] == [1, 3, 9]
    point = found["example"]["params"]
    assert point["optimizer"] == {"beta": 0.5}
    assert found["example"]["argv"] == [
        "/usr/bin/env",
        sys.executable,
        str(full.with_name("script.py")),
        *(f"--{name}={value}" for name, value in point.items()),
        "params.json",
    ]
    assert [(each["place"], each["line"]) for each in found["warnings"]] == [("parameters.old", 11)]


def test_parameters_are_told_as_they_were_understood(sweeps: Command, full: Path) -> None:
    found = sweeps("check", str(full), "--json").json["parameters"]
    assert {row["name"]: (row["drawn"], row["range"], row["axis"]) for row in found} == {
        "lr": ("any number, each order of magnitude alike", "0.0001 to 0.1", "logarithm"),
        "width": ("one of a list", "32, 64", "2 choices"),
        "layers": ("any whole number", "1 to 4", "4 steps"),
        "drop": ("any number", "0 to 0.5", "number"),
        "old": ("any number, each order of magnitude alike", "1 to 2.71828", "logarithm"),
        "kind": ("one of a list, some likelier", "'a' (0.25), True (0.75)", "share of the draws"),
        "noise": ("around 2, by 1 up or down", "95 %: 0.040036 to 3.95996", "share of the draws"),
        "step": ("a multiple of 0.25", "0 to 1", "5 steps"),
        "fixed": ("always the same", "null", "fixed"),
        "optimizer.beta": ("a multiple of 0.01 from 0 to 1, by beta(2, 3)", "95 %: 0.07 to 0.81", "share of the draws"),
    }


def test_people_read_the_same(sweeps: Command, full: Path) -> None:
    done = sweeps("check", "full.yaml")
    assert (done.code, done.err) == (0, "")
    heads = dict(line.split(maxsplit=1) for line in done.out.partition("\n\n")[0].splitlines() if " " in line)
    assert heads["method"] == "bayes, by tpe"
    assert heads["space"] == "no end of points"
    assert heads["trials"] == "30 at most"
    assert heads["stops"].startswith("asha: rungs at iterations 1, 3, 9;")
    argv = sweeps("check", "full.yaml", "--json").json["example"]["argv"]
    assert f"a trial     {shlex.join(argv)}\n" in done.out
    assert "warning: full.yaml:11: parameters.old: log_uniform takes exponents" in done.out
    assert done.out.endswith("full.yaml is in order; 1 warning\n")
    assert full.exists()


def test_a_grid_of_a_function(sweeps: Command, home: Path) -> None:
    before = sorted(home.rglob("*"))
    found = sweeps("check", "mine.yaml", "--json").json
    assert (found["points"], found["trials"], found["sampler"], found["executor"]) == (4, 4, None, "inline")
    assert found["example"] == {"params": {"n": 0}, "argv": None}
    assert found["warnings"] == []
    out = sweeps("check", "mine.yaml").out
    assert "a trial     trial.params = {'n': 0}\n" in out
    assert "space       4 points\n" in out
    assert out.endswith("mine.yaml is in order\n")
    assert sorted(home.rglob("*")) == before, "nothing is made"


def test_a_huge_space_is_told_in_short(sweeps: Command, home: Path) -> None:
    parameters = {f"p{number}": {"min": -(2**53), "max": 2**53} for number in range(300)}
    data = {"method": "random", "parameters": parameters, "run_cap": 3}
    (home / "s.json").write_text(json.dumps(data))
    assert "space       about 10^4877 points\n" in sweeps("check", "s.json").out
    assert sweeps("check", "s.json", "--json").json["points"] is None


def test_what_was_drawn_lies_in_the_space_and_follows_the_seed(sweeps: Command, home: Path) -> None:
    text = "method: random\nparameters: {x: {min: 0.0, max: 1.0}}\nrun_cap: 3\nexecution: {seed: SEED}\n"
    drawn = []
    for seed in (1, 1, 2):
        (home / "s.yaml").write_text(text.replace("SEED", str(seed)))
        drawn.append(sweeps("check", "s.yaml", "--json").json["example"]["params"]["x"])
    assert drawn[0] == drawn[1] != drawn[2]
    assert all(0 <= x <= 1 for x in drawn)


@pytest.mark.parametrize(
    ("program", "text"),
    [
        ("absent.py", "no program 'absent.py' in "),
        ("train.py:absent", "no function 'absent'; there is train"),
        (None, "the sweep names no program: write program: train.py"),
    ],
)
def test_a_program_that_is_missing_is_a_warning(sweeps: Command, home: Path, program: str | None, text: str) -> None:
    head = "" if program is None else f"program: {program}\n"
    (home / "s.yaml").write_text(
        f"{head}method: random\nmetric: {{name: loss}}\nparameters: {{x: {{min: 0.0, max: 1.0}}}}\nrun_cap: 3\n"
    )
    ((warning,)) = sweeps("check", "s.yaml", "--json").json["warnings"]
    assert (warning["place"], warning["line"]) == ("program", None if program is None else 1)
    assert text in warning["text"]


@pytest.mark.parametrize(
    ("rule", "line"),
    [
        ("early_terminate: {type: hyperband, max_iter: 2, s: 2}", "s.yaml:4: early_terminate: no trial would ever be"),
        ("execution: {pruner: {type: asha, min_iter: 3, max_iter: 3}}", "s.yaml:4: execution.pruner: no trial would e"),
    ],
)
def test_a_rule_that_never_stops_a_trial(fails: Fails, home: Path, rule: str, line: str) -> None:
    (home / "s.yaml").write_text(f"method: random\nmetric: {{name: loss}}\nparameters: {{x: {{value: 1}}}}\n{rule}\n")
    assert line in fails("check", "s.yaml")


def test_toml_takes_the_same_keys(sweeps: Command, fails: Fails, home: Path) -> None:
    text = (
        'program = "train.py:train"\nmethod = "random"\nrun_cap = 2\nmetric.name = "loss"\n[parameters.x]\nmin = 0.0\n'
    )
    (home / "s.toml").write_text(
        text + 'max = 1.0\n[execution.pruner]\ntype = "median"\n[execution.resources]\ngpu = 0.5\n'
    )
    found = sweeps("check", "s.toml", "--json").json
    assert found["execution"]["pruner"] == {"type": "median", "startup": 5, "warmup": 0, "every": 1}
    assert found["execution"]["resources"] == {"cpu": 1, "gpu": 0.5}
    (home / "s.toml").write_text(text + 'max = 1.0\n[execution.pruner]\ntype = "medium"\n')
    assert "s.toml: execution.pruner.type: unknown type 'medium'; did you mean 'median'?" in fails("check", "s.toml")


def test_a_file_that_is_not_there(fails: Fails) -> None:
    assert fails("check", "absent.yaml") == "sweeps: absent.yaml: no such file\n"


def test_the_schema_is_printed(sweeps: Command) -> None:
    printed = json.loads(sweeps("schema").out)
    assert printed["$schema"].endswith("2020-12/schema")
    assert printed["properties"]["execution"]["properties"]["pruner"]["properties"]["type"]["enum"][0] == "asha"
