"""A list of results that can become a table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

from .column import Column
from .columns import Entity, columns_of, entity_of, selected
from .tabular import Tabular

Item = TypeVar("Item")


class Rows(list[Item], Tabular):
    """A list of runs, of logged models, of experiments, of registered models or of versions that can become a table.

    `of` says what an empty list is of, so that its table has the attributes as columns too. With `fields` a table has
    only these columns, in that order; `metrics`, `params` and `tags` stand for all of theirs.
    """

    def __init__(
        self,
        items: Iterable[Item] = (),
        *,
        of: Entity | None = None,
        fields: Sequence[str] | None = None,
    ) -> None:
        super().__init__(items)
        self._of = of
        self._fields = fields

    def columns(self, fields: Sequence[str] | None = None) -> list[Column]:
        """Return the columns of the table: all, or those asked for, in that order.

        The attributes come first, by the names they have in Python, then `metrics.NAME`, `params.NAME` and
        `tags.NAME`, sorted. Where models were measured on several datasets, `metrics.accuracy` is the newest value on
        the dataset that was searched by, or on any if none was, and `metrics.accuracy@holdout` the newest on another
        one. Params keep their type where all are numbers (or all are true or false), and are texts else. Of runs
        there are also parts of curves to ask for: `metrics.loss.min`, `.max` and `.last`.

        Raises:
            InvalidInput: a field is none that there could be.
        """
        entity = self._of or entity_of(self)
        columns = [*self.leading(), *columns_of(self, entity)]
        fields = self._fields if fields is None else fields
        return columns if fields is None else selected(columns, fields, self, entity)

    def leading(self) -> Sequence[Column]:
        """Return columns that go before the items' own; a kind of list that knows more of its rows has some."""
        return ()
