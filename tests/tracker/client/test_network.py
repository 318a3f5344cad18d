"""A store on another machine's disk is refused before anything is made there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

import tracker
from tracker.client import attach
from tracker.client.folder import NETWORK_VARIABLE
from tracker.errors import NetworkFileSystem
from tracker.system import mounts

# A file system of a few lines: its root is an empty folder, mounted as `sshfs` mounts it, in a namespace of its own.
REMOTE = """
    import ctypes, os, struct, sys
    import tracker
    from tracker.errors import NetworkFileSystem

    place = sys.argv[1]
    device = os.open("/dev/fuse", os.O_RDWR)
    options = f"fd={device},rootmode=40000,user_id=0,group_id=0".encode()
    mount = ctypes.CDLL(None, use_errno=True).mount
    if mount(b"ann@there:/data", place.encode(), b"fuse.sshfs", 0, options):
        print("cannot mount:", os.strerror(ctypes.get_errno()))
        sys.exit(0)
    server = os.fork()
    while server == 0:
        request = os.read(device, 1 << 20)
        _, kind, unique = struct.unpack_from("<IIQ", request)
        if kind == 26:
            content = struct.pack("<IIIIHHI40x", 7, 31, 0, 0, 0, 0, 4096)
        elif kind == 3:
            content = struct.pack("<QII 6Q 3I 7I", 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0o40700, 2, 0, 0, 0, 512, 0)
        else:
            content = b""
        error = 0 if content else -2 if kind == 1 else -38
        if kind not in {2, 36, 42}:
            os.write(device, struct.pack("<IiQ", 16 + len(content), error, unique) + content)
    for name in (place, place + "/store"):
        try:
            tracker.open(name)
        except NetworkFileSystem as refused:
            print(refused.kind, refused.source, refused, sep="|", flush=True)
    os.kill(server, 9)
"""
NFS = "1 1 8:1 / / rw - ext4 /dev/sda1 rw\n2 1 0:9 / {} rw - nfs4 files.example:/export rw\n"


@pytest.fixture
def network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Say that a folder is on NFS, as the kernel would."""
    place = tmp_path / "net"
    (place / "old").mkdir(parents=True)
    (tmp_path / "mountinfo").write_text(NFS.format(place))
    monkeypatch.setattr(mounts, "MOUNTINFO", tmp_path / "mountinfo")
    return place


@pytest.mark.parametrize("below", ["old", "new", "old/deep/er"])
def test_a_store_on_nfs_is_refused_in_one_line_and_nothing_is_made(network: Path, below: str) -> None:
    with pytest.raises(NetworkFileSystem) as caught:
        tracker.open(network / below)
    assert str(caught.value) == (
        f"{network / below} is on nfs4 (files.example:/export): SQLite cannot be shared over a network; "
        "name a folder on a local disk (--store or TRACKER_STORE)"
    )
    assert (caught.value.path, caught.value.kind) == (network / below, "nfs4")
    assert [path.name for path in network.rglob("*")] == ["old"]


def test_a_link_to_nfs_is_refused_too(network: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(network)
    with pytest.raises(NetworkFileSystem):
        tracker.open(tmp_path / "link" / "store")


def test_a_store_beside_it_is_opened(network: Path, tmp_path: Path) -> None:
    with tracker.open(tmp_path / "store") as opened:
        assert opened.path.is_relative_to(tmp_path)
    assert [path.name for path in network.iterdir()] == ["old"]


def test_one_that_has_come_there_is_neither_opened_nor_logged_to(
    network: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tracker.open(tmp_path / "store"):
        pass
    shutil.copytree(tmp_path / "store", network / "store")
    for enter in (attach, lambda place: tracker.open(place, create=False)):
        with pytest.raises(NetworkFileSystem):
            enter(network / "store")
    monkeypatch.setenv(NETWORK_VARIABLE, "allow")
    with tracker.open(network / "store") as opened:
        assert opened.search_runs() == []


@pytest.mark.parametrize("word", ["", "yes", "ALLOW"])
def test_only_the_word_itself_allows_it(network: Path, monkeypatch: pytest.MonkeyPatch, word: str) -> None:
    monkeypatch.setenv(NETWORK_VARIABLE, word)
    with pytest.raises(NetworkFileSystem):
        tracker.open(network / "store")


@pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0 or not Path("/dev/fuse").exists(),
    reason="a file system can be mounted by root only",
)
def test_a_mounted_file_system_of_the_network_is_refused(
    tmp_path: Path, run_python: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    place = tmp_path / "remote place"
    place.mkdir()
    program = """
        import os, subprocess, sys
        # The mount is this program's own, and gone with it.
        subprocess.run(["unshare", "-m", sys.executable, "-c", os.environ["REMOTE"], sys.argv[1]], check=True)
    """
    printed = run_python(program, place, REMOTE=textwrap.dedent(REMOTE)).stdout
    if printed.startswith("cannot mount"):
        pytest.skip(printed)
    first, second = (line.split("|") for line in printed.splitlines())
    assert first[:2] == second[:2] == ["fuse.sshfs", "ann@there:/data"]
    assert second[2].startswith(f"{place / 'store'} is on fuse.sshfs (ann@there:/data): ")
    assert list(place.iterdir()) == []
