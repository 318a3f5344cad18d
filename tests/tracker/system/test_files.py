"""Folders of one's own, and the clock."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tracker.system import begin_writing, milliseconds, private_folder, sync_file, sync_folder


@pytest.mark.parametrize("umask", [0, 0o022, 0o077, 0o277])
def test_every_new_folder_is_its_owners_alone_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    tmp_path.chmod(0o755)
    before = os.umask(umask)
    try:
        private_folder(tmp_path / "a" / "b" / "c", tmp_path)
    finally:
        os.umask(before)
    made = [tmp_path / "a", tmp_path / "a" / "b", tmp_path / "a" / "b" / "c"]
    assert {path.stat().st_mode & 0o777 for path in made} == {0o700}
    assert tmp_path.stat().st_mode & 0o777 == 0o755


def test_a_folder_that_is_there_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir(mode=0o750)
    private_folder(tmp_path / "a", tmp_path)
    private_folder(tmp_path / "a" / "b", tmp_path)
    assert [path.stat().st_mode & 0o777 for path in (tmp_path / "a", tmp_path / "a" / "b")] == [0o750, 0o700]


@pytest.mark.parametrize("advises", [True, False])
def test_what_goes_to_the_disk_already_is_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, advises: bool
) -> None:
    if not advises:
        # As on a system that cannot be told.
        monkeypatch.delattr(os, "posix_fadvise")
    data = os.urandom(3 << 16)
    with (tmp_path / "file").open("wb", buffering=0) as file:
        for begin in range(0, len(data), 1 << 16):
            file.write(data[begin : begin + (1 << 16)])
            begin_writing(file.fileno(), begin, 1 << 16)
    assert (tmp_path / "file").read_bytes() == data


def test_what_is_there_can_be_forced_to_the_disk(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    sync_file(tmp_path / "file")
    sync_folder(tmp_path)
    with pytest.raises(FileNotFoundError):
        sync_file(tmp_path / "nothing")
    with pytest.raises(NotADirectoryError):
        sync_folder(tmp_path / "file")


def test_the_clock_is_in_milliseconds() -> None:
    assert abs(milliseconds() / 1000 - time.time()) < 60
