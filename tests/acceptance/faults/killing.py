"""Kill a sweep's scheduler and its trials' processes, and look whether the sweep came to what it comes to unharmed.

What is true of trials and processes is found out here without the code under test: by what trials say of themselves
in a pipe, and by a variable of the environment that every process of the campaign inherits.
"""

from __future__ import annotations

import json
import os
import random
import select
import signal
import subprocess
import sys
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import NamedTuple, Self

import tracker
from sweeps.study.record import attempt_starts, newest
from tracker import History, RunInfo, Tracker

from .sweeping import ENDS, Order, undisturbed
from .trials import EVENTS, LOCKS, STEPS

ROOT = Path(__file__).parents[3]
FINAL = frozenset({"complete", "pruned", "failed", "killed"})
# What is killed: the scheduler with one of its records, or from outside; the trials' processes; all at once.
RECORD, SCHEDULER, WORKERS, BOTH = STRIKES = ("record", "scheduler", "workers", "both")


class Strike(NamedTuple):
    """What is killed, and with which of the journal's records, or after how many of the trials' words."""

    what: str
    after: int
    end: str


class Word(NamedTuple):
    """What a trial or a scheduler said."""

    word: str
    number: int
    attempt: int
    pid: int


@dataclass
class Campaign:
    """One sweep, the processes that run it one after another, and all that was said."""

    folder: Path
    order: Order
    rng: random.Random
    name: str
    # With which record, or after how many words, something is killed.
    records: range = range(1, 31)
    patience: range = range(1, 26)
    words: list[Word] = field(default_factory=list)
    # The process of each trial that runs.
    running: dict[int, int] = field(default_factory=dict)
    kills: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True)
        (self.folder / "locks").mkdir()
        os.mkfifo(self.folder / "events")
        self._marker = uuid.uuid4().hex
        # As a writer too, so that it has no end when nobody else writes.
        self._events = os.open(self.folder / "events", os.O_RDWR | os.O_NONBLOCK)
        self._half = b""
        self.order = replace(self.order, store=str(self.folder / "store"), result=str(self.folder / "result"))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for pid in self.left():
            self.kill(pid)
        os.close(self._events)

    def play(self, most: int, strikes: tuple[str, ...] = STRIKES) -> None:
        """Run the sweep and kill, at most so often; in the end let it come to its end."""
        ended = False
        while not ended:
            strike = None if self.kills.total() >= most else self._draw(strikes)
            ended = self._live(strike, most, strikes)

    def compare(self) -> list[str]:
        """Return what is wrong, in words; a sweep that nobody disturbs is run for it."""
        unharmed = undisturbed(self.order, self.folder / "unharmed", self.folder / "unharmed-result")
        orphans = [f"orphan: process {pid} is left" for pid in self.left()]
        with Campaign(self.folder / "judge", unharmed, self.rng, self.name) as judge:
            judge.order = unharmed
            judge.play(0)
        judged = [*self._said(), *compared(self.order, unharmed, self._begun())]
        return orphans + judged

    def left(self) -> list[int]:
        """Return the processes of this campaign that live."""
        found = []
        for environment in Path("/proc").glob("[0-9]*/environ"):
            with suppress(OSError):  # it has ended meanwhile, or is another user's
                if self._marker.encode() in environment.read_bytes():
                    found.append(int(environment.parent.name))
        return found

    def kill(self, pid: int) -> bool:
        """Kill a process of this campaign; say whether it was there to be killed."""
        with suppress(OSError), _descriptor_of(pid) as descriptor:
            if self._marker.encode() in Path(f"/proc/{pid}/environ").read_bytes():
                signal.pidfd_send_signal(descriptor, signal.SIGKILL)
                return True
        return False

    def _draw(self, strikes: tuple[str, ...]) -> Strike:
        what = self.rng.choice(strikes)
        after = self.rng.choice(self.records if what == RECORD else self.patience)
        return Strike(what, after, self.rng.choice(ENDS))

    def _live(self, strike: Strike | None, most: int, strikes: tuple[str, ...]) -> bool:
        """Run one scheduler until it ends or is killed; say whether the sweep has ended."""
        process = self._start(strike)
        for _ in self._words(process.pid):
            if strike is None or strike.what == RECORD:
                continue
            strike = strike._replace(after=strike.after - 1)
            if strike.after > 0:
                continue
            self._strike(strike.what, process)
            again = strike.what == WORKERS and self.kills.total() < most
            strike = self._draw(tuple(set(strikes) - {RECORD})) if again else None
        code = process.wait()
        assert code in {0, -signal.SIGKILL}, f"{self.name}: exit code {code}: {self._errors()}"
        assert "Traceback" not in self._errors(), f"{self.name}: {self._errors()}"
        if code and strike is not None and strike.what == RECORD:
            self.kills[RECORD] += 1
        return code == 0

    def _start(self, strike: Strike | None) -> subprocess.Popen[bytes]:
        order = self.order
        if strike is not None and strike.what == RECORD:
            order = replace(order, dies_at=strike.after, end=strike.end)
        environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "CAMPAIGN": self._marker,
            EVENTS: str(self.folder / "events"),
            LOCKS: str(self.folder / "locks"),
            "OPENBLAS_NUM_THREADS": "1",
        }
        with (self.folder / "errors").open("ab") as errors:
            return subprocess.Popen(
                [sys.executable, "-W", "error", "-m", f"{__package__}.sweeping", json.dumps(asdict(order))],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=errors,
                stderr=errors,
                start_new_session=True,
            )

    def _strike(self, what: str, process: subprocess.Popen[bytes]) -> None:
        struck = 0
        if what in {WORKERS, BOTH}:
            running = list(self.running.values())
            for pid in self.rng.sample(running, self.rng.randint(1, len(running)) if running else 0):
                struck += self.kill(pid)
        if what in {SCHEDULER, BOTH}:
            process.kill()
            struck += 1
        self.kills[what] += bool(struck)

    def _words(self, scheduler: int) -> Iterator[Word]:
        """Yield what is said until the scheduler has ended."""
        poll = select.poll()
        with _descriptor_of(scheduler) as descriptor:
            poll.register(self._events, select.POLLIN)
            poll.register(descriptor, select.POLLIN)
            while True:
                ready = {file for file, _ in poll.poll()}
                yield from self._read()
                if descriptor in ready:
                    yield from self._read()
                    return

    def _read(self) -> Iterator[Word]:
        with suppress(BlockingIOError):
            *lines, self._half = (self._half + os.read(self._events, 1 << 16)).split(b"\n")
            for line in lines:
                word, number, attempt, pid = line.decode().split()
                said = Word(word, int(number), int(attempt), int(pid))
                self.words.append(said)
                self._follow(said)
                yield said

    def _follow(self, said: Word) -> None:
        if said.word == "begin":
            self.running[said.number] = said.pid
        elif said.word != "step" and self.running.get(said.number) == said.pid:
            del self.running[said.number]

    def _begun(self) -> set[tuple[int, int]]:
        return {(said.number, said.attempt) for said in self.words if said.word == "begin"}

    def _said(self) -> list[str]:
        """Return what is wrong by what trials and schedulers said, in its order."""
        problems, ended = [], set()
        begun: Counter[tuple[int, int]] = Counter()
        for said in self.words:
            if said.word == "twice":
                problems.append(f"at once: trial {said.number} began while another attempt at it lived")
            elif said.word == "begin":
                begun[said.number, said.attempt] += 1
                if said.number in ended:
                    problems.append(f"again: trial {said.number} began after it had ended")
            elif said.word in FINAL:
                ended.add(said.number)
        problems += [f"repeated: attempt {attempt} at trial {n}" for (n, attempt), c in begun.items() if c > 1]
        return problems

    def _errors(self) -> str:
        return (self.folder / "errors").read_text(errors="replace")


