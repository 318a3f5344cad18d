"""What a request says to sign in, whatever it says."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.server.auth.credentials import Credentials, credentials_of, is_token, new_token
from tracker.server.problems import Problem


def header(value: bytes) -> list[tuple[bytes, bytes]]:
    return [(b"host", b"x"), (b"authorization", value)]


@given(st.text(st.characters(exclude_characters=":", exclude_categories=["Cs"])), st.text())
def test_a_name_and_a_password_come_back(name: str, password: str) -> None:
    told = base64.b64encode(f"{name}:{password}".encode())
    for way in (b"Basic", b"basic", b"BASIC"):
        assert credentials_of(header(way + b" " + told)) == Credentials(name, password)


@given(st.binary() | st.binary().map(lambda raw: b"Basic " + raw) | st.binary().map(lambda raw: b"Bearer " + raw))
def test_whatever_is_said_it_is_credentials_or_refused(value: bytes) -> None:
    found: Credentials | Problem
    try:
        found = credentials_of(header(value))
    except Problem as problem:
        found = problem
    if isinstance(found, Problem):
        assert (found.code, found.status, len(found.headers)) == ("UNAUTHENTICATED", 401, 2)


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"Basic",
        b"Basic !",
        b"Basic YW5u",
        b"Basic /////w==",
        b"Digest x",
        b"Basic " + b"A" * 20_000,
        b"Bearer \xff",
    ],
)
def test_what_cannot_be_read_is_refused(value: bytes) -> None:
    with pytest.raises(Problem, match="wrong name, password or token"):
        credentials_of(header(value))


def test_two_at_once_are_refused_and_none_is_told_what_to_do() -> None:
    with pytest.raises(Problem, match="wrong"):
        credentials_of(header(b"Bearer x") * 2)
    with pytest.raises(Problem, match="MLFLOW_TRACKING_TOKEN"):
        credentials_of([(b"host", b"x")])


def test_tokens_are_known_by_their_form() -> None:
    token = new_token()
    assert credentials_of(header(f"Bearer {token}".encode())) == Credentials("", token)
    assert is_token(token)
    assert len({new_token() for _ in range(100)}) == 100
    assert not any(map(is_token, (token[:-1], token + "x", token[4:], f"{token}\n", "\uff54" + token[1:])))
