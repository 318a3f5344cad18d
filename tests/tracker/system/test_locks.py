"""Who locks a file, as the kernel says it."""

from __future__ import annotations

import fcntl
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tracker.system import FileLock, is_alive, is_locked, locks_on, parse_locks
from tracker.system.locks import LOCKS

TEXT = """\
1: POSIX  ADVISORY  WRITE 31128 fe:00:2148569 120 120
1: -> POSIX  ADVISORY  WRITE 77 fe:00:2148569 120 120
2: FLOCK  ADVISORY  WRITE 31110 08:11:9 0 EOF
3: OFDLCK ADVISORY  READ  -1 00:2d:1 1073741826 1073742335
4: LEASE  ACTIVE    READ  5 08:11:8 0 EOF
5: POSIX  MANDATORY  WRITE 6 08:11:7 0 0
nonsense
"""
HOLDS = """
    import fcntl, sys
    file = open(sys.argv[1], "r+b")
    fcntl.flock(file, fcntl.LOCK_EX)
    fcntl.lockf(file, fcntl.LOCK_EX, 1, 120)
    print("held", flush=True)
    sys.stdin.read()
"""
linux = pytest.mark.skipif(not LOCKS.exists(), reason="the system does not tell")


def test_each_lock_that_is_held_is_read_and_no_waiter() -> None:
    assert list(parse_locks(TEXT)) == [
        FileLock("POSIX", True, 31128, os.makedev(0xFE, 0), 2148569, 120, 120),  # noqa: FBT003  # as it prints
        FileLock("FLOCK", True, 31110, os.makedev(8, 0x11), 9, 0, None),  # noqa: FBT003
        FileLock("OFDLCK", False, -1, os.makedev(0, 0x2D), 1, 1073741826, 1073742335),  # noqa: FBT003
        FileLock("LEASE", False, 5, os.makedev(8, 0x11), 8, 0, None),  # noqa: FBT003
        FileLock("POSIX", True, 6, os.makedev(8, 0x11), 7, 0, 0),  # noqa: FBT003
    ]


def test_a_lock_covers_its_bytes() -> None:
    one, to_the_end = list(parse_locks(TEXT))[:2]
    assert [one.covers(byte) for byte in (119, 120, 121)] == [False, True, False]
    assert to_the_end.covers(10**12)


@linux
def test_another_process_is_named_while_it_holds_a_lock(
    tmp_path: Path, start_python: Callable[..., subprocess.Popen[str]]
) -> None:
    path = tmp_path / "file"
    path.touch()
    assert (locks_on(path), is_locked(path)) == ([], False)
    process = start_python(HOLDS, path)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    found = {(lock.kind, lock.process, lock.covers(120), lock.covers(119)) for lock in locks_on(path)}
    assert found == {("FLOCK", process.pid, True, True), ("POSIX", process.pid, True, False)}
    assert is_locked(path)
    process.communicate()
    assert (locks_on(path), is_locked(path)) == ([], False)


def test_a_folder_may_be_locked_and_asking_disturbs_nobody(tmp_path: Path) -> None:
    folder = os.open(tmp_path, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        assert is_locked(tmp_path)
        fcntl.flock(folder, fcntl.LOCK_SH)
        assert not is_locked(tmp_path)
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    finally:
        os.close(folder)


def test_what_is_not_there_is_not_locked(tmp_path: Path) -> None:
    assert (locks_on(tmp_path / "nothing"), is_locked(tmp_path / "nothing")) == ([], False)


def test_the_living_are_told_from_the_dead(run_python: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    assert is_alive(os.getpid())
    assert is_alive(1)
    assert not is_alive(int(run_python("import os; print(os.getpid())").stdout))
