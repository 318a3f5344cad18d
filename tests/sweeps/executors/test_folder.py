from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from sweeps.executors.folder import own_folder

HOLDS = """
import signal, sys
from sweeps.executors.folder import own_folder

with own_folder(sys.argv[1]) as folder:
    open(folder + "/file", "w").close()
    print(folder, flush=True)
    signal.pause()
"""


@pytest.fixture
def killed(tmp_path: Path) -> Path:
    """The folder of a process that was killed an hour ago."""
    process = subprocess.Popen([sys.executable, "-c", HOLDS, tmp_path], stdout=subprocess.PIPE, text=True)
    with process:
        assert process.stdout is not None
        folder = Path(process.stdout.readline().strip())
        process.send_signal(signal.SIGKILL)
    age(folder)
    return folder


def age(folder: Path) -> None:
    """Let a folder be an hour old."""
    os.utime(folder, (folder.stat().st_mtime - 3600,) * 2)


def test_a_folder_is_ones_own_and_goes_with_the_block(tmp_path: Path) -> None:
    with own_folder(str(tmp_path)) as folder:
        assert stat.S_IMODE(Path(folder).stat().st_mode) == 0o700
        (Path(folder) / "file").touch()
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_left_the_next_removes(tmp_path: Path, killed: Path) -> None:
    assert (killed / "file").exists()
    with own_folder(str(tmp_path)) as folder:
        assert list(tmp_path.iterdir()) == [Path(folder)]


def test_what_a_living_process_holds_stays(tmp_path: Path) -> None:
    with own_folder(str(tmp_path)) as first:
        age(Path(first))
        with own_folder(str(tmp_path)) as second:
            assert {str(path) for path in tmp_path.iterdir()} == {first, second}


def test_what_may_not_be_locked_yet_stays(tmp_path: Path, killed: Path) -> None:
    os.utime(killed)
    with own_folder(str(tmp_path)):
        assert killed.exists()


def test_what_is_no_folder_of_a_sweep_stays(tmp_path: Path, killed: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").touch()
    link, other = tmp_path / "sweeps-work-link", tmp_path / "other"
    link.symlink_to(precious)
    other.mkdir()
    for path in (precious, other):
        age(path)
    with own_folder(str(tmp_path)):
        assert not killed.exists()
        assert (precious / "file").exists()
        assert other.exists()
