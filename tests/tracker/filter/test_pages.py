"""Page tokens: they come back as they were, fit one query only, and nothing made up is believed."""

from __future__ import annotations

import math
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.errors import InvalidPageToken
from tracker.filter import decode_token, encode_token, fingerprint
from tracker.filter.pages import MAX_TOKEN

PRINT = fingerprint("metrics.a > 1", ["metrics.a"], None)
VALUES = st.none() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text(max_size=20)


def token_of(told: str) -> str:
    return urlsafe_b64encode(told.encode()).decode().rstrip("=")


@given(place=st.lists(VALUES, min_size=1, max_size=6).map(tuple))
def test_a_token_gives_its_place_back(place: tuple[str | int | float | None, ...]) -> None:
    found = decode_token(encode_token(place, PRINT), PRINT)
    assert found == place
    assert [type(value) for value in found] == [type(value) for value in place]


def test_a_token_is_of_one_query() -> None:
    assert fingerprint("a", []) != fingerprint("a", ["b"])
    with pytest.raises(InvalidPageToken):
        decode_token(encode_token((1,), PRINT), fingerprint("another"))


def test_a_token_survives_an_address() -> None:
    token = encode_token(("?&=/+%é", -math.inf), PRINT)
    assert token.replace("-", "").replace("_", "").isalnum()


@pytest.mark.parametrize(
    "change",
    [
        lambda token: token[:-1],
        lambda token: token + "A",
        lambda token: token + "=",
        lambda token: token.swapcase(),
        lambda token: urlsafe_b64encode(urlsafe_b64decode(token + "==") + b" ").decode().rstrip("="),
    ],
)
def test_a_changed_token_is_refused(change: Callable[[str], str]) -> None:
    token = encode_token((3, 0.5, None, "m-1"), PRINT)
    with pytest.raises(InvalidPageToken):
        decode_token(change(token), PRINT)


@pytest.mark.parametrize(
    "told",
    [
        "[]",
        "{}",
        "3",
        f'["{PRINT}"]',
        f'["{PRINT}",[1]]',
        f'["{PRINT}",true]',
        f'["{PRINT}",{2**63}]',
        f'["{PRINT}",{{"a":1}}]',
        f'["{PRINT}", 1]',
        "[" * 100_000,
        "not json",
    ],
)
def test_what_no_query_gave_is_refused(told: str) -> None:
    with pytest.raises(InvalidPageToken):
        decode_token(token_of(told), PRINT)


@pytest.mark.parametrize("token", ["", "x", "!", "é", "a" * (MAX_TOKEN + 1)])
def test_noise_is_refused(token: str) -> None:
    with pytest.raises(InvalidPageToken):
        decode_token(token, PRINT)
