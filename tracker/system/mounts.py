"""Which file system a path is on, as Linux tells it; elsewhere it is not known.

A line of `/proc/self/mountinfo` is: number, number of the mount it is in, device, root, mount point, options, any
number of further fields, "-", kind, source, options of the file system. Blanks, tabs, line ends and backslashes
within a field are written as a backslash and three octal digits.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import NamedTuple

MOUNTINFO = Path("/proc/self/mountinfo")
# What keeps files on another machine. Missing on purpose: 9p, virtiofs and overlay, on which sandboxes, virtual
# machines and containers have their own disks.
NETWORK_KINDS = frozenset(
    {"nfs", "nfs3", "nfs4", "cifs", "smb2", "smb3", "smbfs", "ncpfs", "ncp", "afs", "coda", "davfs", "davfs2"}
    | {"lustre", "beegfs", "fhgfs", "gpfs", "mmfs", "ceph", "panfs", "pvfs2", "orangefs", "wekafs", "glusterfs"}
    # The following are FUSE's; their full names begin with "fuse.".
    | {"sshfs", "curlftpfs", "smbnetfs", "gvfsd-fuse", "rclone", "s3fs", "goofys", "geesefs", "mount-s3", "objectivefs"}
    | {"gcsfuse", "blobfuse", "blobfuse2", "ossfs", "cosfs", "tigrisfs", "hdfs", "fuse_dfs", "alluxio", "alluxio-fuse"}
    | {"juicefs", "cephfs", "ceph-fuse", "mfs", "moosefs", "lizardfs", "seaweedfs", "weed", "quobyte"}
)
_ESCAPE = re.compile(r"\\([0-7]{3})")
_FEWEST_FIELDS = 10


class Mount(NamedTuple):
    """What is mounted at a place; `kind` is the file system's type, and `source` a device or `server:/export`."""

    number: int
    parent: int
    point: PurePosixPath
    kind: str
    source: str


def find_mount(path: Path) -> Mount | None:
    """Return what a path is on, whether or not there is anything at it yet; None where that cannot be told."""
    try:
        # Looked at first: that is what makes an automounter mount it.
        resolved = path.resolve()
        return mount_of(str(resolved), MOUNTINFO.read_text("utf-8", "surrogateescape"))
    except (OSError, RuntimeError):
        return None


def mount_of(path: str, mountinfo: str) -> Mount | None:
    """Return what a path without links in it is on, given the text of a `mountinfo`: pure.

    It walks down as the kernel does: of the mounts that lie in one, the path meets the one with the shortest mount
    point first, which hides what was mounted below that point before.
    """
    mounts = _parsed(mountinfo)
    known = {mount.number for mount in mounts}
    target = PurePosixPath(path)
    here: Mount | None = None
    while True:
        met = [mount for mount in mounts if _lies_in(mount, here, known) and target.is_relative_to(mount.point)]
        if not met:
            return here
        shortest = min(len(mount.point.parts) for mount in met)
        here = [mount for mount in met if len(mount.point.parts) == shortest][-1]
        mounts.remove(here)


def _lies_in(mount: Mount, outer: Mount | None, known: set[int]) -> bool:
    if outer is not None:
        return mount.parent == outer.number
    return mount.parent == mount.number or mount.parent not in known


def is_network(mount: Mount) -> bool:
    """Say whether a mount's files are on another machine, where SQLite's locks and shared memory do not reach."""
    kind = mount.kind.lower()
    return kind.removeprefix("fuse.") in NETWORK_KINDS


def _parsed(mountinfo: str) -> list[Mount]:
    return [mount for line in mountinfo.split("\n") for mount in _mount(line.split(" "))]


def _mount(fields: list[str]) -> Iterable[Mount]:
    """Yield the mount of a line, or nothing if the line is none: a new kernel's text must not stop anyone."""
    if len(fields) < _FEWEST_FIELDS or "-" not in fields[6:-2]:
        return
    kind, source = fields[fields.index("-", 6) + 1 :][:2]
    if fields[0].isdigit() and fields[1].isdigit():
        yield Mount(int(fields[0]), int(fields[1]), PurePosixPath(_plain(fields[4])), _plain(kind), _plain(source))


def _plain(field: str) -> str:
    return _ESCAPE.sub(lambda found: chr(int(found[1], 8)), field)
