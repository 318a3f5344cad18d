"""Power loss by replay: from a trace of what a program did to its files, what a disk may hold when the power goes.

What a file held at its last fsync is there. Of every later write and truncation, each is there, lost, or, a write,
torn: some of its 512-byte sectors are. A name that was made, changed or removed is so for certain only once its folder
was synced; before that, each may be undone. All of that is more than most disks do, and no more than they may.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

_HEAD = struct.Struct("<IiqqII")
OPEN, WRITE, TRUNCATE, SYNC, CLOSE, RENAME, UNLINK, MKDIR = range(1, 9)
CREATED, TRUNCATED = 1, 2
SECTOR = 512
# Memory that processes share, and nobody's truth: SQLite makes it anew.
NO_FILES = "-shm"


@dataclass(frozen=True, slots=True)
class Record:
    """One call that changed something."""

    operation: int
    file: int
    offset: int
    path: str
    data: bytes
    flags: int


def read_trace(trace: Path) -> Iterator[Record]:
    content = memoryview(trace.read_bytes())
    while content:
        operation, file, offset, length, path_length, flags = _HEAD.unpack_from(content)
        start = _HEAD.size + path_length
        end = start + (length if operation in {WRITE, RENAME} else 0)
        path = bytes(content[_HEAD.size : start]).decode()
        yield Record(operation, file, offset, path, bytes(content[start:end]), flags)
        content = content[end:]


@dataclass(slots=True, eq=False)
class File:
    """A file's bytes: those that are safe, and what has been done to it since. `data` is None for a truncation."""

    safe: bytearray = field(default_factory=bytearray)
    since: list[tuple[int, bytes | None]] = field(default_factory=list)

    def sync(self) -> None:
        for offset, data in self.since:
            change(self.safe, offset, data)
        self.since.clear()

    def after(self, luck: Luck) -> bytearray:
        """Return what may be left of it."""
        left = bytearray(self.safe)
        for offset, data in self.since:
            if luck.kept():
                change(left, offset, data)
            elif data is not None and luck.torn():
                for start, piece in sectors(offset, data):
                    if luck.even():
                        change(left, start, piece)
        return left


def change(content: bytearray, offset: int, data: bytes | None) -> None:
    if data is None:
        del content[offset:]
    end = offset + len(data or b"")
    content.extend(bytes(max(0, end - len(content))))
    if data is not None:
        content[offset:end] = data


def sectors(offset: int, data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield a write's pieces, cut where the disk's sectors end."""
    start = offset
    while start < offset + len(data):
        end = min(start - start % SECTOR + SECTOR, offset + len(data))
        yield start, data[start - offset : end - offset]
        start = end


@dataclass(slots=True, eq=False)
class Folder:
    """A folder's names: those that are safe, and what has been done to them since, each a removal and an addition."""

    safe: dict[str, Node] = field(default_factory=dict)
    since: list[tuple[str | None, str | None, Node | None]] = field(default_factory=list)
    now: dict[str, Node] = field(default_factory=dict)

    def alter(self, removed: str | None, added: str | None, node: Node | None) -> None:
        self.since.append((removed, added, node))
        rename(self.now, removed, added, node)

    def sync(self) -> None:
        self.safe = dict(self.now)
        self.since.clear()

    def after(self, luck: Luck) -> dict[str, Node]:
        """Return what names may be left."""
        left = dict(self.safe)
        for removed, added, node in self.since:
            if luck.kept():
                rename(left, removed, added, node)
        return left


Node = File | Folder


def rename(names: dict[str, Node], removed: str | None, added: str | None, node: Node | None) -> None:
    if removed is not None:
        names.pop(removed, None)
    if added is not None and node is not None:
        names[added] = node


class Luck:
    """What becomes of what was not synced: in some worlds all of it, in some nothing, mostly here and there some."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._keeps = rng.choice((0.0, 0.1, 0.5, 0.9, 1.0))

    def kept(self) -> bool:
        return self._rng.random() < self._keeps

    def torn(self) -> bool:
        return 0 < self._keeps < 1 and self.even()

    def even(self) -> bool:
        return self._rng.random() < 0.5


class Disk:
    """The files below a folder as a trace goes on; it, and folders in it that were made before, are safe."""

    def __init__(self, root: Path, made: Iterable[str] = ()) -> None:
        self._root = str(root.resolve())
        self.folder = Folder(now={name: Folder() for name in made})
        self.folder.sync()
        self._open: dict[int, Node] = {}

    def do(self, record: Record) -> None:
        """Do what was recorded."""
        if record.path.endswith(NO_FILES):
            return
        if record.operation == OPEN:
            self._opened(record)
        elif record.operation == CLOSE:
            self._open.pop(record.file, None)
        elif record.operation in {WRITE, TRUNCATE, SYNC}:
            self._changed(self._open[record.file], record)
        else:
            self._named(record)

    def content(self, path: str) -> bytes:
        """Return what a file holds as long as the power is on."""
        folder, name = self._place(f"{self._root}/{path}")
        file = folder.now[name]
        assert isinstance(file, File)
        whole = bytearray(file.safe)
        for offset, data in file.since:
            change(whole, offset, data)
        return bytes(whole)

    def files(self, folder: str) -> list[str]:
        """Return the names in a folder as long as the power is on."""
        return sorted(self._place(f"{self._root}/{folder}/x")[0].now)

    def lose_power(self, part: str, target: Path, luck: Luck) -> None:
        """Write what may be left of a part of it into a new folder."""
        left = self.folder.after(luck).get(part)
        target.mkdir()
        if isinstance(left, Folder):
            write_out(left, target, luck)

    def _opened(self, record: Record) -> None:
        if record.path == self._root:
            self._open[record.file] = self.folder
            return
        folder, name = self._place(record.path)
        if record.flags & CREATED:
            folder.alter(None, name, File())
        node = folder.now[name]
        if record.flags & TRUNCATED and isinstance(node, File):
            node.since.append((0, None))
        self._open[record.file] = node

    def _changed(self, node: Node, record: Record) -> None:
        if record.operation == SYNC:
            node.sync()
        elif isinstance(node, File):
            node.since.append((record.offset, record.data if record.operation == WRITE else None))

    def _named(self, record: Record) -> None:
        folder, name = self._place(record.path)
        if record.operation == MKDIR:
            folder.alter(None, name, Folder())
        elif record.operation == UNLINK:
            folder.alter(name, None, None)
        else:
            target, new = self._place(record.data.decode())
            assert target is folder, "a move between folders is not modelled"
            folder.alter(name, new, folder.now[name])

    def _place(self, path: str) -> tuple[Folder, str]:
        node: Node = self.folder
        *folders, name = PurePosixPath(path).relative_to(self._root).parts
        for each in folders:
            assert isinstance(node, Folder)
            node = node.now[each]
        assert isinstance(node, Folder)
        return node, name


def write_out(folder: Folder, target: Path, luck: Luck) -> None:
    for name, node in folder.after(luck).items():
        if isinstance(node, File):
            (target / name).write_bytes(node.after(luck))
        else:
            (target / name).mkdir()
            write_out(node, target / name, luck)
