from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from sweeps.executors import output
from sweeps.executors.output import END_BYTES, HEAD_BYTES, Output, Outputs

MEBIBYTE = 1 << 20


def lines(count: int) -> bytes:
    """Return so many lines of 64 bytes, each with its number."""
    return b"".join(b"%063d\n" % number for number in range(count))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "output.txt"


@pytest.fixture(params=["hole", "no hole"])
def disk(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """A disk that can have holes in its files, or cannot."""
    if request.param == "no hole":
        monkeypatch.setattr(output, "_punch", lambda *_: False)
    elif sys.platform != "linux":
        pytest.skip("holes are made on Linux only")
    return str(request.param)


def write(path: Path, data: bytes, *, watched: Output | None = None) -> None:
    """Append to the file as an attempt's processes do."""
    with path.open("ab", buffering=0) as file:
        for start in range(0, len(data), MEBIBYTE):
            file.write(data[start : start + MEBIBYTE])
            if watched:
                watched.watch()


def test_a_little_is_kept_as_it_is(path: Path) -> None:
    with Output(str(path)) as kept:
        write(path, lines(1000), watched=kept)
    assert path.read_bytes() == lines(1000)


def test_what_earlier_attempts_wrote_stays(path: Path) -> None:
    path.write_bytes(b"the first attempt\n")
    with Output(str(path)) as kept:
        write(path, b"the second\n", watched=kept)
    assert path.read_bytes() == b"the first attempt\nthe second\n"


@pytest.mark.parametrize("before", [b"", b"the first attempt\n"])
@pytest.mark.usefixtures("disk")
def test_of_a_flood_the_beginning_and_the_end_are_kept(path: Path, before: bytes) -> None:
    flood = lines(MEBIBYTE // 2)
    path.write_bytes(before)
    with Output(str(path)) as kept:
        write(path, flood, watched=kept)
    text = path.read_bytes()
    head = before + flood[:HEAD_BYTES]
    assert text.startswith(head)
    note, _, rest = text[len(head) + 1 :].partition(b"\n")
    assert flood.endswith(rest)
    assert len(rest) >= END_BYTES
    left_out = len(flood) - HEAD_BYTES - len(rest)
    assert note.decode() == f"… {left_out} bytes are left out here …"


def test_of_a_flood_that_was_not_looked_at_too(path: Path) -> None:
    flood = lines(MEBIBYTE // 2)
    with Output(str(path)):
        write(path, flood)
    assert path.stat().st_size < HEAD_BYTES + END_BYTES + 100
    assert path.read_bytes().endswith(flood[-END_BYTES:])


@pytest.mark.usefixtures("disk")
def test_a_flood_never_takes_much_of_the_disk(path: Path) -> None:
    taken = 0
    with Output(str(path)) as kept:
        for _ in range(64):
            write(path, b"x" * MEBIBYTE, watched=kept)
            taken = max(taken, path.stat().st_blocks * 512)
    assert 0 < taken < 12 * MEBIBYTE


def test_a_disk_that_takes_no_change_leaves_the_output_as_it_is(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with Output(str(path)):
        write(path, lines(MEBIBYTE // 4))
        monkeypatch.setattr(os, "ftruncate", refuse)
    assert path.read_bytes() == lines(MEBIBYTE // 4)


class TestOutputs:
    def test_what_nobody_has_written_is_the_next_attempts(self, tmp_path: Path) -> None:
        first, second = tmp_path / "0-0.txt", tmp_path / "1-0.txt"
        with Outputs() as outputs:
            outputs.close(outputs.open(str(first)), is_free=True)
            made = first.stat().st_ino
            output = outputs.open(str(second))
            assert second.stat().st_ino == made
            assert not first.exists()
            write(second, lines(2))
            outputs.close(output, is_free=True)
            outputs.close(outputs.open(str(first)), is_free=True)
        assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"1-0.txt": lines(2)}

    def test_what_somebody_may_still_write_is_no_other_attempts(self, tmp_path: Path) -> None:
        with Outputs() as outputs:
            output = outputs.open(str(tmp_path / "0-0.txt"))
            late = os.dup(output.file)
            outputs.close(output, is_free=False)
            other = outputs.open(str(tmp_path / "1-0.txt"))
            os.write(late, b"late")
            outputs.close(other, is_free=True)
        os.close(late)
        assert list(tmp_path.iterdir()) == []

    def test_attempts_at_one_time_have_files_of_their_own(self, tmp_path: Path) -> None:
        paths = [tmp_path / f"{number}-0.txt" for number in range(3)]
        with Outputs() as outputs:
            for output in [outputs.open(str(path)) for path in paths[:2]]:
                outputs.close(output, is_free=True)
            opened = [outputs.open(str(path)) for path in paths]
            assert len({path.stat().st_ino for path in paths}) == 3
            for output in opened:
                outputs.close(output, is_free=True)
        assert list(tmp_path.iterdir()) == []

    def test_what_earlier_attempts_wrote_stays(self, tmp_path: Path, path: Path) -> None:
        path.write_bytes(b"the first attempt\n")
        with Outputs() as outputs:
            outputs.close(outputs.open(str(tmp_path / "other")), is_free=True)
            outputs.close(outputs.open(str(path)), is_free=True)
        assert path.read_bytes() == b"the first attempt\n"

    def test_what_a_program_removed_is_made_anew(self, tmp_path: Path, path: Path) -> None:
        other = tmp_path / "other"
        with Outputs() as outputs:
            outputs.close(outputs.open(str(other)), is_free=True)
            other.unlink()
            outputs.open(str(path)).close()
            assert not path.exists()
            output = outputs.open(str(path))
            assert path.exists()
            outputs.close(output, is_free=True)

    @pytest.mark.usefixtures("disk")
    def test_what_a_program_emptied_again_after_a_flood_is_no_other_attempts(self, tmp_path: Path, path: Path) -> None:
        with Outputs() as outputs:
            output = outputs.open(str(path))
            write(path, b"x" * (HEAD_BYTES + END_BYTES + 5 * MEBIBYTE), watched=output)
            os.truncate(path, 0)
            outputs.close(output, is_free=True)
            other = outputs.open(str(tmp_path / "other"))
            write(tmp_path / "other", lines(1))
            outputs.close(other, is_free=True)
        assert (tmp_path / "other").read_bytes() == lines(1)
