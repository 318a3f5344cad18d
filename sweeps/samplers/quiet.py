"""Keeping a chatty library from users' terminals and logs, and only for as long as we call it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from threading import get_ident


@contextmanager
def quiet(library: str) -> Iterator[None]:
    """Keep what a library logs in this thread from its own handlers and from everybody's.

    No level is changed: users may be calling the same library in other threads.
    """
    mine = get_ident()

    def passes(record: logging.LogRecord) -> bool:
        return record.thread != mine or record.name.partition(".")[0] != library

    handlers = [*logging.getLogger(library).handlers, *logging.getLogger().handlers]
    for handler in handlers:
        handler.addFilter(passes)
    try:
        yield
    finally:
        for handler in handlers:
            handler.removeFilter(passes)
