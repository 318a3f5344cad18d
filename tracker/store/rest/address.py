"""Where a server is, and who asks it: pure."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from ...errors import InvalidInput

TOKEN_VARIABLE = "TRACKER_TOKEN"  # noqa: S105  # no secret
# All of ours below a server's own path.
PREFIX = "/api/tracker/1"
_SCHEMES = ("http", "https")
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Address:
    """A server's URL without whatever signs in, and the header that does, which is never shown."""

    url: str
    host: str
    authorization: str = field(default="", repr=False)
    # What it was read from, which opens it again.
    given: str = field(default="", repr=False, compare=False)

    def __str__(self) -> str:
        return self.url

    @property
    def digest(self) -> str:
        """What names its spool."""
        return hashlib.sha256(self.url.encode()).hexdigest()[:16]

    @property
    def is_loopback(self) -> bool:
        """Whether it is on this machine."""
        return self.host in _LOOPBACK

    @property
    def is_encrypted(self) -> bool:
        """Whether nobody on the way can read along."""
        return self.url.startswith("https:")

    @classmethod
    def of(cls, text: str, environ: Mapping[str, str] = os.environ) -> Address:
        """Read a URL, and who asks: `user:password@` in it, else the token that the environment has.

        Raises:
            InvalidInput: it is none of a server.
        """
        try:
            parts = urlsplit(text.strip())
            host, port = parts.hostname, parts.port
        except ValueError:
            host = port = None
        if not host or parts.scheme.lower() not in _SCHEMES or parts.query or parts.fragment:
            raise InvalidInput("a server's address is like http://127.0.0.1:5000, without ? and #")
        netloc = (f"[{host}]" if ":" in host else host) + (f":{port}" if port else "")
        url = f"{parts.scheme.lower()}://{netloc}{parts.path.rstrip('/')}"
        return cls(url, host, _authorization(parts.username, parts.password, environ.get(TOKEN_VARIABLE, "")), text)


def is_address(store: object) -> bool:
    """Say whether a store is named by a URL of a server's, and not by a folder."""
    return isinstance(store, str) and store.strip().lower().startswith(tuple(f"{scheme}://" for scheme in _SCHEMES))


def _authorization(user: str | None, password: str | None, token: str) -> str:
    if user is None and password is None:
        return f"Bearer {token}" if token else ""
    told = f"{unquote(user or '')}:{unquote(password or '')}"
    return f"Basic {base64.b64encode(told.encode()).decode()}"
