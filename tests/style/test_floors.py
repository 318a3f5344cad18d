"""The floors of the house: who may import whom, and where foreign libraries come in."""

from __future__ import annotations

import ast
import sys
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FLOORS = {
    "tracker": [
        ["errors", "entities", "system"],
        ["filter", "ranking", "digest", "journal", "tables"],
        ["store", "artifacts"],
        ["writer"],
        ["client"],
        ["upkeep"],
        ["server"],
        ["cli"],
    ],
    "sweeps": [
        ["errors"],
        ["trial"],
        ["space"],
        ["config"],
        ["samplers", "pruners", "executors", "slots", "provenance"],
        ["study"],
        ["scheduler"],
        ["sweep", "trials"],
        ["result", "plan", "learning"],
        ["running"],
        ["resuming", "streaming"],
        ["examples"],
        ["cli"],
    ],
}
# What the whole house is built on, and may be imported anywhere.
FOUNDATION = {"anyio", "numpy", "orjson"}
# Which rooms of tracker's beyond its public names are open to sweeps: errors, tables, and how our command lines behave.
OPEN_TO_SWEEPS = {"tracker", "tracker.errors", "tracker.tables", "tracker.cli.manners", "tracker.cli.terminal"}
# An example is a program of its own, to be copied out.
NOT_OURS = ROOT / "sweeps" / "examples" / "digits"


def modules(package: str) -> Iterator[tuple[str, Path]]:
    for path in sorted((ROOT / package).rglob("*.py")):
        if not path.is_relative_to(NOT_OURS):
            dotted = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            yield dotted.removesuffix(".__init__"), path


@cache
def imports(name: str, path: Path, *, at_run_time: bool = False) -> list[str]:
    """Return each imported module by its full name, wherever in the file the import stands."""
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    tree = ast.parse(path.read_text("utf-8"))
    if at_run_time:
        tree.body = [node for node in tree.body if not (isinstance(node, ast.If) and is_type_checking(node.test))]
    found: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            origin = ".".join([*base, *([node.module] if node.module else [])])
            found += (within(origin, alias.name) for alias in node.names)
    return found


def within(origin: str, name: str) -> str:
    """Return what `from origin import name` imports: the module of that name in it, if there is one, else itself."""
    place = ROOT.joinpath(*origin.split("."), name)
    return f"{origin}.{name}" if place.is_dir() or place.with_suffix(".py").is_file() else origin


def is_type_checking(test: ast.expr) -> bool:
    return isinstance(test, ast.Name) and test.id == "TYPE_CHECKING"


def floor(name: str) -> int | None:
    package, _, rest = name.partition(".")
    room = rest.partition(".")[0]
    return next((number for number, rooms in enumerate(FLOORS[package]) if room in rooms), None)


@pytest.mark.parametrize("package", FLOORS)
def test_every_room_stands_on_a_floor(package: str) -> None:
    rooms = {name.split(".")[1] for name, _ in modules(package) if "." in name}
    assert rooms == {room for rooms in FLOORS[package] for room in rooms}


@pytest.mark.parametrize("package", FLOORS)
def test_a_module_imports_its_own_room_and_lower_floors_only(package: str) -> None:
    wrong = []
    for name, path in modules(package):
        mine = floor(name)
        for target in imports(name, path):
            if mine is None or target.partition(".")[0] != package:
                continue
            theirs = floor(target)
            same_room = target.split(".")[1:2] == name.split(".")[1:2]
            # The top floor may ask the package itself for its version.
            allowed = target == package and mine == len(FLOORS[package]) - 1
            if not allowed and not same_room and (theirs is None or theirs >= mine):
                wrong.append(f"{name} imports {target}")
    assert wrong == []


def test_tracker_never_imports_sweeps_and_sweeps_uses_its_public_names() -> None:
    for name, path in modules("tracker"):
        assert not [target for target in imports(name, path) if target.partition(".")[0] == "sweeps"], name
    for name, path in modules("sweeps"):
        used = {target for target in imports(name, path) if target.partition(".")[0] == "tracker"}
        rooms = {target for target in used if target.count(".") > 1 or floor(target) is not None}
        assert rooms <= OPEN_TO_SWEEPS, name


@pytest.mark.parametrize("package", FLOORS)
def test_no_import_hides_inside_a_function(package: str) -> None:
    for name, path in modules(package):
        tree = ast.parse(path.read_text("utf-8"))
        for function in ast.walk(tree):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                hidden = [node for node in ast.walk(function) if isinstance(node, ast.ImportFrom) and node.level]
                assert not hidden, f"{name}.{function.name}"


def test_one_foreign_library_is_imported_in_one_file() -> None:
    ours = {*FLOORS, *FOUNDATION, *sys.stdlib_module_names}
    files: dict[str, set[str]] = defaultdict(set)
    for package in FLOORS:
        for name, path in modules(package):
            for target in imports(name, path):
                library = target.partition(".")[0]
                if library not in ours:
                    files[library].add(name)
    assert files == {
        "aiosqlite": {"tracker.store.sqlite.connection"},
        "argon2": {"tracker.server.auth.passwords"},
        "msgspec": {"tracker.server.fields"},
        "httpx": {"tracker.store.rest.http"},
        "starlette": {"tracker.server.http"},
        "uvicorn": {"tracker.server.serving"},
        "cloudpickle": {"sweeps.executors.packing"},
        "pandas": {"tracker.tables.pandas"},
        "polars": {"tracker.tables.polars"},
        "pyarrow": {"tracker.tables.arrow"},
        "optuna": {"sweeps.samplers.optuna"},
        "re2": {"tracker.filter.regular"},
        "rich": {"tracker.cli.terminal"},
        "yaml": {"sweeps.config.yaml_text"},
    }


def test_there_is_no_import_cycle() -> None:
    graph = {name: set[str]() for package in FLOORS for name, _ in modules(package)}
    for package in FLOORS:
        for name, path in modules(package):
            known = set(imports(name, path, at_run_time=True))
            graph[name] = {target for target in known if target in graph and target != name}
    while leaves := [name for name, targets in graph.items() if not targets]:
        for leaf in leaves:
            del graph[leaf]
        for targets in graph.values():
            targets.difference_update(leaves)
    assert graph == {}
