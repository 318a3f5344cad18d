"""Cursors: they come back as they were made, and nothing else is taken for one."""

from __future__ import annotations

from base64 import urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.errors import InvalidInput
from tracker.store.cursors import decode_cursor, encode_cursor, series_name

seen = st.dictionaries(st.binary(min_size=8, max_size=8), st.integers(0, 2**64 - 1), max_size=5)


@given(seen)
def test_a_cursor_comes_back_as_it_was_made(points: dict[bytes, int]) -> None:
    cursor = encode_cursor(points)
    assert decode_cursor(cursor) == points
    assert cursor.isascii()
    assert set("/+= \n").isdisjoint(cursor)


def test_without_a_cursor_nothing_was_seen() -> None:
    assert decode_cursor(None) == {} == decode_cursor(encode_cursor({}))


@given(st.text() | st.binary(max_size=60).map(lambda data: urlsafe_b64encode(data).decode()))
def test_anything_else_is_refused_in_one_line(text: str) -> None:
    if text in {encode_cursor({}), encode_cursor({}) + "="}:
        return
    with pytest.raises(InvalidInput, match="not one that was given out") as caught:
        decode_cursor(text)
    assert "\n" not in str(caught.value)


@given(seen.filter(bool), st.data())
def test_a_cursor_that_was_cut_or_changed_is_refused(points: dict[bytes, int], data: st.DataObject) -> None:
    cursor = encode_cursor(points)
    with pytest.raises(InvalidInput):
        decode_cursor(cursor[: data.draw(st.integers(0, len(cursor) - 2))])
    place = data.draw(st.integers(0, len(cursor) - 2))
    other = data.draw(st.sampled_from("ABCabc019-_").filter(lambda found: found != cursor[place]))
    with pytest.raises(InvalidInput):
        decode_cursor(cursor[:place] + other + cursor[place + 1 :])


def test_curves_of_different_names_have_different_names() -> None:
    names = [("r", "k", 0, "", ""), ("rk", "", 0, "", ""), ("r", "k", 1, "", ""), ("r", "k", 1, "a", "b")]
    names += [("r", "k", 1, "ab", ""), ("r", "k", 1, "", "ab")]
    assert len({series_name(*each) for each in names}) == len(names)
    assert {len(series_name(*each)) for each in names} == {8}
