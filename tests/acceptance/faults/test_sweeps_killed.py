"""`kill -9` of a sweep's scheduler, of its trials' processes, and of both, until the sweep has come to its end.

Nothing is lost and nothing is run twice; no process is left; and the sweep comes to what it comes to undisturbed.
The campaign, at least 100 kills in some minutes:

    python -m pytest -m campaign tests/acceptance/faults/test_sweeps_killed.py

A failure names its seed and round; FAULT_SEED=… FAULT_ONLY=… before the command replays that round's choices.
FAULT_KILLS=… makes it longer.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict, replace
from itertools import count
from pathlib import Path

import pytest

from .dice import dice
from .killing import ROOT, SCHEDULER, Campaign, compared, kinds
from .sweeping import WHOLE, Order
from .trials import EVENTS, LOCKS

KILLS = 100
TRIALS = 30
# So many kills in a round at most: then its sweep may end.
IN_A_ROUND = 25
SWEEPS = [
    ("grid", "processes"),
    ("random", "command"),
    ("tpe", "processes"),
    ("random", "processes"),
    ("pruned", "processes"),
    ("grid", "command"),
    ("tpe", "command"),
]


def order_of(search: str, executor: str, trials: int, *, forgets: bool = False) -> Order:
    return Order(search, executor, store="", result="", trials=trials, seed=7, forgets=forgets)


def play(folder: Path, order: Order, most: int, *seed: int) -> Campaign:
    name = f"FAULT_SEED={seed[0]}" + "".join(f" FAULT_ONLY={number}" for number in seed[1:])
    with Campaign(folder, order, dice(*seed), name) as campaign:
        campaign.play(most)
        problems = campaign.compare()
    assert not problems, f"{name}, {order.search} by {order.executor}, {dict(campaign.kills)}: {problems}"
    return campaign


@pytest.mark.parametrize(
    ("search", "executor"), [pytest.param("tpe", "processes", marks=pytest.mark.campaign), ("random", "command")]
)
def test_a_sweep_that_is_killed_comes_to_what_it_comes_to_undisturbed(
    tmp_path: Path, seed: int, search: str, executor: str
) -> None:
    play(tmp_path / "sweep", order_of(search, executor, trials=5), 3, seed)


def test_a_scheduler_may_be_killed_with_any_of_its_records(tmp_path: Path) -> None:
    order = Order("grid", "inline", str(tmp_path / "store"), str(tmp_path / "result"), trials=2, seed=7)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", f"{__package__}.sweeping", "every", json.dumps(asdict(order))],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), EVENTS: os.devnull, LOCKS: str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    places = [line for line in done.stdout.splitlines() if line.startswith("-")]
    whole, *killed = (
        replace(order, store=order.store + place, result=order.result + place) for place in (f"-{WHOLE}", *places)
    )
    # A trial alone has six: its run, its tags, its params, its attempt's beginning, its verdict, its end.
    assert len(killed) > 2 * 2 * 6
    found = {this.store: problems for this in killed if (problems := compared(this, whole))}
    assert not found


def test_the_control_that_forgets_runs_trials_twice(tmp_path: Path, seed: int) -> None:
    order = order_of("random", "command", trials=3, forgets=True)
    # By the eighth word a trial has begun, and not all of them have ended.
    patience = range(8, 13)
    with Campaign(tmp_path / "sweep", order, dice(seed), f"FAULT_SEED={seed}", patience=patience) as control:
        control.play(1, (SCHEDULER,))
        found = kinds(control.compare())
    assert control.kills == {SCHEDULER: 1}
    assert {"repeated", "doubled"} <= set(found), f"FAULT_SEED={seed}: {found}"


@pytest.mark.campaign
@pytest.mark.timeout(3600)
def test_the_campaign(tmp_path: Path, seed: int, only: int | None) -> None:
    wanted, kills = int(os.environ.get("FAULT_KILLS", KILLS)), 0
    for number in count() if only is None else [only]:
        search, executor = SWEEPS[number % len(SWEEPS)]
        order = order_of(search, executor, TRIALS)
        campaign = play(tmp_path / f"round-{number}", order, IN_A_ROUND, seed, number)
        kills += campaign.kills.total()
        print(f"round {number}: {search} by {executor}, {dict(campaign.kills)}, 0 problems", flush=True)  # noqa: T201
        if kills >= wanted and number >= len(SWEEPS) - 1:
            break
