"""What stands in for wrk where there is none: post the bodies of a plan, over so many connections, for so long.

    python -m benchmarks.serving.python_driver --port P --plan FILE --seconds N --connections N

It takes more of the processor than wrk does: what is measured with it is said to be.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path

import uvloop

from ..peers import work
from ..programs import Facts
from ..searching.clock import spread
from .plans import Plan, body, plan_in
from .rest import HOST

NAME = "Python"
GOOD = range(200, 300)
LENGTH = b"content-length:"
CHUNKED = b"transfer-encoding: chunked"


class Tally:
    """What came of all requests."""

    def __init__(self) -> None:
        self.took: list[float] = []
        self.refused = 0
        self.broken = 0

    def facts(self, seconds: float) -> Facts:
        """Return what is reported."""
        times = spread(self.took) if self.took else {"p50": 0.0, "p99": 0.0}
        counts = {"requests": len(self.took), "refused": self.refused, "broken": self.broken}
        return {"driver": NAME, **counts, "seconds": seconds, "p50": times["p50"], "p99": times["p99"]}


def main() -> None:
    """Ask, and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    for word in ("--port", "--seconds", "--connections"):
        parser.add_argument(word, type=int, required=True)
    parser.add_argument("--plan", type=Path, required=True)
    asked = parser.parse_args()
    work.answer(uvloop.run(ask(plan_in(asked.plan), asked.port, asked.seconds, asked.connections)))


async def ask(plan: Plan, port: int, seconds: float, connections: int) -> Facts:
    """Let connections ask one request after the other, and break off what is not answered in time."""
    tally, numbers, started = Tally(), count(), time.perf_counter()
    asking = [asyncio.ensure_future(one(plan, port, numbers, tally)) for _ in range(connections)]
    await asyncio.wait(asking, timeout=seconds)
    took = time.perf_counter() - started
    for each in asking:
        each.cancel()
    await asyncio.gather(*asking, return_exceptions=True)
    return tally.facts(took)


async def one(plan: Plan, port: int, numbers: Iterator[int], tally: Tally) -> None:
    """Ask over one connection, until it breaks."""
    try:
        reader, writer = await asyncio.open_connection(HOST, port)
        try:
            for number in numbers:
                started = time.perf_counter()
                writer.write(request(plan, port, number))
                tally.refused += await status(reader) not in GOOD
                tally.took.append(1000 * (time.perf_counter() - started))
        finally:
            writer.close()
    except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        tally.broken += 1


def request(plan: Plan, port: int, number: int) -> bytes:
    """Return a request."""
    said = body(plan, number)
    head = f"POST {plan.path} HTTP/1.1\r\nHost: {HOST}:{port}\r\nContent-Type: application/json\r\n"
    return head.encode() + b"Content-Length: %d\r\n\r\n" % len(said) + said


async def status(reader: asyncio.StreamReader) -> int:
    """Read an answer to its end; return its status."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    lines = head.split(b"\r\n")
    if CHUNKED in lines:
        await chunks(reader)
    else:
        await reader.readexactly(length(lines))
    return int(lines[0].split()[1])


def length(lines: Sequence[bytes]) -> int:
    """Return how many bytes the answer's body has."""
    return next((int(line.removeprefix(LENGTH)) for line in lines if line.startswith(LENGTH)), 0)


async def chunks(reader: asyncio.StreamReader) -> None:
    """Read a body that comes in chunks."""
    size = -1
    while size:
        size = int((await reader.readuntil(b"\r\n")).partition(b";")[0], 16)
        await reader.readexactly(size + 2)


if __name__ == "__main__":
    main()
