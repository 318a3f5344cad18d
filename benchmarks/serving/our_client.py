"""Twenty processes that log with our own client over HTTP: the sum of their points per second until all is stored.

Each has a run of its own and logs a hundred metrics a call, beside one server on the same machine; the clock runs from
the first call of any of them until the last one's `flush` has said that the server has committed all. What is there
afterwards is counted.
"""

from __future__ import annotations

import os
import statistics
from contextlib import ExitStack

import tracker

from ..figures import Answer, Figure, at_least
from ..peers import work
from ..peers.work import KEYS
from ..processes import ended, heard, log_once_told, start, tell
from ..programs import Facts, Failed
from ..setting import Setting
from .rest import HOST
from .servers import ours, up

WRITERS = 20
# How many points all of them log, in those of a short measurement.
TIMES = 4
TARGET = at_least(1_000_000, 2_000_000)


def answer(setting: Setting) -> Answer:
    """Let them log."""
    rounds = [turn(setting) for _ in range(setting.rounds)]
    rate = statistics.median(each["rate"] for each in rounds)
    title = f"our client, {WRITERS} processes, {len(KEYS)} metrics a call, sum"
    return Answer([Figure(title, "points/s", rate, TARGET)], {"rounds": rounds})


def turn(setting: Setting) -> Facts:
    """Log into a new store, and count what is there.

    Raises:
        Failed: there is another number of points than were logged.
    """
    points = max(len(KEYS), TIMES * setting.points // WRITERS)
    with setting.room() as room, up(ours(), room) as running, ExitStack() as stack:
        address = f"http://{HOST}:{running.port}"
        words = {"points": points, "metrics": len(KEYS), "folder": room, "mode": address}
        writers = [start(stack, "serving.our_client", **words) for _ in range(WRITERS)]
        for each in writers:
            heard(each)
        for each in writers:
            tell(each)
        answers = [ended(each) for each in writers]
        seconds = max(each["ended"] for each in answers) - min(each["started"] for each in answers)
        logged = sum(each["points"] for each in answers)
        found = stored(address, [each["run"] for each in answers])
    if found != logged:
        raise Failed(f"{found:,} points are stored, and {logged:,} were logged")
    return {"rate": logged / seconds, "points": logged, "seconds": seconds}


def stored(address: str, runs: list[str]) -> int:
    """Count the points that a server has of runs."""
    with tracker.open(address) as store:
        return sum(len(curve) for curve in store.metric_histories(runs).values())


def main() -> None:
    """Log once told to, from a spool in the folder, and tell of it."""
    asked = work.arguments(__doc__)
    os.environ["TRACKER_SPOOL"] = str(asked.folder / "spool")
    work.answer(log_once_told(asked.mode, asked.calls()))


if __name__ == "__main__":
    main()
