"""Messages that several requests hold."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from ...store.interface import ACTIVE
from ..fields import Shape, invalid

_VIEWS = {
    "ACTIVE_ONLY": ACTIVE,
    "DELETED_ONLY": frozenset({"deleted"}),
    "ALL": ACTIVE | {"deleted"},
}


class Pair(Shape):
    """A param or a tag."""

    key: str = ""
    value: str = ""


def texts_of(said: Iterable[Pair]) -> dict[str, str]:
    """Return texts by name; of one that is there twice the last."""
    return {each.key: each.value for each in said}


def stages_of(view: str | int) -> frozenset[str]:
    """Return which lifecycle stages a view shows, by the view's name or number.

    Raises:
        Problem: there is no such view.
    """
    return _VIEWS[chosen("view_type", view or "ACTIVE_ONLY", _VIEWS)]


def chosen(field: str, value: str | int, names: Collection[str], first: int = 1) -> str:
    """Return one of an enumeration's names, by itself or by its number.

    Raises:
        Problem: there is no such name.
    """
    listed = list(names)
    if isinstance(value, int):
        value = listed[value - first] if first <= value < first + len(listed) else str(value)
    if value not in listed:
        raise invalid(field, value)
    return value
