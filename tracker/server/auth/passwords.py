"""Hash and verify passwords, by argon2id with RFC 9106's parameters for little memory."""

from __future__ import annotations

import importlib
import secrets
from functools import cache
from typing import TYPE_CHECKING

from ...errors import MissingExtra

if TYPE_CHECKING:
    from argon2 import PasswordHasher


def hash_password(password: str) -> str:
    """Return what is kept of a password."""
    return _hasher().hash(password)


def verify_password(kept: str, password: str) -> bool:
    """Say whether it is the password of which that was kept; it takes as long if it is not."""
    library = importlib.import_module("argon2.exceptions")
    try:
        return _hasher().verify(kept, password)
    except (library.VerificationError, library.InvalidHashError):
        return False


@cache
def nobodys() -> str:
    """Return what is kept of a password that nobody has: to compare with it takes as long as with anybody's."""
    return hash_password(secrets.token_urlsafe())


@cache
def _hasher() -> PasswordHasher:
    try:
        library = importlib.import_module("argon2")
    except ModuleNotFoundError as missing:
        raise MissingExtra("argon2-cffi", "server") from missing
    hasher: PasswordHasher = library.PasswordHasher()
    return hasher
