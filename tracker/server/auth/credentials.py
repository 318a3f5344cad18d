"""What a request says to sign in, and the form of tokens: pure.

MLflow's clients send `Authorization: Basic` for MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, and
`Authorization: Bearer` for MLFLOW_TRACKING_TOKEN. A token may stand where a password does.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from collections.abc import Iterable
from typing import NamedTuple

from ..problems import Problem

PREFIX = "trk_"
_TOKEN = re.compile(rf"{PREFIX}[\w-]{{43}}", re.ASCII)
_TOKEN_BYTES = 32
# Longer than any name and password together.
_LONGEST = 16_384
_WAYS = ((b"www-authenticate", b'Basic realm="tracker", charset="UTF-8"'), (b"www-authenticate", b"Bearer"))


class Credentials(NamedTuple):
    """Who somebody says to be, or "", and the password or the token that shows it."""

    name: str
    secret: str

    @property
    def is_token(self) -> bool:
        """Whether the secret has the form of a token, which no password has."""
        return is_token(self.secret)


def credentials_of(headers: Iterable[tuple[bytes, bytes]]) -> Credentials:
    """Return what a request's headers say.

    Raises:
        Problem: they say nothing, or what cannot be read.
    """
    said = [value for name, value in headers if name == b"authorization"]
    if not said:
        raise unauthenticated(
            "sign in: MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN"
        )
    way, _, told = said[0].partition(b" ")
    if len(said) == 1 and len(told) <= _LONGEST:
        if way.lower() == b"bearer" and told.isascii():
            return Credentials("", told.strip().decode())
        if way.lower() == b"basic":
            return _basic(told)
    raise wrong()


def _basic(told: bytes) -> Credentials:
    try:
        name, colon, secret = base64.b64decode(told.strip(), validate=True).decode().partition(":")
    except ValueError:
        raise wrong() from None
    if not colon:
        raise wrong()
    return Credentials(name, secret)


def unauthenticated(message: str) -> Problem:
    """Return the problem of who has not signed in, with the ways to do it."""
    return Problem("UNAUTHENTICATED", message, _WAYS)


def wrong() -> Problem:
    """Return the problem of who signs in wrongly; it is one, whatever was wrong."""
    return unauthenticated("wrong name, password or token")


def new_token() -> str:
    """Make a token."""
    return PREFIX + secrets.token_urlsafe(_TOKEN_BYTES)


def is_token(text: str) -> bool:
    """Say whether a text has the form of a token."""
    return _TOKEN.fullmatch(text) is not None


def digest_of(token: str) -> bytes:
    """Return what is kept of a token: it cannot be guessed, so a plain hash is enough."""
    return hashlib.sha256(token.encode()).digest()
