"""Which columns a table shows in the room that there is, and how its cells read: pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest

from ..tables import Column, ColumnType
from .manners import ago, shown

# Between two columns.
_GAP = 2
# Texts of users that are longer are cut; an ID is not.
_LONGEST = 24
# A heading is not folded into lines shorter than this.
_SHORTEST = 8
# How many metrics and params are shown before what tells less.
_FIRST = 4
_FAMILIES = ("metrics.", "params.", "tags.")
_PARTS = re.compile(r"[^_@.]*[_@.]?")


@dataclass(frozen=True, slots=True)
class Choice:
    """What a kind of table shows.

    `key` is always there. Then comes what is `mentioned` in the texts of a filter and an order, then the attributes
    that are shown `first`, some metrics and params, the attributes that come `later`, and the other metrics and
    params. Other attributes, and tags, are for those who ask.
    """

    key: str
    first: Sequence[str]
    later: Sequence[str] = ()
    mentioned: Sequence[str] = ()


def fitting(columns: Sequence[Column], choice: Choice, width: int, now: int) -> tuple[list[Column], int]:
    """Return the columns that a table of so many characters has room for, in their order; and how many it has not.

    Columns that are the same all the way down come last, for they tell the rows apart in nothing.
    """
    wanted = _wanted(columns, choice)
    chosen: list[str] = []
    for column in wanted:
        needed = _width(column, now)
        if not chosen or needed <= width:
            chosen.append(column.name)
            width -= needed + _GAP
    return [column for column in columns if column.name in chosen], len(wanted) - len(chosen)


def _wanted(columns: Sequence[Column], choice: Choice) -> list[Column]:
    """Return what might be shown, the most wanted first."""
    known = {column.name: column for column in columns}
    mentioned = [name for name in known if any(_mentions(text, name) for text in choice.mentioned)]
    telling = [name for name in known if _tells(known[name])]
    names = list(_by_turns(telling))
    wanted = [*choice.first, *names[:_FIRST], *choice.later, *names[_FIRST:]]
    dull = [*choice.first, *choice.later, *_by_turns(known)]
    ordered = [choice.key, *mentioned, *(name for name in wanted if name in telling), *dull]
    return [known[name] for name in dict.fromkeys(ordered)]


def _by_turns(names: Iterable[str]) -> Iterator[str]:
    """Yield a metric, a param, a metric, and so on."""
    metrics, params = ([name for name in names if name.startswith(family)] for family in _FAMILIES[:2])
    return (name for name in chain.from_iterable(zip_longest(metrics, params)) if name is not None)


def _mentions(text: str, name: str) -> bool:
    """Say whether a filter or an order speaks of a column; that one too many is shown does no harm."""
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) is not None


def _tells(column: Column) -> bool:
    cells = [shown(value) for value in column.values]
    return len(cells) == 1 or len(set(cells)) > 1


def _width(column: Column, now: int) -> int:
    widest = max(map(len, cells(column, now)), default=0)
    return max(map(len, [*heading(column.name, widest).split("\n"), " " * widest]))


def headings(names: Sequence[str], widths: Sequence[int], room: int) -> list[str]:
    """Return the headings of columns whose cells are so wide, folded if they have no room side by side."""
    needed = sum(max(len(name), width) + _GAP for name, width in zip(names, widths, strict=True)) - _GAP
    if needed <= room:
        return list(names)
    return [heading(name, width) for name, width in zip(names, widths, strict=True)]


def heading(name: str, width: int) -> str:
    """Return a column's heading, folded so that it is hardly wider than its cells, which are so wide."""
    lines = [""]
    for part in _PARTS.findall(name):
        if lines[-1] and (lines[-1] in _FAMILIES or len(lines[-1]) + len(part) > max(width, _SHORTEST)):
            lines.append("")
        lines[-1] += part
    return "\n".join(line for line in lines if line)


def cells(column: Column, now: int, longest: int | None = _LONGEST) -> list[str]:
    """Return a column's cells as people read them: times as how long before `now` (milliseconds), long texts cut."""
    if column.type is ColumnType.TIME:
        return [ago(value, now) if isinstance(value, int) else "" for value in column.values]
    if column.type is ColumnType.TEXT and not column.name.endswith("_id"):
        return [_cut(shown(value), longest) for value in column.values]
    return [shown(value) for value in column.values]


def _cut(text: str, longest: int | None) -> str:
    return text if longest is None or len(text) <= longest else f"{text[: longest - 1]}…"
