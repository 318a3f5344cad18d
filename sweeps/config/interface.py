"""What a reader of one file format gives back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


class LineFinder(Protocol):
    """Finds the line on which a place such as `parameters.lr.min` was written."""

    def __call__(self, where: str, /) -> int | None:
        """Return the line, from 1, of the longest part of the place that was written; None where none was."""
        ...


@dataclass(frozen=True, slots=True)
class Lines:
    """The line of every place in a document."""

    written: Mapping[str, int] = field(default_factory=dict)

    def __call__(self, where: str, /) -> int | None:
        """Return the line of the longest part of the place that was written."""
        while where and where not in self.written:
            where = where[: max(where.rfind("."), where.rfind("["), 0)]
        return self.written.get(where)


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed file: its data, and where it says what."""

    data: object
    lines: LineFinder = field(default_factory=Lines)


class Reader(Protocol):
    """Reads the text of one format."""

    def __call__(self, text: str, source: str, /) -> Document:
        """Parse the text; raises InvalidSweep, with its line, where it is not of the format."""
        ...
