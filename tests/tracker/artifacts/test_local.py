"""Files on the local disk: where they lie, whose they are, and what a copy that is cut short leaves."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tracker.artifacts import LocalArtifacts
from tracker.artifacts.local import Kept, copy_into
from tracker.artifacts.staging import remove_abandoned, staged
from tracker.entities import File
from tracker.errors import ArtifactDamaged, InvalidInput

MODEL, RUN = "m-" + "1" * 32, "2" * 32
DIES = """
    import os, signal, sys
    from pathlib import Path
    from tracker.artifacts import LocalArtifacts

    with LocalArtifacts(Path(sys.argv[1])).stage() as staged:
        (staged / "half").write_bytes(b"half")
        os.kill(os.getpid(), signal.SIGKILL)
"""

FORKS = """
    import os, signal, sys
    from pathlib import Path
    from tracker.artifacts import LocalArtifacts

    with LocalArtifacts(Path(sys.argv[1])).stage():
        if os.fork():
            signal.pause()
        print("forked", flush=True)
        sys.stdin.read()
        # Before the end of its output says that it has let go.
        os.closerange(3, 256)
        os._exit(0)
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
            (staged / "b").write_bytes(b"b")
            artifacts.keep(RUN, staged, "plots/new")
            modes = {path.stat().st_mode & 0o777 for path in tmp_path.rglob("*") if path.is_dir()}
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


def test_what_a_dead_process_staged_is_removed_and_what_a_living_one_does_is_not(
    tmp_path: Path, run_python: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    run_python(DIES, tmp_path, code=-9)
    artifacts = LocalArtifacts(tmp_path)
    (dead,) = staged(artifacts.staging)
    assert [path.name for path in dead.rglob("*")] == ["files", "half"]
    with artifacts.stage() as files:
        (files / "whole").write_bytes(b"whole")
        assert {folder: remove_abandoned(folder) for folder in staged(artifacts.staging)} == {
            dead: True,
            files.parent: False,
        }
        assert [file.path for file in artifacts.keep(MODEL, files)] == ["whole"]
    assert staged(artifacts.staging) == []
    assert remove_abandoned(dead)


def test_a_fork_that_lives_on_keeps_the_stage_of_its_dead_parent(
    tmp_path: Path, start_python: Callable[..., subprocess.Popen[str]]
) -> None:
    parent = start_python(FORKS, tmp_path)
    assert parent.stdout is not None
    assert parent.stdout.readline() == "forked\n"
    (folder,) = staged(tmp_path / "staging")
    parent.kill()
    parent.wait()
    assert not remove_abandoned(folder)
    parent.communicate()
    assert remove_abandoned(folder)


def test_a_folder_that_is_tidied_away_just_before_a_file_comes_into_it_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    artifacts = LocalArtifacts(tmp_path)
    replace, homes = Path.replace, [artifacts.path(MODEL)]

    def tidied(path: Path, target: Path) -> Path:
        if homes:
            homes.pop().rmdir()
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", tidied)
    with artifacts.stage() as files:
        (files / "a").write_bytes(b"a")
        artifacts.keep(MODEL, files)
    assert homes == []
    assert (artifacts.path(MODEL) / "a").read_bytes() == b"a"


def kept(artifacts: LocalArtifacts) -> File:
    with artifacts.stage() as files:
        (files / "deep").mkdir()
        (files / "deep" / "w").write_bytes(b"weights")
        return artifacts.keep(MODEL, files)[0]


@pytest.mark.parametrize("link", [False, True])
def test_another_place_gets_a_copy_or_the_same_file(tmp_path: Path, *, link: bool) -> None:
    here, there = LocalArtifacts(tmp_path / "here"), LocalArtifacts(tmp_path / "there")
    file = kept(here)
    for _ in range(2):
        here.copy_to(there, MODEL, file, link=link)
    (found,) = there.kept()
    assert found == Kept(MODEL, "deep/w", there.path(MODEL) / "deep" / "w")
    assert found.place.read_bytes() == b"weights"
    assert found.place.samefile(here.path(MODEL) / "deep" / "w") == link
    assert there.path(MODEL).parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("link", [False, True])
def test_a_file_that_is_damaged_or_gone_is_never_copied(tmp_path: Path, *, link: bool) -> None:
    here, there = LocalArtifacts(tmp_path / "here"), LocalArtifacts(tmp_path / "there")
    file = kept(here)
    place = here.path(MODEL) / "deep" / "w"
    assert here.check(MODEL, file, deep=True) == ""
    place.write_bytes(b"weight")
    assert here.check(MODEL, file, deep=False) == "has 6 bytes instead of 7"
    with pytest.raises(ArtifactDamaged, match="deep/w"):
        here.copy_to(there, MODEL, file, link=link)
    place.unlink()
    assert here.check(MODEL, file, deep=False) == "is missing from the store"
    with pytest.raises(ArtifactDamaged, match="is missing"):
        here.copy_to(there, MODEL, file, link=link)
    assert list(there.kept()) == []


def test_a_flipped_bit_is_seen_by_a_deep_check_and_by_a_copy(tmp_path: Path) -> None:
    here, there = LocalArtifacts(tmp_path / "here"), LocalArtifacts(tmp_path / "there")
    file = kept(here)
    (here.path(MODEL) / "deep" / "w").write_bytes(b"Weights")
    assert here.check(MODEL, file, deep=False) == ""
    assert here.check(MODEL, file, deep=True) == "has other bytes than were logged"
    with pytest.raises(ArtifactDamaged, match="other bytes"):
        here.copy_to(there, MODEL, file, link=False)
    assert list(there.kept()) == []


def test_a_place_without_files_has_none(tmp_path: Path) -> None:
    assert list(LocalArtifacts(tmp_path / "nowhere").kept()) == []
    assert staged(tmp_path / "nowhere") == []
