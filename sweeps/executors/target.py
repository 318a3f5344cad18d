"""What a trial runs: a Python function, or a command."""

from __future__ import annotations

import ast
import importlib.util
import inspect
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..errors import TargetNotFound

# Trials that start together in threads import their file once.
_importing = threading.RLock()

Expand = Callable[..., list[str]]
# The macro for the path of a file with the params.
JSON_FILE = "${args_json_file}"


@dataclass(frozen=True, slots=True)
class FunctionTarget:
    """A function: itself, or where to find it (`place` is a .py file's path or a module's name)."""

    function: Callable[..., object] | None = None
    place: str = ""
    name: str = ""

    def __str__(self) -> str:
        return f"{self.place}:{self.name}" if self.function is None else function_name(self.function)

    @property
    def file(self) -> Path | None:
        """The file of the trials' code; None where it stands in none, or in a module's that is not imported yet."""
        code = getattr(self.function, "__code__", None)
        path = Path(self.place if code is None else code.co_filename)
        return path if path.suffix == ".py" and path.is_file() else None

    def load(self) -> Callable[..., object]:
        """Return the function, importing its module if need be.

        Raises:
            TargetNotFound: the module has no such function.
        """
        if self.function is not None:
            return self.function
        with _importing:
            module = (
                _import_file(Path(self.place)) if self.place.endswith(".py") else importlib.import_module(self.place)
            )
        found = getattr(module, self.name, None)
        if not callable(found):
            raise TargetNotFound(f"{self.place} has no function {self.name!r}")
        return found  # type: ignore[no-any-return]


@dataclass(frozen=True, slots=True)
class CommandTarget:
    """A command line, in W&B's form: macros stand for the program and the params, and `expand` fills them in."""

    command: tuple[str, ...] | None
    program: str | None
    expand: Expand

    def __str__(self) -> str:
        return self.program or " ".join(self.command or ())

    @property
    def file(self) -> Path | None:
        """The file of the trials' code; None where the command names none."""
        return Path(self.program) if self.program else None

    def arguments(
        self, params: Mapping[str, object], env: Mapping[str, str], json_file: Callable[[], str]
    ) -> list[str]:
        """Return the arguments of one trial's process; `json_file` writes its params to a file if that is asked for."""
        more = {"json_file": json_file} if JSON_FILE in (self.command or ()) else {}
        return self.expand(
            self.command, program=self.program, params=params, env=env, interpreter=sys.executable, **more
        )


Target = FunctionTarget | CommandTarget


def function_name(function: Callable[..., object]) -> str:
    """Return what a function is called where it was written."""
    return f"{getattr(function, '__module__', '?')}:{getattr(function, '__qualname__', repr(function))}"


def find_target(
    program: str | None,
    command: tuple[str, ...] | None,
    expand: Expand,
    base: Path | None = None,
) -> Target:
    """Find what a sweep file names: `train.py`, `train.py:function` or `module:function`.

    A path is taken from the sweep file's folder (`base`), else from the working directory. Nothing is imported:
    a function is looked for in its file's text.

    Raises:
        TargetNotFound: there is no such file, module or function; the message says where it was looked for.
    """
    if program is None and command is None:
        raise TargetNotFound("the sweep names no program: write program: train.py, or program: train.py:function")
    if program is None and "${program}" in (command or ()):
        raise TargetNotFound("the command asks for ${program} and the sweep names none: write program: train.py")
    place, colon, name = (program or "").rpartition(":")
    if colon and name.isidentifier():
        return _find_function(place, name, base)
    return CommandTarget(command, str(_find_file(program, base)) if program else None, expand)


def _find_function(place: str, name: str, base: Path | None) -> FunctionTarget:
    if place.endswith(".py"):
        path = _find_file(place, base)
        target = FunctionTarget(place=str(path), name=name)
    else:
        path = _find_module(place)
        target = FunctionTarget(place=place, name=name)
    if path.suffix == ".py":
        _require_name(path, name)
    return target


def _find_file(program: str, base: Path | None) -> Path:
    candidates = [folder / program for folder in (base, Path.cwd()) if folder is not None]
    for path in candidates:
        if path.is_file():
            return path.resolve()
    places = " or ".join(dict.fromkeys(str(path.parent) for path in candidates))
    raise TargetNotFound(f"no program {program!r} in {places}")


def _find_module(name: str) -> Path:
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        spec = None
    if spec is None:
        raise TargetNotFound(f"no module {name!r} from here (is it installed, or in {Path.cwd()}?)")
    return Path(spec.origin or "")


def _require_name(path: Path, name: str) -> None:
    try:
        tree = ast.parse(path.read_text("utf-8"))
    except (SyntaxError, ValueError) as problem:
        raise TargetNotFound(f"{path} is not valid Python: {problem}") from problem
    if name not in set(_said(tree)):
        functions = [node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
        there = f"; there is {', '.join(functions)}" if functions else ""
        raise TargetNotFound(f"{path} has no function {name!r}{there}")


def _said(tree: ast.AST) -> Iterator[str]:
    """Yield every name that a module may define: also what is imported, assigned, or defined under a condition."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.alias):
            yield node.asname or node.name


def _import_file(path: Path) -> object:
    """Import a file under its own name, so that what it defines can be pickled, with its folder importable."""
    if str(path.parent) not in sys.path:
        sys.path.insert(0, str(path.parent))
    loaded = sys.modules.get(path.stem)
    if loaded is not None and getattr(loaded, "__file__", None) == str(path):
        return loaded
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise TargetNotFound(f"cannot import {path}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        # Half a module must not be taken for the whole by the next trial.
        del sys.modules[path.stem]
        raise
    return module


def is_async(function: Callable[..., object]) -> bool:
    """Say whether a function, or an object that is called like one, is to be awaited."""
    function = inspect.unwrap(function)
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(type(function).__call__)
