"""Whole processes that log into one store, and are killed: what `log` returned from is there, once."""

from __future__ import annotations

import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

import tracker

Process = Callable[..., subprocess.Popen[str]]

LOGS_UNTIL_KILLED = """
    import sys
    import tracker

    store = tracker.open(sys.argv[1])
    run = store.start_run("killed", run_id=sys.argv[2] if len(sys.argv) > 2 else None)
    step = int(sys.argv[3]) if len(sys.argv) > 3 else 0
    print(run.run_id, flush=True)
    while True:
        run.log({"loss": step / 8, "nan": float("nan")}, step=step)
        print(step, flush=True)
        step += 1
"""
# The control: the same program, but its metrics wait in memory for a good moment to be written.
GATHERS_UNTIL_KILLED = (
    """
    from tracker.journal import Journal

    gathered = []
    Journal.points = lambda journal, *points: gathered.append(points)
"""
    + LOGS_UNTIL_KILLED
)
LOGS_AND_ENDS = """
    import sys
    import tracker

    sys.stdin.readline()  # so that all of them begin at once
    with tracker.open(sys.argv[1]) as store, store.start_run("together", params={"worker": sys.argv[2]}) as run:
        for step in range(300):
            run.log({"loss": step / 8, "acc": -step}, step=step)
            if step % 100 == 50:
                assert run.flush() == "stored"
        assert store.metric_history(run.run_id, "loss").steps.tolist() == list(range(300))
    print(run.run_id)
"""
OPENS = """
    import sys
    import tracker

    sys.stdin.readline()
    with tracker.open(sys.argv[1]) as store:
        print(len(store.search_experiments()))
"""
OPENS_AND_STAYS = """
    import sys
    import tracker

    with tracker.open(sys.argv[1]) as store:
        print("open", flush=True)
        sys.stdin.readline()
        print(len(store.search_runs()))
"""


def read_until(process: subprocess.Popen[str], enough: int) -> list[int]:
    """Read so many lines, kill the process, and return all it said before it died."""
    assert process.stdout
    said = [int(process.stdout.readline()) for _ in range(enough)]
    process.kill()
    rest = process.stdout.read()
    # The last line may be cut: what it said there is not known.
    said += [int(line) for line in rest.splitlines(keepends=True) if line.endswith("\n")]
    assert process.wait() == -9
    return said


def sound(store: Path) -> bool:
    with closing(sqlite3.connect(store / "tracker.db")) as connection:
        checks = [
            connection.execute(f"PRAGMA {check}").fetchall() for check in ("integrity_check", "foreign_key_check")
        ]
    return checks == [[("ok",)], []]


def test_a_process_that_is_killed_again_and_again_loses_and_repeats_nothing(store: Path, start_python: Process) -> None:
    run_id, said = "", [-1]
    for enough in (1, 40, 400, 1500):
        process = start_python(LOGS_UNTIL_KILLED, store, *([run_id, said[-1] + 1] if run_id else []))
        assert process.stdout
        run_id = process.stdout.readline().strip()
        said += read_until(process, enough)
        with tracker.open(store) as reader:
            steps = reader.metric_history(run_id, "loss").steps.tolist()
        # One more may have been logged than could be said.
        assert said[-1] <= len(steps) - 1 <= said[-1] + 1
        assert steps == list(range(len(steps)))
        said.append(len(steps) - 1)
    with tracker.open(store) as reader:
        found = reader.metric_history(run_id, "loss")
        assert found.values.tolist() == [step / 8 for step in found.steps.tolist()]
        assert len(reader.metric_history(run_id, "nan")) == len(found)
        assert reader.get_run(run_id).metrics["loss"] == found.values[-1]
    assert sound(store)
    assert list((store / "journals").iterdir()) == []


def test_the_control_that_gathers_in_memory_loses_what_it_logged(store: Path, start_python: Process) -> None:
    process = start_python(GATHERS_UNTIL_KILLED, store)
    assert process.stdout
    run_id = process.stdout.readline().strip()
    said = read_until(process, 100)
    with tracker.open(store) as reader:
        assert reader.get_run(run_id).status == "RUNNING"
        assert (len(said) >= 100, len(reader.metric_history(run_id, "loss"))) == (True, 0)


def test_several_processes_that_are_killed_together_lose_and_repeat_nothing(store: Path, start_python: Process) -> None:
    processes = [start_python(LOGS_UNTIL_KILLED, store) for _ in range(3)]
    said = {}
    for process in processes:
        assert process.stdout
        run_id = process.stdout.readline().strip()
        said[run_id] = read_until(process, 200)
    with tracker.open(store) as reader:
        for run_id, steps in said.items():
            found = reader.metric_history(run_id, "loss").steps.tolist()
            assert found == list(range(len(found)))
            assert steps[-1] <= len(found) - 1 <= steps[-1] + 1
    assert sound(store)


def finish(processes: list[subprocess.Popen[str]]) -> list[str]:
    """Let all begin at once, and return what each said; none may complain."""
    for process in processes:
        assert process.stdin
        process.stdin.write("\n")
        process.stdin.flush()
    ends = [process.communicate(timeout=90) for process in processes]
    assert [(process.returncode, err) for process, (_, err) in zip(processes, ends, strict=True)] == [
        (0, "") for _ in processes
    ]
    return [out.strip() for out, _ in ends]


def test_several_processes_log_into_one_store_at_once(store: Path, start_python: Process) -> None:
    run_ids = finish([start_python(LOGS_AND_ENDS, store, worker) for worker in range(4)])
    assert len(set(run_ids)) == 4
    with tracker.open(store) as reader:
        for run_id in run_ids:
            found = reader.metric_history(run_id, "acc")
            assert found.steps.tolist() == list(range(300))
            assert found.values.tolist() == [-step for step in range(300)]
        found_runs = reader.search_runs(experiment_names=["together"])
        assert {run.params["worker"] for run in found_runs} == {"0", "1", "2", "3"}
        assert {run.status for run in found_runs} == {tracker.RunStatus.FINISHED}
    assert sound(store)


@pytest.mark.parametrize("made", [False, True])
def test_several_processes_may_open_an_empty_folder_at_once(store: Path, start_python: Process, *, made: bool) -> None:
    if made:
        store.mkdir()
    assert finish([start_python(OPENS, store) for _ in range(5)]) == ["1"] * 5
    assert not [entry.name for entry in store.iterdir() if "new" in entry.name]
    assert sound(store)


def test_a_reader_that_is_open_all_the_while_sees_what_others_log(store: Path, start_python: Process) -> None:
    process = start_python(OPENS_AND_STAYS, store)
    assert process.stdout
    assert process.stdout.readline() == "open\n"
    with tracker.open(store) as here, here.start_run("seen"):
        pass
    assert finish([process]) == ["1"]
