"""What lets somebody in: small, so that there may be several kinds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from .roles import Identity, Owned


class Doorkeeper(Protocol):
    """Says who asks, and keeps who has made what."""

    async def admit(self, scope: Mapping[str, Any]) -> Identity:
        """Return who sends a request, given its ASGI scope.

        Raises:
            Problem: they have not signed in, or wrongly, or too often wrongly.
        """

    async def own(self, identity: Identity, owned: Owned, name: str) -> None:
        """Let whoever has made something manage it."""

    async def forget(self, owned: Owned, name: str) -> None:
        """Take away all roles for something that is no more."""

    async def rename(self, owned: Owned, name: str, new: str) -> None:
        """Keep the roles for something that has another name now."""
