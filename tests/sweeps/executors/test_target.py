from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sweeps.config import expand
from sweeps.errors import InvalidSweep, SweepError, TargetNotFound
from sweeps.executors.packing import pack, unpack
from sweeps.executors.target import CommandTarget, FunctionTarget, find_target, function_name, is_async

Program = Callable[..., Path]


class TestFind:
    def test_a_script_is_a_command(self, program: Program, home: Path) -> None:
        path = program("")
        assert find_target("program.py", None, expand) == CommandTarget(None, str(path), expand)
        assert find_target(str(path), ("python", "${program}"), expand, home) == CommandTarget(
            ("python", "${program}"), str(path), expand
        )

    def test_a_command_needs_no_program(self) -> None:
        target = find_target(None, ("make", "train"), expand)
        assert target == CommandTarget(("make", "train"), None, expand)
        assert str(target) == "make train"

    def test_a_function_is_found_in_its_files_text_without_importing_it(self, program: Program) -> None:
        path = program("raise RuntimeError\n\ndef train(trial): ...\n")
        target = find_target("program.py:train", None, expand)
        assert target == FunctionTarget(place=str(path), name="train")
        assert str(target) == f"{path}:train"

    def test_the_sweep_files_folder_comes_first(self, program: Program, home: Path) -> None:
        program("", name="train.py")
        beside = program("", name="sweeps/train.py")
        assert str(find_target("train.py", None, expand, home / "sweeps")) == str(beside)
        assert str(find_target("train.py", None, expand, home / "other")) == str(home / "train.py")

    @pytest.mark.parametrize(
        "line",
        [
            "async def train(trial): ...",
            "train = lambda trial: None",
            "from functools import partial as train",
            "import train",
            "if True:\n    def train(trial): ...",
            "class train: ...",
        ],
    )
    def test_a_function_may_be_made_in_any_way(self, program: Program, line: str) -> None:
        program(line)
        assert isinstance(find_target("program.py:train", None, expand), FunctionTarget)

    def test_a_module_is_looked_for_from_here(self, program: Program) -> None:
        program("def train(trial): ...\n", name="package/inner.py")
        program("", name="package/__init__.py")
        assert find_target("package.inner:train", None, expand) == FunctionTarget(place="package.inner", name="train")

    @pytest.mark.parametrize(
        ("named", "problem"),
        [
            ("other.py", r"no program 'other\.py' in "),
            ("other.py:train", r"no program 'other\.py' in "),
            ("program.py:other", r"has no function 'other'; there is train, test"),
            ("no_such_module:train", "no module 'no_such_module' from here"),
            ("json:no_such_function", "has no function 'no_such_function'"),
            ("no.such.module:train", r"no module 'no\.such\.module' from here"),
            ("broken.py:train", r"broken\.py is not valid Python: "),
        ],
    )
    def test_what_is_not_there_is_said(self, program: Program, named: str, problem: str) -> None:
        program("def train(trial): ...\nasync def test(trial): ...\n")
        program("def train(:\n", name="broken.py")
        with pytest.raises(TargetNotFound, match=problem) as caught:
            find_target(named, None, expand)
        assert "\n" not in str(caught.value)

    def test_nothing_at_all_is_no_target(self) -> None:
        with pytest.raises(TargetNotFound, match="the sweep names no program"):
            find_target(None, None, expand)

    def test_a_command_that_asks_for_a_program_needs_one(self) -> None:
        with pytest.raises(SweepError, match=r"the command asks for \$\{program\}"):
            find_target(None, ("python", "${program}"), expand)


class TestLoad:
    def test_imports_a_file_once_with_its_folder_at_hand(self, program: Program, home: Path) -> None:
        program("VALUE = 7\n", name="folder/helper_of_it.py")
        path = program("import helper_of_it\n\ndef train(): return helper_of_it.VALUE\n", name="folder/loaded_once.py")
        target = FunctionTarget(place=str(path), name="train")
        assert target.load()() == 7
        assert target.load() is target.load()
        assert sys.path[0] == str(home / "folder")

    def test_takes_no_half_module_for_the_whole(self, program: Program) -> None:
        path = program("import no_such_library\n\ndef train(): ...\n", name="half.py")
        for _ in range(2):
            with pytest.raises(ModuleNotFoundError, match="no_such_library"):
                FunctionTarget(place=str(path), name="train").load()

    def test_says_what_is_no_function(self, program: Program) -> None:
        path = program("train = 7\n", name="a_number.py")
        with pytest.raises(TargetNotFound, match="has no function 'train'"):
            FunctionTarget(place=str(path), name="train").load()

    def test_keeps_files_of_one_name_apart(self, program: Program) -> None:
        paths = [program(f"def train(): return {n}\n", name=f"{n}/twin.py") for n in (1, 2)]
        assert [FunctionTarget(place=str(path), name="train").load()() for path in paths] == [1, 2]


class TestPacking:
    def test_carries_a_place_as_it_is(self) -> None:
        target = FunctionTarget(place="/x/train.py", name="train")
        assert unpack(pack(target)) == target

    def test_carries_a_closure_by_value(self) -> None:
        values = [1, 2]
        assert unpack(pack(FunctionTarget(function=lambda: values))).load()() == [1, 2]

    def test_refuses_what_cannot_be_carried(self) -> None:
        generator = (n for n in range(3))
        with pytest.raises(InvalidSweep, match="cannot be sent to another process"):
            pack(FunctionTarget(function=lambda: generator))


def test_a_function_is_named_where_it_was_written() -> None:
    assert function_name(find_target).endswith("target:find_target")
    assert str(FunctionTarget(function=find_target)) == "sweeps.executors.target:find_target"


def test_an_async_function_is_known_behind_its_decorators() -> None:
    from functools import partial, wraps

    async def train(trial: object) -> None: ...

    @wraps(train)
    def wrapped(trial: object) -> object:
        return train(trial)

    class Trainer:
        async def __call__(self, trial: object) -> None: ...

        def train(self, trial: object) -> None: ...

    assert is_async(train)
    assert is_async(partial(train, 1))
    assert is_async(wrapped)
    assert is_async(Trainer())
    assert not is_async(Trainer().train)
    assert not is_async(Trainer)
