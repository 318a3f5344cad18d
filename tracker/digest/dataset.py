"""Datasets, made from what they hold."""

from __future__ import annotations

import functools
import hashlib
import os
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self

from ..entities import DatasetInfo
from ..errors import InvalidInput
from .content import DIGEST_BYTES, Content, compact_json

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

# MLflow's limits, so that every dataset can be sent to and from its clients.
_MAX_NAME = 500
_MAX_DIGEST = 36

# Control characters, halves of surrogate pairs, and the two separators that break a line.
_FORBIDDEN_CATEGORIES = frozenset({"Cc", "Cs", "Zl", "Zp"})


class Frame(Protocol):
    """What a pandas and a polars data frame have in common."""

    @property
    def columns(self) -> Iterable[Any]:
        """The columns' names, in order."""

    def __getitem__(self, name: Any, /) -> Any:  # noqa: ANN401 - the two libraries share no other type
        """Give one column by name."""


@dataclass(frozen=True, slots=True)
class Dataset(DatasetInfo):
    """A dataset that metrics can be measured on: a name and a digest of its content.

    Datasets with different digests are different datasets, even under one name. Make one with
    `from_arrays`, `from_table` or `from_file`; call the class itself only with a digest that you have from
    elsewhere, such as a data version control system's (1 to 36 characters).

    Raises:
        InvalidInput: a name that is blank, longer than 500 characters, or has a control character or "@" in
            it; or such a digest.
    """

    def __post_init__(self) -> None:
        _check_word("name", self.name, _MAX_NAME)
        _check_word("digest", self.digest, _MAX_DIGEST)

    @classmethod
    def from_arrays(cls, name: str, *, source: str = "", **arrays: ArrayLike) -> Self:
        """Make a dataset of named arrays, such as `from_arrays("validation", x=images, y=labels)`.

        The digest covers each array's key, dtype, shape and values. It does not depend on the order in which
        the arrays are named, on memory layout or on byte order. Arrays may have any shape and be anything
        that numpy can view: arrays, lists, pandas and polars columns, torch tensors on the CPU. `source` is
        free text. For a data frame, use `from_table`: it keeps each column's dtype.

        Raises:
            InvalidInput: no arrays, a bad name, or an array of something other than numbers, times and text.
        """
        if not arrays:
            msg = f"dataset {name!r} has no arrays; name at least one, as in x=…"
            raise InvalidInput(msg)
        content = Content("arrays")
        for key in sorted(arrays):
            content.add(key, arrays[key])
        rows = {key: shape[0] if shape else 1 for key, shape in content.shapes.items()}
        return cls(
            name,
            content.hexdigest(),
            source=source,
            schema=content.schema,
            profile=compact_json({"rows": rows}),
        )

    @classmethod
    def from_table(cls, name: str, table: Mapping[str, ArrayLike] | Frame, *, source: str = "") -> Self:
        """Make a dataset of a table: a mapping of columns, or a pandas or polars data frame.

        Each column is hashed as an array of shape (rows, …), in the table's order: a table whose columns
        were moved is another dataset. A data frame's index is left out; make it a column if it matters.
        `source` is free text.

        Raises:
            InvalidInput: no table, no columns, columns of different lengths or with the same name, a bad
                name, or a column of something other than numbers, times and text.
        """
        content = Content("table")
        for column, values in _columns(name, table):
            content.add(column, values)
        lengths = {shape[0] if shape else None for shape in content.shapes.values()}
        if len(lengths) > 1 or None in lengths:
            msg = f"dataset {name!r} is no table: its columns must all have the same number of rows"
            raise InvalidInput(msg)
        return cls(
            name,
            content.hexdigest(),
            source=source,
            schema=content.schema,
            profile=compact_json({"rows": lengths.pop()}),
        )

    @classmethod
    def from_file(cls, name: str, path: str | os.PathLike[str]) -> Self:
        """Make a dataset of one file's bytes, read in pieces; where the file lies does not change the digest.

        Raises:
            InvalidInput: the file cannot be read, or a bad name.
        """
        source = os.fspath(path)
        try:
            with Path(source).open("rb") as file:
                digest = hashlib.file_digest(file, _file_hash).hexdigest()
                size = file.tell()
        except OSError as error:
            msg = f"dataset {name!r}: cannot read {source!r}: {error.strerror or error}"
            raise InvalidInput(msg) from error
        return cls(name, digest, source_type="file", source=source, profile=compact_json({"bytes": size}))


# The same hash as for arrays, with a word that sets files apart from them.
_file_hash = functools.partial(hashlib.blake2b, digest_size=DIGEST_BYTES, person=b"file")


def _columns(name: str, table: Mapping[str, ArrayLike] | Frame) -> Iterator[tuple[str, ArrayLike]]:
    columns = list(table if isinstance(table, Mapping) else getattr(table, "columns", ()))
    if not columns:
        given = type(table).__name__
        msg = f"dataset {name!r}: no columns in this {given}; give a data frame or a mapping of columns"
        raise InvalidInput(msg)
    if len(set(columns)) < len(columns):
        twice = next(column for column in columns if columns.count(column) > 1)
        msg = f"dataset {name!r} has two columns named {twice!r}; give each a name of its own"
        raise InvalidInput(msg)
    for column in columns:
        yield str(column), table[column]


def _check_word(field: str, word: object, longest: int) -> None:
    if not isinstance(word, str):
        problem = f"is {type(word).__name__}, not text"
    elif not word.strip():
        problem = "is blank"
    elif len(word) > longest:
        problem = f"has {len(word)} characters; {longest} is the most"
    elif "@" in word:
        problem = f'{word!r} has an "@" in it, which separates name and digest'
    elif any(unicodedata.category(character) in _FORBIDDEN_CATEGORIES for character in word):
        problem = f"{word!r} has a control character in it"
    else:
        return
    msg = f"a dataset's {field} {problem}"
    raise InvalidInput(msg)
