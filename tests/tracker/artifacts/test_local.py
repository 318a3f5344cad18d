"""Files on the local disk: where they lie, whose they are, and what a copy that is cut short leaves."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tracker.artifacts import LocalArtifacts
from tracker.artifacts.local import copy_into
from tracker.errors import InvalidInput

MODEL, RUN = "m-" + "1" * 32, "2" * 32
DIES = """
    import os, signal, sys
    from pathlib import Path
    from tracker.artifacts import LocalArtifacts

    with LocalArtifacts(Path(sys.argv[1])).stage() as staged:
        (staged / "half").write_bytes(b"half")
        os.kill(os.getpid(), signal.SIGKILL)
"""


def test_models_and_runs_have_folders_of_their_own(tmp_path: Path) -> None:
    artifacts = LocalArtifacts(tmp_path)
    assert artifacts.path(MODEL) == tmp_path / "models" / MODEL
    assert artifacts.path(RUN) == tmp_path / "runs" / RUN


def test_only_their_owner_may_enter_the_folders(tmp_path: Path) -> None:
    artifacts = LocalArtifacts(tmp_path)
    before = os.umask(0)
    try:
        with artifacts.stage() as staged:
            (staged / "a").write_bytes(b"a")
            artifacts.keep(MODEL, staged)
            modes = {path.stat().st_mode & 0o777 for path in (staged, staged.parent, artifacts.path(MODEL))}
    finally:
        os.umask(before)
    assert modes == {0o700}


def test_what_a_save_function_writes_beside_its_folder_is_not_kept(tmp_path: Path) -> None:
    artifacts = LocalArtifacts(tmp_path)
    with artifacts.stage() as staged:
        (staged.parent / f"{staged.name}.npz").write_bytes(b"beside")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_process_that_dies_while_saving_leaves_nothing_with_a_name(
    tmp_path: Path, run_python: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    run_python(DIES, tmp_path, code=-9)
    artifacts = LocalArtifacts(tmp_path)
    assert not artifacts.path(MODEL).exists()
    with artifacts.stage() as staged:
        assert list(staged.iterdir()) == []


def test_a_file_or_a_folders_content_is_copied_and_stays(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    (source / "deep").mkdir(parents=True)
    (source / "deep" / "a").write_bytes(b"a")
    (source / "link").symlink_to("deep/a")
    target.mkdir()
    copy_into(source, target)
    copy_into(source / "deep" / "a", target)
    assert sorted(path.relative_to(target).as_posix() for path in target.rglob("*") if path.is_file()) == [
        "a",
        "deep/a",
        "link",
    ]
    # A copy of what a link leads to, so that it stays what it was.
    assert not (target / "link").is_symlink()
    assert (source / "deep" / "a").exists()


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="nothing"):
        copy_into(tmp_path / "nothing", tmp_path)
