"""Figures: what was measured, what it is compared with, what it must reach; as a table and as JSON."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass

from .programs import Facts

HEAD = ("figure", "ours", "compared with", "theirs", "ratio", "must", "aim", "holds")


@dataclass(frozen=True)
class Target:
    """What a figure must reach and what we aim at: of the ratio, or, where nothing is compared, of the figure."""

    sense: str
    must: float
    aim: float

    def holds(self, value: float) -> bool:
        """Tell whether a value is good enough."""
        return self._reaches(value, self.must)

    def is_aim(self, value: float) -> bool:
        """Tell whether a value is what we aim at."""
        return self._reaches(value, self.aim)

    def _reaches(self, value: float, bound: float) -> bool:
        return value >= bound if self.sense == ">=" else value <= bound


def at_least(must: float, aim: float) -> Target:
    """Ask for so much or more."""
    return Target(">=", must, aim)


def at_most(must: float, aim: float) -> Target:
    """Ask for so much or less."""
    return Target("<=", must, aim)


@dataclass(frozen=True)
class Figure:
    """One line of the table.

    Attributes:
        ours: what was measured of ours, or None if it could not be, for the reason in `note`.
        versus: what it is compared with: another measurement, `theirs`; empty if the figure stands for itself.
        ratio: ours to theirs, the median of the rounds; where `versus` is set but was not measured, None.
    """

    name: str
    unit: str
    ours: float | None
    target: Target | None = None
    versus: str = ""
    theirs: float | None = None
    ratio: float | None = None
    note: str = ""

    @property
    def measured(self) -> float | None:
        """What the target is about."""
        return self.ratio if self.versus else self.ours

    @property
    def holds(self) -> bool | None:
        """Whether the figure is as it must be; None if there is no target or no measurement."""
        return None if self.target is None or self.measured is None else self.target.holds(self.measured)

    @property
    def verdict(self) -> str:
        """The last column."""
        if self.measured is None:
            return "not measured"
        if self.target is None:
            return ""
        return "aim" if self.target.is_aim(self.measured) else "yes" if self.holds else "NO"

    def as_json(self, question: str) -> dict[str, object]:
        """Return all of it, and which question it answers."""
        return {"question": question, **asdict(self), "holds": self.holds, "verdict": self.verdict}


@dataclass(frozen=True)
class Answer:
    """What a question found: its figures, and every single measurement behind them."""

    figures: Sequence[Figure]
    details: Facts


def compared(
    name: str,
    unit: str,
    ours: Sequence[float],
    versus: str,
    theirs: Sequence[float],
    target: Target | None = None,
) -> Figure:
    """Compare measurements that took turns, round by round: the ratio is the median of the rounds' ratios."""
    ratio = statistics.median(one / other for one, other in zip(ours, theirs, strict=True))
    return Figure(name, unit, statistics.median(ours), target, versus, statistics.median(theirs), ratio)


def table(head: Sequence[str], rows: Iterable[Sequence[str]], *, right: Callable[[int], bool]) -> str:
    """Lay out lines of text in columns; `right` says which columns are numbers."""
    lines = [head, *rows]
    widths = [max(len(line[place]) for line in lines) for place in range(len(head))]
    cells = (
        [
            cell.rjust(width) if right(place) else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        for line in lines
    )
    return "\n".join("  ".join(line).rstrip() for line in cells)


def figures_table(figures: Iterable[Figure]) -> str:
    """Lay out figures."""
    return table(HEAD, map(row, figures), right=lambda place: place in {1, 3, 4, 5, 6})


def row(figure: Figure) -> list[str]:
    """Return a figure's cells."""
    times = " x" if figure.versus else ""
    bounds = ["", ""]
    if figure.target:
        bounds = [f"{figure.target.sense} {short(bound)}{times}" for bound in (figure.target.must, figure.target.aim)]
    return [
        f"{figure.name}, {figure.unit}" if figure.unit else figure.name,
        "-" if figure.ours is None else short(figure.ours),
        figure.versus,
        "" if figure.theirs is None else short(figure.theirs),
        "" if figure.ratio is None else f"{short(figure.ratio)} x",
        *bounds,
        figure.verdict,
    ]


def short(value: float) -> str:
    """Say a number in three digits, or all of its whole ones."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"  # noqa: PLR2004  # three digits are whole
