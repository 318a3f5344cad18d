"""Log with TensorBoardX into an event file, until it is closed; the native CRC-32 that it can use is installed."""

from __future__ import annotations

import struct
import time
from pathlib import Path

import tensorboardX  # type: ignore[import-not-found, unused-ignore]

from .work import Logged, Work, report, size

# Room enough that `add_scalar` seldom waits for the file; the default is 10.
QUEUE = 10_000
# An event is its length in 8 bytes, their CRC-32, so many bytes, and their CRC-32.
HEAD, TAIL = 12, 4


def log(work: Work) -> Logged:
    """Log until the file is closed."""
    writer = tensorboardX.SummaryWriter(str(work.folder), max_queue=QUEUE)
    calls, empty = work.calls(), size(work.folder)
    started = time.perf_counter()
    for step, metrics in enumerate(calls):
        for key, value in metrics.items():
            writer.add_scalar(key, value, step)
    writer.close()
    seconds = time.perf_counter() - started
    # The first event of a file names its format.
    kept = sum(events(path) - 1 for path in work.folder.glob("events.*"))
    return Logged(seconds, "file synced, values as float32", tensorboardX.__version__, empty, kept)


def events(path: Path) -> int:
    """Count the events of a file."""
    content, place, count = path.read_bytes(), 0, 0
    while place < len(content):
        (length,) = struct.unpack_from("<Q", content, place)
        place += HEAD + length + TAIL
        count += 1
    return count


if __name__ == "__main__":
    report(log)
