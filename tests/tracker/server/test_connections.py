"""Which connections are closed, and when: by a clock of the test's."""

from __future__ import annotations

import pytest

from tracker.server.connections import Limits, Room

pytestmark = pytest.mark.anyio


class Line:
    """A connection, as the room knows it."""

    def __init__(self, room: Room) -> None:
        self.room = room
        self.open = True
        room.enter(self)

    def abandon(self) -> None:
        self.open = False
        self.room.leave(self)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def room(clock: Clock) -> Room:
    return Room(Limits(idle_seconds=10, head_seconds=3, stalled_seconds=5, connections=3), clock)


async def test_each_state_has_its_time(clock: Clock) -> None:
    room = Room(Limits(idle_seconds=10, head_seconds=3, stalled_seconds=5), clock)
    idle, head, stalled, busy = (Line(room) for _ in range(4))
    room.begins(head)
    for line in (stalled, busy):
        room.works(line)
    room.stalls(stalled)
    left = []
    for clock.now in (3, 3.5, 5, 5.5, 10, 10.5, 1000):
        await room.sweep()
        left.append([line.open for line in (idle, head, stalled, busy)])
    assert left == [
        [True, True, True, True],
        [True, False, True, True],
        [True, False, True, True],
        [True, False, False, True],
        [True, False, False, True],
        [False, False, False, True],
        [False, False, False, True],
    ]


async def test_a_head_that_comes_byte_by_byte_gets_no_more_time(room: Room, clock: Clock) -> None:
    line = Line(room)
    for clock.now in (1, 2, 3, 3.9):
        room.begins(line)
        await room.sweep()
        assert line.open
    clock.now = 4.5
    await room.sweep()
    assert not line.open


async def test_an_answer_that_is_read_on_is_not_stalled(room: Room, clock: Clock) -> None:
    line = Line(room)
    room.works(line)
    for start in (4, 8, 12):
        clock.now = start
        room.stalls(line)
        clock.now = start + 3
        room.flows(line)
        await room.sweep()
    assert line.open


def test_one_too_many_costs_the_one_that_has_waited_longest(room: Room, clock: Clock) -> None:
    lines = []
    for clock.now in range(4):
        lines.append(Line(room))
        if clock.now == 0:
            room.works(lines[0])
        if clock.now == 2:
            room.begins(lines[2])
    assert [line.open for line in lines] == [True, False, True, True]
    assert len(room) == 3
    clock.now = 5
    room.idles(lines[0])
    Line(room)
    assert [line.open for line in lines] == [True, False, False, True]


def test_a_new_one_is_turned_away_where_all_others_are_busy(room: Room) -> None:
    busy = [Line(room) for _ in range(3)]
    for line in busy:
        room.works(line)
    assert not Line(room).open
    assert all(line.open for line in busy)
    assert len(room) == 3
