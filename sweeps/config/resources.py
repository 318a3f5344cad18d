"""What a trial takes of its machine while it runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TypeVar

from ..errors import InvalidSweep
from ..space.faults import shown
from .amounts import BYTES
from .keys import Key, record, written
from .kinds import Kind, number

T = TypeVar("T")

PARAM = "params."


@dataclass(frozen=True, slots=True)
class Resources:
    """What one trial needs: cores, GPUs (a share of one, or whole ones) and bytes of memory.

    A text `params.NAME` stands for the trial's own param of that name.
    """

    cpu: float | str = 1
    gpu: float | str = 0
    memory: int | str | None = None

    def params(self) -> Iterator[tuple[str, str]]:
        """Yield each key that is taken from a param, and the param's name."""
        for key, value in asdict(self).items():
            if isinstance(value, str):
                yield key, value.removeprefix(PARAM)

    def to_mapping(self) -> dict[str, object]:
        """Return the mapping in a sweep file that is read as this."""
        return written(asdict(self))


def _or_param(amount: Kind[T]) -> Kind[T | str]:
    def read(value: object) -> T | str:
        if isinstance(value, str) and value.startswith(PARAM) and value != PARAM:
            return value
        return amount.read(value)

    return Kind(read, {**amount.schema, "pattern": rf"{amount.schema['pattern']}|^params\.[\s\S]"})


def _gpus(value: object) -> float:
    found = number(least=0).read(value)
    if found > 1 and found != int(found):
        problem = f"must be a share of one GPU, up to 1, or whole ones, not {shown(found)}; write {int(found) + 1}"
        raise InvalidSweep(problem)
    return found


_GPUS = Kind(_gpus, {**number(least=0).schema, "anyOf": [{"maximum": 1}, {"multipleOf": 1}]})
_KEYS = (
    Key("cpu", _or_param(number(least=0)), "Cores, or params.NAME (default: 1)."),
    Key("gpu", _or_param(_GPUS), "A share of one GPU, or whole ones, or params.NAME (default: 0)."),
    Key(
        "memory", _or_param(BYTES), "What a trial may hold, such as 4GB or 500MiB, or params.NAME; beyond it is ended."
    ),
)

RESOURCES: Kind[Resources] = record(Resources, _KEYS)
