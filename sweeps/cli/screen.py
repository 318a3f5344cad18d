"""A sweep's progress as lines of a terminal: pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tracker.cli.manners import pairs, shown
from tracker.cli.terminal import Line

from ..study.record import flat
from ..trial import TrialState
from .progress import Progress, Running, span
from .sparkline import steps_line

_BAR = _PLOT = 40
_TROUBLES = 4
# What stands around the lines of the trials that run.
_AROUND = 6
_STYLES = {
    TrialState.COMPLETE: "green",
    TrialState.PRUNED: "cyan",
    TrialState.FAILED: "red",
    TrialState.KILLED: "yellow",
}
_HEADINGS = ("trial", "attempt", "on", "", "step", "for", "params")


def screen(progress: Progress, height: int) -> list[Line]:
    """Return what a terminal of so many lines shows of a sweep; each line is (text, style) pairs."""
    if not progress.name:
        return [[("starting …", "bright_black")]]
    lines = [_head(progress), _bar(progress), *_best(progress)]
    troubles = [*_troubles(progress)]
    room = max(height - len(lines) - len(troubles) - _AROUND, 1)
    return [*lines, *_slots(progress, room), *troubles]


def _head(progress: Progress) -> Line:
    goal = f" · {progress.goal} {progress.metric}" if progress.metric else ""
    took = span(progress.clock() - progress.started)
    at_a_time = f" · {progress.parallel} at a time" if progress.parallel else ""
    return [(progress.name, "bold"), (f"{goal}{at_a_time} · {took}", "")]


def _bar(progress: Progress) -> Line:
    line: list[tuple[str, str]] = []
    if progress.total:
        full = min(_BAR * progress.done // progress.total, _BAR)
        line += [("━" * full, "green"), ("─" * (_BAR - full), "bright_black"), ("  ", "")]
    line.append((f"{progress.done}{'' if progress.total is None else f'/{progress.total}'} done", "bold"))
    if progress.running:
        line.append((f" · {len(progress.running)} running", ""))
    for state, count in tuple(progress.ended.items()):
        line += [(" · ", ""), (f"{count} {state}", _STYLES.get(state, ""))]
    if progress.retries:
        line.append((f" · {progress.retries} {'retry' if progress.retries == 1 else 'retries'}", "yellow"))
    if progress.seconds_left is not None:
        line.append((f" · {span(progress.seconds_left)} left", ""))
    return line


def _best(progress: Progress) -> Iterator[Line]:
    if progress.best is None:
        return
    best, now = progress.best, progress.clock()
    ago = f", {span(now - best.at)} ago" if progress.running else ""
    where = f" · trial {best.number}{ago}  {pairs(flat(best.params))}".rstrip()
    plot = steps_line(progress.lead.points, now if progress.running else best.at, _PLOT)
    yield [(plot, "blue"), ("  best ", ""), (f"{progress.metric} {shown(best.value)}", "bold"), (where, "")]


def _slots(progress: Progress, room: int) -> Iterator[Line]:
    """Yield a table of what runs; if it is too long, its newest rows are only counted."""
    running = sorted(progress.running.items())
    if not running:
        return
    rows = [_row(progress, number, each) for number, each in running[:room]]
    headings = [text or progress.metric or "logged" for text in _HEADINGS]
    shown_columns = [place for place in range(len(headings)) if any(row[place] for row in rows)]
    yield []
    widths = [max(len(row[place]) for row in [headings, *rows]) for place in shown_columns]
    for style, row in [("bright_black", headings), *(("", row) for row in rows)]:
        yield [("  ".join(_cells(row, shown_columns, widths)).rstrip(), style)]
    if len(running) > room:
        yield [(f"… and {len(running) - room} more", "bright_black")]


def _cells(row: Sequence[str], places: Sequence[int], widths: Sequence[int]) -> Iterator[str]:
    for place, width in zip(places, widths, strict=True):
        yield row[place].ljust(width) if _HEADINGS[place] in {"on", "params"} else row[place].rjust(width)


def _row(progress: Progress, number: int, running: Running) -> tuple[str, ...]:
    again = str(running.attempt + 1) if running.attempt else ""
    step = "" if running.step is None else str(running.step)
    took = span(progress.clock() - running.since)
    gpus = ",".join(f"gpu:{gpu}" for gpu in running.gpus)
    return str(number), again, gpus, shown(running.value), step, took, pairs(flat(running.params))


def _troubles(progress: Progress) -> Iterator[Line]:
    # What came of the sweep tells them all.
    newest = [] if progress.finished else list(progress.troubles)[-_TROUBLES:]
    if newest:
        yield []
    for trouble in newest:
        yield [(str(trouble), "red" if trouble.failed else "yellow")]
    if progress.word:
        yield [(progress.word, "bold yellow")]
    if progress.over:
        yield [(progress.over, "bold")]
