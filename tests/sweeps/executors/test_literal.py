"""What stands in names, params and commands reaches a program as it stands: no template, no shell (S28, S32, S33)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

import sweeps
import tracker
from sweeps.errors import InvalidSweep

Program = Callable[..., Path]
TEMPLATES = (
    "{{7*7}}",
    "${7*7}",
    "<%= 7*7 %>",
    "#{7*7}",
    "{0.__class__}",
    "{}",
    "%s %(x)s %n",
    "$((7*7))",
    "{% raw %}",
    "\\u0041\\x41",
    "!!python/name:os.system",
)
SHELL = (
    "`touch canary`",
    "$(touch canary)",
    "; touch canary",
    "| touch canary",
    "&& touch canary",
    "> canary",
    "a\ntouch canary",
    "'; touch canary; '",
    '"; touch canary; "',
    "$HOME",
    "${HOME}",
    "${envvar:HOME}",
    "${args}",
    "${program}",
    "~",
    "*",
    "-c",
    "--help",
    "--",
    "-",
    "=",
    "a=b",
    "",
    " ",
    "\t",
    "\u202e",
    "\x1b]8;;x\x07",
    "é😀",
)
HOSTILE = (*TEMPLATES, *SHELL)
# Says what it was given; `touch` is in no way of its own.
SAYS = """
import json, os, sys
import tracker
with open("said", "w") as file:
    json.dump([sys.argv[1:], dict(os.environ)], file)
tracker.current_run().log({"loss": 1.0})
"""
ENVIRONMENT_NAME = re.compile(r"[A-Z_][A-Z0-9_]*")


def run(path: Path, **more: object) -> sweeps.SweepResult:
    values = {f"p{number:02}": {"value": text} for number, text in enumerate(HOSTILE)}
    sweep = sweeps.Sweep(path, parameters=values, method="grid", metric="loss", **more)  # type: ignore[arg-type]
    return sweeps.run(sweep, store="store")


def said(home: Path) -> tuple[list[str], dict[str, str]]:
    arguments, environment = json.loads((home / "said").read_text())
    return arguments, environment


def test_a_value_is_one_word_as_it_stands(program: Program, home: Path) -> None:
    forms = {"${args}": "--{0}={1}", "${args_no_hyphens}": "{0}={1}", "${args_append_hydra}": "+{0}={1}"}
    run(program(SAYS), command=["${interpreter}", "${program}", "--", *forms])
    words = [form.format(f"p{number:02}", text) for form in forms.values() for number, text in enumerate(HOSTILE)]
    assert said(home)[0] == ["--", *words]
    assert not (home / "canary").exists()


def test_a_word_of_a_command_is_one_too(program: Program, home: Path) -> None:
    # Of these the ones that are macros mean something, and `$…` of W&B's own form names a variable.
    words = [text for text in HOSTILE if text not in {"${args}", "${program}", "${envvar:HOME}"}]
    words = [text for text in words if not re.fullmatch(r"\$\{\w+\}", text)]
    run(program(SAYS), command=["${interpreter}", "${program}", *words])
    assert said(home)[0] == words
    assert not (home / "canary").exists()


@pytest.mark.parametrize("item", ["${HOME}", "${7}", "${args_evil}"])
def test_a_template_that_looks_like_a_macro_is_refused(program: Program, item: str) -> None:
    with pytest.raises(InvalidSweep, match="unknown macro"):
        run(program(SAYS), command=["${interpreter}", "${program}", item])


@pytest.mark.parametrize("text", [*TEMPLATES, "`touch canary`", "$(touch canary)", "; touch canary", "--help", "$HOME"])
def test_a_sweeps_name_is_kept_as_it_stands(home: Path, text: str) -> None:
    def train(trial: sweeps.Trial) -> None:
        trial.log({"loss": 1.0})

    parameters = {"n": {"values": [text]}}
    sweep = sweeps.Sweep(train, parameters=parameters, method="grid", metric="loss", name=text, executor="inline")
    result = sweeps.run(sweep, store="store")
    assert result.name == text
    with tracker.open("store", create=False) as store:
        (parent,) = store.search_runs(filter_string="parent_run_id IS NULL")
        (child,) = store.children(parent.run_id)
        assert (parent.name, child.params["n"]) == (text, text)
    assert not (home / "canary").exists()


def test_what_a_program_is_told_has_names_of_variables(program: Program, home: Path) -> None:
    run(program(SAYS))
    named = {name for name in said(home)[1] if name.startswith(("TRACKER_", "SWEEPS_", "WANDB_", "MLFLOW_"))}
    assert len(named) > 10
    assert {name for name in named if not ENVIRONMENT_NAME.fullmatch(name)} == set()


@pytest.mark.parametrize("text", ["a\0b", "\0", "\ud800"])
def test_what_no_word_can_hold_is_refused_before_anything_runs(program: Program, home: Path, text: str) -> None:
    path = program(SAYS)
    for how in ({"command": ["${interpreter}", text]}, {"parameters": {"p": {"value": text}}}):
        told = {"parameters": {"p": {"value": 1}}, "method": "grid", **how}
        with pytest.raises(InvalidSweep):
            sweeps.Sweep(path, **told)  # type: ignore[arg-type]
    for name in ("a b", "-p", "p;", "$(p)", "p=1", "", f"p{text}", "p\n", "{0}", "--p"):
        with pytest.raises(InvalidSweep, match="the name"):
            sweeps.Sweep(path, parameters={name: {"value": 1}}, method="grid")
    assert not (home / "said").exists()
