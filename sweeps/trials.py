"""The trials of a sweep as one thing, which can become a table."""

from __future__ import annotations

from collections.abc import Sequence

from tracker.tables import Column, ColumnType, Tabular, column_of

from .study import TrialResult
from .study.record import flat

_ATTRIBUTES = {
    "number": ColumnType.WHOLE,
    "run_id": ColumnType.TEXT,
    "state": ColumnType.TEXT,
    "value": ColumnType.NUMBER,
    "reason": ColumnType.TEXT,
    "attempts": ColumnType.WHOLE,
    "seconds": ColumnType.NUMBER,
}


class Trials(tuple[TrialResult, ...], Tabular):
    """A sweep's trials by number: a tuple that can become a table, with a row for each."""

    __slots__ = ()

    def columns(self) -> Sequence[Column]:
        """Return the columns of the table: the attributes, then `params.NAME`, sorted by name.

        The params of a group have their path as name, such as `params.optimizer.lr`. They keep their type where all
        are numbers (or all are true or false), and are texts else.
        """
        attributes = [
            Column(name, kind, [self._attribute(trial, name) for trial in self]) for name, kind in _ATTRIBUTES.items()
        ]
        params = [flat(trial.params) for trial in self]
        names = sorted({name for one in params for name in one})
        return [*attributes, *(column_of(f"params.{name}", [one.get(name) for one in params]) for name in names)]

    def _attribute(self, trial: TrialResult, name: str) -> object:
        value = getattr(trial, name)
        return str(value) if name == "state" else value
