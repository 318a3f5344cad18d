from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.errors import InvalidPageToken
from tracker.filter import decode_token, encode_token, fingerprint

PRINT = fingerprint("metrics.a > 1", ["metrics.a DESC"], ["1"])


@given(st.integers(0, 2**63 - 1))
def test_a_token_gives_its_offset_back(offset: int) -> None:
    assert decode_token(encode_token(offset, PRINT), PRINT) == offset


def test_a_token_is_of_one_query() -> None:
    other = fingerprint("metrics.a > 1", ["metrics.a ASC"], ["1"])
    assert other != PRINT
    with pytest.raises(InvalidPageToken):
        decode_token(encode_token(5, PRINT), other)


def test_a_fingerprint_is_short_and_takes_anything() -> None:
    assert len(PRINT) == 16
    assert fingerprint({"b": 1, "a": object}) == fingerprint({"a": object, "b": 1})
    assert fingerprint(None) != fingerprint("") != fingerprint([])
    assert fingerprint("\ud800")


def test_a_token_survives_an_address() -> None:
    assert encode_token(2**62, PRINT).replace("-", "").replace("_", "").isalnum()


@pytest.mark.parametrize(
    "told",
    [b"", b"{}", b"null", b"5", b"[5]", b"[true,%P]", b'["5",%P]', b"[-1,%P]", b"[5.0,%P]", b"[ 5,%P]", b"[5,%P,1]",
     b"\xff", b"[9223372036854775808,%P]", b"[" * 150, b"[" + b"9" * 150 + b",%P]"],
)  # fmt: skip
def test_nothing_else_is_a_token(told: bytes) -> None:
    token = urlsafe_b64encode(told.replace(b"%P", f'"{PRINT}"'.encode())).decode().rstrip("=")
    with pytest.raises(InvalidPageToken):
        decode_token(token, PRINT)


@pytest.mark.parametrize(
    "change", [lambda t: t + "=", lambda t: t + "A", lambda t: t[:-1], lambda t: " " + t, lambda t: "é" + t]
)
def test_a_changed_token_is_refused(change: Callable[[str], str]) -> None:
    with pytest.raises(InvalidPageToken):
        decode_token(change(encode_token(5, PRINT)), PRINT)


@given(st.text(max_size=300))
def test_any_text_is_refused(token: str) -> None:
    with pytest.raises(InvalidPageToken):
        decode_token(token, PRINT)
