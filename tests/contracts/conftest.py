"""Every store, for whoever holds it to its contract."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tracker.store.interface import Store
from tracker.store.sqlite import SqliteStore

NewStore = Callable[[], Awaitable[Store]]


async def sqlite(path: Path) -> Store:
    await SqliteStore.create(path / "tracker.db")
    return await SqliteStore.open(path / "tracker.db")


STORES = {"sqlite": sqlite}


@pytest.fixture(params=STORES)
async def new_store(request: pytest.FixtureRequest, tmp_path: Path, anyio_backend: str) -> AsyncIterator[NewStore]:
    """Make stores, open and empty, which are closed at the end of the test."""
    del anyio_backend
    async with AsyncExitStack() as stores:
        count = 0

        async def new() -> Store:
            nonlocal count
            count += 1
            place = tmp_path / str(count)
            place.mkdir()
            store = await STORES[request.param](place)
            stores.push_async_callback(store.aclose)
            return store

        yield new


@pytest.fixture
async def kept(new_store: NewStore) -> Store:
    """An empty store."""
    return await new_store()
