"""Which file system a path is on: read out of what real kernels say."""

from __future__ import annotations

import string
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracker.system import Mount, find_mount, is_network, mount_of
from tracker.system.mounts import MOUNTINFO

LAPTOP = """\
22 28 0:20 / /sys rw,nosuid,nodev,noexec,relatime shared:7 - sysfs sysfs rw
23 28 0:21 / /proc rw,nosuid,nodev,noexec,relatime shared:13 - proc proc rw
28 1 259:2 / / rw,relatime shared:1 - ext4 /dev/nvme0n1p2 rw,errors=remount-ro
31 28 0:26 / /home rw,relatime shared:30 - autofs systemd-1 rw,fd=41,pgrp=1,timeout=0,minproto=5,direct
88 31 0:47 / /home rw,relatime shared:45 - nfs4 files.example:/export/home rw,vers=4.2,rsize=1048576,addr=10.0.0.1
90 88 0:52 / /home/ann/remote rw,nosuid,nodev shared:50 - fuse.sshfs ann@gpu:/data rw,user_id=1000,group_id=1000
91 88 0:53 / /home/ann/My\\040Drive\\011x\\134y rw,nosuid,nodev shared:51 - fuse.rclone drive: rw,user_id=1000
95 28 259:3 / /home2 rw,relatime shared:60 - xfs /dev/nvme0n1p3 rw,attr2
96 88 259:3 /scratch/ann /home/ann/scratch rw,relatime shared:61 - xfs /dev/nvme0n1p3 rw,attr2
97 28 0:54 / /win rw,relatime shared:62 master:3 propagate_from:2 - cifs //nas/share\\040one rw,vers=3.1.1
98 28 0:55 / /mnt rw,relatime - tmpfs  rw
"""
CONTAINER = """\
1204 1170 0:112 / / rw,relatime master:310 - overlay overlay rw,lowerdir=/l/A:/l/B,upperdir=/u,workdir=/w
1205 1204 0:115 / /proc rw,nosuid,nodev,noexec,relatime - proc proc rw
1209 1204 0:40 /volumes/7 /data rw,relatime - lustre 10.1.1.1@o2ib:/work rw,flock,lazystatfs
1210 1204 254:1 /docker/hosts /etc/hosts rw,relatime - ext4 /dev/vda1 rw
"""
HIDDEN = """\
1 1 8:1 / / rw - ext4 /dev/sda1 rw
2 1 0:9 / /data/old rw - nfs server:/old rw
3 1 8:2 / /data rw - ext4 /dev/sda2 rw
4 3 8:3 / /data rw - xfs /dev/sda3 rw
5 4 0:8 / /data/new rw - nfs server:/new rw
"""


@pytest.mark.parametrize(
    ("text", "path", "kind"),
    [
        (LAPTOP, "/", "ext4"),
        (LAPTOP, "/srv/store", "ext4"),
        (LAPTOP, "/home/ann/store", "nfs4"),
        (LAPTOP, "/home", "nfs4"),
        (LAPTOP, "/home2/store", "xfs"),
        (LAPTOP, "/homely", "ext4"),
        (LAPTOP, "/home/ann/remote", "fuse.sshfs"),
        (LAPTOP, "/home/ann/remote2", "nfs4"),
        (LAPTOP, "/home/ann/scratch/a/b", "xfs"),
        (LAPTOP, "/home/ann/My Drive\tx\\y/store", "fuse.rclone"),
        (LAPTOP, "/win/store", "cifs"),
        (LAPTOP, "/mnt/store", "tmpfs"),
        (CONTAINER, "/root/store", "overlay"),
        (CONTAINER, "/data/store", "lustre"),
        (CONTAINER, "/etc/hosts", "ext4"),
        (HIDDEN, "/data/old/store", "xfs"),
        (HIDDEN, "/data/new/store", "nfs"),
        (HIDDEN, "/data", "xfs"),
    ],
)
def test_a_path_is_on_what_is_mounted_over_all_else(text: str, path: str, kind: str) -> None:
    found = mount_of(path, text)
    assert found is not None
    assert found.kind == kind


def test_the_source_is_as_it_was_mounted() -> None:
    sources = {path: mount_of(path, LAPTOP) for path in ("/win", "/home", "/mnt")}
    assert [mount.source if mount else None for mount in sources.values()] == [
        "//nas/share one",
        "files.example:/export/home",
        "",
    ]


@pytest.mark.parametrize(
    "kind",
    ["nfs", "nfs4", "cifs", "smb3", "smbfs", "ncpfs", "afs", "lustre", "beegfs", "gpfs", "ceph", "pvfs2", "orangefs"]
    + [f"fuse.{name}" for name in ("sshfs", "glusterfs", "s3fs", "rclone", "gcsfuse", "juicefs")],
)
def test_files_on_another_machine_are_told(kind: str) -> None:
    assert is_network(mount("1 0 0:9 / / rw - " + kind + " there:/ rw"))


@pytest.mark.parametrize(
    "kind",
    ["ext4", "xfs", "btrfs", "zfs", "tmpfs", "overlay", "9p", "virtiofs", "fuse", "fuseblk", "fuse.bindfs", "ntfs3"],
)
def test_what_sandboxes_and_disks_are_is_no_network(kind: str) -> None:
    assert not is_network(mount("1 0 0:9 / / rw - " + kind + " here rw"))


def mount(line: str) -> Mount:
    found = mount_of("/x", line)
    assert found is not None
    return found


@pytest.mark.parametrize(
    "text", ["", "\n\n", "nonsense", "1 2 3 4 5 6 7 8 9 10 11", "a b 0:1 / / rw - ext4 x rw", "- " * 9]
)
def test_a_text_of_another_form_says_nothing(text: str) -> None:
    assert mount_of("/x", text) is None


@settings(deadline=None)
@given(text=st.text(alphabet=string.digits + " -/\\ab:\n"), path=st.text(alphabet="/ab.", min_size=1))
def test_no_text_is_too_strange(text: str, path: str) -> None:
    mount_of(path, text)


@pytest.mark.skipif(not MOUNTINFO.exists(), reason="the system does not tell")
def test_this_machines_mounts_are_found() -> None:
    proc = find_mount(Path("/proc/self"))
    assert proc is not None
    assert (proc.kind, str(proc.point)) == ("proc", "/proc")


def test_a_path_that_is_not_there_yet_is_on_something_too(tmp_path: Path) -> None:
    assert find_mount(tmp_path / "not" / "there") == find_mount(tmp_path)
    (tmp_path / "to proc").symlink_to("/proc")
    assert find_mount(tmp_path / "to proc" / "self") == find_mount(Path("/proc/self"))
