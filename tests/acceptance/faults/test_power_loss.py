"""Power loss by replay: what was *stored* when the power went is there, once, and nothing else is.

A program logs and flushes while every change of its files is recorded. The disk is rebuilt as it may be at a thousand
moments, opened as anyone would, and compared with the program's ledger up to that moment. The campaign:

    python -m pytest -m campaign tests/acceptance/faults/test_power_loss.py

A failure names its seed and cut; FAULT_SEED=… FAULT_ONLY=<cut> before the command replays it (the traces are new ones:
what was logged is the same, the moments of background work are not).
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

import tracker

from .dice import dice
from .ledger import Call, calls_of, verify
from .nursery import ROOT
from .replay import RENAME, Disk, Luck, Record, read_trace
from .shim import recording

CUTS, TRACES = 960, 8

LOGS_AND_FLUSHES = """
import sys
import random
import tracker
from pathlib import Path
from tests.acceptance.faults.ledger import Ledger
from tests.acceptance.faults.roles import Stream
from tests.acceptance.faults.dice import dice

folder, seed = Path(sys.argv[1]), sys.argv[2]
rng = dice(seed)
ledger = Ledger(folder / "ledgers")
for opening in range(3):
    with tracker.open(folder / "store") as opened:
        with opened.start_run("power") as run:
            stream = Stream(ledger, run, rng)
            for number in range(12):
                stream.burst()
                if number % 4 == 1:
                    # Another process, which dies: its journal is folded in, and removed.
                    with tracker.attach(folder / "store") as attached:
                        theirs = Ledger(folder / "ledgers")
                        Stream(theirs, attached.run(run.run_id), rng).burst()
                    assert opened.catch_up()
                    ledger.reached("stored")
                    theirs.reached("stored")
                elif rng.random() < 0.6:
                    assert ledger.flush(run) == tracker.Level.STORED
"""
# The control: a commit is not forced to the disk.
NORMAL = """
from tracker.store.sqlite.connection import Connection

as_it_was, replaced = Connection.run_script, []

async def run_as_normal(connection, sql):
    if "synchronous" in sql:
        assert sql.count("PRAGMA synchronous = FULL;") == 1, sql
        sql = sql.replace("PRAGMA synchronous = FULL;", "PRAGMA synchronous = NORMAL;")
        replaced.append(sql)
    await as_it_was(connection, sql)

Connection.run_script = run_as_normal
"""
# The store stays out of reach, so that flushing only syncs the journal.
SYNCS = """
import fcntl
import sys
import tracker
from pathlib import Path
from tests.acceptance.faults.ledger import Ledger
from tests.acceptance.faults.roles import Stream
from tests.acceptance.faults.dice import dice

folder, seed = Path(sys.argv[1]), sys.argv[2]
ledger = Ledger(folder / "ledgers")
with tracker.open(folder / "store") as opened, opened.start_run("power") as run:
    ledger.log(run, {"first": 1.0}, 0)
    assert ledger.flush(run) == tracker.Level.STORED
    with tracker.attach(folder / "store") as attached, open(folder / "store" / "tracker.lock") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        stream = Stream(ledger, run, dice(seed))
        for _ in range(8):
            stream.burst()
            assert ledger.flush(run, timeout=0.02) == tracker.Level.SYNCED
        fcntl.flock(lock, fcntl.LOCK_UN)
"""


# Made, used and left at once: most moments are among those of its making.
MAKES = """
import sys
import tracker
from pathlib import Path
from tests.acceptance.faults.ledger import Ledger

folder = Path(sys.argv[1])
ledger = Ledger(folder / "ledgers")
with tracker.open(folder / "store") as opened, opened.start_run("new") as run:
    ledger.log(run, {"first": 1.0}, 0)
    assert ledger.flush(run) == tracker.Level.STORED
