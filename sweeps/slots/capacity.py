"""What a machine has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Capacity:
    """Cores, GPUs by the names that CUDA_VISIBLE_DEVICES takes, bytes of memory (0: not known, so not limited).

    `threads` is what the user's own environment says of thread counts, by variable.
    """

    cpu: float
    gpus: tuple[str, ...] = ()
    memory: int = 0
    threads: Mapping[str, str] = field(default_factory=dict)
