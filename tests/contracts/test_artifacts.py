"""What every place for files keeps to: whole files or none, byte for byte."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tracker.artifacts import Artifacts, LocalArtifacts
from tracker.entities import File
from tracker.errors import ArtifactDamaged, InvalidInput

PLACES: dict[str, Callable[[Path], Artifacts]] = {"local": LocalArtifacts}
MODEL, RUN = "m-" + "1" * 32, "2" * 32
FILES = {"w.bin": bytes(range(256)), "empty": b"", "deep/er/é.txt": b"text", ".hidden": b"h"}


@pytest.fixture(params=PLACES)
def artifacts(request: pytest.FixtureRequest, tmp_path: Path) -> Artifacts:
    return PLACES[request.param](tmp_path / "artifacts")


def fill(folder: Path, content: dict[str, bytes]) -> None:
    for name, data in content.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)


def keep(artifacts: Artifacts, owner: str, content: dict[str, bytes], under: str = "") -> tuple[File, ...]:
    with artifacts.stage() as staged:
        fill(staged, content)
        return artifacts.keep(owner, staged, under)


def tree(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_files_are_kept_with_their_size_and_hash_and_come_back(artifacts: Artifacts, tmp_path: Path) -> None:
    kept = keep(artifacts, MODEL, FILES)
    assert {file.path: (file.size, file.sha256) for file in kept} == {
        name: (len(data), hashlib.sha256(data).hexdigest()) for name, data in FILES.items()
    }
    artifacts.fetch(MODEL, kept, tmp_path / "out")
    assert tree(tmp_path / "out") == tree(artifacts.folder(MODEL, list)) == FILES


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=3_000_000))
def test_any_bytes_come_back(artifacts: Artifacts, tmp_path: Path, data: bytes) -> None:
    artifacts.fetch(RUN, keep(artifacts, RUN, {"any": data}), tmp_path / "out")
    assert (tmp_path / "out" / "any").read_bytes() == data


def test_files_may_be_kept_under_a_folder(artifacts: Artifacts) -> None:
    assert [file.path for file in keep(artifacts, RUN, {"a": b"1"}, "plots/new")] == ["plots/new/a"]


def test_what_is_kept_again_replaces_the_first(artifacts: Artifacts, tmp_path: Path) -> None:
    keep(artifacts, RUN, {"a": b"1", "b": b"2"})
    (new,) = keep(artifacts, RUN, {"a": b"3"})
    artifacts.fetch(RUN, [new], tmp_path / "out")
    assert tree(artifacts.folder(RUN, list)) == {"a": b"3", "b": b"2"}
    assert tree(tmp_path / "out") == {"a": b"3"}


def test_owners_do_not_mix(artifacts: Artifacts) -> None:
    keep(artifacts, RUN, {"a": b"1"})
    keep(artifacts, MODEL, {"a": b"2"})
    assert tree(artifacts.folder(RUN, list)) == {"a": b"1"}
    assert tree(artifacts.folder(MODEL, list)) == {"a": b"2"}


def test_each_stage_is_empty_and_leaves_nothing(artifacts: Artifacts, tmp_path: Path) -> None:
    with artifacts.stage() as first, artifacts.stage() as second:
        assert first != second
        fill(first, FILES)
        assert list(second.iterdir()) == []
    assert tree(tmp_path) == {}


def test_nothing_is_kept_of_a_stage_that_failed(artifacts: Artifacts, tmp_path: Path) -> None:
    def fail(staged: Path) -> None:
        fill(staged, FILES)
        raise RuntimeError

    with pytest.raises(RuntimeError), artifacts.stage() as staged:
        fail(staged)
    assert tree(tmp_path) == {}


@pytest.mark.parametrize("path", ["../a", "/a", "b/../../a", ""])
def test_no_path_leads_out_of_the_folder(artifacts: Artifacts, tmp_path: Path, path: str) -> None:
    (tmp_path / "a").write_bytes(b"secret")
    file = File(path, 6, hashlib.sha256(b"secret").hexdigest())
    with pytest.raises(InvalidInput):
        artifacts.fetch(RUN, [file], tmp_path / "out")
    with pytest.raises(InvalidInput):
        keep(artifacts, RUN, {"a": b"1"}, under="../..")
    assert tree(tmp_path) == {"a": b"secret"}


@pytest.mark.parametrize("target", ["secret", "folder", "nothing"])
def test_a_link_is_no_file(artifacts: Artifacts, tmp_path: Path, target: str) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    (tmp_path / "folder").mkdir()
    with artifacts.stage() as staged:
        (staged / "link").symlink_to(tmp_path / target)
        with pytest.raises(InvalidInput, match="link"):
            artifacts.keep(RUN, staged)


def flipped(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[7] ^= 1
    path.write_bytes(data)


def shortened(path: Path) -> None:
    os.truncate(path, 10)


@pytest.mark.parametrize("damage", [flipped, shortened, Path.unlink])
def test_a_damaged_file_is_named_and_never_given(
    artifacts: Artifacts, tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    kept = keep(artifacts, MODEL, {"w.bin": FILES["w.bin"]})
    damage(artifacts.folder(MODEL, list) / "w.bin")
    with pytest.raises(ArtifactDamaged, match=r"w\.bin") as caught:
        artifacts.fetch(MODEL, kept, tmp_path / "out")
    assert caught.value.path == "w.bin"
    assert tree(tmp_path / "out") == {}


@pytest.mark.parametrize("stretch", [1, 4, 1 << 20])
def test_a_file_that_comes_in_pieces_is_kept_whole(
    artifacts: Artifacts, stretch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # How much of it goes to the disk at once while the rest still comes.
    monkeypatch.setattr("tracker.artifacts.local._STRETCH_BYTES", stretch)
    for content in (b"old", b"new and longer"):
        with artifacts.receive(RUN, "deep/er/f.bin") as arriving:
            for byte in content:
                arriving.write(bytes([byte]))
            kept = arriving.keep()
        assert kept == File("deep/er/f.bin", len(content), hashlib.sha256(content).hexdigest())
        assert tree(artifacts.folder(RUN, list)) == {"deep/er/f.bin": content}


def receive_half(artifacts: Artifacts) -> None:
    with artifacts.receive(RUN, "f.bin") as arriving:
        arriving.write(b"half")
        raise ConnectionResetError


def test_of_a_file_that_did_not_come_whole_there_is_nothing(artifacts: Artifacts, tmp_path: Path) -> None:
    keep(artifacts, RUN, {"f.bin": b"old"})
    with pytest.raises(ConnectionResetError):
        receive_half(artifacts)
    assert [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()] == [b"old"]


@pytest.mark.parametrize("path", ["", "../f", "/f", "a/../../f", "a\0"])
def test_a_file_comes_to_nobody_elses_place(artifacts: Artifacts, path: str) -> None:
    with pytest.raises(InvalidInput), artifacts.receive(RUN, path):
        pass


def test_nobody_elses_file_is_reached_by_a_link(artifacts: Artifacts, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    keep(artifacts, RUN, {"a": b"1"})
    (artifacts.folder(RUN, list) / "to").symlink_to(tmp_path / "outside")
    for kept in (lambda: keep(artifacts, RUN, {"to/f": b"1"}), lambda: receive(artifacts, "to/f")):
        with pytest.raises(InvalidInput, match="by a link"):
            kept()
    assert not tree(tmp_path / "outside")


def receive(artifacts: Artifacts, path: str) -> File:
    with artifacts.receive(RUN, path) as arriving:
        arriving.write(b"1")
        return arriving.keep()
