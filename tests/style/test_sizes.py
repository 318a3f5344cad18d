"""Sizes, near those of the code that we admire: short functions, small modules and classes, complete hints."""

from __future__ import annotations

import ast
import io
import statistics
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("tracker", "sweeps")
LAYOUT = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER)
Function = ast.FunctionDef | ast.AsyncFunctionDef


def is_text(statement: ast.stmt) -> bool:
    """Say whether a statement is nothing but a text, as a docstring is."""
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )


@cache
def sources(package: str) -> list[tuple[Path, ast.Module, set[int]]]:
    """Return each file with its tree and its code lines: those with more than a comment or a docstring on them."""
    texts = {path: path.read_text("utf-8") for path in sorted((ROOT / package).rglob("*.py"))}
    trees = {path: ast.parse(text) for path, text in texts.items()}
    return [(path, tree, code_lines(texts[path], tree)) for path, tree in trees.items()]


def code_lines(text: str, tree: ast.Module) -> set[int]:
    code = {
        line
        for token in tokenize.generate_tokens(io.StringIO(text).readline)
        if token.type not in LAYOUT
        for line in range(token.start[0], token.end[0] + 1)
    }
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and is_text(body[0]):
            code -= set(range(body[0].lineno, (body[0].end_lineno or 0) + 1))
    return code


def functions(package: str) -> Iterator[tuple[str, Function, int]]:
    for path, tree, code in sources(package):
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = len([line for line in range(node.lineno, (node.end_lineno or 0) + 1) if line in code])
                yield f"{path.relative_to(ROOT)}:{node.name}", node, length


@pytest.mark.parametrize("package", PACKAGES)
def test_functions_are_short(package: str) -> None:
    lengths = {name: length for name, _, length in functions(package)}
    ordered = sorted(lengths.values())
    assert statistics.median(ordered) <= 8
    assert ordered[int(len(ordered) * 0.95)] <= 34
    assert {name: length for name, length in lengths.items() if length > 60} == {}


@pytest.mark.parametrize("package", PACKAGES)
def test_modules_and_classes_are_small(package: str) -> None:
    for path, tree, code in sources(package):
        assert len(code) <= 400, path
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                methods = [item for item in node.body if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef)]
                assert len(methods) <= 40, f"{path}:{node.name}"


@pytest.mark.parametrize("package", PACKAGES)
def test_every_module_says_what_it_is(package: str) -> None:
    for path, tree, _ in sources(package):
        assert ast.get_docstring(tree), path
