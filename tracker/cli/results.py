"""What a search has found, printed: as a table, as CSV, as JSON; all of it, or the fields that are asked for."""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import InvalidInput
from ..system import milliseconds
from ..tables import Column, ColumnType, Page, Rows
from .fitting import Choice, cells, fitting, heading
from .manners import as_iso, write_json
from .terminal import print_csv, print_table, table_width

# What an item has by names of users' own.
_FAMILIES = ("metrics", "params", "tags")
_NUMBERS = frozenset({ColumnType.WHOLE, ColumnType.NUMBER})


def asked_fields(text: str | None) -> list[str] | None:
    """Return the names in `a,b,c`; one that has a comma of its own stands in double quotes, as in CSV.

    Raises:
        InvalidInput: a name is empty.
    """
    if text is None:
        return None
    names = [name.strip() for name in next(csv.reader([text], skipinitialspace=True), [])]
    if not all(names) or not names:
        raise InvalidInput(f"--fields {text!r}: give names with commas between them, such as name,metrics.loss")
    return names


def show(arguments: argparse.Namespace, rows: Rows[Any], choice: Choice) -> None:
    """Print rows in the form that the arguments ask for."""
    fields = asked_fields(arguments.fields)
    columns = rows.columns(fields)
    if arguments.json:
        write_json(_records(rows, columns, fields))
    elif arguments.csv:
        print_csv([column.name for column in columns], list(zip(*map(_exact, columns), strict=True)))
    elif not rows:
        print("nothing matches")
    elif fields is None:
        _print_fitting(columns, choice)
    else:
        _print_all(columns, milliseconds())


def show_rest(page: Page[Any]) -> None:
    """Say on stderr, where it is in nobody's way, that there is more than this page, and how to get it."""
    if page.next_page_token is not None:
        sys.stdout.flush()
        sys.stderr.write(f"{len(page):,} shown; next page: --page-token {page.next_page_token}\n")


def _print_fitting(columns: Sequence[Column], choice: Choice) -> None:
    now = milliseconds()
    chosen, left_out = fitting(columns, choice, table_width(), now)
    _print(chosen, [cells(column, now) for column in chosen])
    if left_out:
        sys.stdout.flush()
        sys.stderr.write(f"columns that have no room here: {left_out:,}; --fields, --csv and --json give them\n")


def _print_all(columns: Sequence[Column], now: int) -> None:
    _print(columns, [cells(column, now, longest=None) for column in columns])


def _print(columns: Sequence[Column], shown: Sequence[Sequence[str]]) -> None:
    numbers = {place for place, column in enumerate(columns) if column.type in _NUMBERS}
    headings = [heading(column.name, max(map(len, texts))) for column, texts in zip(columns, shown, strict=True)]
    print_table("", headings, list(zip(*shown, strict=True)), numbers)


def _exact(column: Column) -> Sequence[object]:
    """Return a column's values with all their digits, times as texts that a filter can be asked with."""
    if column.type is not ColumnType.TIME:
        return column.values
    return [as_iso(value) if isinstance(value, int) else None for value in column.values]


def _records(rows: Rows[Any], columns: Sequence[Column], fields: Sequence[str] | None) -> list[Mapping[str, object]]:
    """Return what JSON says of each: metrics, params and tags as mappings, or one of them by its whole name."""
    values = {column.name: _exact(column) for column in columns}
    attributes = [name for name in values if name.partition(".")[0] not in _FAMILIES]
    return [
        {
            name: _value(item, name, values, place)
            for name in fields or [*attributes, *(family for family in _FAMILIES if hasattr(item, family))]
        }
        for place, item in enumerate(rows)
    ]


def _value(item: object, name: str, values: Mapping[str, Sequence[object]], place: int) -> object:
    family, _, key = name.partition(".")
    # In a column the params of all rows have one type; here each has its own.
    if name in values and family != "params":
        return values[name][place]
    named: Mapping[str, object] = getattr(item, family)
    return named.get(key) if key else dict(named)
