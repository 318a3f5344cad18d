"""Copies of a server's files: what a server gives is believed only if it is what was logged."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tracker.artifacts.copies import Copies
from tracker.entities import File
from tracker.errors import ArtifactDamaged, InvalidInput

OWNER = "m-" + "1" * 32


class Given:
    """A place that gives some bytes of every file, and counts how often."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.given: list[str] = []

    @contextmanager
    def download(self, owner: str, file: File) -> Iterator[Iterator[bytes]]:
        assert owner == OWNER
        self.given.append(file.path)
        yield iter([self.data[:3], self.data[3:]])


def file(path: str, data: bytes) -> File:
    return File(path, len(data), hashlib.sha256(data).hexdigest())


def test_other_bytes_than_were_logged_are_never_in_the_folder(tmp_path: Path) -> None:
    copies, logged = Copies(tmp_path, Given(b"harmful")), file("w", b"weights")
    with pytest.raises(ArtifactDamaged, match="'w'"):
        copies.folder(OWNER, [logged])
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_other_files_are_other_copies(tmp_path: Path) -> None:
    given = Given(b"first")
    copies = Copies(tmp_path, given)
    old = copies.folder(OWNER, [file("w", b"first")])
    given.data = b"later"
    new = copies.folder(OWNER, [file("w", b"later")])
    assert [(each / "w").read_bytes() for each in (old, new)] == [b"first", b"later"]
    assert copies.folder(OWNER, [file("w", b"first")]) == old
    assert given.given == ["w", "w"]
    copies.forget(OWNER)
    assert not list(tmp_path.rglob("w"))


@pytest.mark.parametrize(("owner", "path"), [("../x", "w"), ("/x", "w"), (OWNER, "../../w"), (OWNER, "/w")])
def test_no_server_names_a_place_elsewhere(tmp_path: Path, owner: str, path: str) -> None:
    with pytest.raises(InvalidInput, match="not a path below its folder"):
        Copies(tmp_path / "copies", Given(b"x")).folder(owner, [file(path, b"x")])
    assert not [each for each in tmp_path.rglob("*") if each.is_file()]
