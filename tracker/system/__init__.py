"""The operating system: folders and files, where they are mounted, who locks them, and the time."""

from __future__ import annotations

from .clock import milliseconds
from .files import begin_writing, is_locked, private_folder, sync_file, sync_folder
from .locks import FileLock, held_locks, is_alive, locks_on, parse_locks, process_name
from .mounts import NETWORK_KINDS, Mount, find_mount, is_network, mount_of

__all__ = [
    "NETWORK_KINDS",
    "FileLock",
    "Mount",
    "begin_writing",
    "find_mount",
    "held_locks",
    "is_alive",
    "is_locked",
    "is_network",
    "locks_on",
    "milliseconds",
    "mount_of",
    "parse_locks",
    "private_folder",
    "process_name",
    "sync_file",
    "sync_folder",
]