@contextmanager
def _descriptor_of(pid: int) -> Iterator[int]:
    descriptor = os.pidfd_open(pid)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def compared(killed: Order, unharmed: Order, begun: set[tuple[int, int]] | None = None) -> list[str]:
    """Return what differs between a sweep that was killed and the one that was not.

    `begun` holds trial and attempt of all that ever began, where that is known.
    """
    problems = []
    ours, theirs = (json.loads(Path(order.result).read_text()) for order in (killed, unharmed))
    if (ours["best"], ours["ended"]) != (theirs["best"], theirs["ended"]):
        problems.append(f"result: {ours} is not {theirs}")
    with tracker.open(killed.store, create=False) as one, tracker.open(unharmed.store, create=False) as other:
        found, wanted = one.children(ours["sweep_id"]), other.children(theirs["sweep_id"])
        problems += [f"lost: {name}" for name in _names(wanted) - _names(found)]
        problems += [f"invented: {name}" for name in _names(found) - _names(wanted)]
        problems += [f"doubled: {name}" for name, count in _names(found).items() if count > 1]
        expected = {run.name: run for run in wanted}
        for run in (run for run in found if run.name in expected):
            problems += _differences(run, one, expected[run.name], other)
            problems += [] if begun is None else _unaccounted(run, one, begun)
        parent = one.get_run(ours["sweep_id"])
        problems += [] if parent.status == "FINISHED" else [f"the sweep's run: {parent.status}"]
    return problems


