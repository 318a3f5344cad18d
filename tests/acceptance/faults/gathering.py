"""The control of fault tests: the journal's writes switched off, as if points waited in memory for a good moment."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from tracker.journal import Journal

# All of Journal's methods by which something is logged.
WRITES = ("append", "points", "columns")


def gather() -> Callable[[], None]:
    """Let this process's journals gather in memory; return what writes the gathered, and goes on gathering."""
    gathered: list[Callable[[], object]] = []
    writing = False

    def put_in_place(name: str, original: Callable[..., object]) -> None:
        def wait(journal: Journal, *args: object, **kwargs: object) -> None:
            call = partial(original, journal, *args, **kwargs)
            if writing:
                call()
            else:
                gathered.append(call)

        setattr(Journal, name, wait)

    def write() -> None:
        nonlocal writing
        writing = True
        while gathered:
            gathered.pop(0)()
        writing = False

    for name in WRITES:
        put_in_place(name, getattr(Journal, name))
    return write
