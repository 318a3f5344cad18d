"""W&B's keys that have no meaning on one machine: whatever they hold, they are accepted and left alone."""

from __future__ import annotations

from .keys import Key
from .kinds import ANYTHING

_SAID = {
    "entity": "W&B's user or team.",
    "controller": "Where W&B's search runs.",
    "kind": "W&B's word for what the file is.",
    "apiVersion": "W&B's version of the format.",
    "job": "W&B's job to launch.",
    "image_uri": "W&B's image to launch.",
}

LEFT_ALONE = tuple(
    Key(name, ANYTHING, f"{what} It has no meaning here and is left alone.") for name, what in _SAID.items()
)
