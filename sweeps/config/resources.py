"""What a trial takes of its machine while it runs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Resources:
    """What one trial needs: cores, GPUs (a share of one, or whole ones) and bytes of memory.

    A text `params.NAME` stands for the trial's own param of that name.
    """

    cpu: float | str = 1
    gpu: float | str = 0
    memory: int | str | None = None
