"""What instant calls of async code return: done already, and awaitable all the same."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from anyio.lowlevel import checkpoint


class Done:
    """Awaiting it gives other tasks a turn; not awaiting it loses nothing."""

    def __await__(self) -> Generator[Any, Any, None]:
        return checkpoint().__await__()


DONE = Done()
