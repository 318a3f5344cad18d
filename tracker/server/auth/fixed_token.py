"""A door that one token opens, for everything: that of a server which a program starts for its own."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Any

from .credentials import credentials_of, digest_of, wrong
from .roles import EVERYBODY, Identity, Owned


class TokenDoorkeeper:
    """Lets in whoever has the token, as a bearer's or in place of a password; they may do everything."""

    def __init__(self, token: str) -> None:
        self._digest = digest_of(token)

    async def admit(self, scope: Mapping[str, Any]) -> Identity:
        """Return who sends a request.

        Raises:
            Problem: they have another token, or none. It cannot be guessed, so nobody need wait.
        """
        said = credentials_of(scope["headers"])
        if not hmac.compare_digest(digest_of(said.secret), self._digest):
            raise wrong()
        return EVERYBODY

    async def own(self, identity: Identity, owned: Owned, name: str) -> None:
        """Do nothing: who has the token may do everything."""

    async def forget(self, owned: Owned, name: str) -> None:
        """Do nothing."""

    async def rename(self, owned: Owned, name: str, new: str) -> None:
        """Do nothing."""
