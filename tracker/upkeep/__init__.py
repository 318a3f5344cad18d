"""Look after a store: examine it, and remove what nobody needs any more."""

from __future__ import annotations

from .checkup import Checkup, examine
from .problems import problems
from .tidying import Tidied, tidy

__all__ = ["Checkup", "Tidied", "examine", "problems", "tidy"]
