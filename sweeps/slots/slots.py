"""Who gets what of the machine: never more than there is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..config.amounts import show_bytes
from ..errors import InvalidSweep
from .capacity import Capacity
from .need import WHOLE, Need, thousandths
from .room import UNLIMITED, Room
from .threads import thread_limits

_WHERE = "execution.resources"


@dataclass(frozen=True, slots=True)
class Grant:
    """What a trial was given: (device, share) of each GPU; grants are numbered from 0 in the order of their taking.

    `environment` are the variables that make it use these devices and so many threads.
    """

    number: int
    need: Need
    gpus: tuple[tuple[str, float], ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict, compare=False)


class Slots:
    """The places of a machine. At most `parallel` grants at a time; None leaves it to the needs.

    A need of nothing at all would then have no limit; of these, one is granted at a time.
    """

    def __init__(self, capacity: Capacity, parallel: int | None) -> None:
        self.capacity = capacity
        self._parallel = parallel
        self._free = Room.of(capacity, parallel)
        self._held: dict[int, tuple[Need, tuple[int, ...]]] = {}
        self.granted = 0

    @property
    def taken(self) -> int:
        """How many grants are held."""
        return len(self._held)

    def fits_ever(self, need: Need) -> bool:
        """Say whether a need fits on the empty machine."""
        return Room.of(self.capacity, self._parallel).place(need) is not None

    def require(self, need: Need) -> None:
        """Check that a need can ever be met.

        Raises:
            InvalidSweep: it cannot, with what there is and what to do.
        """
        cpu, gpus, memory = self.capacity.cpu, self.capacity.gpus, self.capacity.memory
        if need.cores > thousandths(cpu):
            problem = f"{need.cpu:g} cores for a trial, but there are {cpu:g}; ask for at most so many"
            raise InvalidSweep(problem, where=f"{_WHERE}.cpu")
        if need.devices > len(gpus):
            there = f"there are {len(gpus)} ({', '.join(gpus)})" if gpus else "none is found"
            remedy = "ask for fewer, or name them in SWEEPS_GPUS"
            raise InvalidSweep(f"{need.gpu:g} GPUs for a trial, but {there}; {remedy}", where=f"{_WHERE}.gpu")
        if memory and need.memory > memory:
            problem = (
                f"{show_bytes(need.memory)} for a trial, but there are {show_bytes(memory)}; ask for at most so much"
            )
            raise InvalidSweep(problem, where=f"{_WHERE}.memory")

    def has_room(self, need: Need) -> bool:
        """Say whether a need would be granted now."""
        alone = self._parallel is None and need.nothing
        return not (alone and self._held) and self._free.place(need) is not None

    def take(self, need: Need) -> Grant | None:
        """Grant a need; None if there is no room for it now."""
        return self._take(need, None)

    def take_beside(self, need: Need, waiting: Need, devices: tuple[int, ...], since: int) -> Grant | None:
        """Grant a need where one that waits for these devices will find room beside it.

        That is, beside all that was granted from number `since` on; what was granted before may still be in its way.
        """
        beside = Room.of(self.capacity, self._parallel)
        beside.change(waiting, devices, -1)
        for number, (held, places) in self._held.items():
            if number >= since:
                beside.change(held, places, -1)
        return self._take(need, beside)

    def emptiest(self, need: Need) -> tuple[int, ...]:
        """Return the places of the devices that a need should wait for."""
        return self._free.emptiest(need)

    def give(self, grant: Grant) -> None:
        """Take a grant back.

        Raises:
            KeyError: it is not held (any more).
        """
        self._free.change(*self._held.pop(grant.number), +1)

    def _take(self, need: Need, beside: Room | None) -> Grant | None:
        if self._parallel is None and need.nothing and any(held.nothing for held, _ in self._held.values()):
            return None
        devices = self._free.place(need, beside)
        if devices is None:
            return None
        self._free.change(need, devices, -1)
        number, self.granted = self.granted, self.granted + 1
        self._held[number] = (need, devices)
        names = [self.capacity.gpus[index] for index in sorted(devices)]
        share = need.share / WHOLE
        return Grant(number, need, tuple((name, share) for name in names), self._environment(need, names))

    def _environment(self, need: Need, names: list[str]) -> dict[str, str]:
        """Return a grant's variables; a trial that may have no GPU of those that there are shall see none.

        Where nothing is said of resources, it sees what it would see without us.
        """
        cores = need.cpu or self.capacity.cpu / self._at_once(need)
        visible = {} if need.nothing or not self.capacity.gpus else {"CUDA_VISIBLE_DEVICES": ",".join(names)}
        return {**thread_limits(cores, self.capacity.threads), **visible}

    def _at_once(self, need: Need) -> int:
        """Return how many of a need that asks for no cores may share them."""
        by_devices = UNLIMITED
        if need.devices:
            by_devices = len(self.capacity.gpus) * (WHOLE // need.share) // need.devices
        limit = min(by_devices, UNLIMITED if self._parallel is None else self._parallel)
        return 1 if limit == UNLIMITED else max(1, limit)
