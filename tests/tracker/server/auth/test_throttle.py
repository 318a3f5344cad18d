"""How long somebody who was wrong must wait."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.server.auth import signing_in, throttle
from tracker.server.auth.throttle import CALM, FREE_OF_ONE, FREE_OF_PAIR, LONGEST, Throttle, keys_of, pair_of


class Clock:
    """A clock that is moved by hand."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def waits(count: int, keys: dict[tuple[str, ...], int]) -> list[float]:
    """Return how long each of some tries had to wait for the one before."""
    clock = Clock()
    made, found = Throttle(clock), []
    for _ in range(count):
        found.append(made.wait(keys))
        clock.now += found[-1]
        assert made.wait(keys) == 0
        made.wrong(keys)
    return found


# S22.
def test_waits_grow_up_to_a_limit() -> None:
    assert waits(FREE_OF_PAIR + 12, keys_of("ann", "a"))[FREE_OF_PAIR:] == [
        1,
        2,
        4,
        8,
        16,
        32,
        64,
        128,
        256,
        *[LONGEST] * 3,
    ]
    assert waits(FREE_OF_ONE + 2, keys_of(None, "a")) == [0.0] * FREE_OF_ONE + [1, 2]


def test_a_name_is_not_tried_without_end_from_many_addresses() -> None:
    made = Throttle(Clock())
    for number in range(FREE_OF_ONE):
        assert made.wait(keys_of("ann", str(number))) == 0
        made.wrong(keys_of("ann", str(number)))
    assert made.wait(keys_of("ann", "another")) == 1
    assert made.wait(keys_of("bob", "another")) == 0


def test_nor_many_names_from_one_address() -> None:
    made = Throttle(Clock())
    for number in range(FREE_OF_ONE):
        made.wrong(keys_of(str(number), "a"))
        # Who signs in as themselves in between gains no tries of others' names.
        made.right(pair_of("me", "a"))
    assert made.wait(keys_of("new", "a")) == 1
    assert made.wait(keys_of("new", "b")) == 0


def test_who_is_right_or_calm_begins_anew() -> None:
    clock = Clock()
    made, keys = Throttle(clock), keys_of("ann", "a")
    for _ in range(FREE_OF_PAIR):
        made.wrong(keys)
    assert made.wait(keys) == 1
    made.right(pair_of("ann", "a"))
    assert made.wait(keys) == 0
    for _ in range(FREE_OF_ONE):
        made.wrong(keys)
    clock.now += CALM + 1
    assert made.wait(keys) == 0
    made.wrong(keys)
    assert made.wait(keys) == 0


@given(st.lists(st.tuples(st.text(max_size=3), st.text(max_size=3)), max_size=50))
def test_memory_is_bounded(tries: list[tuple[str, str]]) -> None:
    made = Throttle(Clock())
    for name, address in tries:
        made.wrong(keys_of(name, address))
    for number in range(throttle._MOST):
        made.wrong([("x", str(number))])
    assert len(made._tries) == throttle._MOST


@pytest.mark.parametrize(
    ("host", "counted"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("2001:db8::1:2", "2001:db8::/64"),
        ("2001:db8::ffff:1", "2001:db8::/64"),
        ("2001:db8:0:1::1", "2001:db8:0:1::/64"),
        ("", ""),
        ("unix:/socket", "unix:/socket"),
    ],
)
def test_tries_are_counted_by_an_address_or_its_network(host: str, counted: str) -> None:
    assert signing_in._address({"client": (host, 1)}) == counted
    assert signing_in._address({}) == ""
