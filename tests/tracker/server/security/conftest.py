from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from .house import House, house


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """One event loop, and one store, for the tests of a file."""
    return "asyncio"


@pytest.fixture(scope="module")
async def at(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """Serve a store with a secret beside it."""
    async with house(tmp_path_factory.mktemp("house")) as served:
        yield served
