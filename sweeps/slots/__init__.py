"""Where trials run: what one needs, what the machine has, who gets what, and who is next."""

from __future__ import annotations

from .capacity import Capacity
from .line import Line
from .machine import find_capacity
from .need import Need, Resources, need_of
from .slots import Grant, Slots

__all__ = ["Capacity", "Grant", "Line", "Need", "Resources", "Slots", "find_capacity", "need_of"]
