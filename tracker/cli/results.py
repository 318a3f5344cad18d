"""What a search has found, printed: as a table, as CSV, as JSON; all of it, or the fields that are asked for."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import InvalidInput
from ..system import milliseconds
from ..tables import Column, ColumnType, Page, Rows
from .fitting import Choice, cells, fitting, headings
from .manners import as_iso, write_json
from .scope import names_in
from .terminal import print_csv, print_table, table_width

# What an item has by names of users' own.
_FAMILIES = ("metrics", "params", "tags")
_NUMBERS = frozenset({ColumnType.WHOLE, ColumnType.NUMBER})


def require_forms(arguments: argparse.Namespace) -> None:
    """Check that the forms asked for do not exclude each other.

    Raises:
        InvalidInput: they do.
    """
    given = vars(arguments)
    if arguments.json and arguments.csv:
        raise InvalidInput("--json and --csv are two forms: leave one of them out")
    chosen = [f"--{name.replace('_', '-')}" for name in ("csv", "fields", "page_token") if given.get(name)]
    if given.get("count") and chosen:
        raise InvalidInput(f"--count gives one number: leave out {' and '.join(chosen)}")


def fields_of(arguments: argparse.Namespace) -> list[str] | None:
    """Return the fields that are asked for, None for all.

    Raises:
        InvalidInput: they are not names with commas between them.
    """
    return None if arguments.fields is None else names_in("--fields", arguments.fields, "name,metrics.loss")


def show(arguments: argparse.Namespace, rows: Rows[Any], choice: Choice, nothing: str = "nothing matches") -> None:
    """Print rows in the form that the arguments ask for; `nothing` is what a person reads where there are none."""
    fields = fields_of(arguments)
    columns = rows.columns(fields)
    if arguments.json:
        write_json(_records(rows, columns, fields))
    elif arguments.csv:
        print_csv([column.name for column in columns], list(zip(*map(_exact, columns), strict=True)))
    elif not rows:
        print(nothing)
    elif fields is None:
        _print_fitting(columns, choice)
    else:
        _print_all(columns, milliseconds())


def show_count(arguments: argparse.Namespace, count: int) -> None:
    """Print how many there are."""
    write_json(count) if arguments.json else print(count)


def show_rest(page: Page[Any], total: int) -> None:
    """Say on stderr, where it is in nobody's way, that there is more than this page, and how to get it."""
    sys.stdout.flush()
    sys.stderr.write(f"{len(page):,} of {total:,}; next page: --page-token {page.next_page_token}\n")


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
    widths = [max(map(len, texts)) for texts in shown]
    titles = headings([column.name for column in columns], widths, table_width())
    print_table("", titles, list(zip(*shown, strict=True)), numbers)


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
