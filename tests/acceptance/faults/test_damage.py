"""Damaged journals and segments: found, named, the intact rest kept, and never a wrong value.

The campaign tries a thousand random places:

    python -m pytest -m campaign tests/acceptance/faults/test_damage.py

A failure names its seed and round; FAULT_SEED=… FAULT_ONLY=… before the command replays that round.
"""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

import tracker
from tracker.journal.frames import MAGIC, whole_frames

from .dice import dice
from .ledger import Call, Ledger, points_of, read_calls, verify

CALLS = 40
ROUNDS, SHORT = 300, 12


@dataclass
class Dead:
    """A store with the journals of processes that have died, and where in each one its calls end, in bytes."""

    folder: Path
    journals: list[Path]
    ends: list[list[int]]
    ledgers: list[list[Call]]

    @property
    def store(self) -> Path:
        return self.folder / "store"

    def copy(self, target: Path) -> Path:
        shutil.rmtree(target, ignore_errors=True)
        return Path(shutil.copytree(self.store, target))

    def calls(self, number: int, begin: int, end: int) -> list[Call]:
        """Return the calls whose bytes overlap a stretch of a journal."""
        starts = [0, *self.ends[number][:-1]]
        stretches = zip(starts, self.ends[number], self.ledgers[number], strict=True)
        return [call for start, stop, call in stretches if start < end and stop > begin]


@pytest.fixture(scope="module")
def dead(tmp_path_factory: pytest.TempPathFactory) -> Dead:
    """Three journals: each of one run, first with one metric a call, then with three."""
    folder = tmp_path_factory.mktemp("dead")
    with tracker.open(folder / "store") as opened:
        runs = [opened.start_run("damaged").run_id for _ in range(3)]
    made = Dead(folder, [], [], [])
    for number, run_id in enumerate(runs):
        ledgers = folder / f"ledgers-{number}"
        ledgers.mkdir()
        with tracker.attach(folder / "store") as attached:
            path, ends = log_and_measure(folder / "store", attached, run_id, Ledger(ledgers))
        made.journals.append(path)
        made.ends.append(ends)
        made.ledgers += read_calls(ledgers)
    return made


def log_and_measure(
    store: Path, attached: tracker.Attachment, run_id: str, ledger: Ledger, calls: int = CALLS
) -> tuple[Path, list[int]]:
    """Log, and return the journal and its size after each call."""
    run, path = attached.run(run_id), Path()
    ends: list[int] = []
    before = set((store / "journals").iterdir())
    for step in range(calls):
        metrics = (
            {"loss": step / 8} if step < calls // 2 else {"loss": step / 8, "acc": -step / 4, "lr": 1e-3 / (step + 1)}
        )
        ledger.log(run, metrics, step)
        path = path if ends else next(iter(set((store / "journals").iterdir()) - before))
        ends.append(path.stat().st_size)
    return path, ends


def flip(path: Path, place: int, bit: int) -> None:
    with path.open("rb+") as file:
        file.seek(place)
        (byte,) = file.read(1)
        file.seek(place)
        file.write(bytes([byte ^ 1 << bit]))


def missing(store: Path, ledgers: list[list[Call]], free: list[Call], name: str) -> int:
    """Compare the store with what was sent; return how many points are missing.

    Only calls that are `free` may be missing, and each of them only as a whole; nothing else may be wrong at all.
    """
    freed = set(map(id, free))
    judged = [[Call(call.run_id, call.points, 0 if id(call) in freed else 1) for call in calls] for calls in ledgers]
    verdict = verify(store, judged)
    assert not verdict.problems, f"{name}: {verdict.problems}"
    return sum(len(call.points) for calls in ledgers for call in calls) - verdict.points


def truncate(dead: Dead, target: Path, rng: random.Random) -> tuple[Path, list[Call], int]:
    """Cut one journal short; return it, the calls that are lost, and where."""
    store, number = dead.copy(target), rng.randrange(3)
    path = store / "journals" / dead.journals[number].name
    place = rng.randrange(path.stat().st_size)
    with path.open("rb+") as file:
        file.truncate(place)
    return path, dead.calls(number, place, dead.ends[number][-1]), place


def turn_bits(dead: Dead, target: Path, rng: random.Random) -> tuple[Path, list[Call], int]:
    """Flip one bit of one journal; return it, the calls from there on, and where."""
    store, number = dead.copy(target), rng.randrange(3)
    path = store / "journals" / dead.journals[number].name
    place = rng.randrange(path.stat().st_size)
    flip(path, place, rng.randrange(8))
    return path, dead.calls(number, place, dead.ends[number][-1]), place


