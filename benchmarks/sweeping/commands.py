"""Commands that do nothing, `python -c pass`, two at a time: a sweep of them, beside a bare loop.

Ours: the clock runs while `sweeps.run` does, so each trial has a child run, its environment, its session, its output
file, and all is stored. The bare loop: two threads that each start a process, wait for it, and start the next.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import orjson

import sweeps
from sweeps import run as run_sweep

from ..figures import Answer, at_least, compared
from ..peers import work
from ..programs import Facts, run
from ..setting import Setting
from .functions import parameters

AT_ONCE = 2
# The share of the trials of a sweep that is resumed.
SHARE = 10
# Turns there and back again in a round. One sweep in ten takes a tenth longer than the others, from its first trial to
# its last: the kernel then lets new processes wait for a core that is taken, beside one that is not.
TIMES = 2
COMMAND = (sys.executable, "-c", "pass")
OURS, BARE = MODES = ("sweep", "loop")
RATIO = at_least(0.8, 0.95)


def answer(setting: Setting) -> Answer:
    """Let the sweep and the loop take turns."""
    rounds = [turns(setting) for _ in range(setting.rounds)]
    ours, bare = ([facts[mode]["trials"] / facts[mode]["seconds"] for facts in rounds] for mode in MODES)
    figure = compared("trials of `python -c pass`, 2 at a time", "trials/s", ours, "a bare loop", bare, RATIO)
    return Answer([figure], {"rounds": rounds})


def turns(setting: Setting) -> Facts:
    """Give them turns there and back, so that a machine that grows slower does that to both; return their reports."""
    found: dict[str, Facts] = {mode: {} for mode in MODES}
    for mode in (*MODES, *reversed(MODES)) * TIMES:
        with setting.room() as room:
            trials = max(AT_ONCE, setting.trials // SHARE)
            told = run("sweeping.commands", mode=mode, trials=trials, folder=room)
        found[mode] = {name: found[mode].get(name, 0) + value for name, value in told.items()}
    return found


def main() -> None:
    """Run a sweep, or the loop."""
    asked = work.arguments(__doc__)
    work.answer(by_sweep(asked) if asked.mode == OURS else by_loop(asked.trials))


def by_sweep(asked: work.Work) -> Facts:
    """Run a sweep, all trials of which must complete."""
    sweep = sweep_of(asked.folder, COMMAND, asked.trials, parameters())
    started = time.monotonic(), cpu()
    result = run_sweep(sweep, store=asked.folder / "store", parallel=AT_ONCE, seed=work.SEED)
    facts = since(*started)
    complete = result.count(sweeps.TrialState.COMPLETE)
    if complete != asked.trials:
        raise SystemExit(f"{complete} of {asked.trials} trials are complete")
    return {"trials": asked.trials, **facts}


def by_loop(trials: int) -> Facts:
    """Run the loop."""
    started = time.monotonic(), cpu()
    with ThreadPoolExecutor(AT_ONCE) as threads:
        list(threads.map(run_one, range(trials)))
    return {"trials": trials, **since(*started)}


def cpu() -> tuple[float, float]:
    """Return the CPU seconds of this process, and of those that it has started and that have ended."""
    times = os.times()
    return times.user + times.system, times.children_user + times.children_system


def since(started: float, before: tuple[float, float]) -> Facts:
    """Return the seconds and CPU seconds since then."""
    own, others = (now - then for now, then in zip(cpu(), before, strict=True))
    return {"seconds": time.monotonic() - started, "cpu": own, "cpu of commands": others}


def sweep_of(
    folder: Path, command: Sequence[str], trials: int, space: Mapping[str, object], **more: object
) -> sweeps.Sweep:
    """Write a sweep's file, and read it."""
    config = {"command": command, "method": "random", "parameters": space, "run_cap": trials, **more}
    path = folder / "sweep.yaml"
    path.write_bytes(orjson.dumps(config))
    return sweeps.Sweep.from_file(path)


def run_one(number: int) -> None:
    """Run one command to its end."""
    code = subprocess.run(COMMAND, stdin=subprocess.DEVNULL, check=False).returncode
    if code:
        raise SystemExit(f"command {number} ended with {code}")


if __name__ == "__main__":
    main()