def _names(runs: list[RunInfo]) -> Counter[str]:
    return Counter(run.name for run in runs)


def _differences(run: RunInfo, store: Tracker, wanted: RunInfo, other: Tracker) -> list[str]:
    """Return where a trial differs from the same trial of the sweep that was not killed."""
    facts = {
        "params": (run.params, wanted.params),
        "status": (run.status, wanted.status),
        "ended": (run.end_time is None, wanted.end_time is None),
        "curve": (_curve(run, store), _curve(wanted, other)),
        # What lost attempts had logged is taken back.
        "points": tuple(_points(s.metric_history(r.run_id, "loss")) for r, s in ((run, store), (wanted, other))),
        **{tag: (run.tags.get(tag), wanted.tags.get(tag)) for tag in ("trial.state", "trial.value", "trial.proposal")},
        "reason": (run.tags.get("trial.reason") or "", wanted.tags.get("trial.reason") or ""),
    }
    return [
        f"{what} of {run.name}: {was!r} is not {should!r}" for what, (was, should) in facts.items() if was != should
    ]


def _unaccounted(run: RunInfo, store: Tracker, begun: set[tuple[int, int]]) -> list[str]:
    """Return what a trial's run does not say, or says wrongly, of the attempts at it."""
    number, attempts = int(run.tags["trial.number"]), len(attempt_starts(run))
    problems = []
    causes = json.loads(run.tags.get("trial.causes") or "[]")
    if len(causes) != attempts - 1:
        problems.append(f"attempts: {run.name} was begun {attempts} times and failed by {causes}")
    known = {(number, attempt) for attempt in range(attempts)}
    ours = {(n, attempt) for n, attempt in begun if n == number}
    problems += [f"attempts: {run.name} had an attempt {attempt} that nobody launched" for _, attempt in ours - known]
    if (number, attempts - 1) not in ours:
        problems.append(f"attempts: {run.name} ended by an attempt that never began")
    last = [step for step, attempt in _points(store.metric_history(run.run_id, "attempt")) if attempt == attempts - 1]
    if last != sorted(set(last)) or (run.tags["trial.state"] == "complete" and len(last) != STEPS):
        problems.append(f"curve: of its last attempt {run.name} holds {last}")
    problems += _outputs_missing(run, store, {attempt for _, attempt in ours})
    return problems


def _outputs_missing(run: RunInfo, store: Tracker, attempts: set[int]) -> list[str]:
    folder = Path(store.path).parent / "outputs" / run.name
    store.download(run.run_id, folder)
    number = run.tags["trial.number"]
    wanted = {f"{number}-{attempt}.txt": f"attempt {attempt} at trial {number}\n" for attempt in attempts}
    kept = {path.name: path.read_text() for path in folder.rglob("*.txt")}
    # One that was killed as it began may have printed nothing yet.
    return [f"output: {kept.get(name)!r} of {name}" for name, text in wanted.items() if kept.get(name, text) != text]


def _curve(run: RunInfo, store: Tracker) -> list[tuple[int, float]]:
    history = store.metric_history(run.run_id, "loss")
    columns = history.steps.tolist(), history.timestamps.tolist(), history.values.tolist()
    return newest(sorted(zip(*columns, strict=True), key=lambda point: point[1]), attempt_starts(run))


def _points(history: History) -> list[tuple[int, float]]:
    return list(zip(history.steps.tolist(), history.values.tolist(), strict=True))


def kinds(problems: list[str]) -> dict[str, int]:
    """Count problems by their first word."""
    found: defaultdict[str, int] = defaultdict(int)
    for problem in problems:
        found[problem.partition(":")[0]] += 1
    return dict(found)
