from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sweeps.examples import EXAMPLES

Command = Callable[..., Any]
Fails = Callable[..., str]


def test_examples_are_listed(sweeps: Command) -> None:
    done = sweeps("examples")
    assert done.code == 0
    assert all(name in done.out and example.description in done.out for name, example in EXAMPLES.items())
    assert "sweeps run NAME --write DIR" in done.out


def test_examples_are_listed_as_json(sweeps: Command) -> None:
    listed = sweeps("examples", "--json").json
    assert [entry["name"] for entry in listed] == list(EXAMPLES)
    assert all(set(entry) == {"name", "description"} for entry in listed)


@pytest.mark.parametrize(
    "words", [[], ["run"], ["resume"], ["stop"], ["status"], ["best"], ["check"], ["schema"], ["examples"]]
)
def test_every_command_explains_itself(sweeps: Command, words: list[str]) -> None:
    done = sweeps(*words, "--help")
    assert (done.code, done.err) == (0, "")
    assert "usage: sweeps" in done.out


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ([], "the following arguments are required: COMMAND"),
        (["rnu"], "invalid choice: 'rnu'"),
        (["examples", "--jsn"], "sweeps examples: unrecognized arguments: --jsn; did you mean --json?"),
        (["run", "digits", "--paralel=4"], "sweeps run: unrecognized arguments: --paralel=4; did you mean --parallel?"),
        (["status", "last", "now"], "sweeps status: unrecognized arguments: now; see sweeps status --help"),
    ],
)
def test_mistakes_are_one_line(fails: Fails, words: list[str], line: str) -> None:
    assert line in fails(*words)
