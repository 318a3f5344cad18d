"""Amounts that are free, and where in them something fits: whole numbers only."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass

from .capacity import Capacity
from .need import WHOLE, Need, thousandths

UNLIMITED = sys.maxsize


@dataclass(slots=True)
class Room:
    """What is free: places, thousandths of cores, bytes, and thousandths of each device."""

    places: int
    cpu: int
    memory: int
    devices: list[int]

    @classmethod
    def of(cls, capacity: Capacity, parallel: int | None) -> Room:
        """Return all of a machine."""
        return cls(
            places=UNLIMITED if parallel is None else parallel,
            cpu=thousandths(capacity.cpu),
            memory=capacity.memory or UNLIMITED,
            devices=[WHOLE] * len(capacity.gpus),
        )

    def place(self, need: Need, beside: Room | None = None) -> tuple[int, ...] | None:
        """Return the devices where a need fits, here and in the other room; None if it does not.

        A fraction goes to the fullest device that has room for it (best fit), so that empty ones stay whole.
        """
        if not self.holds(need) or (beside is not None and not beside.holds(need)):
            return None
        share, count = need.share, need.devices
        free = self.devices if beside is None else list(map(min, self.devices, beside.devices))
        fitting = [index for index, room in enumerate(free) if room >= share] if count else []
        if len(fitting) < count:
            return None
        if share == WHOLE:
            return tuple(fitting[:count])
        return (min(fitting, key=self.devices.__getitem__),) if count else ()

    def holds(self, need: Need) -> bool:
        """Say whether there is enough of all but devices."""
        return self.places >= 1 and self.cpu >= need.cores and self.memory >= need.memory

    def change(self, need: Need, devices: Sequence[int], sign: int) -> None:
        """Take a need away (-1), or give it back (+1)."""
        self.places += sign
        self.cpu += sign * need.cores
        self.memory += sign * need.memory
        for index in devices:
            self.devices[index] += sign * need.share

    def emptiest(self, need: Need) -> tuple[int, ...]:
        """Return the devices that a need would wait for: those with the most room, the first of equals."""
        return tuple(sorted(range(len(self.devices)), key=lambda index: -self.devices[index])[: need.devices])
