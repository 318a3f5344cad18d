"""Page tokens: what the next page begins behind, bound to the query that gave them.

A token is the base64 of a little JSON: the place of the page's last row, as the values of the order's keys. So rows
that come or go meanwhile move no other row from one page to another. It is no secret and is not signed: it can only say
where to go on in a query that its holder may ask anyway. The fingerprint keeps a token of one query from giving
nonsense in another.
"""

from __future__ import annotations

import hashlib
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence

from ..errors import InvalidPageToken
from .tree import Value

# A place may hold a tag's value of some thousand characters, each of up to 12 in JSON.
MAX_TOKEN = 200_000
FINGERPRINT_CHARACTERS = 16
# SQLite's integers.
_INTEGERS = range(-(2**63), 2**63)

# Made once: to make one takes as long as to use it.
_QUERIES = json.JSONEncoder(sort_keys=True, default=repr)
_PLACES = json.JSONEncoder(separators=(",", ":"))

Place = tuple[Value | None, ...]


def fingerprint(*query: object) -> str:
    """Hash what makes a query: its filter, order and scope, as anything that JSON or `repr` can tell apart."""
    return hashlib.sha256(_QUERIES.encode(query).encode()).hexdigest()[:FINGERPRINT_CHARACTERS]


def encode_token(place: Sequence[Value | None], fingerprint: str) -> str:
    """Make a token for the page that begins behind a place."""
    return urlsafe_b64encode(_PLACES.encode([fingerprint, *place]).encode()).decode().rstrip("=")


def decode_token(token: str, fingerprint: str) -> Place:
    """Return the place that a token of this query holds.

    Raises:
        InvalidPageToken: Anything but a token that `encode_token` made for this fingerprint.
    """
    place = _place(token, fingerprint)
    if place is None or encode_token(place, fingerprint) != token:
        raise InvalidPageToken
    return place


def _place(token: str, fingerprint: str) -> Place | None:
    if len(token) > MAX_TOKEN:
        return None
    try:
        told = json.loads(urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    except (ValueError, RecursionError):
        return None
    match told:
        case [str(made_for), _, *_] if made_for == fingerprint and all(map(_is_value, told)):
            return tuple(told[1:])
        case _:
            return None


def _is_value(value: object) -> bool:
    if isinstance(value, int):
        return not isinstance(value, bool) and value in _INTEGERS
    return value is None or isinstance(value, str | float)
