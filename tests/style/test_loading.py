"""Nothing that could run what it reads is called: in a few places that say why, and nowhere else (S29, S33)."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = [path for room in ("tracker", "sweeps") for path in sorted((ROOT / room).rglob("*.py"))]
# Of these, whatever is called by one of these names.
LOADERS = {"cloudpickle", "dill", "joblib", "keras", "marshal", "pickle", "shelve", "torch"}
LOADS = {"load", "loads", "open", "load_model", "Unpickler"}
NEVER = {
    *("eval", "exec", "compile", "__import__", "os.system", "os.popen", "yaml.load", "yaml.full_load"),
    *("yaml.unsafe_load", "shutil.unpack_archive", "tarfile.open", "zipfile.ZipFile", "os.startfile", "pty.spawn"),
}
ALLOWED = {
    # A target that this process's own scheduler has sent it.
    ("sweeps/executors/packing.py", "cloudpickle.loads"),
}


def called(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


def problems(name: str, text: str) -> Iterator[str]:
    for function, call in called(ast.parse(text)):
        module, _, last = function.rpartition(".")
        words = {word.arg: ast.unparse(word.value) for word in call.keywords}
        loads = module in LOADERS and last in LOADS
        pickles = module in {"np", "numpy"} and last == "load" and words.get("allow_pickle") != "False"
        if (function in NEVER or loads or pickles or words.get("shell") == "True") and (name, function) not in ALLOWED:
            yield f"{name}:{call.lineno} calls {function}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_nothing_that_is_read_can_run(path: Path) -> None:
    assert list(problems(path.relative_to(ROOT).as_posix(), path.read_text("utf-8"))) == []


@pytest.mark.parametrize(
    "text",
    [
        *("pickle.loads(x)", "yaml.load(x)", "np.load(x)", "np.load(x, allow_pickle=True)", "torch.load(x)", "eval(x)"),
        *("subprocess.run(x, shell=True)", "os.system(x)", "joblib.load(x)", "tarfile.open(x)", "cloudpickle.loads(x)"),
    ],
)
def test_what_could_is_noticed(text: str) -> None:
    assert list(problems("x.py", text))
