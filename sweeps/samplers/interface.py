"""What every sampler offers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

Params = Mapping[str, object]


class Sampler(Protocol):
    """Proposes params. It is a pure object: the same seed and the same calls give the same proposals."""

    def ask(self, number: int) -> Params | None:
        """Propose the params of the trial with this number (from 0); None when there is nothing left to try."""

    def tell(self, number: int, value: float | None) -> None:
        """Say how the trial ended: its value, or None if it has none."""
