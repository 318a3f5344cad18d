"""Find what a query asks for by the way that looks at the fewest rows.

There are three ways. *Walk*: go along an index in the order asked for, and test each row until enough have passed; good
where many rows pass. *Drive*: begin with the rows that one condition of the filter finds by an index, test these and
sort what passes; good where few do. *Scan*: look at every row. How many rows a condition finds is counted first, as far
as it matters; a walk that gets nowhere is given up for another way.
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from ...errors import InvalidPageToken
from ...filter import (
    Key,
    Place,
    Sql,
    behind,
    drivers,
    joined,
    known_keys,
    literal_keys,
    order_by,
    order_keys,
    resolve,
    where,
)
from ...filter.schema import OWN_KEY
from ..interface import Query
from .walks import GREATEST, Walk, walks

# No more rows than this are tested and sorted without asking whether there is a better way, and always so many.
FEW, _FEWEST = 2000, 50
# What a walk may cost before other ways are thought of, in steps of SQLite's virtual machine: some milliseconds.
STEPS = 200_000
# Rows that are walked cost about this much less than rows that are driven, which are sorted too.
WALKING = 8
# Rows that are read at first of each of several walks.
_AT_ONCE = 64

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Driver:
    """A condition that finds rows by an index, and how many at least; `exactly` if not more."""

    sql: Sql
    count: int
    exactly: bool


def find(connection: sqlite3.Connection, query: Query) -> list[Row]:
    """Return, in order, the number of each row that a query asks for and its place."""
    return _Finder(connection, query).find()


def count(connection: sqlite3.Connection, query: Query) -> int:
    """Count the rows that a query asks for, whatever its limit."""
    return _Finder(connection, query).count()


def matching(connection: sqlite3.Connection, query: Query, columns: str) -> list[Row]:
    """Return these columns of all rows asked for, whatever the limit, in no order."""
    return _Finder(connection, query).matching(columns)


def beside(connection: sqlite3.Connection, query: Query, table: str) -> Sql:
    """Write FROM and WHERE of all that is asked for, each beside its rows of a table, which is called `s`."""
    return _Finder(connection, query).beside(table)


class _Finder:
    def __init__(self, connection: sqlite3.Connection, query: Query) -> None:
        self._connection = connection
        self._query = query = _settled(connection, query)
        self._limit = query.limit + query.peek
        self._subject = query.where.subject
        self._table = self._subject.value
        self._own = OWN_KEY[self._subject]
        self._condition = self._conditions()
        self._require_place()
        self._drivers = [*drivers(query.where), *self._by_experiment()]

    def _require_place(self) -> None:
        """Check that a place is one that this order gives; who holds a token may have made it up."""
        after = self._query.after
        if after is not None and len(after) != len(order_keys(self._subject, self._query.order.terms)):
            raise InvalidPageToken

    def find(self) -> list[Row]:
        driver = self._rarest(self._few())
        if driver and driver.exactly:
            return self._driven(driver)
        found = walks(self._connection, self._subject, self._query)
        if found is None and driver is None:
            return self._scanned()
        try:
            return self._within(STEPS, lambda: self._scanned() if found is None else self._walked(found))
        except _TookTooLong:
            driver = self._rarest(self._size() // WALKING)
        if driver and driver.exactly:
            return self._driven(driver)
        return self._scanned() if found is None else self._walked(found)

    def _few(self) -> int:
        """Return how many rows cost less to drive than a walk to so many results costs, if these lie scattered."""
        scattered = math.isqrt(self._limit * self._size() // WALKING)
        return min(FEW, max(scattered, _FEWEST)) if self._drivers else 0

    def _rarest(self, most: int) -> Driver | None:
        """Return the driver that finds the fewest rows, if any finds at most so many; else any."""
        best: Driver | None = None
        for sql in self._drivers:
            text = f"SELECT count(*) FROM (SELECT 1 FROM ({sql.text}) LIMIT {most + 1:d})"
            (number,) = self._connection.execute(text, sql.values).fetchone()
            if best is None or number < best.count:
                best = Driver(sql, number, number <= most)
        return best

    def count(self) -> int:
        return int(self.matching("count(*)")[0][0])

    def matching(self, columns: str) -> list[Row]:
        driver = self._rarest(self._size() // WALKING)
        source = self._source(driver if driver and driver.exactly else None)
        sql = joined([Sql(f"SELECT {columns} FROM "), source, Sql(" WHERE "), self._condition], "")
        return self._connection.execute(sql.text, sql.values).fetchall()

    def beside(self, table: str) -> Sql:
        driver = self._rarest(FEW)
        rows, same = f"{table} AS s", f"s.{self._own} = {self._table}.{self._own}"
        if driver and driver.exactly:
            source = joined([self._source(driver), Sql(f" CROSS JOIN {rows} ON {same}")], "")
        else:
            source = Sql(f"{rows} CROSS JOIN {self._table} ON {same}")
        return joined([source, Sql(" WHERE "), self._condition], "")

    def _size(self) -> int:
        return int(self._connection.execute(f"SELECT coalesce(max({self._own}), 0) FROM {self._table}").fetchone()[0])

    def _within(self, steps: int, search: Callable[[], list[Row]]) -> list[Row]:
        self._connection.set_progress_handler(lambda: 1, steps)
        try:
            return search()
        except sqlite3.OperationalError as problem:
            if problem.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
                raise _TookTooLong from None
            raise
        finally:
            self._connection.set_progress_handler(None, 0)

    # --- the three ways

    def _driven(self, driver: Driver) -> list[Row]:
        return self._sorted(self._source(driver))

    def _scanned(self) -> list[Row]:
        return self._sorted(self._source(None))

    def _sorted(self, source: Sql) -> list[Row]:
        keys = order_keys(self._subject, self._query.order.terms)
        finite = None
        if self._query.finite:
            value = keys[1].sql
            finite = Sql(f"{value.text} BETWEEN ? AND ?", (*value.values, -GREATEST, GREATEST))
        return self._selected(source, keys, self._query.after, further=finite)

    def _walked(self, found: Sequence[Walk]) -> list[Row]:
        rows: list[Row] = []
        rest = order_keys(self._subject, self._query.order.terms[1:])
        for kind in dict.fromkeys(walk.kind for walk in found):
            left = self._limit - len(rows)
            if left > 0 and not self._is_behind(kind):
                rows += self._kind_walked([walk for walk in found if walk.kind == kind], rest, left)
        return rows

    def _is_behind(self, kind: int) -> bool:
        after = self._query.after
        if after is None:
            return False
        if not isinstance(after[0], int):
            raise InvalidPageToken
        return kind < after[0]

    def _kind_walked(self, found: Sequence[Walk], rest: Sequence[Key], limit: int) -> list[Row]:
        """Go along several indexes at once, which hold rows of one kind, as far as it takes."""
        ascending = self._query.order.terms[0].ascending
        after = self._query.after
        trails = [_Trail(walk, after if after and after[0] == walk.kind else None) for walk in found]
        directions = [ascending, *(key.ascending for key in rest)]
        # Of several walks some rows do not count, so more are asked for than are wanted, and each time twice as many.
        at_once = limit if len(found) == 1 else max(limit, _AT_ONCE)
        while True:
            for trail in trails:
                if trail.is_needed:
                    self._go_on(trail, rest, at_once)
            rows = _merged(trails, directions)
            if len(rows) >= limit or not any(trail.is_needed for trail in trails):
                return rows[:limit]
            at_once *= 2

    def _go_on(self, trail: _Trail, rest: Sequence[Key], limit: int) -> None:
        walk = trail.walk
        first = [Key(Sql(walk.column), self._query.order.terms[0].ascending)] if walk.column else []
        shown = [Key(Sql(f"{walk.kind:d}")), *(first or [Key(Sql("NULL"))]), *rest, Key(walk.counts)]
        # A kind that has no value has none to go on behind.
        after = trail.after and (trail.after[1:] if first else trail.after[2:])
        rows = self._selected(walk.source, [*first, *rest], after, shown=shown, further=walk.condition, limit=limit)
        trail.add(rows, limit)

    # --- pieces of SQL

    def _selected(
        self,
        source: Sql,
        keys: Sequence[Key],
        after: Place | None,
        *,
        shown: Sequence[Key] | None = None,
        further: Sql | None = None,
        limit: int | None = None,
    ) -> list[Row]:
        columns = joined([Sql(f"{self._table}.{self._own}"), *(key.sql for key in shown or keys)], ", ")
        conditions = [self._condition, *([further] if further else []), *(_behind(keys, after) if after else [])]
        sql = joined(
            [
                Sql("SELECT "),
                columns,
                Sql(" FROM "),
                source,
                Sql(" WHERE "),
                joined(conditions, " AND "),
                Sql(" ORDER BY "),
                order_by(keys),
                Sql(" LIMIT ?", (self._limit if limit is None else limit,)),
            ],
            "",
        )
        return self._connection.execute(sql.text, sql.values).fetchall()

    def _source(self, driver: Driver | None) -> Sql:
        if driver is None:
            return Sql(self._table)
        numbers = f"(SELECT DISTINCT number FROM ({driver.sql.text})) AS found"
        return Sql(f"{numbers} CROSS JOIN {self._table} ON {self._table}.{self._own} = found.number", driver.sql.values)

    def _conditions(self) -> Sql:
        ids = self._query.experiment_ids
        conditions = [_in_stages(self._table, self._query.stages), where(self._query.where, self._query.datasets)]
        if ids is not None:
            conditions.insert(0, _among(f"{self._table}.experiment_id", ids))
        return joined(conditions, " AND ")

    def _by_experiment(self) -> list[Sql]:
        if self._query.experiment_ids is None:
            return []
        among = _among("t.experiment_id", self._query.experiment_ids)
        return [Sql(f"SELECT t.{self._own} AS number FROM {self._table} AS t WHERE {among.text}", among.values)]


@dataclass(slots=True)
class _Trail:
    """How far a walk has been gone: the rows that were seen, and the place of the last one if more may follow."""

    walk: Walk
    after: Place | None
    rows: list[Row] = field(default_factory=list)
    is_needed: bool = True

    def add(self, rows: list[Row], limit: int) -> None:
        """Add the next rows, of which that many were asked for."""
        self.rows += rows
        self.is_needed = len(rows) == limit
        # Behind the row's number, and before what says whether it counts.
        self.after = tuple(rows[-1][1:-1]) if rows else self.after


def _merged(trails: Sequence[_Trail], directions: Sequence[bool]) -> list[Row]:
    """Return in order the rows that count, as far as no walk that is not at its end may bring others between them."""
    if len(trails) == 1:
        return [row[:-1] for row in trails[0].rows if row[-1]]
    rows = [(row, trail) for trail in trails for row in trail.rows]
    for place, upwards in reversed(list(enumerate(directions, 2))):
        # A value that is missing has the same key in front as others that are, so it meets only these.
        rows.sort(key=lambda each, at=place: (each[0][at] is None, each[0][at]), reverse=not upwards)  # type: ignore[misc]
    merged = []
    for row, trail in rows:
        if row[-1]:
            merged.append(row[:-1])
        if trail.is_needed and row is trail.rows[-1]:
            break
    return merged


def _settled(connection: sqlite3.Connection, query: Query) -> Query:
    """Settle which names mean a part of a metric and which a metric of that very name."""
    keys = literal_keys(query.where) | literal_keys(query.order)
    if not keys:
        return query
    sql = known_keys(keys)
    known = {key for (key,) in connection.execute(sql.text, sql.values)}
    return replace(query, where=resolve(query.where, known), order=resolve(query.order, known))


class _TookTooLong(Exception):  # it is no error
    """A walk looked at more rows than it was allowed to."""


def _behind(keys: Sequence[Key], after: Place) -> list[Sql]:
    """Write the condition that a row stands behind a place; first what lets an index begin there."""
    bound = []
    if after[0] is not None:
        bound = [Sql(f"{keys[0].sql.text} {'>=' if keys[0].ascending else '<='} ?", (*keys[0].sql.values, after[0]))]
    return [*bound, behind(keys, after)]


def _in_stages(table: str, stages: frozenset[str]) -> Sql:
    wanted = sorted(stages)
    return Sql(" OR ".join([f"{table}.lifecycle_stage = ?"] * len(wanted)).join("()"), tuple(wanted))


def _among(column: str, experiment_ids: Sequence[str]) -> Sql:
    numbers = [int(number) for number in experiment_ids]
    if len(numbers) == 1:
        return Sql(f"{column} = ?", (numbers[0],))
    return Sql(f"{column} IN (SELECT value FROM json_each(?))", (orjson.dumps(numbers).decode(),))
