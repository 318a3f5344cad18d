"""The keys of a mapping in a sweep file: each with its kind and a sentence for whoever edits the file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from ..errors import InvalidSweep
from ..space.faults import kind, nearest, refuse_unknown, shown, within
from .kinds import Data, Kind, Schema, or_null

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Key(Generic[T]):
    """A key; `needed` says what to do where it is missing, of a key that must be there."""

    name: str
    kind: Kind[T]
    help: str
    needed: str = ""

    def of(self, data: Data) -> T | None:
        """Read the key; None where it is absent or empty. Faults are placed at the key."""
        value = data.get(self.name)
        if value is None:
            return None
        with within(self.name):
            return self.kind.read(value)

    def must(self, data: Data) -> T:
        """Read the key; raises InvalidSweep where it is missing."""
        found = self.of(data)
        if found is None:
            raise InvalidSweep(self.needed)
        return found

    def schema(self) -> Schema:
        """Return what a JSON schema says of the key."""
        return {"description": self.help, **(self.kind.schema if self.needed else or_null(self.kind.schema))}


Keys = Sequence[Key[Any]]


def record(
    make: Callable[..., T], keys: Keys, *, refused: Mapping[str, str] | None = None, more: Schema | None = None
) -> Kind[T]:
    """Return the kind of mappings with these keys and no other, which are what `make` takes.

    A key that is absent or empty is left to the default of `make`, which may itself raise InvalidSweep for keys that
    do not fit together. `refused` are keys that are known and cannot be had, with what to do instead; `more` is what
    the schema says of the keys together.
    """

    def read(value: object) -> T:
        data = mapping(value)
        refuse(data, refused or {})
        refuse_unknown(data, [key.name for key in keys])
        return make(**said(keys, data))

    return Kind(read, {**object_schema(keys), **(more or {})})


def said(keys: Keys, data: Data) -> dict[str, Any]:
    """Read those of the keys that stand there and are not empty, and all that are needed."""
    found = {key.name: key.must(data) if key.needed else key.of(data) for key in keys}
    return {name: value for name, value in found.items() if value is not None}


def object_schema(keys: Keys) -> Schema:
    """Return the schema of a mapping with these keys and no other."""
    needed = [key.name for key in keys if key.needed]
    return {
        "type": "object",
        "properties": {key.name: key.schema() for key in keys},
        "additionalProperties": False,
        **({"required": needed} if needed else {}),
    }


def variants(what: str, types: Mapping[str, Kind[T]], needed: str) -> Kind[T]:
    """Return the kind of mappings whose `type` says which other keys they have."""

    def read(value: object) -> T:
        data = mapping(value, needed)
        name = data.get("type")
        if name is None:
            raise InvalidSweep(needed)
        if not isinstance(name, str) or name not in types:
            problem = f"unknown {what} {shown(name)}; {nearest(str(name), types)}"
            raise InvalidSweep(problem, where="type")
        return types[name].read({key: inner for key, inner in data.items() if key != "type"})

    head = {"type": {"description": f"Which {what} it is.", "enum": list(types)}}
    branches = [{"if": _is(name), "then": _typed(name, one.schema)} for name, one in types.items()]
    return Kind(read, {"type": "object", "properties": head, "required": ["type"], "allOf": branches})


def _is(name: str) -> Schema:
    return {"type": "object", "properties": {"type": {"const": name}}, "required": ["type"]}


def _typed(name: str, schema: Schema) -> Schema:
    properties = schema.get("properties")
    return {**schema, "properties": {"type": {"const": name}, **(properties if isinstance(properties, dict) else {})}}


def mapping(value: object, remedy: str = "") -> Data:
    """Return a mapping; raises InvalidSweep where it is something else."""
    if isinstance(value, Mapping):
        return value
    problem = (
        f"must be a mapping, not {kind(value)}; {f'it {remedy}' if remedy else 'write its keys below it, indented'}"
    )
    raise InvalidSweep(problem)


def refuse(data: Data, reasons: Mapping[str, str]) -> None:
    """Raise at the first key that sweeps knows of and cannot do."""
    for key, remedy in reasons.items():
        if key in data:
            problem = f"is not supported yet; {remedy}"
            raise InvalidSweep(problem, where=key)


def given(*names: str) -> Schema:
    """Return the schema of a mapping in which these keys stand and are not empty."""
    return {"required": list(names), "properties": {name: {"not": {"type": "null"}} for name in names}}


def written(parts: Mapping[str, object]) -> dict[str, object]:
    """Return what is worth writing into a sweep file: what is not None."""
    return {key: value for key, value in parts.items() if value is not None}
