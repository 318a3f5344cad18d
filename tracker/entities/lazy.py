"""A mapping whose values are made when they are first looked at."""

from __future__ import annotations

from collections.abc import Callable, ItemsView, Iterator, Mapping
from typing import Generic, TypeVar

Raw = TypeVar("Raw")
Value = TypeVar("Value")


class Lazy(Mapping[str, Value], Generic[Raw, Value]):
    """Values by name, each made of what was read for it, when it is asked for; equal to a dict of the same values."""

    def __init__(self, raw: Mapping[str, Raw], make: Callable[[Raw], Value]) -> None:
        self._raw = raw
        self._make = make

    def __getitem__(self, key: str) -> Value:
        return self._make(self._raw[key])

    def __iter__(self) -> Iterator[str]:
        return iter(self._raw)

    def __len__(self) -> int:
        return len(self._raw)

    def items(self) -> ItemsView[str, Value]:
        """Return all, made at once: one by one they take twice as long."""
        return {key: self._make(raw) for key, raw in self._raw.items()}.items()

    def __repr__(self) -> str:
        return repr(dict(self))
