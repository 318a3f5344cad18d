"""Random choices that repeat: one generator for each seed and round."""

from __future__ import annotations

import random


def dice(*seed: object) -> random.Random:
    """Return a generator that depends on all of these, and on nothing else."""
    return random.Random("/".join(map(str, seed)))  # noqa: S311  # no secret