"""


@dataclass
class Trace:
    """What a program did below its folder."""

    folder: Path
    records: list[Record]
    made: list[str]

    def cuts(self, rng: random.Random, count: int) -> Iterator[tuple[int, Disk]]:
        """Yield the disk at random moments, the earliest first."""
        moments = Counter(rng.randrange(len(self.records) + 1) for _ in range(count))
        disk = Disk(self.folder, self.made)
        for moment, record in enumerate([*self.records, None]):
            for _ in range(moments[moment]):
                yield moment, disk
            if record is not None:
                disk.do(record)

    def until(self, operation: int, name: str, records: int) -> Trace:
        """Return its beginning, up to so many records after the first such operation on a file of that name."""
        first = next(
            place
            for place, record in enumerate(self.records)
            if record.operation == operation and record.path.endswith(name)
        )
        return Trace(self.folder, self.records[: first + records], self.made)


def record(shim: Path, folder: Path, program: str, seed: object, made: Sequence[str] = ("store", "ledgers")) -> Trace:
    """Run a program in a folder where some folders were made, and are safe; "ledgers" is for its ledgers."""
    for part in made:
        (folder / part).mkdir(parents=True)
    trace = folder.with_suffix(".trace")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program, folder, str(seed)],
        env={**os.environ, "PYTHONPATH": str(ROOT), **recording(shim, folder, trace)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    records = list(read_trace(trace))
    assert any(each.path.endswith(".db-wal") for each in records), "the shim was not in force"
    return Trace(folder, records, list(made))


def check(
    trace: Trace, target: Path, cuts: int, level: str, seed: Sequence[object]
) -> Iterator[tuple[str, dict[str, list[str]]]]:
    """Lose power at so many moments; yield each one's name and what is wrong with it."""
    rng = dice(*seed, "moments")
    for number, (moment, disk) in enumerate(trace.cuts(rng, cuts)):
        luck = Luck(dice(*seed, number))
        disk.lose_power("store", target, luck)
        try:
            problems = verify(target, ledgers_of(disk), require=level, create=True).problems
        except tracker.TrackerError as error:
            problems = {"closed": [str(error), *sorted(path.name for path in target.iterdir())]}
        yield f"cut {number} at {moment} of {len(trace.records)}", problems
        shutil.rmtree(target)


def ledgers_of(disk: Disk) -> list[list[Call]]:
    """Return the ledgers as they were when the power went: they are nobody's to lose."""
    if "ledgers" not in disk.folder.now:
        return []
    return [calls_of(disk.content(f"ledgers/{name}")) for name in disk.files("ledgers")]


def test_what_is_stored_survives_a_power_loss(shim: Path, tmp_path: Path, seed: int) -> None:
    trace = record(shim, tmp_path / "traced", LOGS_AND_FLUSHES, seed)
    for name, problems in check(trace, tmp_path / "left", 20, "stored", [seed]):
        assert not problems, f"FAULT_SEED={seed}, {name}: {problems}"


def test_the_control_without_full_synchronisation_loses(shim: Path, tmp_path: Path, seed: int) -> None:
    trace = record(shim, tmp_path / "traced", NORMAL + LOGS_AND_FLUSHES + "\nassert replaced\n", seed)
    found = check(trace, tmp_path / "left", 100, "stored", [seed])
    assert any("lost" in problems for _, problems in found), f"FAULT_SEED={seed}"


def test_what_is_synced_survives_a_power_loss(shim: Path, tmp_path: Path, seed: int) -> None:
    trace = record(shim, tmp_path / "traced", SYNCS, seed)
    for name, problems in check(trace, tmp_path / "left", 40, "synced", [seed]):
        assert not problems, f"FAULT_SEED={seed}, {name}: {problems}"


@pytest.mark.campaign
def test_a_store_whose_making_was_cut_short_can_be_opened(shim: Path, tmp_path: Path, seed: int) -> None:
    whole = record(shim, tmp_path / "traced", MAKES, seed)
    # The moments after the new file was given its name.
    trace = whole.until(RENAME, "tracker.new", 40)
    for name, problems in check(trace, tmp_path / "left", 200, "stored", [seed]):
        assert not problems, f"FAULT_SEED={seed}, {name}: {problems}"


def test_what_is_stored_in_a_folder_that_was_made_for_it_survives(shim: Path, tmp_path: Path, seed: int) -> None:
    trace = record(shim, tmp_path / "traced", MAKES, seed, ["ledgers"])
    for name, problems in check(trace, tmp_path / "left", 60, "stored", [seed]):
        assert not problems, f"FAULT_SEED={seed}, {name}: {problems}"


@pytest.mark.campaign
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(
    ("program", "level"),
    [
        pytest.param(LOGS_AND_FLUSHES, "stored", id="stored"),
        pytest.param(SYNCS, "synced", id="synced"),
    ],
)
def test_the_power_loss_campaign(
    shim: Path, tmp_path: Path, seed: int, only: int | None, program: str, level: str
) -> None:
    for number in range(TRACES) if only is None else [only]:
        trace = record(shim, tmp_path / f"traced-{number}", program, f"{seed}/{number}")
        for name, problems in check(trace, tmp_path / "left", CUTS // TRACES, level, [seed, number]):
            assert not problems, f"FAULT_SEED={seed} FAULT_ONLY={number}, {name}: {problems}"
        print(f"trace {number}: {CUTS // TRACES} cuts, 0 problems", flush=True)  # noqa: T201
