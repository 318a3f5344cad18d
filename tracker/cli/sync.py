"""`tracker sync`."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence

import anyio

from ..client.folder import VARIABLE
from ..client.place import ServerPlace, known_servers, place_of
from ..client.remote import Synced, send_all
from ..errors import InvalidInput, StoreUnavailable
from .manners import size, write_json


def sync(arguments: argparse.Namespace) -> int:
    """Send servers what earlier programs logged and could not send."""
    done = [anyio.run(send_all, place) for place in _places(arguments.store)]
    if arguments.json:
        write_json([{"store": each.server, "bytes_sent": each.sent, "bytes_left": each.left} for each in done])
    else:
        for each in done:
            print(_line(each))
    unreached = next((each.problem for each in done if each.problem), "")
    if unreached:
        raise StoreUnavailable(unreached)
    return 0


def _places(store: str | None) -> Sequence[ServerPlace]:
    if not store and not os.environ.get(VARIABLE):
        return list(known_servers())
    place = place_of(store)
    if not isinstance(place, ServerPlace):
        raise InvalidInput(f"{place.path} is a folder: what is logged into it is folded in when it is opened")
    return [place]


def _line(done: Synced) -> str:
    left = f", {size(done.left)} wait" if done.left else ""
    return f"{done.server}: {size(done.sent)} sent{left}"
