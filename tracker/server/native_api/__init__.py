"""Routes of our own, for `tracker.open("http://…")`: one for each thing that a client asks of a store."""

from __future__ import annotations
