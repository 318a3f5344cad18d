"""Amounts of memory, as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweeps.config.amounts import read_bytes, show_bytes
from sweeps.errors import InvalidSweep


@pytest.mark.parametrize(
    ("written", "amount"),
    [
        (1e9, 10**9),
        ("1000000", 10**6),
        ("5000000 b", 5 * 10**6),
        ("500MB", 500 * 10**6),
        ("500MiB", 500 * 2**20),
        ("1.5g", 1_500_000_000),
        ("2Ti", 2 * 2**40),
        ("3000k", 3_000_000),
    ],
)
def test_is_read_as_people_write_it(written: object, amount: int) -> None:
    assert read_bytes(written) == amount


@pytest.mark.parametrize(
    "written", ["", "GB", "-1GB", "1XB", "4 GB RAM", 0, -1, 4, "4", True, None, "9" * 400, "\u0664GB"]
)
def test_anything_else_is_refused(written: object) -> None:
    with pytest.raises(InvalidSweep):
        read_bytes(written)


@pytest.mark.parametrize(
    ("amount", "shown"), [(0, "0 bytes"), (1023, "1023 bytes"), (1024, "1 KiB"), (3 * 2**29, "1.5 GiB")]
)
def test_is_shown_in_the_unit_that_it_reaches(amount: int, shown: str) -> None:
    assert show_bytes(amount) == shown


@given(st.integers(10**6, 2**50))
def test_what_is_shown_is_nearly_what_it_was(amount: int) -> None:
    assert abs(read_bytes(show_bytes(amount)) - amount) <= amount / 100
