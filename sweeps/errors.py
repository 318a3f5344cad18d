"""Everything that sweeps raises on purpose.

    SweepError
    ├── InvalidSweep               a sweep, or a sweep file, that cannot be run
    ├── SweepNotFound              no such sweep in the store
    ├── SweepRunning               another process runs it already
    ├── SweepNotRunning            nobody runs it (any more)
    ├── SpaceChanged               a sweep cannot go on with other parameters than it began with
    ├── ExampleNotFound            no such built-in example
    ├── TargetNotFound             the program or function to run is not there
    ├── MetricNeverLogged          the sweep ended and no trial had logged its metric
    └── NoTrialSucceeded           the sweep ended and every trial had failed
    TrialPruned                    raised inside a trial that was told to stop

A message is one line, built here from the facts.
"""

from __future__ import annotations

from collections.abc import Iterable


class SweepError(Exception):
    """Base of every error that sweeps raises on purpose."""


class InvalidSweep(SweepError, ValueError):
    """A sweep that cannot be run.

    `source` is the file, `line` its line (from 1), and `where` the place within the sweep, such as
    `parameters.lr.min`; each may be unknown.
    """

    def __init__(self, problem: str, *, where: str = "", source: str = "", line: int | None = None) -> None:
        self.problem = problem
        self.where = where
        self.source = source
        self.line = line
        place = f"{source}:{line}" if source and line is not None else source
        super().__init__(": ".join(part for part in (place, where, problem) if part))


class SweepNotFound(SweepError, LookupError):
    """No such sweep in the store."""

    def __init__(self, wanted: str, known: Iterable[str] = ()) -> None:
        self.wanted = wanted
        self.known = tuple(dict.fromkeys(known))
        there = f"; there is {', '.join(self.known[:8])}" if self.known else "; the store holds no sweep yet"
        super().__init__(f"no sweep {wanted!r}{there}")


class SweepRunning(SweepError):
    """Another process, or another part of this one, runs the sweep already."""

    def __init__(self, name: str, pid: int) -> None:
        self.pid = pid
        super().__init__(f"sweep {name!r} is running already, in process {pid}; look at it with: sweeps status {name}")


class SweepNotRunning(SweepError):
    """Nobody runs the sweep, so it cannot be stopped; `standing` says how it stands."""

    def __init__(self, name: str, standing: str) -> None:
        super().__init__(f"sweep {name!r} does not run: {standing}")


class SpaceChanged(SweepError, ValueError):
    """A sweep cannot go on with other parameters than it began with; `differences` says what changed, a line each."""

    def __init__(self, name: str, differences: Iterable[str]) -> None:
        self.differences = tuple(differences)
        remedy = "undo that, or fork the sweep: a new one that begins with what this one has learned"
        super().__init__(f"sweep {name!r} cannot go on: {'; '.join(self.differences)}; {remedy}")


class ExampleNotFound(SweepError, LookupError):
    """No built-in example of that name, and no file either."""

    def __init__(self, wanted: str, known: Iterable[str]) -> None:
        super().__init__(f"no sweep file and no example {wanted!r}; the examples are {', '.join(known)}")


class TargetNotFound(SweepError, LookupError):
    """The program or function to run is not there."""


class MetricNeverLogged(SweepError):
    """The sweep ended and no trial had logged its metric."""

    def __init__(self, metric: str, logged: Iterable[str]) -> None:
        self.metric = metric
        self.logged = tuple(sorted(logged))
        names = f"logged were {', '.join(self.logged)}" if self.logged else "no metric was logged at all"
        super().__init__(f"no trial logged the metric {metric!r}; {names}")


class NoTrialSucceeded(SweepError):
    """The sweep ended, and trials failed and none succeeded."""

    def __init__(self, trials: int, reason: str) -> None:
        super().__init__(
            f"all {trials} trials failed; the last one: {reason}" if trials > 1 else f"its trial failed: {reason}"
        )


class TrialPruned(Exception):
    """Raised by `trial.log` when the trial was told to stop: a signal to the trial's own code; let it pass."""
