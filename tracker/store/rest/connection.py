"""Ask a server: by words of ours, again if it may help, and with its refusals raised as what they are."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from ...errors import AccessRefused, InvalidInput, MissingExtra, StoreError, StoreUnavailable, TrackerError
from ...journal.plain import plain
from .address import PREFIX, Address
from .failures import raised
from .patience import wait_after

if TYPE_CHECKING:
    from .http import Answer, Http

# For how long something is tried again, and how long one try may take, in seconds.
PATIENCE_SECONDS = 10.0
TRY_SECONDS = 30.0
_JSON = "application/json"
_SIGN_IN = (401, 403)
_DENIED = 403
_OK, _NO_SUCH_PATH, _TOO_MANY, _BROKEN, _NOT_IMPLEMENTED = 200, 404, 429, 500, 501


class Connection:
    """Asks one server; from any thread. A refusal is final; what may pass is tried again for a while."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self._opening = threading.Lock()
        self._opened: Http | None = None

    def ask(self, what: str, **words: object) -> Any:  # noqa: ANN401  # any JSON
        """Ask by words, and return the JSON that is answered.

        Raises:
            InvalidInput: JSON cannot say it: a text is no Unicode, or a number has more than 64 bits.
            TrackerError: as the server says it.
            StoreUnavailable: it did not answer in time.
        """
        return _json(self.fetch(what, **words), self.address)

    def fetch(self, what: str, **words: object) -> bytes:
        """Ask by words, and return the bytes that are answered, as `ask` does."""
        body, until, failures = _said(words), time.monotonic() + PATIENCE_SECONDS, 0
        while True:
            try:
                return self.send("POST", what, body, kind=_JSON, seconds=TRY_SECONDS)
            except StoreUnavailable:
                wait, failures = wait_after(failures), failures + 1
                if time.monotonic() + wait > until:
                    raise
                time.sleep(wait)

    def send(
        self,
        method: str,
        path: str,
        body: bytes | Path | None = None,
        *,
        kind: str = "application/octet-stream",
        query: Mapping[str, str | int] = {},
        seconds: float,
    ) -> bytes:
        """Send one request, once; return what is answered.

        Raises:
            TrackerError: as the server says it.
            StoreUnavailable: there was no answer, or one that says to come again.
        """
        answer = self._http.send(method, f"{PREFIX}/{path}", body, kind=kind, query=query, seconds=seconds)
        if answer.status != _OK:
            raise self._refusal(answer.status, answer)
        return answer.body

    @contextmanager
    def stream(self, path: str) -> Iterator[Iterator[bytes]]:
        """Get the bytes of a file as they come.

        Raises:
            TrackerError: as the server says it.
            StoreUnavailable: there was no answer, or it broke off.
        """
        with self._http.stream(f"{PREFIX}/{path}", TRY_SECONDS) as (status, chunks):
            if status != _OK:
                raise self._refusal(status, b"".join(chunks))
            yield chunks

    def hello(self, seconds: float) -> None:
        """Ask whether there is a server of ours.

        Raises:
            MissingExtra: HTTPX is not installed.
            TrackerError: there is none, or it does not let us in.
            StoreUnavailable: it cannot be reached.
        """
        _json(self.send("GET", "server", seconds=seconds), self.address)

    def close(self) -> None:
        """Let go of all connections; what is asked later makes new ones."""
        with self._opening:
            opened, self._opened = self._opened, None
        if opened is not None:
            opened.close()

    @property
    def _http(self) -> Http:
        with self._opening:
            if self._opened is None:
                self._opened = _opened(self.address)
            return self._opened

    def _refusal(self, status: int, answer: Answer | bytes) -> TrackerError:
        told = _told(answer if isinstance(answer, bytes) else answer.body)
        message = str(told.get("message") or f"it answered with status {status}")
        error = raised(told.get("error"))
        if status in _SIGN_IN and error is None:
            return AccessRefused(str(self.address), message, is_known=status == _DENIED)
        if status == _TOO_MANY or (status >= _BROKEN and status != _NOT_IMPLEMENTED):
            return error if isinstance(error, StoreUnavailable) else StoreUnavailable(f"{self.address}: {message}")
        if error is not None:
            return error
        if status == _NO_SUCH_PATH:
            return StoreError(
                f"{self.address} does not know what this client asks: is it a tracker server, as new as it?"
            )
        return InvalidInput(f"{self.address}: {message}")


def _opened(address: Address) -> Http:
    try:
        library = import_module(".http", __package__)
    except ModuleNotFoundError as missing:
        raise MissingExtra(missing.name or "httpx", "remote") from missing
    made: Http = library.Http(address)
    return made


def _said(words: Mapping[str, object]) -> bytes:
    try:
        return orjson.dumps(plain(words))
    except orjson.JSONEncodeError as problem:
        raise InvalidInput(f"cannot be asked of a server: {problem}") from problem


def _told(body: bytes) -> Mapping[str, object]:
    try:
        told = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return told if isinstance(told, dict) else {}


def _json(body: bytes, address: Address) -> object:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as problem:
        raise StoreError(f"{address} answered with no JSON: is it a tracker server?") from problem
