"""HTTPX's part: one client for all threads, whose exceptions end here."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from ...errors import StoreError, StoreUnavailable
from .address import PREFIX, Address

_CHUNK = 1024 * 1024
_CONNECT_SECONDS = 5.0
_JSON, _BYTES = "application/json", "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer."""

    status: int
    body: bytes
    retry_after: str = ""


class Http:
    """Sends requests to one server; from any thread."""

    def __init__(self, address: Address) -> None:
        self._address = address
        # A line for each request, many a second, is not what a program wants to read that logs its own.
        logging.getLogger("httpx").addFilter(self._is_foreign)
        headers = {"authorization": address.authorization} if address.authorization else {}
        # Making ready for encryption takes longer than all the rest; a machine's own address is behind no proxy.
        self._client = httpx.Client(
            base_url=address.url, headers=headers, verify=address.is_encrypted, trust_env=not address.is_loopback
        )

    def send(
        self,
        method: str,
        path: str,
        body: bytes | Path | None = None,
        *,
        kind: str = _BYTES,
        query: Mapping[str, str | int] = {},
        seconds: float,
    ) -> Answer:
        """Send a request with a body, or with a file as one; return the answer, whatever it is.

        Raises:
            StoreUnavailable: there was none.
        """
        headers = {"content-type": kind} if body is not None else {}
        with self._translated(seconds):
            content = _chunks(body) if isinstance(body, Path) else body
            if isinstance(body, Path):
                headers["content-length"] = str(body.stat().st_size)
            answer = self._client.request(
                method, path, content=content, params=dict(query), headers=headers, timeout=_timeout(seconds)
            )
            return Answer(answer.status_code, answer.content, answer.headers.get("retry-after", ""))

    @contextmanager
    def stream(self, path: str, seconds: float) -> Iterator[tuple[int, Iterator[bytes]]]:
        """Get an answer's status, and its bytes as they come.

        Raises:
            StoreUnavailable: there was none, or it broke off.
        """
        with self._translated(seconds), self._client.stream("GET", path, timeout=_timeout(seconds)) as answer:
            yield answer.status_code, answer.iter_bytes(_CHUNK)

    def close(self) -> None:
        """Let go of all connections."""
        self._client.close()
        logging.getLogger("httpx").removeFilter(self._is_foreign)

    def _is_foreign(self, record: logging.LogRecord) -> bool:
        return not any(str(each).startswith(f"{self._address}{PREFIX}/") for each in record.args or ())

    @contextmanager
    def _translated(self, seconds: float) -> Iterator[None]:
        try:
            yield
        except httpx.TimeoutException as problem:
            raise StoreUnavailable(f"{self._address} did not answer within {seconds:g} s") from problem
        except (httpx.TransportError, httpx.DecodingError) as problem:
            raise StoreUnavailable(
                f"{self._address} cannot be reached: {str(problem) or type(problem).__name__}"
            ) from problem
        except (httpx.InvalidURL, httpx.HTTPError) as problem:
            raise StoreError(f"{self._address}: {problem}") from problem


def _timeout(seconds: float) -> httpx.Timeout:
    return httpx.Timeout(seconds, connect=min(seconds, _CONNECT_SECONDS))


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            yield chunk
