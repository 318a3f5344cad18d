from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweeps.config import DEFAULT_COMMAND, expand
from sweeps.errors import InvalidSweep

PARAMS = {"lr": 0.1, "deep": True, "flat": False, "none": None, "layers": [1, 2], "text": "a b; $(rm)", "map": {"k": 1}}
ENV = {"HOME": "/home/me", "A_1": "one"}


def expanded(*command: str, program: str | None = "train.py") -> list[str]:
    return expand(command, program=program, params=PARAMS, env=ENV, interpreter="/py")


@pytest.mark.parametrize(
    ("item", "words"),
    [
        ("${env}", ["/usr/bin/env"]),
        ("${interpreter}", ["/py"]),
        ("${program}", ["train.py"]),
        (
            "${args}",
            [
                "--lr=0.1",
                "--deep=True",
                "--flat=False",
                "--none=None",
                "--layers=[1, 2]",
                "--text=a b; $(rm)",
                "--map={'k': 1}",
            ],
        ),
        (
            "${args_no_hyphens}",
            ["lr=0.1", "deep=True", "flat=False", "none=None", "layers=[1, 2]", "text=a b; $(rm)", "map={'k': 1}"],
        ),
        (
            "${args_no_equals}",
            [
                "--lr",
                "0.1",
                "--deep",
                "True",
                "--flat",
                "False",
                "--none",
                "None",
                "--layers",
                "[1, 2]",
                "--text",
                "a b; $(rm)",
                "--map",
                "{'k': 1}",
            ],
        ),
        (
            "${args_no_boolean_flags}",
            ["--lr=0.1", "--deep", "--none=None", "--layers=[1, 2]", "--text=a b; $(rm)", "--map={'k': 1}"],
        ),
        (
            "${args_append_hydra}",
            [
                "+lr=0.1",
                "+deep=True",
                "+flat=False",
                "+none=None",
                "+layers=[1, 2]",
                "+text=a b; $(rm)",
                "+map={'k': 1}",
            ],
        ),
        (
            "${args_override_hydra}",
            [
                "++lr=0.1",
                "++deep=True",
                "++flat=False",
                "++none=None",
                "++layers=[1, 2]",
                "++text=a b; $(rm)",
                "++map={'k': 1}",
            ],
        ),
        ("${args_dict}", ["lr", "deep", "flat", "none", "layers", "text", "map"]),
        ("${envvar:HOME}", ["/home/me"]),
        ("--dir=${envvar:HOME}/${envvar:A_1}", ["--dir=/home/me/one"]),
        ("${envvar:MISSING}", ["MISSING"]),
        ("plain", ["plain"]),
        ("", [""]),
        ("x${args}", ["x${args}"]),
        ("${program} ", ["${program} "]),
        ("$program", ["$program"]),
        ("{}", ["{}"]),
    ],
)
def test_items(item: str, words: Sequence[str]) -> None:
    assert expanded(item) == list(words)


def test_json_is_one_word() -> None:
    (word,) = expanded("${args_json}")
    assert json.loads(word) == PARAMS


def test_a_json_file_is_made_once_and_only_where_it_is_asked_for() -> None:
    made: list[str] = []

    def make() -> str:
        made.append("/there/params.json")
        return made[-1]

    words = ["${args_json_file}", "--again", "${args_json_file}"]
    argv = expand(words, program=None, params=PARAMS, env=ENV, interpreter="/py", json_file=make)
    assert argv == ["/there/params.json", "--again", "/there/params.json"]
    assert len(made) == 1
    expand(["${args}"], program=None, params=PARAMS, env=ENV, interpreter="/py", json_file=make)
    assert len(made) == 1


def test_the_default_is_that_of_wandb() -> None:
    assert DEFAULT_COMMAND == ("${env}", "${interpreter}", "${program}", "${args}")
    argv = expand(None, program="train.py", params={"lr": 0.1}, env={}, interpreter="/py")
    assert argv == ["/usr/bin/env", "/py", "train.py", "--lr=0.1"]


def test_a_trial_without_params_has_no_arguments() -> None:
    assert expand(["a", "${args}"], program=None, params={}, env={}, interpreter="/py") == ["a"]


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ("${arg}", "command[1]: unknown macro '${arg}'; did you mean '${args}'?"),
        (
            "${args_json_file}",
            "command[1]: ${args_json_file} needs a place for the file, and there is none here; write ${args_json}",
        ),
    ],
)
def test_a_macro_that_cannot_be_expanded_is_refused(item: str, message: str) -> None:
    with pytest.raises(InvalidSweep) as raised:
        expanded("python", item)
    assert str(raised.value) == message


def test_a_macro_that_nobody_knows_names_those_there_are() -> None:
    with pytest.raises(InvalidSweep, match=r"^command\[0\]: unknown macro '\$\{HOME\}'; known are \$\{env\}, "):
        expanded("${HOME}")


def test_a_program_is_needed_where_it_is_named() -> None:
    with pytest.raises(InvalidSweep) as raised:
        expanded("${program}", program=None)
    assert str(raised.value) == "command[0]: ${program} needs a program; write program: train.py"
    assert expanded("a", program=None) == ["a"]


# S33.
@given(st.dictionaries(st.from_regex(r"[a-z_]{1,5}", fullmatch=True), st.text()))
def test_what_a_value_holds_never_changes_the_number_of_words(params: dict[str, str]) -> None:
    argv = expand(["${args}"], program=None, params=params, env=ENV, interpreter="/py")
    assert argv == [f"--{name}={value}" for name, value in params.items()]
