"""The tree of errors is the one that is drawn, and every error that is raised hangs in it."""

from __future__ import annotations

import ast
import builtins
import inspect
import re
from pathlib import Path

import pytest

import sweeps.errors
import tracker
from tracker import errors

CLASSES = {name: found for name, found in vars(errors).items() if isinstance(found, type)}
CLASSES = {name: found for name, found in CLASSES.items() if found.__module__ == errors.__name__}
OURS = {*CLASSES, *(name for name in vars(sweeps.errors) if name[0].isupper())}
# What Python itself asks for, by its own protocols; a write that the disk took only a part of is a failed one.
PROTOCOL = {"AttributeError", "OSError", "TypeError"}
# Inside the server: what is answered to a request, and that nobody waits for the answer.
SERVER = {"Problem", "ClientDisconnect"}
SOURCES = sorted(Path(tracker.__file__).parent.rglob("*.py"))
_DRAWN = re.compile(r"^(?P<indent>[ │├└─]*)(?P<name>[A-Z]\w+)", re.MULTILINE)


def drawn() -> dict[str, str]:
    """Read the tree in the module's docstring: each class and its parent."""
    parents: dict[str, str] = {}
    branch: list[tuple[int, str]] = []
    for found in _DRAWN.finditer(inspect.cleandoc(errors.__doc__ or "").partition("\n\n")[2].partition("\n\nA ")[0]):
        depth, name = len(found["indent"]), found["name"]
        while branch and branch[-1][0] >= depth:
            branch.pop()
        parents[name] = branch[-1][1] if branch else "Exception"
        branch.append((depth, name))
    return parents


def test_every_class_hangs_where_it_is_drawn() -> None:
    parents = {name: found.__mro__[1].__name__ for name, found in CLASSES.items()}
    assert drawn() == parents


@pytest.mark.parametrize("name", CLASSES)
def test_every_class_says_what_it_means(name: str) -> None:
    assert CLASSES[name].__doc__
    assert issubclass(CLASSES[name], errors.TrackerError)


def raised(path: Path) -> set[tuple[str, int]]:
    """Return the names of classes that a file raises, with their lines."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Raise) and node.exc is not None:
            made = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
            name = made.attr if isinstance(made, ast.Attribute) else made.id if isinstance(made, ast.Name) else ""
            if name[:1].isupper():
                found.add((name, node.lineno))
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(Path(tracker.__file__).parent)))
def test_every_error_that_is_raised_is_ours(path: Path) -> None:
    ours = OURS | (SERVER if "server" in path.parts else set())
    foreign = {(name, line) for name, line in raised(path) if name not in ours | PROTOCOL}
    assert not foreign
    assert all(name in ours or hasattr(builtins, name) for name, _ in raised(path))


def test_a_message_is_built_of_facts_that_stay() -> None:
    found = errors.AmbiguousDataset("acc", ["a@1", "b@2"])
    assert (found.metric, found.found) == ("acc", ("a@1", "b@2"))
    assert "acc" in str(found)
    missing = errors.ExperimentNotFound("digit", ["digits", "Default"])
    assert (missing.wanted, missing.known) == ("digit", ("digits", "Default"))
    assert str(missing) == "no experiment 'digit'; did you mean 'digits'?"


def test_few_are_listed_and_many_are_not() -> None:
    assert str(errors.ExperimentNotFound("x")) == "no experiment 'x'"
    assert str(errors.ExperimentNotFound("x", ["qq", "pp"])) == "no experiment 'x'; there is pp, qq"
    many = str(errors.ExperimentNotFound("x", [f"e{number:02d}" for number in range(20)]))
    assert many.endswith("e06, e07, …")