def tear(dead: Dead, target: Path, rng: random.Random) -> tuple[Path, list[Call], int]:
    """Let sectors at one journal's end be zeros or rubbish, as a power loss may; return as `turn_bits` does."""
    store, number = dead.copy(target), rng.randrange(3)
    path = store / "journals" / dead.journals[number].name
    size = path.stat().st_size
    place = rng.randrange(size)
    with path.open("rb+") as file:
        file.seek(place)
        file.write(rng.choice((bytes(size - place), rng.randbytes(size - place))))
    return path, dead.calls(number, place, size), place


DAMAGES = [truncate, turn_bits, tear]
Damage = Callable[[Dead, Path, random.Random], tuple[Path, list[Call], int]]


def play(
    dead: Dead, target: Path, damage: Damage, name: str, rng: random.Random, said: pytest.LogCaptureFixture
) -> None:
    """Damage one journal of three: what lies before is kept, the others are, and the file is named."""
    said.clear()
    path, after, place = damage(dead, target, rng)
    if missing(target, dead.ledgers, after, f"{name}, {path.name} at {place}"):
        # A journal that ends where a call or a layout does looks whole.
        (before,) = (each.read_bytes()[:place] for each in dead.journals if each.name == path.name)
        whole = damage is truncate and whole_frames(before, min(place, len(MAGIC)))[1] == place
        assert whole or any(path.name in each.getMessage() for each in said.records), (
            f"{name}: {path.name} is not named"
        )


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_journal_is_named_and_costs_no_more_than_its_rest(
    dead: Dead, tmp_path: Path, seed: int, caplog: pytest.LogCaptureFixture, damage: Damage
) -> None:
    for number in range(SHORT):
        name = f"FAULT_SEED={seed}, round {number}"
        play(dead, tmp_path / "store", damage, name, dice(seed, number), caplog)


@pytest.mark.campaign
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("damage", DAMAGES)
def test_the_damage_campaign(
    dead: Dead, tmp_path: Path, seed: int, only: int | None, caplog: pytest.LogCaptureFixture, damage: Damage
) -> None:
    for number in range(ROUNDS) if only is None else [only]:
        name = f"FAULT_SEED={seed} FAULT_ONLY={number}"
        play(dead, tmp_path / "store", damage, name, dice(seed, number), caplog)


def test_the_journals_are_whole_without_damage(dead: Dead, tmp_path: Path) -> None:
    """The control: what the tests above find is damage's doing."""
    assert missing(dead.copy(tmp_path / "store"), dead.ledgers, [], "undamaged") == 0


