"""Who writes: one at a time, and never the dead."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

from tracker.writer import WriterLock

HOLDER = """
    import sys
    from pathlib import Path
    from tracker.writer import WriterLock

    with WriterLock(Path(sys.argv[1])).held() as held:
        print(held, flush=True)
        sys.stdin.read()
"""


def test_one_holds_it_and_the_next_one_after_it(tmp_path: Path) -> None:
    lock, other = WriterLock(tmp_path / "lock"), WriterLock(tmp_path / "lock")
    with lock.held() as held:
        assert held
        with other.held() as also:
            assert not also
        with other.held() as still:
            assert not still
    with other.held() as then:
        assert then
    assert other.holder() == os.getpid()


def test_who_held_it_is_known(tmp_path: Path) -> None:
    assert WriterLock(tmp_path / "lock").holder() is None
    (tmp_path / "lock").write_text("nonsense")
    assert WriterLock(tmp_path / "lock").holder() is None


def test_it_is_free_when_its_holder_is_killed(
    tmp_path: Path, start_python: Callable[..., subprocess.Popen[str]]
) -> None:
    lock = WriterLock(tmp_path / "lock")
    process = start_python(HOLDER, tmp_path / "lock")
    assert process.stdout
    assert process.stdout.readline() == "True\n"
    with lock.held() as held:
        assert not held
    assert lock.holder() == process.pid
    process.kill()
    with lock.held(wait=True) as held:
        assert held


FORKER = """
    import os, sys
    from pathlib import Path
    from tracker.writer import WriterLock

    reading, writing = os.pipe()
    with WriterLock(Path(sys.argv[1])).held() as held:
        if os.fork() == 0:
            os.close(writing)
            os.read(reading, 1)
            os._exit(0)
    print(held, flush=True)
    sys.stdin.read()
"""


def test_a_child_that_was_forked_meanwhile_does_not_keep_it(
    tmp_path: Path, start_python: Callable[..., subprocess.Popen[str]]
) -> None:
    process = start_python(FORKER, tmp_path / "lock")
    assert process.stdout
    assert process.stdout.readline() == "True\n"
    with WriterLock(tmp_path / "lock").held() as held:
        assert held
    process.kill()
