"""Figures of a server that runs, in Prometheus's text format: requests, how long they took, and what waits."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Annotated, NamedTuple

from .fields import Shape
from .observing import Seen
from .replies import TEXT, Reply
from .routes import Permission, Route
from .service import Service

PATH = "/metrics"
# Seconds: from what a point takes to what nobody waits for.
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_KIND = b"text/plain; version=0.0.4; charset=utf-8"
_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n"})


class Sample(NamedTuple):
    """One line: a name's ending, labels, and a value."""

    suffix: str
    labels: Mapping[str, str]
    value: float


class Family(NamedTuple):
    """A name, what it means, its kind, and its samples."""

    name: str
    about: str
    kind: str
    samples: Iterable[Sample]


class Meter:
    """Counts requests by method, route and status, and how long they took by route."""

    def __init__(self) -> None:
        self.connections: Callable[[], int] = int
        self._requests: dict[tuple[str, str, int], int] = defaultdict(int)
        self._slots: dict[str, list[int]] = {}
        self._seconds: dict[str, float] = defaultdict(float)

    def __call__(self, seen: Seen) -> None:
        """Count a request."""
        self._requests[seen.method, seen.route, seen.status] += 1
        slots = self._slots.get(seen.route)
        if slots is None:
            slots = self._slots[seen.route] = [0] * (len(BUCKETS) + 1)
        slots[bisect_left(BUCKETS, seen.seconds)] += 1
        self._seconds[seen.route] += seen.seconds

    def families(self) -> Iterator[Family]:
        """Yield what was counted."""
        requests = (
            Sample("", {"method": method, "route": route, "status": str(status)}, count)
            for (method, route, status), count in self._requests.items()
        )
        yield Family("tracker_requests_total", "Requests that were answered.", "counter", requests)
        histogram = (sample for route, slots in self._slots.items() for sample in self._histogram(route, slots))
        yield Family("tracker_request_seconds", "How long requests took.", "histogram", histogram)
        connections = [Sample("", {}, self.connections())]
        yield Family("tracker_connections", "Connections that are open.", "gauge", connections)

    def route(self) -> Route:
        """Return the route of these figures."""

        async def metrics(service: Service, asked: Shape) -> Annotated[Reply, TEXT]:
            """Return figures of the server, in Prometheus's text format."""
            del asked
            return Reply(body=text_of([*self.families(), *await _of_store(service)]).encode(), kind=_KIND)

        return Route("GET", PATH, metrics, Shape, Permission.ADMIN)

    def _histogram(self, route: str, slots: list[int]) -> Iterator[Sample]:
        count = 0
        for limit, found in zip([*map(str, BUCKETS), "+Inf"], slots, strict=True):
            count += found
            yield Sample("_bucket", {"route": route, "le": limit}, count)
        yield Sample("_sum", {"route": route}, self._seconds[route])
        yield Sample("_count", {"route": route}, count)


def text_of(families: Iterable[Family]) -> str:
    """Return figures as Prometheus reads them: pure."""
    lines: list[str] = []
    for name, about, kind, samples in families:
        lines += [f"# HELP {name} {about}", f"# TYPE {name} {kind}"]
        lines += [f"{name}{suffix}{_labels(labels)} {value!r}" for suffix, labels, value in samples]
    return "\n".join([*lines, ""])


def _labels(labels: Mapping[str, str]) -> str:
    told = ",".join(f'{name}="{value.translate(_ESCAPES)}"' for name, value in labels.items())
    return f"{{{told}}}" if told else ""


async def _of_store(service: Service) -> list[Family]:
    points, waiting = [Sample("", {}, service.points)], [Sample("", {}, await service.bytes_waiting())]
    return [
        Family("tracker_points_logged_total", "Points of metrics that were logged.", "counter", points),
        Family("tracker_journal_bytes", "Bytes of journals that are not folded into the store.", "gauge", waiting),
    ]