def test_a_flipped_bit_costs_one_call_and_no_more(dead: Dead, tmp_path: Path, seed: int) -> None:
    rng = dice(seed)
    for number in range(SHORT):
        store = dead.copy(tmp_path / "store")
        # A call like those before and after it: what it needs to be read was said earlier.
        hit = rng.choice([*range(2, CALLS // 2), *range(CALLS // 2 + 2, CALLS)])
        begin, end = dead.ends[0][hit - 1], dead.ends[0][hit]
        flip(store / "journals" / dead.journals[0].name, rng.randrange(begin, end), rng.randrange(8))
        assert missing(store, dead.ledgers, [dead.ledgers[0][hit]], f"FAULT_SEED={seed}, round {number}") > 0


def test_a_damaged_journal_is_named_with_the_place(
    dead: Dead, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = dead.copy(tmp_path / "store")
    begin = dead.ends[0][9]
    flip(store / "journals" / dead.journals[0].name, begin + 6, 3)
    missing(store, dead.ledgers, dead.ledgers[0][10:], "flipped")
    assert any(str(begin) in record.getMessage() for record in caplog.records)


def test_a_live_owners_journal_may_be_damaged_too(store: Path, ledgers: Path, caplog: pytest.LogCaptureFixture) -> None:
    """What was logged before is folded in while its owner lives; what cannot be read is named when it is gone."""
    with tracker.open(store):
        pass
    with tracker.attach(store) as attached:
        path, ends = log_and_measure(store, attached, "f" * 32, Ledger(ledgers))
        flip(path, (ends[9] + ends[10]) // 2, 5)
        with tracker.open(store) as opened:
            assert len(opened.metric_history("f" * 32, "loss")) >= 10
    (calls,) = read_calls(ledgers)
    assert missing(store, [calls], calls[10:], "flipped") > 0
    assert any(path.name in record.getMessage() for record in caplog.records)


def test_a_live_owner_goes_on_after_damage(store: Path, ledgers: Path) -> None:
    with tracker.open(store):
        pass
    ledger = Ledger(ledgers)
    with tracker.attach(store) as attached:
        path, ends = log_and_measure(store, attached, "f" * 32, ledger, calls=10)
        flip(path, (ends[2] + ends[3]) // 2, 5)
        with tracker.open(store):
            for step in range(100, 120):
                ledger.log(attached.run("f" * 32), {"loss": float(step)}, step)
    (calls,) = read_calls(ledgers)
    assert missing(store, [calls], [calls[3]], "flipped") == 1


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of two curves in several segments, one of them of one value only."""
    store = tmp_path_factory.mktemp("segments") / "store"
    rng = dice("segments")
    with tracker.open(store) as opened:
        run = opened.start_run("segments")
        for step in range(200):
            run.log({"loss": rng.random(), "flat": 0.5}, step=step if step < 100 else rng.randrange(1000))
            if step % 50 == 49:
                assert run.flush() == tracker.Level.STORED
    return store


def damage_segment(store: Path, key: str, change: Callable[[bytearray], object], which: int) -> None:
    with closing(sqlite3.connect(store / "tracker.db", isolation_level=None)) as connection:
        found = connection.execute(
            "SELECT segment_no, data FROM segments JOIN series USING (series_no) JOIN metric_keys USING (key_no)"
            " WHERE key = ? ORDER BY segment_no",
            (key,),
        ).fetchall()
        number, data = found[which % len(found)]
        content = bytearray(data)
        change(content)
        assert bytes(content) != data
        connection.execute("UPDATE segments SET data = ? WHERE segment_no = ?", (bytes(content), number))


def random_change(rng: random.Random) -> Callable[[bytearray], object]:
    def flip_one(content: bytearray) -> None:
        content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)

    def cut(content: bytearray) -> None:
        del content[rng.randrange(len(content)) :]

    def add(content: bytearray) -> None:
        content.extend(rng.randbytes(rng.randint(1, 20)))

    return rng.choice((flip_one, flip_one, flip_one, cut, add))


def play_segment(stored: Path, store: Path, seed: int, number: int) -> str:
    """Damage one segment of the loss: reading it is an error, never a wrong value; all else is as it was."""
    rng = dice(seed, number)
    shutil.rmtree(store, ignore_errors=True)
    shutil.copytree(stored, store)
    damage_segment(store, "loss", random_change(rng), rng.randrange(9))
    with tracker.open(store) as opened:
        (run,) = opened.search_runs()
        assert opened.metric_history(run.run_id, "flat").values.tolist() == [0.5] * 200
        message = refusal(opened, run.run_id)
        assert message, f"FAULT_SEED={seed} FAULT_ONLY={number}: the damage was not found"
        # It goes on: only that curve is broken, and stays so when segments are merged.
        again = opened.start_run(run_id=run.run_id)
        again.log({"loss": 1.0, "flat": 0.5}, step=5000)
        again.end()
        assert again.flush() == tracker.Level.STORED
        assert len(opened.metric_history(run.run_id, "flat")) == 201
        assert refusal(opened, run.run_id) == message
    return message


def refusal(opened: tracker.Tracker, run_id: str) -> str:
    """Return why the loss cannot be read; nothing if it can."""
    try:
        opened.metric_history(run_id, "loss")
    except tracker.TrackerError as error:
        return str(error)
    return ""


def test_a_damaged_segment_is_an_error_and_no_value(stored: Path, store: Path, seed: int) -> None:
    for number in range(SHORT):
        play_segment(stored, store, seed, number)


@pytest.mark.campaign
@pytest.mark.timeout(3600)
def test_the_segment_campaign(stored: Path, store: Path, seed: int, only: int | None) -> None:
    for number in range(ROUNDS) if only is None else [only]:
        play_segment(stored, store, seed, number)


def test_the_error_names_the_curve(stored: Path, store: Path) -> None:
    with tracker.open(stored) as opened:
        (run,) = opened.search_runs()
    message = play_segment(stored, store, 0, 0)
    assert "loss" in message
    assert run.run_id in message


def test_an_undamaged_store_reads_as_it_was_logged(stored: Path) -> None:
    """The control: what the tests above find is damage's doing."""
    with tracker.open(stored) as opened:
        (run,) = opened.search_runs()
        assert len(points_of(opened.metric_history(run.run_id, "loss"))) == 200
