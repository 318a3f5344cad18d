"""A plain client of MLflow's REST protocol, for what is asked before and after the clock runs; by it all is counted."""

from __future__ import annotations

import http.client
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from urllib.parse import urlencode

import orjson

from ..programs import Facts, Failed

HOST = "127.0.0.1"
API = "/api/2.0/mlflow"
SECONDS = 600
# The experiment that every server has from its beginning.
DEFAULT = "0"
# The most that MLflow's own client asks for at once.
PAGE = 25_000
OK = 200
JSON = {"Content-Type": "application/json"}


class Rest:
    """One connection to a server."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection(HOST, port, timeout=SECONDS)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def post(self, path: str, said: Mapping[str, object]) -> Facts:
        """Post what is said.

        Raises:
            Failed: the answer is not 200.
        """
        return self._answer("POST", path, orjson.dumps(said))

    def get(self, path: str, asked: Mapping[str, object]) -> Facts:
        """Get what is asked for.

        Raises:
            Failed: the answer is not 200.
        """
        return self._answer("GET", f"{path}?{urlencode(asked)}", None)

    def _answer(self, method: str, path: str, body: bytes | None) -> Facts:
        try:
            self._connection.request(method, path, body, JSON)
            response = self._connection.getresponse()
            text = response.read()
        except (OSError, http.client.HTTPException) as error:
            raise Failed(f"{method} {path} was not answered: {error!r}") from error
        if response.status != OK:
            raise Failed(f"{method} {path} was answered {response.status}: {text[:200].decode(errors='replace')}")
        facts: Facts = orjson.loads(text)
        return facts


def connected(port: int) -> closing[Rest]:
    """Connect to a server, and close the connection in the end."""
    return closing(Rest(port))


def start_runs(rest: Rest, count: int) -> list[str]:
    """Start so many runs; return their IDs."""
    said = {"experiment_id": DEFAULT, "start_time": 1}
    return [rest.post(f"{API}/runs/create", said)["run"]["info"]["run_id"] for _ in range(count)]


def points(rest: Rest, runs: Iterable[str], keys: Iterable[str]) -> int:
    """Count the points of metrics of runs."""
    return sum(len(page) for key in keys for run_id in runs for page in history(rest, run_id, key))


def history(rest: Rest, run_id: str, key: str) -> Iterator[list[Facts]]:
    """Yield the points of a metric, page by page; a server that knows no pages gives all at once."""
    asked: dict[str, object] = {"run_id": run_id, "metric_key": key, "max_results": PAGE}
    while True:
        found = rest.get(f"{API}/metrics/get-history", asked)
        yield found.get("metrics", [])
        if not (token := found.get("next_page_token")):
            return
        asked["page_token"] = token
