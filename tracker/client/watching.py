"""Tell whoever watches what is logged, as it is logged: by a call, or by mail to another process of this machine."""

from __future__ import annotations

import math
import socket
from collections.abc import Callable, Mapping
from weakref import finalize

import orjson

from ..journal import portable

# Called with a run's ID, its metrics by name, their step, and the logged model whose they are, if they are one's.
Watch = Callable[[str, Mapping[str, float], int, str | None], None]

# So many metrics with the longest names still go into a datagram of the usual limit, 208 KiB.
_METRICS = 500
# How long a process's first message waits for one who listens and is behind with reading, in seconds.
_FIRST_SECONDS = 1.0


class Mail:
    """A watch that sends datagrams to a socket's path.

    For each log one JSON object {run_id, token, step, metrics, model_id}. NaN and the infinities are
    the texts "NaN", "Infinity" and "-Infinity". Of very many metrics some hundreds at a time
    are sent. But for the first message sending waits for nobody: where nobody listens, or who does is behind with
    reading, a message is dropped.
    """

    def __init__(self, path: str, token: int) -> None:
        self._path = path
        self._token = token
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        # The first message waits, so that whoever listens knows of this process however much others say.
        self._socket.settimeout(_FIRST_SECONDS)
        # A script has no place to close it at, and Python complains of those that are left open.
        finalize(self, self._socket.close)
        # Looking the path up for each message would take as long as sending it.
        self._is_connected = False

    def __call__(self, run_id: str, metrics: Mapping[str, float], step: int, model_id: str | None = None) -> None:
        """Send what was logged, if that can be done at once."""
        if not math.isfinite(sum(metrics.values())):
            metrics = portable(metrics)  # type: ignore[assignment]  # texts, from here on
        for part in [metrics] if len(metrics) <= _METRICS else _parts(metrics):
            said = {"run_id": run_id, "token": self._token, "step": step, "metrics": part, "model_id": model_id}
            self._send(orjson.dumps(said))

    def _send(self, message: bytes) -> None:
        try:
            if not self._is_connected:
                self._socket.connect(self._path)
                self._is_connected = True
            self._socket.send(message)
            self._socket.settimeout(0)
        except BlockingIOError:
            pass
        except OSError:
            # Who listened has gone; another may come to the same place.
            self._is_connected = False


def _parts(metrics: Mapping[str, float]) -> list[dict[str, float]]:
    entries = list(metrics.items())
    return [dict(entries[begin : begin + _METRICS]) for begin in range(0, len(entries), _METRICS)]
