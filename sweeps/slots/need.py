"""What one trial needs of the machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from ..config.amounts import read_bytes
from ..errors import InvalidSweep
from ..space.faults import nearest, shown, within
from ..space.values import number

# Shares are counted in thousandths, as whole numbers: ten times 0.1 is 1.
WHOLE = 1000
_PARAM = "params."


@dataclass(frozen=True, slots=True)
class Need:
    """Cores, GPUs and bytes of memory.

    A fraction of a GPU is a share of one device, several are whole devices. Shares are rounded to thousandths. A need
    of nothing at all takes a place among the trials that run at once, and no more.

    Raises:
        InvalidSweep: there is no such need; placed at the key.
    """

    cpu: float = 1.0
    gpu: float = 0.0
    memory: int = 0
    # As it is counted: thousandths of cores, and of each of so many devices the share in thousandths.
    cores: int = field(init=False, repr=False, compare=False)
    share: int = field(init=False, repr=False, compare=False)
    devices: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for key, amount in (("cpu", self.cpu), ("gpu", self.gpu), ("memory", self.memory)):
            if amount < 0:
                raise InvalidSweep(f"must be at least 0, not {shown(amount)}", where=key)
        for key, amount in (("cpu", self.cpu), ("gpu", self.gpu)):
            if amount and not thousandths(amount):
                raise InvalidSweep(f"{shown(amount)} is too little; at least 0.001, or 0 for none", where=key)
        if self.gpu > 1 and thousandths(self.gpu) % WHOLE:
            problem = f"{shown(self.gpu)} GPUs cannot be had; write a fraction below 1, or a whole number"
            raise InvalidSweep(problem, where="gpu")
        amount = thousandths(self.gpu)
        share, devices = (amount, int(amount > 0)) if amount < WHOLE else (WHOLE, amount // WHOLE)
        for name, value in (("cores", thousandths(self.cpu)), ("share", share), ("devices", devices)):
            object.__setattr__(self, name, value)

    @property
    def nothing(self) -> bool:
        """Whether it takes only a place."""
        return not (self.cpu or self.gpu or self.memory)


def thousandths(amount: float) -> int:
    """Return an amount as a whole number of thousandths, the nearest."""
    return round(amount * WHOLE)


class Resources(Protocol):
    """What a sweep file says of resources: amounts, or `params.NAME` for what the trial's own param says."""

    @property
    def cpu(self) -> float | str: ...  # noqa: D102
    @property
    def gpu(self) -> float | str: ...  # noqa: D102
    @property
    def memory(self) -> int | str | None: ...  # noqa: D102


def need_of(resources: Resources | None, params: Mapping[str, object]) -> Need:
    """Return what a trial of these params needs; nothing but a place if the sweep says nothing of resources.

    Raises:
        InvalidSweep: with the place in the sweep.
    """
    if resources is None:
        return Need(cpu=0.0)
    with within("execution.resources"):
        return Need(
            cpu=_amount("cpu", resources.cpu, params),
            gpu=_amount("gpu", resources.gpu, params),
            memory=_bytes(resources.memory, params),
        )


def _amount(key: str, value: object, params: Mapping[str, object]) -> float:
    with within(key):
        return float(number(_own(value, params)))


def _bytes(value: object, params: Mapping[str, object]) -> int:
    with within("memory"):
        own = _own(value, params)
        return 0 if own is None else read_bytes(own)


def _own(value: object, params: Mapping[str, object]) -> object:
    """Return the value, or that of the param which it names: of that name, or at that path of nested params."""
    if not isinstance(value, str) or not value.startswith(_PARAM):
        return value
    name = value.removeprefix(_PARAM)
    if name in params:
        return params[name]
    found: object = params
    for part in name.split("."):
        if not isinstance(found, Mapping) or part not in found:
            raise InvalidSweep(f"no param {name!r}; {nearest(name, map(str, params))}")
        found = found[part]
    return found
