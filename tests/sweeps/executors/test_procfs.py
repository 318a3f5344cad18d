from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sweeps.executors import procfs
from sweeps.executors.procfs import list_processes, read_kin, read_memory, read_variable
from sweeps.executors.subreaper import adopting_orphans

linux = pytest.mark.skipif(sys.platform != "linux", reason="there is no /proc")


@contextmanager
def sleeping(name: str = "sh", **environment: str) -> Iterator[int]:
    """Run a process that waits, under any name."""
    arguments = [name, "-c", "echo up; read line"]
    with subprocess.Popen(
        arguments, executable="/bin/sh", stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process.pid
        process.kill()


@linux
class TestReading:
    def test_every_process_is_listed(self) -> None:
        with sleeping() as pid:
            assert {pid, os.getpid()} <= list_processes()

    def test_a_process_belongs_to_its_parent_and_its_session(self) -> None:
        with sleeping() as pid:
            assert read_kin(pid) == (os.getpid(), os.getsid(0))

    def test_a_program_may_have_any_name(self, tmp_path: Path) -> None:
        program = tmp_path / "a) R 1 (b"
        program.symlink_to("/bin/sh")
        with subprocess.Popen([program, "-c", "read line"], stdin=subprocess.PIPE) as process:
            assert read_kin(process.pid) == (os.getpid(), os.getsid(0))
            process.kill()

    def test_a_process_that_is_gone_is_nothing(self) -> None:
        with sleeping() as pid:
            pass
        assert (read_kin(pid), read_variable(pid, "NAME"), read_memory(pid)) == (None, "", 0)

    def test_a_variable_is_what_the_process_began_with(self) -> None:
        with sleeping(NAME="a=b\u00fc", OTHER_NAME="no") as pid:
            assert read_variable(pid, "NAME") == "a=b\u00fc"
            assert read_variable(pid, "NAM") == ""

    def test_an_environment_may_be_large(self) -> None:
        with sleeping(FIRST="x" * 100_000, NAME="last") as pid:
            assert read_variable(pid, "NAME") == "last"

    def test_memory_is_what_a_process_holds(self) -> None:
        assert 5 << 20 < read_memory(os.getpid()) < 4 << 30


def test_where_there_is_no_proc_there_is_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(procfs, "_PROC", "/no/such/folder")
    assert (list_processes(), procfs.count_memory_kills(), read_kin(1)) == (set(), 0, None)
    procfs.prefer_to_kill(os.getpid())


def adopts() -> bool:
    said = ctypes.c_int()
    ctypes.CDLL(None).prctl(37, ctypes.byref(said), 0, 0, 0)
    return bool(said.value)


@linux
def test_orphans_are_adopted_from_the_first_who_wants_it_to_the_last() -> None:
    assert not adopts()
    first, second = adopting_orphans(), adopting_orphans()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert adopts()
    second.__exit__(None, None, None)
    assert not adopts()


ADOPTS = """
import os, subprocess, sys
from sweeps.executors.procfs import list_adopted
from sweeps.executors.subreaper import adopting_orphans
leaves = "import os, time\\nif os.fork(): os._exit(0)\\nprint(os.getpid(), flush=True); time.sleep(60)"
with adopting_orphans():
    child = subprocess.Popen([sys.executable, "-c", leaves], stdout=subprocess.PIPE, text=True)
    assert child.pid in list_adopted()
    orphan = int(child.stdout.readline())
    child.wait()
    assert list_adopted() == {orphan}
    os.kill(orphan, 9)
    os.waitpid(orphan, 0)
    assert list_adopted() == set()
"""


@linux
def test_a_child_is_listed_and_so_is_an_orphan() -> None:
    subprocess.run([sys.executable, "-c", ADOPTS], check=True)
