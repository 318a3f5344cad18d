"""What is drawn: tables, and lines that change while something runs.

Rich is loaded when something is drawn: lines, JSON, CSV and errors do without it.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, TextIO

from .manners import shown

if TYPE_CHECKING:
    from rich.console import Console, Group
    from rich.text import Text

# The parts of a line, each with its style, such as `bold red`.
Line = Sequence[tuple[str, str]]
# Where nobody's window limits the width, nothing is folded.
_WIDE = 240
_UNFOLDED = 36
# How often a second what changes is drawn.
_REDRAWN = 4


def console(stream: TextIO) -> Console:
    """Return a console that writes to a stream, as wide as its terminal, or wide enough for anything."""
    from rich.console import Console

    return Console(file=stream, width=None if stream.isatty() else _WIDE, highlight=False)


def table_width() -> int:
    """Return how many characters a line of a table may have on standard output."""
    return console(sys.stdout).width


def print_table(
    title: str, headings: Sequence[str], rows: Sequence[Sequence[object]], numbers: Collection[int] = ()
) -> None:
    """Print a table; texts of users are shown as they are, never as markup.

    `numbers` are the places of columns that are aligned to the right. Where the terminal is too narrow, headings are
    folded at their blanks, and cells that are longer than an ID.
    """
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title or None, title_justify="left", box=None, pad_edge=False, header_style="bold")
    cells = [[shown(value) for value in row] for row in rows]
    for number, heading in enumerate(headings):
        longest_word = max(map(len, heading.split()), default=0)
        widest = max([longest_word, *(len(row[number]) for row in cells)])
        keeps = sys.stdout.isatty() and widest <= _UNFOLDED
        table.add_column(
            Text(heading),
            overflow="fold",
            width=widest if keeps else None,
            justify="right" if number in numbers else "left",
        )
    for row in cells:
        table.add_row(*map(Text, row))
    console(sys.stdout).print(table)


def print_csv(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print rows as CSV, numbers with all their digits."""
    # Programs that cut lines know no carriage returns.
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(headings)
    writer.writerows(rows)


def live(
    render: Callable[[int], Sequence[Line]], stream: TextIO, *, stays: bool = True
) -> AbstractContextManager[object]:
    """Draw again and again what `render` returns for a terminal of so many lines, until the block ends.

    With `stays` the last of it stays on the screen.
    """
    from rich.console import Group
    from rich.live import Live

    terminal = console(stream)

    def draw() -> Group:
        return Group(*map(_text, render(terminal.height)))

    return Live(console=terminal, get_renderable=draw, refresh_per_second=_REDRAWN, transient=not stays)


def print_lines(lines: Sequence[Line]) -> None:
    """Print lines, each cut where the terminal ends."""
    from rich.console import Group

    console(sys.stdout).print(Group(*map(_text, lines)))


def _text(line: Line) -> Text:
    from rich.text import Text

    return Text.assemble(*line, no_wrap=True, overflow="ellipsis")
