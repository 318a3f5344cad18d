"""What is ranked by the million, as columns: so many model numbers a piece. Pure."""

from __future__ import annotations

# How many model numbers a piece spans.
CHUNK = 8192
