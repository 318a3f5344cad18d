from __future__ import annotations

import anyio
import pytest

from sweeps.scheduler.queue import Queue

pytestmark = pytest.mark.anyio


async def test_messages_are_taken_in_the_order_in_which_they_were_put() -> None:
    queue = Queue[int]()
    for number in range(5):
        queue.put(number)
    assert [await queue.take() for _ in range(3)] == [0, 1, 2]
    assert list(queue.rest()) == [3, 4]
    assert list(queue.rest()) == []


async def test_who_waits_gets_what_comes() -> None:
    queue, taken = Queue[int](), list[int]()

    async def take() -> None:
        taken.append(await queue.take())

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(take)
        await anyio.wait_all_tasks_blocked()
        assert taken == []
        queue.put(7)
    assert taken == [7]


async def test_who_was_cancelled_takes_nothing_away() -> None:
    queue = Queue[int]()
    with anyio.CancelScope() as scope:
        scope.cancel()
        await queue.take()
    queue.put(1)
    assert await queue.take() == 1
