"""Page tokens: where the next page begins, bound to the query that gave them.

A token is the base64 of a little JSON. It is no secret and is not signed: it can only say where to go on in a
query that its holder may ask anyway. The fingerprint keeps a token of one query from giving nonsense in another.
"""

from __future__ import annotations

import hashlib
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode

from ..errors import InvalidPageToken

MAX_TOKEN = 200
FINGERPRINT_CHARACTERS = 16


def fingerprint(*query: object) -> str:
    """Hash what makes a query: its filter, order and scope, as anything that JSON or `repr` can tell apart."""
    told = json.dumps(query, sort_keys=True, default=repr)
    return hashlib.sha256(told.encode()).hexdigest()[:FINGERPRINT_CHARACTERS]


def encode_token(offset: int, fingerprint: str) -> str:
    """Make a token for the page that begins at an offset."""
    told = json.dumps([offset, fingerprint], separators=(",", ":"))
    return urlsafe_b64encode(told.encode()).decode().rstrip("=")


def decode_token(token: str, fingerprint: str) -> int:
    """Return the offset that a token of this query holds.

    Raises:
        InvalidPageToken: Anything but a token that `encode_token` made for this fingerprint.
    """
    offset = _offset(token)
    if offset is None or encode_token(offset, fingerprint) != token:
        raise InvalidPageToken
    return offset


def _offset(token: str) -> int | None:
    if len(token) > MAX_TOKEN:
        return None
    try:
        told = json.loads(urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    except ValueError:
        return None
    match told:
        case [int(offset), str()] if 0 <= offset < 2**63:
            return int(offset)
        case _:
            return None
